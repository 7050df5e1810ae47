"""A sandbox as a `Session` wants it: where the probe runs, what it may use, and what its end means.

with Session(work, script, box=Box("A", reads=[work.root, script])) as session: ...
"""

from __future__ import annotations

import compileall
import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from ..milestones.clock import processes, spent
from .isolation.kills import cause_of
from .isolation.launch import Sandbox, lay_out_probe
from .isolation.limits import MB, Limits
from .isolation.written import too_much


class Box(Sandbox):
    """A sandbox for the probe. `largest` is what one answer may weigh: the grader keeps it in memory."""

    def __init__(
        self, tier: str, reads: Iterable[Path], package: Path, limits: Limits | None = None, largest: int = 48 * MB
    ):  # fmt: skip
        super().__init__(tier, reads, limits, runtime())
        self.package, self.largest = package, largest
        self.killed = False  # by somebody else, as far as can be told
        self.computed = 0.0  # CPU seconds when last looked at: of what has ended nobody tells them

    def environment(self) -> dict[str, str]:
        """The student's package is found after what is the grader's."""
        mine = super().environment()
        return mine | {"PYTHONPATH": f"{mine['PYTHONPATH']}{os.pathsep}{self.package}"}

    def start(self, module: str = "tito.milestones.probe", **pipes) -> subprocess.Popen:
        return super().start(module, **pipes)

    def overflow(self) -> str:
        """What it has written too much of by now; empty if nothing. Looked at while it is waited for, and its CPU time with it."""
        self.computed = max(self.computed, spent(self.process.pid) or 0.0) if self.process else 0.0
        return too_much(self.scratch, self.process.pid if self.process else None)

    def wants_to_run(self) -> bool:
        """Whether one of its processes computes, or would if a core were free: then its limit on CPU time ends it, not the clock.

        On a machine with much else to do an honest submission is slow through no fault of its own; one that sleeps is not.
        """
        return self.process is not None and any(fields[0] in "RD" for fields in processes(self.process.pid))

    def cause(self, code: int) -> str:
        """What an exit status stands for."""
        verdict, killed = cause_of(code, self.computed >= self.limits.cpu)
        self.killed = self.killed or killed
        return verdict


@cache
def runtime() -> Path:
    """The probe's files, laid out and compiled once for all boxes of this process."""
    folder = Path(tempfile.mkdtemp(prefix="tito-runtime-"))
    lay_out_probe(folder)
    compileall.compile_dir(folder, quiet=2)
    return folder


def sweep(root: Path) -> int:
    """End what a killed grader may have left in its folder of boxes; how many there were."""
    # Not deeper: below a box a submission makes the folders.
    boxes = [os.fsencode(box) for box in root.glob("tito-box-*")]
    found = 0
    for entry in Path("/proc").glob("[0-9]*") if boxes else ():
        with contextlib.suppress(OSError):  # it has ended, or is not ours
            told = (entry / "cmdline").read_bytes() + os.fsencode(os.readlink(entry / "cwd"))
            if any(box in told for box in boxes):
                os.killpg(os.getpgid(int(entry.name)), signal.SIGKILL)
                found += 1
    return found
