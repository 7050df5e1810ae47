"""The process that runs a module's checks at arm's length: it knows the answers, and is confined all the same.

Standard input is a socket to the grader: a job comes (JSON), then pairs of pipe ends, one pair for each sandbox with the student's package;
records go (JSON lines). Whoever is on the other end of a pipe is believed nothing.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import json
import os
import select
import signal
import socket
import sys
import time
import types
from pathlib import Path
from typing import Any

from ... import checking
from ...runner import describe_check, failure, spoken
from .handles import CHECKS, Client, FarError, Handle, importer
from .wire import WRITERS, Violation, write_named

MOST_BROKEN = 3  # processes that hung or died, before the rest is left
OURS = {"root": os.devnull, "spans": []}  # no file here is the student's


class TimeUp(BaseException):
    """The student's code did not answer in time."""


@contextlib.contextmanager
def alarm(seconds: float):
    def ring(*_):
        raise TimeUp

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


class Clock:
    """Both pipe ends, with a moment at which patience ends."""

    def __init__(self, reading: int, writing: int):
        self.reading, self.writing, self.until = reading, writing, time.monotonic() + 60
        self.ahead = bytearray()  # read, but not yet asked for
        os.set_blocking(writing, False)

    def left(self) -> float:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeUp
        return left

    def read(self, size: int) -> bytes:
        """So many bytes; fewer where the stream ends."""
        while len(self.ahead) < size:
            if not select.select([self.reading], [], [], self.left())[0]:
                raise TimeUp
            part = os.read(self.reading, 1 << 16)
            if not part:
                break
            self.ahead += part
        taken, self.ahead = bytes(self.ahead[:size]), self.ahead[size:]
        return taken

    def write(self, data) -> None:
        if self.ahead or select.select([self.reading], [], [], 0)[0]:
            if not self.ahead and not os.read(self.reading, 1):
                raise EOFError
            raise Violation("something was said before it was asked")
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self.writing, view) :]
            except BlockingIOError:
                if not select.select([], [self.writing], [], self.left())[1]:
                    raise TimeUp from None

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        os.close(self.reading)
        os.close(self.writing)


class Desk:
    """The grader's end of the socket."""

    def __init__(self, line: socket.socket):
        self.line = line
        self.job = json.loads(self.hear())

    def hear(self) -> bytes:
        data = b""
        while not data.endswith(b"\n"):
            part = self.line.recv(1 << 16)
            if not part:
                raise SystemExit(0)
            data += part
        return data

    def tell(self, **record: Any) -> None:
        self.line.sendall(json.dumps(record).encode() + b"\n")

    def process(self) -> Clock:
        """A new sandbox; the one before is ended."""
        self.tell(need="process")
        _, ends, _, _ = socket.recv_fds(self.line, 1, 2)
        if len(ends) != 2:
            raise SystemExit(1)
        return Clock(*ends)


class Room:
    """The checks of one module beside one sandbox; a new one for each sandbox."""

    def __init__(self, desk: Desk, source: str):
        job = desk.job
        self.clock, self.used = desk.process(), False
        self.clock.until = time.monotonic() + job["import_seconds"]
        self.client = Client(self.clock, self.clock)
        checking.MIX = tuple(job["mix"])
        package = self.client.ask("open", job["root"], tuple(job["settings"].items()), job["spans"])
        if not isinstance(package, Handle):
            raise Violation("the package is none")
        modules: dict[str, Any] = sys.modules
        modules["tinytorch"] = package  # tito.checking imports it where it needs it
        self.checks = self.load(source, job["checks"], package)

    def load(self, source: str, path: str, package: Handle) -> dict[str, Any]:
        tree = ast.parse(source)
        imports = "\n".join(ast.unparse(s) for s in tree.body if isinstance(s, ast.Import | ast.ImportFrom))
        checking.beside = lambda f: self.client.ask("beside", inspect.getsource(f), f.__name__, imports)
        module = types.ModuleType(CHECKS)
        module.__file__ = path
        sys.modules[CHECKS] = module
        known = vars(__builtins__) if isinstance(__builtins__, types.ModuleType) else __builtins__
        vars(module)["__builtins__"] = {**known, "__import__": importer(self.client, package)}
        exec(compile(source, path, "exec", dont_inherit=True), vars(module))
        WRITERS.update({v: write_named for v in vars(module).values() if is_named_tuple(v)})
        found = {n.removeprefix("test_"): f for n, f in vars(module).items() if n.startswith("test_")}
        return {n: f for n, f in found.items() if isinstance(f, types.FunctionType)}

    def run(self, name: str, mix: list[int], patience: float) -> dict[str, Any]:
        """One check."""
        function, self.used = self.checks[name], True
        self.clock.until = time.monotonic() + patience
        checking.LENT.clear()
        checking.MIX = tuple(mix)
        try:
            with alarm(patience + 1):  # for what is no waiting for an answer: a pipe in the place of a file
                self.client.ask("calm")
                function()
        except checking.CouldNotCheck as reason:
            return {"verdict": "not_run", "message": str(reason), "excused": True}
        except BaseException as error:
            return verdict_of(error, patience)
        return {"verdict": "passed"}


