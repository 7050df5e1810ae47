"""A process with the student's package in it, asked for values.

    with Session(workspace, one) as session:
        answer = session.ask("predict", {"images": images}, seconds=20)
        answer.values["predictions"], answer.seconds

The clock, the limits and every judgement are on this side. A process that hangs, dies or says what is no frame is ended,
and what was asked of it has failed with the reason. Where the process runs is the `box`'s affair: a student's own stands
beside tito, a submission's in a sandbox (`tito.assessment.boxes`).
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import TitoError
from .wire import DONE, ERROR, LARGEST_FRAME, LOG, VALUE, CutShort, Frame, Violation, read_frame

HERE = Path(__file__).resolve().parents[2]
LARGEST_ANSWER = 1 << 30
MOST_FRAMES = 200_000  # in one answer: values and steps that are told
A_LOOK = 0.2  # seconds between looks at what a process writes while it is waited for


class ProbeFailed(Exception):
    """What was asked did not come; the text is for the student.

    `place` is a line of the student's code, if known. `verdict` is one word for what went wrong, as the gradebook has it.
    """

    def __init__(self, message: str, place: str = "", verdict: str = "failed"):
        super().__init__(message)
        self.place, self.verdict = place, verdict


@dataclass
class Answer:
    values: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    def array(self, name: str, shape: tuple | None = None, kind: str = "fiub"):
        """A value that has to be there, of this shape (None: any length) and kind of number, and finite."""
        import numpy as np

        value = self.values.get(name)
        if value is None:
            raise ProbeFailed(f"no {name} came back")
        fits = shape is None or (
            value.ndim == len(shape) and all(want in (None, n) for want, n in zip(shape, value.shape))
        )
        if not fits:
            want = tuple("n" if n is None else n for n in shape or ())
            raise ProbeFailed(f"{name}: wanted shape {want}, got {value.shape}".replace("'", ""))
        if value.dtype.kind not in kind:
            raise ProbeFailed(
                f"{name}: wanted {'whole numbers' if kind == 'iu' else 'numbers'}, got {value.dtype}"
            )
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            raise ProbeFailed(f"{name}: holds NaN or infinity")
        return value


@dataclass(frozen=True)
class Laid:
    """A package that lies in a folder: what a session needs to know of a workspace."""

    root: Path

    @property
    def package(self) -> Path:
        return self.root / "tinytorch"


class Desk:
    """Where a student's own process runs: beside tito, with the student's rights. Arrays lie in a folder that both can read."""

    largest = LARGEST_ANSWER  # bytes in one answer

    def __init__(self, root: Path, more: dict[str, str] | None = None):
        """`more`: what its environment has besides."""
        self.root, self.more = root, more or {}
        self.folder = tempfile.TemporaryDirectory(prefix="tito-")
        self.inbox = Path(self.folder.name)
        self.process: subprocess.Popen | None = None

    def start(self, **pipes) -> subprocess.Popen:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tito.milestones.probe"], cwd=self.root, env=environment(self.root) | self.more, start_new_session=True,
            **pipes,
        )  # fmt: skip
        return self.process

    def overflow(self) -> str:
        """What the process writes too much of; nothing is counted here."""
        return ""

    def bury(self) -> None:
        """End what a process that has ended left behind; here what a student's program starts is the student's affair."""

    def wants_to_run(self) -> bool:
        """Whether it only waits for a core; here the clock alone counts."""
        return False

    def cause(self, code: int) -> str:
        """The verdict that an exit status stands for; here only that it ended."""
        return "crashed"

    def end(self) -> None:
        """End the process and everything it started."""
        if self.process is not None:
            if hasattr(os, "killpg"):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.process.pid, signal.SIGKILL)
            else:
                self.process.kill()
            self.process.wait()
        self.folder.cleanup()


class Session:
    """One process; use it in a `with` block."""

    def __init__(
        self, workspace, script: Path, *, knobs: dict | None = None, folder: Path | None = None, box=None, seconds: float = 60.0
    ):  # fmt: skip
        """`seconds`: how long the import of the package and the script may take."""
        self.seconds = seconds
        self.box = box or Desk(workspace.root)
        self.settings: dict[str, Any] = {
            "root": str(workspace.root), "script": str(script), "knobs": knobs or {},
            "folder": str(folder) if folder else "",
        }  # fmt: skip
        if not (workspace.package / "__init__.py").is_file():
            self.box.end()
            raise TitoError(
                f"{workspace.package} is empty: there is nothing to measure", "tito module start 00"
            )

    def __enter__(self) -> Session:
        self.words = tempfile.TemporaryFile()  # what the process prints
        self.frames: queue.Queue = queue.Queue()
        self.waiting, self.room = 0, threading.Condition()  # bytes in the queue
        self.over = ""  # why nothing more can be asked, once it cannot
        self.process = self.box.start(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.words)
        self.listener = threading.Thread(target=self.listen, daemon=True)
        self.listener.start()
        try:
            self.ask("open", seconds=self.seconds, **self.settings)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.close()

    @property
    def alive(self) -> bool:
        """Whether the process can be asked more."""
        return not self.over and self.process.poll() is None

    def close(self) -> None:
        """End the process and everything it started."""
        self.over = self.over or "it was closed"
        with self.room:
            self.room.notify_all()
        self.box.end()
        self.listener.join(5)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self.words.close()

    def listen(self) -> None:
        """In a thread of its own: frames into the queue, until the process says no more. What nobody takes out waits in the pipe."""
        largest = min(LARGEST_FRAME, self.box.largest)
        try:
            while (frame := read_frame(self.process.stdout, largest)) is not None:  # type: ignore[arg-type]
                size = frame.array.nbytes
                with self.room:
                    while self.waiting + size > largest and not self.over:
                        self.room.wait()
                    if self.over:
                        return
                    self.waiting += size + 1000
                self.frames.put(frame)
        except (Violation, ValueError, OSError) as error:
            self.frames.put(error)
        self.frames.put(None)

    # ------------------------------------------------------------ asking

    def ask(
        self, what: str, arrays: dict[str, Any] | None = None, *, seconds: float = 60.0,
        on_log: Callable[[str, int, int, float], None] | None = None, **settings,
    ) -> Answer:  # fmt: skip
        """Ask for something and wait; raises ProbeFailed with the reason if it does not come in time."""
        if not self.frames.empty():
            self.unasked()
        request = secrets.token_hex(8)
        paths = {name: self.hand_over(name, array) for name, array in (arrays or {}).items()}
        line = json.dumps({"request": request, "ask": what, "arrays": paths, "settings": settings})
        begun = time.monotonic()
        try:
            self.process.stdin.write(line.encode() + b"\n")  # type: ignore[union-attr]
            self.process.stdin.flush()  # type: ignore[union-attr]
        except (BrokenPipeError, OSError, ValueError):
            raise self.ended(what) from None
        answer, size = Answer(), 0
        for _ in range(MOST_FRAMES):
            frame = self.receive(what, begun, seconds)
            if frame.request != request:
                raise self.stop(
                    "something other than an answer came out of the process", "protocol_violation"
                )
            if frame.kind == LOG:
                if on_log and frame.array.shape == (3,):
                    step, total, value = (float(v) for v in frame.array)
                    if abs(step) < 1e15 and abs(total) < 1e15:  # what it tells of itself may be anything
                        on_log(frame.name, int(step), int(total), value)
            elif frame.kind == VALUE:
                size += frame.array.nbytes
                if size > self.box.largest:
                    raise self.stop(
                        f"{what}: the answer is larger than {self.box.largest:,} bytes", "output_limit"
                    )
                answer.values[frame.name] = frame.array
            elif frame.kind == ERROR:
                message, _, place = (
                    bytes(frame.array)[:LONGEST_ERROR].decode("utf-8", "replace").partition("\n")
                )
                verdict = "output_limit" if self.is_loud() else CAUSES.get(frame.name, "failed")
                raise ProbeFailed(message, place, verdict)
            elif frame.kind == DONE:
                answer.seconds = time.monotonic() - begun
                return answer
        raise self.stop(f"{what}: the answer has more than {MOST_FRAMES:,} parts", "output_limit")

    def receive(self, what: str, begun: float, seconds: float) -> Frame:
        """The next frame. While it does not come, the clock and what the process writes are watched."""
        while True:
            self.box.bury()  # what a killed one left must not answer in its place; then `listen` comes to the end of what it reads
            left = begun + seconds - time.monotonic()
            if left <= 0 and not (self.box.wants_to_run() and left > -9 * seconds):
                raise self.stop(f"{what}: no answer within {seconds:.0f} s, so it was stopped", "timeout")
            try:
                frame = self.frames.get(timeout=A_LOOK if left <= 0 else min(left, A_LOOK))
                break
            except queue.Empty:
                if too_much := self.box.overflow():
                    raise self.stop(f"{what}: {too_much}, so it was stopped", "output_limit") from None
                if self.is_loud():
                    raise self.stop(
                        f"{what}: it prints without end, so it was stopped", "output_limit"
                    ) from None
        if isinstance(frame, CutShort) and self.was_stopped():
            raise self.ended(what)
        if isinstance(frame, Exception):
            raise self.stop(f"the process wrote what is no answer ({frame})", "protocol_violation")
        if frame is None:
            raise self.ended(what)
        with self.room:
            self.waiting -= frame.array.nbytes + 1000
            self.room.notify_all()
        return frame

    def was_stopped(self) -> bool:
        """Whether a signal ended the process, in the middle of an answer perhaps. bubblewrap tells of one by adding 128."""
        try:
            code = self.process.wait(2)
        except subprocess.TimeoutExpired:
            return False
        return code < 0 or code > 128

    def is_loud(self) -> bool:
        """Whether the process has printed more than it may."""
        return os.fstat(self.words.fileno()).st_size > LOUDEST

    def unasked(self) -> None:
        """Something came although nothing was asked: the end of the process, or a violation."""
        frame = self.frames.get()
        if frame is None:
            raise self.ended("it")
        raise self.stop("the process said something before it was asked", "protocol_violation")

    def stop(self, message: str, verdict: str) -> ProbeFailed:
        """Nothing more is asked of this process; what to raise."""
        self.over = self.over or message
        self.process.kill()
        return ProbeFailed(message, verdict=verdict)

    def ended(self, what: str) -> ProbeFailed:
        """The process is no more; what to raise, with its last words."""
        try:
            code = self.process.wait(2)
        except subprocess.TimeoutExpired:
            return self.stop(f"{what}: the process closed its output before it answered", "crashed")
        self.over = self.over or "it ended"
        verdict = self.box.cause(code)
        how = REASONS.get(verdict) or (
            f"was ended by signal {-code}" if code < 0 else f"ended with exit status {code}"
        )
        self.words.seek(max(0, os.fstat(self.words.fileno()).st_size - 2000))
        said = self.words.read(2000).decode("utf-8", "replace").strip().splitlines()
        return ProbeFailed(
            f"{what}: the process {how} before it answered" + (f": {said[-1]}" if said else ""),
            verdict=verdict,
        )

    def hand_over(self, name: str, array) -> str:
        """Arrays reach the process as files: a path is passed on, an array written."""
        import numpy as np

        if isinstance(array, (str, Path)):
            return str(array)
        path = self.box.inbox / f"{name}.npy"
        path.unlink(
            missing_ok=True
        )  # the process may still look into the one before, as a file mapped into memory
        np.save(path, array, allow_pickle=False)
        return str(path)


LONGEST_ERROR = 8000  # bytes of what it says of an error
LOUDEST = 64 << 20  # bytes that a process may print
CAUSES = {  # of an error that the student's code raised
    "MemoryError": "memory_limit", "SyntaxError": "syntax_error", "IndentationError": "syntax_error", "TabError": "syntax_error",
    "ImportError": "import_error", "ModuleNotFoundError": "import_error", "OutOfTime": "timeout",
}  # fmt: skip
REASONS = {
    "timeout": "used up its time",
    "memory_limit": "was killed, for want of memory or by hand,",
    "output_limit": "wrote more than it may",
    "policy_violation": "did what is not allowed",
}
# Matrices are small here: BLAS threads that wait cost more than they bring. And kernels' threads that wait for each other by
# spinning stand still for milliseconds where other programs are at work too (measured: 1 s a step in place of 0.07).
THREADS = {"OPENBLAS_NUM_THREADS": "1", "GOMP_SPINCOUNT": "10000"}

# glibc hands arrays of more than 128 KB back to the kernel when they are freed, and what the next step needs comes anew, page by page:
# 28,000 page faults in 150 steps of milestone 1, half of their time (0.08 s in place of 0.15). Up to 32 MB are kept.
ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(256 << 20),
    "MALLOC_TOP_PAD_": str(4 << 20),
}


def environment(root: Path) -> dict[str, str]:
    """The student's package comes first; tito, for the probe, after it."""
    paths = [str(root), str(HERE)]
    return THREADS | ALLOCATOR | os.environ | {
        "PYTHONPATH": os.pathsep.join([*paths, os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
        "MPLBACKEND": "Agg",
        "PYTHONIOENCODING": "utf-8",
    }  # fmt: skip
