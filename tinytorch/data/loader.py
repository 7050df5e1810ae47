"""DataLoader: a data set, an order and a batch size; batches come out, read here or ahead of time by worker processes."""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from typing import Any

from ..backend import cuda_available
from .collate import default_collate, default_convert, pinned
from .dataset import Dataset, IterableDataset, TensorDataset
from .fetch import MapFetcher, StreamFetcher, own_randomness
from .pool import dispose, make_pool
from .sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler, draw_seed


class _DatasetKind:
    """PyTorch's two kinds of datasets. Libraries with loaders of their own hand these and `_auto_collation` to the iterators below."""

    Map, Iterable = 0, 1


class DataLoader:
    """Batches of a data set.

    The same seed gives the same batches with any number of workers: every batch has its own seed, from the epoch's
    and its position, for all random numbers that the data set and `collate_fn` draw (Python's, NumPy's, tinytorch's).
    `pin_memory`: batches come in memory that a GPU can copy from while the host goes on.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Sampler | Iterable | None = None,
        batch_sampler: Sampler | Iterable | None = None,
        num_workers: int = 0,
        collate_fn: Callable | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context=None,
        generator=None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ):
        self.dataset: Any = dataset
        self.num_workers, self.timeout, self.worker_init_fn = num_workers, timeout, worker_init_fn
        self.prefetch_factor: Any = 2 if prefetch_factor is None and num_workers > 0 else prefetch_factor
        self.persistent_workers, self.multiprocessing_context = persistent_workers, multiprocessing_context
        self.pin_memory, self.pin_memory_device, self.generator = pin_memory, pin_memory_device, generator
        self.in_order = in_order  # batches come in order either way
        self._check_workers(prefetch_factor)
        self._choose_order(batch_size, shuffle, sampler, batch_sampler, drop_last)
        self.collate_fn = collate_fn or (default_collate if self.batched else default_convert)
        self._kept: WorkerIterator | None = None

    def _check_workers(self, prefetch_factor) -> None:
        if not isinstance(self.num_workers, int) or self.num_workers < 0:
            raise ValueError(
                f"DataLoader: num_workers={self.num_workers} must be a non-negative integer; 0 disables multiprocessing"
            )
        if self.timeout < 0:
            raise ValueError(f"DataLoader: timeout={self.timeout} must be non-negative")
        if self.num_workers == 0:
            given = {
                "prefetch_factor": prefetch_factor is not None,
                "persistent_workers": self.persistent_workers,
                "multiprocessing_context": self.multiprocessing_context is not None,
            }
            for name in (name for name, is_given in given.items() if is_given):
                raise ValueError(f"DataLoader: {name}={getattr(self, name)} needs num_workers > 0")
        elif self.prefetch_factor < 1:
            raise ValueError(f"DataLoader: prefetch_factor={prefetch_factor} must be at least 1")

    def _choose_order(self, batch_size, shuffle, sampler, batch_sampler, drop_last) -> None:
        if self.stream and (shuffle or sampler is not None or batch_sampler is not None):
            raise ValueError(
                "DataLoader: an IterableDataset decides its own order, so shuffle, sampler and batch_sampler must stay unset"
            )
        if sampler is not None and shuffle:
            raise ValueError("DataLoader: sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "DataLoader: batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
                )
            batch_size = None
        elif batch_size is None and drop_last:
            raise ValueError(
                "DataLoader: batch_size=None disables batches and is mutually exclusive with drop_last"
            )
        if sampler is None:
            if self.stream:
                sampler = Endless()
            elif shuffle:
                sampler = RandomSampler(self.dataset, generator=self.generator)
            else:
                sampler = SequentialSampler(self.dataset)
        if batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_size, self.drop_last = batch_size, drop_last
        self.sampler, self.batch_sampler = sampler, batch_sampler

    @property
    def stream(self) -> bool:
        return isinstance(self.dataset, IterableDataset)

    @property
    def batched(self) -> bool:
        return self.batch_sampler is not None

    @property
    def _dataset_kind(self) -> int:
        return _DatasetKind.Iterable if self.stream else _DatasetKind.Map

    @property
    def _auto_collation(self) -> bool:
        return self.batched

    @property
    def _index_sampler(self):
        return self.batch_sampler if self.batched else self.sampler

    def __iter__(self) -> Iterator:
        batches = self._batches()
        return Pinned(batches) if self.pin_memory and cuda_available() else batches

    def _batches(self) -> Iterator:
        if self.num_workers == 0:
            return LocalIterator(self)
        if not self.persistent_workers:
            return WorkerIterator(self)
        if self._kept is None or self._kept.pool.closed:
            self._kept = WorkerIterator(self)
        else:
            self._kept.begin(self)
        return self._kept

    def __len__(self) -> int:
        if not self.stream:
            return len(self._index_sampler)
        samples: int = len(self.dataset)  # a TypeError if the stream does not know its length
        if self.batch_size is None:
            return samples
        return samples // self.batch_size if self.drop_last else -(-samples // self.batch_size)


class Endless(Sampler):
    """The order of a stream: it has no indices, only turns."""

    def __iter__(self):
        return repeat(None)


class Pinned:
    """Batches in memory that a GPU can read by itself: `x.to("cuda", non_blocking=True)` then costs the host no time."""

    def __init__(self, batches: Iterator):
        self.batches = batches

    def __iter__(self):
        return self

    def __next__(self) -> Any:
        return pinned(next(self.batches))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.batches, name)


class LocalIterator:
    """Reads in this process. Each batch draws from its own seed and leaves the process's random state alone."""

    def __init__(self, loader: DataLoader):
        self.order = iter(loader._index_sampler)
        self.base_seed = draw_seed(loader.generator)
        self.stream = loader._dataset_kind == _DatasetKind.Iterable
        self.count = 0
        # Gathering rows draws nothing, and saving the generators takes 0.1 ms a batch.
        self.draws = type(loader.dataset) is not TensorDataset or loader.collate_fn is not default_collate
        with own_randomness(self.base_seed):
            fetcher = StreamFetcher if self.stream else MapFetcher
            self.fetcher = fetcher(
                loader.dataset, loader._auto_collation, loader.collate_fn, loader.drop_last
            )

    def __iter__(self):
        return self

    def __next__(self) -> Any:
        indices = next(self.order)
        path = (0, self.count) if self.stream else (self.count,)
        self.count += 1
        if not self.draws:
            return self.fetcher.fetch(indices)
        with own_randomness(self.base_seed, *path):
            return self.fetcher.fetch(indices)


