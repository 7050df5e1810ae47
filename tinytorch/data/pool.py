"""The parent's side of the workers: their processes, pipes and blocks, and what is said when one dies."""

from __future__ import annotations

import contextlib
import os
import pickle
import secrets
import signal
import time
import warnings
from collections import deque
from typing import Any

from .blocks import Reader
from .interrupts import interrupt_soon, interrupts_deferred
from .workers import Job, where, work

GRACE = 2.0  # seconds that workers get to finish a sample before they are terminated


class Seat:
    """The parent's view of one worker."""

    def __init__(self, rank: int, process, connection, reader: Reader):
        self.rank, self.process, self.connection, self.reader = rank, process, connection, reader
        self.pending: deque = deque()  # the indices of each task that is not answered
        self.sent = 0

    def send(self, message) -> None:
        """A dead worker is no error here: `receive` says so when its turn comes."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.connection.send(message)


class Pool:
    """The processes, their pipes and blocks. `close()` may be called at any time, more than once, also when Python exits."""

    def __init__(self, context, job: Job):
        from multiprocessing import resource_tracker

        self.owner = os.getpid()
        self.job = job
        self.seats: list[Seat] = []
        self.closed = False
        # Shared: each worker's position in its batch, and the sign to stop.
        self.cells = context.RawArray("q", job.num_workers + 1)
        if os.name == "posix":
            resource_tracker.ensure_running()  # started before the workers, so that they share it
        try:
            for rank in range(job.num_workers):
                with interrupts_deferred():
                    self.start(context, rank)
        except BaseException:
            self.close()
            raise

    def start(self, context, rank: int) -> None:
        ours, theirs = context.Pipe(duplex=True)
        process = context.Process(
            target=work, args=(rank, theirs, self.cells, self.job), daemon=True, name=f"DataLoader-{rank}"
        )
        try:
            with warnings.catch_warnings():
                # Python 3.12 warns of fork in a process with threads. BLAS's threads are the usual ones, and it is
                # prepared for a fork; a worker touches no other.
                warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
                process.start()
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            ours.close()
            raise RuntimeError(
                f"DataLoader: with the start method {context.get_start_method()!r} the dataset, collate_fn and worker_init_fn are sent to"
                f" the workers by pickle, which failed: {error}. Define them at the top level of a module, or use num_workers=0"
            ) from error
        finally:
            theirs.close()
        self.seats.append(Seat(rank, process, ours, Reader(f"{self.job.prefix}_{rank}", self.job.slots)))

    def begin_epoch(self, base_seed: int) -> None:
        for seat in self.seats:
            while seat.pending:  # of an epoch that was left early
                self.receive(seat, timeout=None)
            seat.send(("epoch", base_seed))

    def assign(self, seat: Seat, task: int, indices) -> None:
        seat.send(("batch", task, seat.sent % self.job.slots, indices))
        seat.sent += 1
        seat.pending.append(indices)

    def receive(self, seat: Seat, timeout: float | None) -> tuple[str, Any]:
        """The answer to this worker's oldest task: ("batch", batch), ("error", WorkerError) or ("end", None)."""
        from multiprocessing.connection import wait

        ready = wait([seat.connection, seat.process.sentinel], timeout)
        if not ready:
            raise RuntimeError(
                f"DataLoader timed out after {timeout} seconds, waiting for worker {seat.rank} {where(seat.pending[0], self.cells[seat.rank])}"
            )
        try:
            if seat.connection not in ready and not seat.connection.poll():
                raise EOFError
            kind, slot, content = seat.connection.recv()
        except (EOFError, ConnectionResetError):
            raise RuntimeError(self.obituary(seat)) from None
        seat.pending.popleft()
        return kind, seat.reader.read(slot, content) if kind == "batch" else content

    def obituary(self, seat: Seat) -> str:
        seat.process.join(GRACE)
        pid, code = seat.process.pid, seat.process.exitcode
        return f"DataLoader worker {seat.rank} (pid {pid}) died with {exit_reason(code)}, {where(seat.pending[0], self.cells[seat.rank])}"

    def close(self) -> None:
        """Ask, wait a little, terminate, kill; then remove every block."""
        if os.getpid() == self.owner:  # a forked child has a copy of this object, but not these children
            with interrupts_deferred():
                self._close()

    def _close(self) -> None:
        if self.closed:
            return
        self.closed = True
        self.cells[self.job.num_workers] = 1
        for seat in self.seats:
            with contextlib.suppress(OSError):
                # A full pipe must not hold us up; its reader will see the sign.
                os.set_blocking(seat.connection.fileno(), False)
                seat.send(None)
        deadline = time.monotonic() + GRACE
        for force in ("", "terminate", "kill"):
            for seat in self.seats:
                if force and seat.process.is_alive():
                    getattr(seat.process, force)()
                seat.process.join(max(0.0, deadline - time.monotonic()) if not force else GRACE)
        for seat in self.seats:
            seat.connection.close()
            seat.reader.remove()
            with contextlib.suppress(ValueError):  # not even SIGKILL ended it: a process stuck in the kernel
                seat.process.close()


def make_pool(context, **job) -> Pool:
    return Pool(context, Job(prefix=f"tt{os.getpid():x}_{secrets.token_hex(3)}", **job))


def dispose(pool: Pool) -> None:
    """`close` for the garbage collector. Python drops exceptions there, a Ctrl-C too, so that one is sent again a moment later."""
    with interrupts_deferred(deliver=interrupt_soon):
        pool.close()


def exit_reason(code: int | None) -> str:
    if code is None or code >= 0:
        return f"exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = "an unknown signal"
    hint = {"SIGKILL": "; the system may have run out of memory", "SIGBUS": "; /dev/shm may be full"}.get(
        name, ""
    )
    return f"exit code {code} ({name}{hint})"
