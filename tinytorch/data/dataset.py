"""What a loader reads from: data sets that answer `dataset[i]`, streams that are walked once, and ways to join and part them."""

from __future__ import annotations

import bisect
import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, Generic, TypeVar

import numpy as np

from .. import random
from ..tensor import Tensor
from ..tensor_data import as_tensor

T_co = TypeVar("T_co", covariant=True)


class Dataset(Generic[T_co]):
    """A data set with an index: subclasses write `__getitem__` and, for most samplers, `__len__`.

    A subclass may add `__getitems__(indices)`, which answers for a whole batch at once.
    """

    def __getitem__(self, index) -> T_co:
        raise NotImplementedError(f"{type(self).__name__}: a Dataset needs a method __getitem__(self, index)")

    def __add__(self, other: Dataset[T_co]) -> ConcatDataset[T_co]:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T_co], Iterable[T_co]):
    """A data set that can only be walked: subclasses write `__iter__`.

    With worker processes each has a copy, so `__iter__` must ask `get_worker_info()` which part is its own.
    """

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(f"{type(self).__name__}: an IterableDataset needs a method __iter__(self)")

    def __add__(self, other: Dataset[T_co]):
        return ChainDataset([self, other])


class Rows(Sequence):
    """A batch that was gathered column by column. It reads as a list of samples; `default_collate` takes `columns` as they are."""

    def __init__(self, columns: Sequence):
        self.columns = list(columns)

    def __len__(self) -> int:
        return len(self.columns[0])

    def __getitem__(self, index) -> tuple:
        return tuple(column[index] for column in self.columns)


class TensorDataset(Dataset[tuple]):
    """Tensors of the same length, indexed together."""

    def __init__(self, *tensors):
        self.tensors = tuple(as_tensor(t) for t in tensors)
        lengths = [len(t) for t in self.tensors]
        if len(set(lengths)) > 1:
            raise AssertionError(
                f"TensorDataset: Size mismatch between tensors, first dimensions are {lengths}"
            )

    def __getitem__(self, index) -> tuple:
        return tuple(tensor[index] for tensor in self.tensors)

    def __getitems__(self, indices: Sequence[int]) -> Rows:
        rows = np.asarray(indices, np.int64)
        return Rows([gather(tensor, rows) for tensor in self.tensors])

    def __len__(self) -> int:
        return len(self.tensors[0])


def gather(tensor: Tensor, rows: np.ndarray) -> Tensor:
    if tensor.requires_grad or tensor.is_cuda:
        return tensor[rows]
    return Tensor.wrap(tensor.array.take(rows, axis=0))


class StackDataset(Dataset):
    """Data sets side by side: a sample is the tuple (or, given names, the dict) of their samples."""

    def __init__(self, *args: Dataset, **kwargs: Dataset):
        if bool(args) == bool(kwargs):
            raise ValueError("StackDataset: give data sets either by position or by name")
        self.datasets: Any = args or kwargs
        lengths = [len(dataset) for dataset in self._members()]
        if len(set(lengths)) > 1:
            raise ValueError(f"StackDataset: Size mismatch between datasets, lengths are {lengths}")

    def _members(self) -> list:
        return list(self.datasets.values() if isinstance(self.datasets, dict) else self.datasets)

    def __getitem__(self, index):
        if isinstance(self.datasets, dict):
            return {name: dataset[index] for name, dataset in self.datasets.items()}
        return tuple(dataset[index] for dataset in self.datasets)

    def __len__(self) -> int:
        return len(self._members()[0])


class ConcatDataset(Dataset[T_co]):
    """Data sets end to end."""

    def __init__(self, datasets: Iterable[Dataset]):
        self.datasets: list[Any] = list(datasets)
        if not self.datasets:
            raise AssertionError("ConcatDataset: datasets should not be an empty iterable")
        for dataset in self.datasets:
            if isinstance(dataset, IterableDataset):
                raise AssertionError("ConcatDataset does not support IterableDataset; use ChainDataset")
        self.cumulative_sizes = list(accumulate(len(d) for d in self.datasets))

    def __getitem__(self, index):
        position = index + len(self) if index < 0 else index
        if not 0 <= position < len(self):
            raise IndexError(f"ConcatDataset: index {index} is outside {len(self)} samples")
        which = bisect.bisect_right(self.cumulative_sizes, position)
        return self.datasets[which][position - (self.cumulative_sizes[which - 1] if which else 0)]

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]


class ChainDataset(IterableDataset):
    """Streams one after another."""

    def __init__(self, datasets: Iterable[Any]):
        self.datasets = datasets

    def __iter__(self):
        for dataset in self.datasets:
            if not isinstance(dataset, IterableDataset):
                raise AssertionError(
                    f"ChainDataset only supports IterableDataset, got {type(dataset).__name__}"
                )
            yield from dataset

    def __len__(self) -> int:
        return sum(len(dataset) for dataset in self.datasets)


class Subset(Dataset[T_co]):
    """The samples of a data set at the given indices."""

    def __init__(self, dataset: Dataset[T_co], indices: Sequence[int]):
        self.dataset: Any = dataset
        self.indices = indices

    def __getitem__(self, index):
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]
        return self.dataset[self.indices[index]]

    def __getitems__(self, indices: Sequence[int]) -> Sequence:
        inside = [self.indices[i] for i in indices]
        if gathers(self.dataset):
            return self.dataset.__getitems__(inside)
        return [self.dataset[i] for i in inside]

    def __len__(self) -> int:
        return len(self.indices)


def gathers(dataset) -> bool:
    """Whether a data set has a way of its own to read a whole batch."""
    if type(dataset) is Subset:
        return gathers(dataset.dataset)
    return callable(getattr(dataset, "__getitems__", None))


def random_split(dataset: Any, lengths: Sequence[int | float], generator=None) -> list[Subset]:
    """Part a data set at random into subsets of these lengths, or of these fractions of it when they sum to 1."""
    N = len(dataset)
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        lengths = whole_lengths(N, lengths)
    if sum(lengths) != N:
        raise ValueError(
            f"random_split: Sum of input lengths does not equal the length of the input dataset: {list(lengths)} sum to {sum(lengths)}, not {N}"
        )
    order = random.permutation(N, generator).tolist()
    stops = accumulate(lengths)
    return [Subset(dataset, order[stop - length : stop]) for stop, length in zip(stops, lengths)]


def whole_lengths(N: int, fractions: Sequence[float]) -> list[int]:
    """N parted by fractions: each rounded down, what is left goes out one by one from the first."""
    for i, fraction in enumerate(fractions):
        if not 0 <= fraction <= 1:
            raise ValueError(f"random_split: Fraction at index {i} is not between 0 and 1, it is {fraction}")
    lengths = [int(N * fraction) for fraction in fractions]
    for i in range(N - sum(lengths)):
        lengths[i % len(lengths)] += 1
    for i, length in enumerate(lengths):
        if length == 0:
            warnings.warn(
                f"random_split: Length of split at index {i} is 0. This might result in an empty dataset.",
                stacklevel=3,
            )
    return lengths
