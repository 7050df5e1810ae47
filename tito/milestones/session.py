"""A process with the student's package in it, asked for values.

    with Session(workspace, one) as session:
        answer = session.ask("predict", {"images": images}, seconds=20)
        answer.values["predictions"], answer.seconds

The clock, the limits and every judgement are on this side. A process that hangs, dies or says what is no frame is ended,
and what was asked of it has failed with the reason.
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
from .wire import DONE, ERROR, LOG, VALUE, Violation, read_frame

HERE = Path(__file__).resolve().parents[2]
LARGEST_ANSWER = 1 << 30


class ProbeFailed(Exception):
    """What was asked did not come; the text is for the student. `place` is a line of the student's code, if known."""

    def __init__(self, message: str, place: str = ""):
        super().__init__(message)
        self.place = place


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


class Session:
    """One process; use it in a `with` block."""

    def __init__(self, workspace, script: Path, *, knobs: dict | None = None, folder: Path | None = None):
        self.root, self.script = workspace.root, script
        self.settings: dict[str, Any] = {
            "root": str(workspace.root), "script": str(script), "knobs": knobs or {},
            "folder": str(folder) if folder else "",
        }  # fmt: skip
        if not (workspace.package / "__init__.py").is_file():
            raise TitoError(
                f"{workspace.package} is empty: there is nothing to measure", "tito module start 00"
            )

    def __enter__(self) -> Session:
        self.scratch = tempfile.TemporaryDirectory(prefix="tito-")
        self.words = open(Path(self.scratch.name) / "stderr", "w+b")
        self.frames: queue.Queue = queue.Queue()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tito.milestones.probe"], cwd=self.root, env=environment(self.root),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.words, start_new_session=True,
        )  # fmt: skip
        threading.Thread(target=self.listen, daemon=True).start()
        try:
            self.ask("open", seconds=60, **self.settings)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """End the process and everything it started."""
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        else:
            self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self.words.close()
        self.scratch.cleanup()

    def listen(self) -> None:
        """In a thread of its own: frames into the queue, until the process says no more."""
        try:
            while (frame := read_frame(self.process.stdout)) is not None:  # type: ignore[arg-type]
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
        request = secrets.token_hex(8)
        paths = {name: self.hand_over(name, array) for name, array in (arrays or {}).items()}
        line = json.dumps({"request": request, "ask": what, "arrays": paths, "settings": settings})
        begun = time.monotonic()
        try:
            self.process.stdin.write(line.encode() + b"\n")  # type: ignore[union-attr]
            self.process.stdin.flush()  # type: ignore[union-attr]
        except (BrokenPipeError, OSError):
            raise ProbeFailed(self.last_words(what)) from None
        answer, size = Answer(), 0
        while True:
            frame = self.receive(what, begun, seconds)
            if frame.request != request:
                raise ProbeFailed("something other than an answer came out of the process")
            if frame.kind == LOG:
                if on_log and frame.array.shape == (3,):
                    step, total, value = (float(v) for v in frame.array)
                    on_log(frame.name, int(step), int(total), value)
            elif frame.kind == VALUE:
                size += frame.array.nbytes
                if size > LARGEST_ANSWER:
                    raise ProbeFailed(f"{what}: the answer is larger than {LARGEST_ANSWER:,} bytes")
                answer.values[frame.name] = frame.array
            elif frame.kind == ERROR:
                message, _, place = bytes(frame.array).decode("utf-8", "replace").partition("\n")
                raise ProbeFailed(message, place)
            elif frame.kind == DONE:
                answer.seconds = time.monotonic() - begun
                return answer

    def receive(self, what: str, begun: float, seconds: float):
        left = begun + seconds - time.monotonic()
        try:
            frame = self.frames.get(timeout=max(left, 0.001))
        except queue.Empty:
            self.process.kill()
            raise ProbeFailed(f"{what}: no answer within {seconds:.0f} s, so it was stopped") from None
        if isinstance(frame, Exception):
            raise ProbeFailed(f"the process wrote what is no answer ({frame})") from None
        if frame is None:
            raise ProbeFailed(self.last_words(what))
        return frame

    def last_words(self, what: str) -> str:
        code = self.process.wait()
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit status {code}"
        self.words.seek(0)
        said = self.words.read()[-2000:].decode("utf-8", "replace").strip().splitlines()
        return f"{what}: the process {how} before it answered" + (f": {said[-1]}" if said else "")

    def hand_over(self, name: str, array) -> str:
        """Arrays reach the process as files: a path is passed on, an array written."""
        import numpy as np

        if isinstance(array, (str, Path)):
            return str(array)
        path = Path(self.scratch.name) / f"{name}.npy"
        np.save(path, array, allow_pickle=False)
        return str(path)


# Matrices are small here: BLAS threads that wait cost more than they bring. And kernels' threads that wait for each other by
# spinning stand still for milliseconds where other programs are at work too (measured: 1 s a step in place of 0.07).
THREADS = {"OPENBLAS_NUM_THREADS": "1", "GOMP_SPINCOUNT": "10000"}


def environment(root: Path) -> dict[str, str]:
    """The student's package comes first; tito, for the probe, after it."""
    paths = [str(root), str(HERE)]
    return THREADS | os.environ | {
        "PYTHONPATH": os.pathsep.join([*paths, os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
        "MPLBACKEND": "Agg",
        "PYTHONIOENCODING": "utf-8",
    }  # fmt: skip
