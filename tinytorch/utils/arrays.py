"""Preparing arrays: batches, splits, one-hot codes, normalisation, padding, and checks that explain themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np


def batches(
    *arrays, batch_size: int, shuffle: bool = False, drop_last: bool = False, rng=None
) -> Iterator[tuple]:
    """Walk through arrays of equal length together, `batch_size` rows at a time; the same order for all of them."""
    N = common_length(arrays, "batches")
    if batch_size < 1:
        raise ValueError(f"batches: batch_size={batch_size} must be at least 1")
    order = generator(rng).permutation(N) if shuffle else np.arange(N)
    stop = N - N % batch_size if drop_last else N
    for start in range(0, stop, batch_size):
        rows = order[start : start + batch_size]
        yield tuple(np.asarray(array)[rows] for array in arrays)


def split(*arrays, fractions: Sequence[float] = (0.8, 0.1, 0.1), stratify=None, rng=None) -> list[tuple]:
    """Shuffle the rows and part them: `(x_train, y_train), (x_val, y_val), (x_test, y_test)`.

    With `stratify` (one label per row) every part gets the same share of each label, up to rounding.
    """
    N = common_length(arrays, "split")
    if min(fractions) < 0 or not np.isclose(sum(fractions), 1):
        raise ValueError(
            f"split: fractions={tuple(fractions)} must be non-negative and sum to 1, not {sum(fractions):g}"
        )
    rng = generator(rng)
    if stratify is None:
        parts = cut(rng.permutation(N), fractions)
    else:
        parts = stratified_parts(np.asarray(stratify), N, fractions, rng)
    return [tuple(np.asarray(array)[rows] for array in arrays) for rows in parts]


def stratified_parts(groups: np.ndarray, N: int, fractions, rng) -> list[np.ndarray]:
    if groups.shape != (N,):
        raise ValueError(f"split: stratify has shape {groups.shape}, but there are {N} rows")
    of_each = [
        cut(rng.permutation(np.flatnonzero(groups == group)), fractions) for group in np.unique(groups)
    ]
    return [rng.permutation(np.concatenate([np.empty(0, int), *part])) for part in zip(*of_each)]


def cut(order: np.ndarray, fractions) -> list[np.ndarray]:
    """Cut an order at the running sums, rounded: no row is lost and none appears twice."""
    borders = np.round(np.cumsum(fractions)[:-1] * len(order)).astype(int)
    return np.split(order, borders)


def one_hot(labels, num_classes: int | None = None, dtype=np.float32) -> np.ndarray:
    """(...) integer labels -> (..., C) with a single 1 in the last axis."""
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise TypeError(f"one_hot: labels must be integers, got {labels.dtype}")
    if num_classes is None:
        num_classes = int(labels.max()) + 1 if labels.size else 0
    if labels.size and not 0 <= labels.min() <= labels.max() < num_classes:
        raise ValueError(
            f"one_hot: labels from {labels.min()} to {labels.max()} do not fit {num_classes} classes (0 to {num_classes - 1})"
        )
    return (labels[..., None] == np.arange(num_classes)).astype(dtype)


class Standardizer:
    """(x - mean) / std with the statistics of the data it was fitted on: fit on training data, apply to all.

    A feature that never changes has std 0 and is only centred.
    """

    def __init__(self, mean, std):
        self.mean, self.std = np.asarray(mean), np.asarray(std)

    @classmethod
    def fit(cls, x, axis=0) -> Standardizer:
        """Statistics over `axis`: 0 for rows of features, (0, 2, 3) for images (N, C, H, W)."""
        x = np.asarray(x)
        std = x.std(axis=axis, keepdims=True, dtype=np.float64)
        mean = x.mean(axis=axis, keepdims=True, dtype=np.float64)
        return cls(mean, np.where(std == 0, 1.0, std))

    def __call__(self, x) -> np.ndarray:
        x = np.asarray(x)
        return ((x - self.mean) / self.std).astype(float_type(x))

    def inverse(self, x) -> np.ndarray:
        x = np.asarray(x)
        return (x * self.std + self.mean).astype(float_type(x))


def float_type(x: np.ndarray) -> np.dtype:
    return x.dtype if x.dtype.kind == "f" else np.dtype(np.float32)


def check_shape(array, pattern: Sequence, name: str = "array"):
    """Hold a shape against a pattern and return the array: an int must match, None is any size, a letter is any size
    that is the same wherever the letter stands again. `check_shape(x, ("N", 3, "S", "S"), "images")`.
    """
    shape = tuple(np.shape(array))
    wanted = "(" + ", ".join("any" if size is None else str(size) for size in pattern) + ")"
    if len(shape) != len(pattern):
        raise ValueError(
            f"{name}: shape {shape} has {len(shape)} dimensions, expected {len(pattern)}: {wanted}"
        )
    sizes: dict[str, int] = {}
    for dim, (size, rule) in enumerate(zip(shape, pattern)):
        expected = sizes.setdefault(rule, size) if isinstance(rule, str) else rule
        if expected not in (None, size):
            raise ValueError(
                f"{name}: shape {shape} does not fit {wanted}: dimension {dim} is {size}, expected {expected}"
            )
    return array


def pad_sequences(sequences, *, value=0, length: int | None = None, side: str = "right", dtype=None):
    """Sequences of different lengths -> (B, T) filled up with `value`, and their true lengths (B,).

    T is the longest, or `length`; what is longer than that is cut at the padded side.
    """
    if side not in ("left", "right"):
        raise ValueError(f"pad_sequences: side={side!r} is neither 'left' nor 'right'")
    rows = [np.asarray(sequence) for sequence in sequences]
    T = max((len(row) for row in rows), default=0) if length is None else length
    rows = [row[:T] if side == "right" else row[max(len(row) - T, 0) :] for row in rows]
    tail = rows[0].shape[1:] if rows else ()
    padded = np.full((len(rows), T, *tail), value, dtype or (np.result_type(*rows) if rows else int))
    for out, row in zip(padded, rows):
        out[slice(len(row)) if side == "right" else slice(T - len(row), T)] = row
    return padded, np.array([len(row) for row in rows], int)


def common_length(arrays, caller: str) -> int:
    lengths = [len(array) for array in arrays]
    if len(set(lengths)) != 1:
        raise ValueError(f"{caller}: arrays must have one length, got {lengths or 'no array'}")
    return lengths[0]


def generator(rng) -> np.random.Generator:
    """A NumPy generator from a generator, a seed, or None (drawn from the global one, so `np.random.seed` rules it)."""
    if isinstance(rng, np.random.Generator):
        return rng
    return np.random.default_rng(np.random.randint(2**31) if rng is None else rng)
