"""The grader's side of `warm.py`: a process that forks sandboxed ones, and one of these, as `Popen` would have it.

process = Warm(runtime, environment).fork(job, words)       # raises OSError where that cannot be done: start a new one then
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO

PATIENCE = 20.0  # seconds that a fork may take on a machine with much else to do


class Forked:
    """A sandboxed process, with pipes to its standard input and output. How it ends is told by its keeper."""

    stderr = None  # a file of the grader's

    def __init__(self, keeper: socket.socket, pid: int, stdin: BinaryIO, stdout: BinaryIO):
        self.keeper, self.pid, self.stdin, self.stdout = keeper, pid, stdin, stdout
        self.returncode: int | None = None
        self.lock = threading.Lock()

    def poll(self) -> int | None:
        return self.look(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self.look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
        return code

    def look(self, seconds: float | None) -> int | None:
        with self.lock:
            if self.returncode is None and select.select([self.keeper], [], [], seconds)[0]:
                told = number(self.keeper)
                self.returncode = -signal.SIGKILL if told is None else told  # killed with its keeper
            return self.returncode

    def kill(self) -> None:
        """As long as nobody has hung up, the number is this process's."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def hang_up(self) -> None:
        """If it still runs, its keeper ends it."""
        with self.lock:
            self.returncode = -signal.SIGKILL if self.returncode is None else self.returncode
            self.keeper.close()


def number(line: socket.socket) -> int | None:
    """A number that a keeper says, or nothing if it has ended."""
    told = b""
    with contextlib.suppress(ConnectionError):
        while not told.endswith(b"\n") and (more := line.recv(1)):
            told += more
    return int(told) if told.endswith(b"\n") else None


class Warm:
    """A process that has imported NumPy, from the probe's files in `runtime`."""

    def __init__(self, runtime: Path, environment: dict[str, str]):
        self.runtime = runtime
        self.line, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-s", "-B", str(runtime / "tito/assessment/isolation/warm.py")], cwd=runtime, env=environment, stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

    def fork(self, job: dict[str, Any], words: int) -> Forked:
        """A process for this job, bound as it says. `words`: the file that takes its standard error."""
        mine, theirs = socket.socketpair()
        (read_in, write_in), (read_out, write_out) = os.pipe(), os.pipe()
        try:
            with theirs:
                socket.send_fds(self.line, [b"f"], [theirs.fileno(), read_in, write_out, words])
            mine.settimeout(PATIENCE)
            mine.sendall(json.dumps(job).encode() + b"\n")
            pid = number(mine)
            if pid is None:
                raise OSError("no sandboxed process was forked")
            mine.settimeout(None)
        except OSError:
            self.end()  # whatever ails it: the next one is new
            mine.close()
            os.close(write_in)
            os.close(read_out)
            raise
        finally:
            os.close(read_in)
            os.close(write_out)
        return Forked(mine, pid, os.fdopen(write_in, "wb"), os.fdopen(read_out, "rb"))

    def end(self) -> None:
        self.line.close()
        self.process.kill()
        self.process.wait()
