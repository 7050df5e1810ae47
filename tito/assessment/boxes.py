"""A sandbox as a `Session` wants it: where the probe runs, what it may use, and what its end means.

with Session(work, script, box=Box("A", reads=[work.root, script])) as session: ...
"""

from __future__ import annotations

import atexit
import compileall
import contextlib
import os
import py_compile
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..milestones.clock import processes, spent
from ..milestones.datasets import Data
from ..milestones.definitions import Milestone
from ..milestones.session import Laid
from .common import common
from .isolation.forked import Forked, Warm
from .isolation.kills import cause_of
from .isolation.launch import MOST_TO_DIE, Sandbox, lay_out_probe, surroundings
from .isolation.limits import MB, Limits
from .isolation.written import too_much


class Box(Sandbox):
    """A sandbox for the probe. `largest` is what one answer may weigh: the grader keeps it in memory."""

    def __init__(
        self, tier: str, reads: Iterable[Path], package: Path, limits: Limits | None = None, largest: int = 48 * MB
    ):  # fmt: skip
        super().__init__(tier, reads, limits, runtime())
        self.package, self.largest = package, largest
        self.holder: Any = None  # of tier A's namespaces, where the process is forked into them
        self.killed = False  # by somebody else, as far as can be told
        self.computed = 0.0  # CPU seconds when last looked at: of what has ended nobody tells them

    def environment(self) -> dict[str, str]:
        """The student's package is found after what is the grader's."""
        mine = super().environment()
        return mine | {"PYTHONPATH": f"{mine['PYTHONPATH']}{os.pathsep}{self.package}"}

    def start(self, module: str = "tito.milestones.probe", **pipes) -> subprocess.Popen:
        return super().start(module, **pipes)

    def launch(self, module: str, **pipes) -> Any:
        """Forked from a process that has NumPy already, where that can be: a fifth of a small submission's time is saved. Else a new one."""
        piped = pipes.get("stdin") == pipes.get("stdout") == subprocess.PIPE
        if self.tier in ("A", "B") and piped and hasattr(pipes.get("stderr"), "fileno") and can_fork():
            try:
                forked = self.fork(module, pipes["stderr"].fileno())
                FAILED.clear()
                return forked
            except OSError as error:
                FAILED.append(error)
                self.let_go()
        return super().launch(module, **pipes)

    def fork(self, module: str, words: int) -> Forked:
        order = {
            "tier": self.tier, "module": module, "inside": self.hold() if self.tier == "A" else 0, "environment": self.environment(),
            "path": [str(self.package)],
        }  # fmt: skip
        return warm().fork(self.job() | order, words)

    def hold(self) -> int:
        """Namespaces, held by a `cat` in them until it is ended; the number of a process in them. It answers once they are complete."""
        cat = shutil.which("cat") or "/bin/cat"
        self.holder = self.namespaces(
            ["/hold"], ["--ro-bind", cat, "/hold"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )  # fmt: skip
        self.holder.stdin.write(b"?")
        self.holder.stdin.flush()
        if self.holder.stdout.read(1) != b"?" or not self.started(1.0):
            raise OSError("bubblewrap did not come up")
        return self.inner

    def let_go(self) -> None:
        """End what holds the namespaces, and with it all that is in them."""
        if self.holder is None:
            return
        self.holder.kill()
        self.holder.wait()
        if inner := self.started(0):
            self.end_mine(inner, MOST_TO_DIE)
        for pipe in (self.holder.stdin, self.holder.stdout):
            with contextlib.suppress(OSError):
                pipe.close()
        os.close(self.told)
        self.holder, self.told, self.inner = None, -1, 0

    def stop(self, patience: float = MOST_TO_DIE) -> None:
        """Namespaces end after all that was forked into them, and that after its keeper was told that nobody asks any more."""
        forked = self.process if isinstance(self.process, Forked) else None
        super().stop(0.0 if forked else patience)
        if forked:
            forked.hang_up()
        self.let_go()

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


FAILED: list[OSError] = []  # why nothing could be forked, since it last could


def can_fork() -> bool:
    """Three times in a row is no accident: an older kernel, or one that is told not to let it be."""
    return sys.platform == "linux" and len(FAILED) < 3


WARM: list[Warm] = []  # the one that is at work, once there is one
HEATING = threading.Lock()


def warm() -> Warm:
    """This grader's process with NumPy in it; a new one if somebody has ended it."""
    with HEATING:
        files = runtime()
        if WARM and (WARM[0].process.poll() is not None or WARM[0].runtime != files):
            cool_down()
        if not WARM:
            atexit.register(cool_down)
            WARM.append(Warm(files, surroundings(files)))
        return WARM[0]


def cool_down() -> None:
    while WARM:
        WARM.pop().end()


def runtime() -> Path:
    """The probe's files, laid out and compiled once for all boxes of a class."""
    return common("probe", lay_out_compiled)


def lay_out_compiled(folder: Path) -> None:
    lay_out_probe(folder)
    compileall.compile_dir(folder, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)


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


def box_for(one: Milestone, work: Laid, tier: str, data: Data) -> Box:
    """What one process for this milestone may read and use."""
    cost = one.grading
    reads = [work.root, one.script, *data.train_paths().values()]
    limits = Limits(cpu=cost["cpu"], memory=cost["memory"] * MB)
    return Box(tier, reads, work.root, limits, largest=cost["answer"] * MB)
