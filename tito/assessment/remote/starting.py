"""Both processes, started and ended, and a clock over them: `run_apart(Work(...))` gives one record per check.

The process that runs the checks is confined as the student's is: it reads Python, `checks.py` and the scratch folder both share (checks that
write files do it there), so that a link which the student's code lays there leads nowhere. It knows no secret but this task's seeds.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...checks import SETTINGS
from ...milestones.clock import spent
from ...milestones.session import REASONS
from ..isolation.kills import Killed, cause_of, undisturbed
from ..isolation.launch import Sandbox, remove
from ..isolation.limits import MB, Limits
from ..isolation.written import too_much

HERE = Path(__file__).resolve().parent
SERVER_FILES = ("__init__.py", "wire.py", "link.py", "server.py")
CHECK_FILES = ("__init__.py", "wire.py", "link.py", "handles.py", "running.py")
FOREIGN = (
    "torch", "torchvision", "torchaudio", "jax", "jaxlib", "flax", "tensorflow", "keras", "autograd", "tinygrad", "mxnet", "theano", "aesara",
    "pytensor", "paddle", "chainer", "micrograd", "onnxruntime", "mlx",
)  # fmt: skip
GRACE = 20.0  # seconds until a process that runs checks, which has a clock of its own, is taken for hung
A_LOOK = 0.5  # seconds between looks at how much the student's process has computed
MOST_PRINTED = 64 * MB


@dataclass(frozen=True)
class Work:
    """A package to be checked, and by what."""

    root: Path  # the folder with tinytorch/ in it
    checks: Path
    tier: str
    names: tuple[str, ...] = ()  # all of them if none is named
    mix: tuple[int, ...] = ()  # what is mixed into the seeds of all checks, or of each
    mixes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    spans: tuple[tuple[str, int, int], ...] = ()  # where the taught bodies stand: file, first line, last line
    # How many times a check's own seconds the student's process may compute (each request takes its time), and how many times they are
    # waited for: on a busy machine the same work takes longer.
    cpu_patience: float = 2.0
    patience: float = 6.0
    import_seconds: float = 30.0
    memory: int = 4096 * MB
    cpu: int = 600


@dataclass
class Found:
    """What came of it. `package` says why nothing could be run; `sandboxes` how many sandboxes were needed."""

    checks: list[dict[str, Any]] = field(
        default_factory=list
    )  # as in the file: check, text, of, needs, section
    records: list[dict[str, Any]] = field(default_factory=list)
    package: dict[str, Any] | None = None
    sandboxes: int = 0
    seconds: float = 0.0
    cpu: float = 0.0  # seconds that the student's processes computed; 0 where that cannot be told


def run_apart(work: Work) -> Found:
    begun = time.monotonic()

    def sit(believed: bool) -> Found:
        found = Found()
        with Pair(work, believed) as pair:
            while not pair.round(found):
                """A process of checks that hung is started anew, for the checks that are left."""
            found.cpu = max(found.cpu, pair.total + pair.used())
        return found

    found = undisturbed(sit)
    found.seconds = time.monotonic() - begun
    return found


class Pair:
    """The processes of one module and one submission. `believed`: one that was killed has failed, whoever did it."""

    def __init__(self, work: Work, believed: bool):
        self.work, self.believed = work, believed
        self.shared = Path(tempfile.mkdtemp(prefix="tito-apart-"))
        self.scratch = self.shared / "scratch"
        self.student: Sandbox | None = None
        self.checks: Sandbox | None = None  # where they run
        self.printed: Printed | None = None
        self.total = 0.0  # CPU seconds of the processes before the present one
        self.allowed = math.inf  # CPU seconds of the student's process for the check that runs
        self.stopped: tuple[str, str] | None = None  # verdict and reason, if it was ended from here

    def __enter__(self) -> Pair:
        return self

    def __exit__(self, *_) -> None:
        self.end_student()
        remove(self.shared)

    # ------------------------------------------------------------ one process of checks

    def round(self, found: Found) -> bool:
        """Run what has no record yet; True when nothing is left to do."""
        done = {record["check"] for record in found.records}
        job = {
            "checks": str(self.work.checks), "root": str(self.work.root), "names": list(self.left(found, done)),
            "passed": [r["check"] for r in found.records if r["verdict"] == "passed"], "mix": list(self.work.mix),
            "mixes": {name: list(mix) for name, mix in self.work.mixes.items()}, "patience": self.work.patience, "cpu_patience": self.work.cpu_patience,
            "import_seconds": self.work.import_seconds, "settings": SETTINGS, "spans": self.work.spans,
        }  # fmt: skip
        with self.checker() as line:
            with contextlib.suppress(ConnectionError):  # it has ended already: `listen` says so
                line.sendall(json.dumps(job).encode() + b"\n")
            return self.listen(line, found)

    def left(self, found: Found, done: set[str]) -> Iterator[str]:
        known = self.work.names or [one["check"] for one in found.checks]
        return (name for name in known if name not in done)

    @contextlib.contextmanager
    def checker(self) -> Iterator[socket.socket]:
        """A process that runs checks, and the line to it."""
        here, there = socket.socketpair()
        box = Sandbox(
            self.work.tier,
            reads=[self.work.checks],
            limits=Limits(cpu=self.work.cpu, memory=self.work.memory),
            trusted=True,
        )
        self.checks = box
        lay_out(box, CHECK_FILES)
        box.scratch = self.scratch
        self.scratch.mkdir(exist_ok=True)
        words = tempfile.TemporaryFile()  # noqa: SIM115 (closed below)
        try:
            box.start(
                "tito.assessment.remote.running",
                stdin=there.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=words,
            )
            there.close()
            self.words = words
            yield here
        finally:
            here.close()
            box.end()
            words.close()

    def listen(self, line: socket.socket, found: Found) -> bool:
        data, current, until = b"", "", time.monotonic() + GRACE + self.work.import_seconds
        while True:
            line.settimeout(A_LOOK)
            try:
                part = line.recv(1 << 16)
            except ConnectionError:
                part = b""
            except TimeoutError:
                if time.monotonic() > until:
                    return self.lost(found, current, "timeout", "it took too long and was stopped")
                self.look()
                continue
            if not part:
                return self.lost(
                    found,
                    current,
                    "grader_error",
                    f"the process that runs the checks ended: {self.last_words()}",
                )
            *lines, data = (data + part).split(b"\n")
            for record in map(json.loads, lines):
                until = time.monotonic() + GRACE + self.work.import_seconds
                if "need" in record:
                    found.sandboxes += 1
                    with contextlib.suppress(ConnectionError):
                        self.start_student(line)
                elif "checks" in record:
                    found.checks = record["checks"]
                elif "package" in record:
                    self.no_package(found, self.blamed(record["package"]))
                    return True
                elif "begin" in record:
                    current, until = record["begin"], until + 2 * record["seconds"]
                    self.allowed = self.used() + record["cpu"]
                    self.look()
                elif "check" in record:
                    current, self.allowed = "", math.inf
                    found.cpu = self.total + self.used()
                    found.records.append(self.blamed(record))
                elif "done" in record:
                    return True

    def no_package(self, found: Found, record: dict[str, Any]) -> None:
        """It could not be imported: at all, or in a later sandbox, and then for the checks that are left."""
        if found.records:
            done = {one["check"] for one in found.records}
            found.records += [record | {"check": name} for name in self.left(found, done)]
        else:
            found.package = record

    def lost(self, found: Found, current: str, verdict: str, message: str) -> bool:
        if not current:
            found.package = {"verdict": "grader_error", "message": message}
            return True
        found.records.append({"check": current, "verdict": verdict, "message": message})
        return False

    def last_words(self) -> str:
        self.words.seek(0)
        lines = self.words.read()[-2000:].decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    # ------------------------------------------------------------ the student's process

    def start_student(self, line: socket.socket) -> None:
        taken = self.used()
        self.end_student()
        empty(self.scratch)  # the folder itself stays: the process of checks has it open
        self.stopped = None
        self.total += taken
        self.allowed -= taken
        box = self.student = Sandbox(
            self.work.tier, reads=[self.work.root], limits=Limits(cpu=self.work.cpu, memory=self.work.memory)
        )
        lay_out(box, SERVER_FILES)
        box.reads = [path for path in box.reads if not is_foreign(path)]
        if self.work.tier == "B":
            box.reads.append(
                Path("/proc/self/maps")
            )  # its own, once it is confined: Numba looks where its code lies
        box.scratch = self.scratch
        asking, reading = os.pipe(), os.pipe()
        process = box.start(
            "tito.assessment.remote.server", stdin=asking[0], stdout=reading[1], stderr=subprocess.PIPE
        )
        self.printed = Printed(process)
        os.close(asking[0])
        os.close(reading[1])
        socket.send_fds(line, [b"p"], [reading[0], asking[1]])
        os.close(reading[0])
        os.close(asking[1])

    def used(self) -> float:
        """CPU seconds that the student's process has taken, as the kernel counts them."""
        running = self.student.process if self.student else None
        return (spent(running.pid) if running else None) or 0.0

    def look(self) -> None:
        """End a process that computes or writes without end, and what a killed one left: whoever waits for it hears that it is gone."""
        for box in filter(None, (self.checks, self.student)):
            box.bury()
        running = self.student.process if self.student else None
        if running is None or self.stopped:
            return
        if self.used() > self.allowed:
            told = "it computed for too long and was stopped: is there a loop that does not end?"
            self.stopped = "timeout", told
        elif written := too_much(self.scratch, running.pid):
            self.stopped = "output_limit", f"{written}, so it was stopped"
        if self.stopped:
            running.kill()

    def end_student(self) -> None:
        if self.student is not None:
            self.student.end()
            self.student = None

    def blamed(self, record: dict[str, Any]) -> dict[str, Any]:
        """A crash, by what ended the process."""
        if record["verdict"] != "crashed" or self.student is None or self.student.process is None:
            return record
        try:
            code = self.student.process.wait(2)
        except subprocess.TimeoutExpired:
            return record
        words = self.printed.last() if self.printed else ""
        if self.stopped:
            verdict, message = self.stopped
            return record | {"verdict": verdict, "message": message}
        if self.printed and self.printed.total > MOST_PRINTED:
            return record | {
                "verdict": "output_limit",
                "message": f"it printed more than {MOST_PRINTED // MB} MB",
            }
        verdict, killed = cause_of(code, out_of_time=False)
        if killed and not self.believed:
            raise Killed
        if verdict in REASONS:
            return record | {"verdict": verdict, "message": f"it {REASONS[verdict]}"}
        return record | {
            "message": f"{record['message']} (exit status {code})" + (f": {words}" if words else "")
        }


