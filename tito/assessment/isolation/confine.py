"""What a sandboxed process runs first: it binds itself, then becomes the program that it was started for.

    python confine.py TIER JOB MODULE

JOB is a JSON object: the limits, what may be read and written. Standard library only, and no import of tito: in the sandbox there
are just the files of it that the probe needs.
"""

from __future__ import annotations

import contextlib
import json
import runpy
import sys
from importlib.machinery import PathFinder


def main() -> None:
    tier, job, module = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
    if tier != "A":  # bubblewrap sees to it itself
        die_with(job["parent"])
    bind(job | {"tier": tier})
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def bind(job: dict) -> None:
    """Limits; and what the tier asks for: in A the namespaces are there by now, with a filter unless the process was only forked into them."""
    from tito.assessment.isolation.limits import Limits

    Limits(**job["limits"]).set()
    inside = job.get("inside", 0)
    if job["tier"] == "B" or inside:
        from tito.assessment.isolation import capabilities, syscalls

        capabilities.gain_none()
        if job["tier"] == "B":
            from pathlib import Path

            from tito.assessment.isolation import landlock

            landlock.confine(map(Path, job["reads"]), map(Path, job["writes"]))
        capabilities.drop()
        syscalls.confine(job["trusted"], alone=bool(inside))
    if job["tier"] == "B":
        sys.meta_path.insert(0, OutOfReach())


class OutOfReach:
    """A finder of modules (no subclass: importlib.abc alone takes 12 ms). What may not be read is not installed: libraries that do without a package do so when it is missing, not when it is forbidden."""

    def find_spec(self, name, path=None, target=None):
        found = PathFinder.find_spec(name) if path is None else None
        if found and found.has_location:
            with contextlib.suppress(FileNotFoundError):
                try:
                    open(found.origin, "rb").close()
                except PermissionError:
                    raise ModuleNotFoundError(f"No module named {name!r}", name=name) from None
        return None


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
