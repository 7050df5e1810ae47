"""Worker processes that read batches ahead: what runs in a worker. The parent's side is pool.py.

The parent sends lists of indices down one pipe per worker and gets short notes back; the batches themselves lie in
shared memory (blocks.py). Task i goes to worker i mod n and batches are taken in the same order, so nothing is sorted.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import fetch
from .blocks import Writer
from .dataset import IterableDataset

PARENT_CHECK = 5.0  # seconds between looks whether the parent still lives
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
        except Exception:  # the class is unknown here, or its constructor wants more: the text must arrive
            error = RuntimeError(self.text)
        raise error


class KeyText(str):
    """A KeyError shows the repr of its argument; this one's is readable."""

    def __repr__(self) -> str:
        return str(self)


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
    # A StopIteration would end the parent's loop.
    kind = RuntimeError if isinstance(error, StopIteration) else type(error)
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