class WorkerIterator:
    """Reads ahead in worker processes, `prefetch_factor` batches each, and hands them out in order."""

    def __init__(self, loader: DataLoader):
        import multiprocessing

        context = loader.multiprocessing_context
        if context is None or isinstance(context, str):
            context = multiprocessing.get_context(context)
        self.timeout = loader.timeout or None
        self.keep = loader.persistent_workers
        self.pool = make_pool(
            context,
            dataset=loader.dataset,
            batched=loader.batched,
            collate_fn=loader.collate_fn,
            drop_last=loader.drop_last,
            worker_init_fn=loader.worker_init_fn,
            num_workers=loader.num_workers,
            slots=loader.prefetch_factor,
        )
        weakref.finalize(self, dispose, self.pool)  # after break, an error or at Python's exit
        self.begin(loader)

    def begin(self, loader: DataLoader) -> None:
        """Start an epoch: seeds to the workers, and as many tasks as they may prefetch."""
        self.order = iter(loader._index_sampler)
        self.task = 0
        self.turns = deque(self.pool.seats)
        try:
            self.pool.begin_epoch(draw_seed(loader.generator))
            for _ in range(loader.prefetch_factor):
                for seat in self.pool.seats:
                    self.assign(seat)
        except BaseException:
            self.pool.close()
            raise

    def assign(self, seat) -> None:
        for indices in self.order:
            self.pool.assign(seat, self.task, indices)
            self.task += 1
            return

    def __iter__(self):
        return self

    def __next__(self) -> Any:
        try:
            kind, payload = self.take()
        except BaseException:  # Ctrl-C, a dead worker, a timeout
            self.pool.close()
            raise
        if kind == "error":
            payload.reraise()
        if kind == "end":
            if not self.keep:
                self.pool.close()
            raise StopIteration
        return payload

    def take(self) -> tuple[str, Any]:
        """The next batch in order: each worker in turn, leaving out those whose stream has ended."""
        while self.turns and self.turns[0].pending:
            seat = self.turns[0]
            kind, payload = self.pool.receive(seat, self.timeout)
            if kind == "end":
                self.turns.popleft()
                continue
            self.turns.rotate(-1)
            self.assign(seat)
            return kind, payload
        return "end", None