class Printed:
    """Reads what the student's process prints, so that it never waits for a reader; keeps the end, and ends a process that floods."""

    def __init__(self, process: subprocess.Popen):
        self.process, self.tail, self.total = process, b"", 0
        threading.Thread(target=self.read, daemon=True).start()

    def read(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while part := os.read(self.process.stderr.fileno(), 1 << 16):  # type: ignore[union-attr]
                self.total += len(part)
                self.tail = (self.tail + part)[-4000:]
                if self.total > MOST_PRINTED:
                    self.process.kill()
                    return

    def last(self) -> str:
        lines = self.tail.decode("utf-8", "replace").strip().splitlines()
        return lines[-1][:200] if lines else ""


def is_foreign(path: Path) -> bool:
    """Whether an entry of site-packages belongs to a framework that would do a student's work."""
    return "site-packages" in path.parts and re.split(r"[-.]", path.name.lower())[0] in FOREIGN


def empty(folder: Path) -> None:
    for entry in list(os.scandir(folder)):
        if entry.is_dir(follow_symlinks=False):
            remove(Path(entry.path))
        else:
            os.unlink(entry.path)


def lay_out(box: Sandbox, names: tuple[str, ...]) -> None:
    """The files of this folder that one side needs, beside those every sandbox has."""
    target = box.runtime / "tito/assessment/remote"
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copyfile(HERE / name, target / name)
