"""Worker processes that read batches ahead: what runs in a worker, and the pool that the parent keeps.

The parent sends lists of indices down one pipe per worker and gets short notes back; the batches themselves lie in
shared memory (blocks.py). Task i goes to worker i mod n and batches are taken in the same order, so nothing is sorted.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import secrets
import signal
import time
import traceback
import warnings
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import fetch
from .blocks import Reader, Writer
from .dataset import IterableDataset

PARENT_CHECK = 5.0  # seconds between looks whether the parent still lives
GRACE = 2.0  # seconds that workers get to finish a sample before they are terminated
SHOWN = 64  # indices that an error lists
LONGEST = 30_000  # characters of an error: it goes through the pipe, and the parent may be busy


@dataclass
class Job:
    """What every worker is given at its start."""

    dataset: Any
    batched: bool
    collate_fn: Callable
    drop_last: bool
    worker_init_fn: Callable | None
    num_workers: int
    slots: int
    prefix: str


@dataclass
class WorkerError:
    """An exception on its way to the parent: its class, pickled where that is possible, and its text."""

    kind: bytes | None
    text: str

    def reraise(self):
        try:
            kind = RuntimeError if self.kind is None else pickle.loads(self.kind)
            error = kind(KeyText(self.text) if issubclass(kind, KeyError) else self.text)
        except (
            Exception
        ):  # a class that the parent cannot find, or whose constructor wants more: the text must arrive
            error = RuntimeError(self.text)
        raise error


class KeyText(str):
    """A KeyError shows the repr of its argument; this one's is readable."""

    def __repr__(self) -> str:
        return str(self)


# ---------------------------------------------------------------- in the worker


class Stopped(BaseException):
    """The parent asked this worker to stop."""


