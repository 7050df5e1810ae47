"""Reading one batch, in the parent or in a worker, and the random numbers that reading may draw."""

from __future__ import annotations

import random as python_random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from .. import random
from .collate import default_collate
from .dataset import IterableDataset, Rows, gathers

WHOLE_BATCH = -1  # the position reported while no single sample is being read


@dataclass
class WorkerInfo:
    """Who is asking: in a worker process `get_worker_info()` gives this."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


worker_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """This worker's id, the number of workers, its seed and its copy of the data set; None in the main process."""
    return worker_info


# ---------------------------------------------------------------- random numbers


def seed_everything(base: int, *path: int) -> None:
    """Python's, NumPy's and tinytorch's generators, as a function of the epoch's seed and a position in the epoch."""
    python_seed, numpy_seed, own_seed = (
        np.random.SeedSequence([base, *path]).generate_state(3, np.uint64).tolist()
    )
    python_random.seed(python_seed)
    np.random.seed(numpy_seed % 2**32)
    random.default_generator.manual_seed(own_seed >> 1)


class own_randomness:
    """`with own_randomness(base, batch):` draws what a worker would draw for that batch, then leaves the generators as they were.

    Because each batch has a seed of its own, random augmentation does not depend on how many workers there are.
    """

    def __init__(self, base: int, *path: int):
        self.base, self.path = base, path

    def __enter__(self):
        self.saved = python_random.getstate(), np.random.get_state(), random.get_rng_state()
        seed_everything(self.base, *self.path)

    def __exit__(self, *error) -> None:
        python_random.setstate(self.saved[0])
        np.random.set_state(self.saved[1])
        random.set_rng_state(self.saved[2])


# ---------------------------------------------------------------- batches


def ignore(position: int) -> None:
    """The default listener of a fetcher."""


class MapFetcher:
    """`fetch(indices)` reads these samples and collates them; `report(position)` says which one is being read."""

    def __init__(
        self,
        dataset,
        batched: bool,
        collate_fn: Callable,
        drop_last: bool,
        report: Callable[[int], None] = ignore,
    ):
        self.dataset, self.batched, self.collate_fn, self.report = dataset, batched, collate_fn, report
        self.gathers = batched and gathers(dataset)

    def fetch(self, indices):
        return self.collate_fn(self.read(indices))

    def read(self, indices):
        self.report(WHOLE_BATCH)
        if not self.batched:
            return self.dataset[indices]
        if self.gathers:
            samples = self.dataset.__getitems__(indices)
            # Only default_collate knows gathered columns; every other collate_fn gets the list it expects.
            return (
                list(samples)
                if isinstance(samples, Rows) and self.collate_fn is not default_collate
                else samples
            )
        samples = []
        for position, index in enumerate(indices):
            self.report(position)
            samples.append(self.dataset[index])
        self.report(WHOLE_BATCH)
        return samples


class StreamFetcher:
    """The same for an IterableDataset: `fetch(indices)` takes as many samples as there are indices; StopIteration at the end."""

    def __init__(
        self,
        dataset,
        batched: bool,
        collate_fn: Callable,
        drop_last: bool,
        report: Callable[[int], None] = ignore,
    ):
        self.batched, self.collate_fn, self.drop_last, self.report = batched, collate_fn, drop_last, report
        self.samples: Iterator = iter(dataset)

    def fetch(self, indices):
        self.report(WHOLE_BATCH)
        if not self.batched:
            return self.collate_fn(next(self.samples))
        batch = list(islice(self.samples, len(indices)))
        if not batch or (self.drop_last and len(batch) < len(indices)):
            raise StopIteration
        return self.collate_fn(batch)


def make_fetcher(dataset, *args):
    return (StreamFetcher if isinstance(dataset, IterableDataset) else MapFetcher)(dataset, *args)