def is_named_tuple(thing: Any) -> bool:
    return (
        isinstance(thing, type)
        and issubclass(thing, tuple)
        and thing.__module__ == CHECKS
        and hasattr(thing, "_fields")
    )


def verdict_of(error: BaseException, patience: float) -> dict[str, Any]:
    """What an exception means for the check, or for the package as a whole, in which it was raised."""
    if isinstance(error, TimeUp):
        return {
            "verdict": "timeout",
            "message": f"no answer within {patience:.0f} s, so it was stopped",
            "broken": True,
        }
    if isinstance(error, EOFError | BrokenPipeError):
        return {
            "verdict": "crashed",
            "message": "the process ended in the middle of the check",
            "broken": True,
        }
    if isinstance(error, Violation):
        return {
            "verdict": "protocol_violation",
            "message": f"what came back is no answer: {error}",
            "broken": True,
        }
    if isinstance(error, MemoryError):
        return {"verdict": "memory_limit", "message": "it needed more memory than there is"}
    told = failure(OURS, error)
    record = {"verdict": "failed", "message": told["message"]}
    record |= {key: told[key] for key in ("expected", "got", "difference", "stub") if key in told}
    if isinstance(error, FarError) and error.place:
        record["place"] = list(error.place)
    return record


def main() -> None:
    line = socket.socket(fileno=os.dup(0))
    desk = Desk(line)
    job = desk.job
    source = Path(job["checks"]).read_text(encoding="utf-8")
    room = opened(desk, source)
    if room is None:
        return
    desk.tell(checks=[describe_check(name, f) for name, f in room.checks.items()])
    names = [name for name in room.checks if not job["names"] or name in job["names"]]
    passed, broken = dict.fromkeys(job["passed"], True), 0
    needs = {name: f.check.needs for name, f in room.checks.items()}
    seconds = {name: f.check.seconds for name, f in room.checks.items()}
    for name in names:
        blocked = [n for n in needs[name] if passed.get(n) is False]
        if blocked:
            record: dict[str, Any] = {
                "verdict": "blocked",
                "message": f"needs {spoken(blocked[0])}, which did not pass",
            }
        elif broken > MOST_BROKEN:
            record = {"verdict": "not_run", "message": "the process ended too often"}
        else:
            patience = job["patience"] * seconds[name]
            desk.tell(begin=name, seconds=patience, cpu=job["cpu_patience"] * seconds[name])
            begun = time.monotonic()
            if room is None:
                room = opened(desk, source)
                if room is None:
                    return
            was_used, mix = room.used, job["mixes"].get(name, job["mix"])
            record = room.run(name, mix, patience)
            if record["verdict"] == "failed" and was_used and "stub" not in record:
                room.clock.close()  # what an earlier check left behind is not this one's failure
                room = opened(desk, source)
                if room is None:
                    return
                record = room.run(name, mix, patience)
            record["seconds"] = round(time.monotonic() - begun, 4)
            broken += record.pop("broken", False)
            if record["verdict"] != "passed" and "stub" not in record:
                room.clock.close()
                room = None
        passed[name] = record["verdict"] == "passed" or "excused" in record
        desk.tell(check=name, **record)
    desk.tell(done=True)


def opened(desk: Desk, source: str) -> Room | None:
    """A room; None, and the grader has been told, where the package cannot even be imported."""
    try:
        return Room(desk, source)
    except BaseException as error:
        if isinstance(error, SystemExit) and not isinstance(error, FarError):
            raise
        record = verdict_of(error, desk.job["import_seconds"])
        if record["verdict"] == "failed":
            record["verdict"] = "syntax_error" if isinstance(error, SyntaxError) else "import_error"
        desk.tell(package=record | {"message": f"import tinytorch fails: {record['message']}"})
        return None


if __name__ == "__main__":
    main()