def work(rank: int, connection, cells, job: Job) -> None:
    """A worker's life: epochs and tasks come in, notes about filled slots go out."""
    settle_signals()
    worker = Worker(rank, cells, job)
    parent = os.getppid()
    with contextlib.suppress(Stopped, EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            while not connection.poll(PARENT_CHECK):
                if (
                    os.getppid() != parent
                ):  # siblings hold copies of the pipe's other end, so its end is no sure sign
                    return
            message = connection.recv()
            worker.report(fetch.WHOLE_BATCH)
            if message is None:
                return
            if message[0] == "epoch":
                worker.begin(message[1])
            else:
                connection.send(worker.answer(*message[1:]))


def settle_signals() -> None:
    """Ctrl-C goes to the whole process group: the parent takes care of it. Other handlers of the parent are not ours to run."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


class Worker:
    def __init__(self, rank: int, cells, job: Job):
        self.rank, self.cells, self.job = rank, cells, job
        self.writer = Writer(f"{job.prefix}_{rank}", job.slots)
        self.stream = isinstance(job.dataset, IterableDataset)
        self.fetcher: Any = None
        self.broken: WorkerError | None = None
        self.position = fetch.WHOLE_BATCH
        self.started = False

    def report(self, position: int) -> None:
        if self.cells[self.job.num_workers]:
            raise Stopped
        self.position = self.cells[self.rank] = position

    def begin(self, base_seed: int) -> None:
        """A new epoch: seeds, and for a stream a new walk. An error here is the answer to the first task."""
        job = self.job
        self.base_seed, self.count, self.ended, self.broken = base_seed, 0, False, None
        fetch.worker_info = fetch.WorkerInfo(self.rank, job.num_workers, base_seed + self.rank, job.dataset)
        fetch.seed_everything(base_seed + self.rank)
        try:
            if not self.started and job.worker_init_fn is not None:
                job.worker_init_fn(self.rank)
            self.started = True
            self.fetcher = fetch.make_fetcher(
                job.dataset, job.batched, job.collate_fn, job.drop_last, self.report
            )
        except Exception as error:
            self.broken = describe(error, self.rank, "at its start")

    def answer(self, task: int, slot: int, indices) -> tuple:
        """Fill a slot; the note about it: ("batch", slot, generation of its block), ("error", slot, error) or ("end", slot, None)."""
        if self.broken is not None:
            return ("error", slot, self.broken)
        if self.ended:
            return ("end", slot, None)
        fetch.seed_everything(self.base_seed, *((self.rank, self.count) if self.stream else (task,)))
        self.count += 1
        try:
            return ("batch", slot, self.writer.write(slot, self.fetcher.fetch(indices)))
        except StopIteration as error:
            if self.stream:
                self.ended = True
                return ("end", slot, None)
            return ("error", slot, describe(error, self.rank, where(indices, self.position)))
        except Exception as error:
            place = "in its stream" if self.stream else where(indices, self.position)
            return ("error", slot, describe(error, self.rank, place))


def describe(error: Exception, rank: int, place: str) -> WorkerError:
    kind = (
        RuntimeError if isinstance(error, StopIteration) else type(error)
    )  # a StopIteration would end the parent's loop
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    text = f"Caught {type(error).__name__} in DataLoader worker process {rank}, {place}.\nOriginal {trace}"
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]}\n[...]\n{text[-LONGEST // 2 :]}"
    try:
        return WorkerError(pickle.dumps(kind), text)
    except Exception:  # a class defined inside a function, or one with a hostile __reduce__
        return WorkerError(None, text)


def where(indices, position: int) -> str:
    """Which samples are meant: one, where the position in the batch is known."""
    if not isinstance(indices, (list, tuple)):
        return f"while reading sample {indices!r}"
    if position != fetch.WHOLE_BATCH and position < len(indices):
        return f"while reading sample {indices[position]!r} of the batch {listed(indices)}"
    return f"while reading or collating the batch of samples {listed(indices)}"


def listed(indices) -> str:
    shown = ", ".join(repr(i) for i in indices[:SHOWN])
    return f"[{shown}]" if len(indices) <= SHOWN else f"[{shown}, ... {len(indices) - SHOWN} more]"


# ---------------------------------------------------------------- in the parent


class Seat:
    """The parent's view of one worker."""

    def __init__(self, rank: int, process, connection, reader: Reader):
        self.rank, self.process, self.connection, self.reader = rank, process, connection, reader
        self.pending: deque = deque()  # the indices of each task that is not answered
        self.sent = 0

    def send(self, message) -> None:
        with contextlib.suppress(
            BrokenPipeError, ConnectionResetError
        ):  # dead: `receive` says so when its turn comes
            self.connection.send(message)


class Pool:
    """The processes, their pipes and blocks. `close()` may be called at any time, more than once, also when Python exits."""

    def __init__(self, context, job: Job):
        from multiprocessing import resource_tracker

        self.owner = os.getpid()
        self.job = job
        self.seats: list[Seat] = []
        self.closed = False
        self.cells = context.RawArray(
            "q", job.num_workers + 1
        )  # each worker's position in its batch, and the sign to stop
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
                os.set_blocking(
                    seat.connection.fileno(), False
                )  # a full pipe must not hold us up; its reader sees the sign
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


def interrupt_soon() -> None:
    import _thread
    import threading

    with contextlib.suppress(RuntimeError):  # Python is ending anyway
        threading.Timer(0.02, _thread.interrupt_main).start()


def interrupt_now() -> None:
    signal.raise_signal(signal.SIGINT)


@contextlib.contextmanager
def interrupts_deferred(deliver: Callable[[], None] = interrupt_now):
    """A Ctrl-C inside the block is delivered after it: neither a start nor an end of workers stops half way.

    A process started inside is born with the signal blocked. In this process blocking is not enough: the signal would go
    to one of BLAS's threads, and Python runs its handler in the main thread all the same.
    """
    import threading

    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) is None:
        yield
        return
    caught: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, frame: caught.append(number))
    try:
        with interrupts_blocked():
            yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if caught:
            deliver()


@contextlib.contextmanager
def interrupts_blocked():
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


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
