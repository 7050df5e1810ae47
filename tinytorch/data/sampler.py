"""In which order a data set is read: streams of indices, and batches of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence, Sized
from itertools import islice
from typing import Any, Generic, TypeVar

import numpy as np

from .. import random
from ..op import asked

T_co = TypeVar("T_co", covariant=True)


class Sampler(Generic[T_co]):
    """An order of reading: subclasses write `__iter__`, which yields indices, and usually `__len__`."""

    def __init__(self, data_source: Sized | None = None):
        pass

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(f"{type(self).__name__}: a Sampler needs a method __iter__(self)")


class SequentialSampler(Sampler[int]):
    """0, 1, 2, ..."""

    def __init__(self, data_source: Sized):
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


DRAWS = 1024  # made at once: programs that never end ask for 10 ** 10 samples


class RandomSampler(Sampler[int]):
    """A fresh shuffle per pass; with `replacement`, `num_samples` independent draws."""

    def __init__(
        self, data_source: Sized, replacement: bool = False, num_samples: int | None = None, generator=None
    ):
        self.data_source = data_source
        self.replacement = check_flag("RandomSampler", "replacement", replacement)
        self._num_samples = num_samples
        self.generator = generator
        check_count("RandomSampler", self.num_samples)

    @property
    def num_samples(self) -> int:
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        N = len(self.data_source)
        stream = random.stream(self.generator or fresh_generator())
        if self.replacement:
            for start in range(0, self.num_samples, DRAWS):
                yield from stream.integers(0, N, min(DRAWS, self.num_samples - start)).tolist()
            return
        for start in range(0, self.num_samples, N):  # more samples than the data set has: shuffle again
            yield from stream.permutation(N)[: self.num_samples - start].tolist()

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """The given indices, shuffled."""

    def __init__(self, indices: Sequence[int], generator=None):
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        return (self.indices[i] for i in random.permutation(len(self.indices), self.generator).tolist())

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """`num_samples` draws of 0 ... len(weights) - 1, each index in proportion to its weight."""

    def __init__(self, weights: Sequence[float], num_samples: int, replacement: bool = True, generator=None):
        self.num_samples = check_count("WeightedRandomSampler", num_samples)
        self.replacement = check_flag("WeightedRandomSampler", "replacement", replacement)
        self.weights = np.asarray(weights, np.float64)
        self.generator = generator
        if self.weights.ndim != 1:
            raise ValueError(
                f"WeightedRandomSampler: weights should be a 1d sequence but given weights have shape {self.weights.shape}"
            )

    def __iter__(self) -> Iterator[int]:
        return iter(
            random.multinomial(self.weights, self.num_samples, self.replacement, self.generator).tolist()
        )

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list]):
    """Lists of `batch_size` indices from another sampler."""

    def __init__(self, sampler: Any, batch_size: int, drop_last: bool):
        if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size <= 0:
            raise ValueError(
                f"{asked()}: batch_size should be a positive integer value, but got batch_size={batch_size}"
            )
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = check_flag("BatchSampler", "drop_last", drop_last)

    def __iter__(self) -> Iterator[list[int]]:
        indices = iter(self.sampler)
        while batch := list(islice(indices, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch

    def __len__(self) -> int:
        whole, rest = divmod(len(self.sampler), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)


class DistributedSampler(Sampler[int]):
    """Every `num_replicas`-th index from `rank` on, shuffled the same way everywhere; `set_epoch` changes the shuffle."""

    def __init__(
        self,
        dataset: Sized,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ):
        self.dataset = dataset
        self.num_replicas = 1 if num_replicas is None else num_replicas
        self.rank = 0 if rank is None else rank
        if not 0 <= self.rank < self.num_replicas:
            raise ValueError(
                f"Invalid rank {self.rank}, rank should be in the interval [0, {self.num_replicas - 1}]"
            )
        self.shuffle, self.seed, self.drop_last, self.epoch = shuffle, seed, drop_last, 0
        per_replica = len(dataset) / self.num_replicas
        self.num_samples = math.floor(per_replica) if drop_last else math.ceil(per_replica)
        self.total_size = self.num_samples * self.num_replicas

    def __iter__(self) -> Iterator[int]:
        N = len(self.dataset)
        order = np.arange(N)
        if self.shuffle:
            order = random.Generator().manual_seed(self.seed + self.epoch).numpy.permutation(N)
        return iter(np.resize(order, self.total_size)[self.rank :: self.num_replicas].tolist())

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch


def fresh_generator() -> random.Generator:
    """A generator of its own, seeded by one draw of the global one: how much it is used does not move the global stream."""
    return random.Generator().manual_seed(draw_seed(None))


def draw_seed(generator) -> int:
    return int(random.stream(generator).integers(2**63 - 1))


def check_count(who: str, num_samples) -> int:
    if not isinstance(num_samples, int) or isinstance(num_samples, bool) or num_samples <= 0:
        raise ValueError(
            f"{who}: num_samples should be a positive integer value, but got num_samples={num_samples}"
        )
    return num_samples


def check_flag(who: str, name: str, value) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{who}: {name} should be a boolean value, but got {name}={value}")
    return value
