"""What a sandboxed process runs first: it binds itself, then becomes the program that it was started for.

    python confine.py TIER JOB MODULE

JOB is a JSON object: the limits, what may be read and written. Standard library only, and no import of tito: in the sandbox there
are just the files of it that the probe needs.
"""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path


def main() -> None:
    tier, job, module = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
    from tito.assessment.isolation.limits import Limits

    if tier != "A":  # bubblewrap sees to it itself
        die_with(job["parent"])
    Limits(**job["limits"]).set()
    if tier == "B":
        from tito.assessment.isolation import capabilities, landlock, syscalls

        landlock.confine(map(Path, job["reads"]), map(Path, job["writes"]))
        capabilities.drop()
        syscalls.confine()
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def die_with(parent: int) -> None:
    """When the grader's thread that started this process ends, however it does, the kernel kills this one too (Linux)."""
    if sys.platform == "linux":
        import ctypes
        import os
        import signal

        PR_SET_PDEATHSIG = 1
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit("the grader has ended")


if __name__ == "__main__":
    main()
