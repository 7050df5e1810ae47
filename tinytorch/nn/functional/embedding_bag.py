"""Bags of rows: the sum, mean or maximum of some of a table's vectors, without a dim for the single ones."""

from __future__ import annotations

import numpy as np

from ... import backend, ops
from ...op import asked
from .embedding import add_rows, check_rows, embedding_op, row_number, shorten_rows


def embedding_bag(
    input,
    weight,
    offsets=None,
    max_norm=None,
    norm_type=2.0,
    scale_grad_by_freq=False,
    mode="mean",
    sparse=False,
    per_sample_weights=None,
    include_last_offset=False,
    padding_idx=None,
):
    """The sum, mean or maximum of the rows of each bag: (B, D).

    A 2-D input has a bag a row; a 1-D one starts a new bag at each of the offsets. Entries equal to padding_idx do not
    count, and an empty bag gives zeros.
    """
    check_bag_arguments(input, weight, offsets, mode, per_sample_weights, scale_grad_by_freq, sparse)
    check_rows("embedding_bag", input, weight)
    bag, bags = bag_numbers(input, offsets, include_last_offset)
    index = ops.reshape_op(input, shape=(-1,))
    if max_norm is not None:
        shorten_rows(weight, index.array, max_norm, norm_type)
    if per_sample_weights is not None:
        per_sample_weights = ops.reshape_op(per_sample_weights, shape=(-1, 1))
    real = slice(len(bag))  # entries behind the last offset belong to no bag
    if padding_idx is not None:
        real = np.flatnonzero(index.array[real] != row_number(padding_idx, len(weight), RuntimeError))
    index, bag = index[real], bag[real]
    if mode == "max":
        return largest_of_bags(index, weight, bag, bags)
    rows = embedding_op(index, weight, scale_grad_by_freq=scale_grad_by_freq)
    if per_sample_weights is not None:
        rows = rows * per_sample_weights[real]
    total = add_rows(rows, index.wrap(bag), rows=bags)
    if mode == "sum":
        return total
    size = np.maximum(np.bincount(bag, minlength=bags), 1).astype(total.array.dtype)
    return total / total.wrap(size[:, None])


def check_bag_arguments(input, weight, offsets, mode, per_sample_weights, scale_grad_by_freq, sparse) -> None:
    n = input.array.ndim
    if per_sample_weights is not None and per_sample_weights.array.shape != input.array.shape:
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({per_sample_weights.shape}) is not None, then it must have the same"
            f" shape as the input ({input.shape})"
        )
    if weight.array.ndim != 2:
        raise ValueError(f"weight has to be a 2D Tensor, but got Tensor of dimension {weight.array.ndim}")
    if n not in (1, 2):
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {n}")
    if n == 2 and offsets is not None:
        raise ValueError(
            f"{asked()}: if input is 2D, then offsets has to be None, as input is treated as bags of one length"
        )
    if n == 1 and (offsets is None or offsets.array.ndim != 1):
        got = "None" if offsets is None else f"shape {list(offsets.shape)}"
        raise ValueError(f"{asked()}: offsets has to be a 1D Tensor but got {got}")
    if mode not in ("sum", "mean", "max"):
        raise ValueError(f"{asked()}: mode has to be one of sum, mean or max, got {mode!r}")
    if mode == "max" and (scale_grad_by_freq or sparse):
        which = "scaling the gradient by the frequency" if scale_grad_by_freq else "sparse weights"
        raise ValueError(f"max mode does not support {which}")
    if per_sample_weights is None:
        return
    if mode != "sum":
        raise NotImplementedError(
            f"embedding_bag: per_sample_weights is only supported for mode='sum' (got mode={mode!r})"
        )
    if per_sample_weights.array.dtype != weight.array.dtype:
        raise RuntimeError(
            "embedding_bag: expected per_sample_weights and weight to have the same type, got"
            f" {per_sample_weights.dtype!r} and {weight.dtype!r}"
        )


def bag_numbers(input, offsets, include_last_offset: bool):
    """Which bag each entry belongs to, and how many bags there are."""
    if offsets is None:
        lengths = np.full(*input.array.shape)
    else:
        lengths = bag_lengths(offsets, input.array.shape[0], include_last_offset)
    numbers = np.repeat(np.arange(len(lengths)), lengths)
    return backend.module_of(input.array).asarray(numbers), len(lengths)


def bag_lengths(offsets, size: int, include_last_offset: bool):
    starts = backend.move(offsets.array, backend.CPU)
    if starts.dtype not in (np.int64, np.int32):
        raise RuntimeError(
            f"Expected tensor for argument 'offsets' to have scalar type Long or Int, but got {offsets.dtype!r}"
        )
    if starts.size and starts[0] != 0:
        raise RuntimeError(
            f"{asked()}: offsets[0] has to be 0, where the first bag starts. However, got {starts[0]}"
        )
    if starts.size and starts[-1] > size:
        raise RuntimeError(
            f"offsets[-1] can not be greater than input's length {size} but got offsets[-1] of {starts[-1]}"
        )
    ends = starts[1:] if include_last_offset else np.append(starts[1:], size)
    lengths = ends - starts[: len(ends)]
    if (lengths < 0).any():
        raise RuntimeError(f"offsets must not decrease, got {starts.tolist()}")
    return lengths


def largest_of_bags(index, weight, bag, bags: int):
    """For each bag and feature the largest entry; the first of equal ones gets the gradient."""
    rows, values, bag = (backend.move(x, backend.CPU) for x in (index.array, weight.array[index.array], bag))
    winners = np.zeros((bags, values.shape[1]), np.int64)
    empty = np.ones((bags, 1), bool)
    edges = np.searchsorted(bag, np.arange(bags + 1)).tolist()
    for b, (start, stop) in enumerate(zip(edges, edges[1:])):
        if start < stop:
            winners[b] = rows[start:stop][values[start:stop].argmax(axis=0)]
            empty[b] = False
    xp = backend.module_of(weight.array)
    found = ops.gather(weight, 0, index.wrap(xp.asarray(winners)))
    return ops.masked_fill(found, index.wrap(xp.asarray(empty)), 0.0)
