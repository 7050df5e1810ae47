"""Rows of a table by number: embeddings, one by one or added up in bags."""

from __future__ import annotations

import numpy as np

from ... import ops
from ...backend import kernel, module_of
from ...op import op


@op
def embedding_op(index, weight, *, padding_idx=None, scale_grad_by_freq=False):
    """weight[index]: (...) numbers of rows and (V, D) -> (..., D)."""
    return weight[index]


@op
def add_rows(g, index, *, rows, padding_idx=None, scale_grad_by_freq=False):
    """The transpose of `embedding_op`: zeros (rows, D) with each vector of g added to the row that index names.

    Nothing reaches row padding_idx; scale_grad_by_freq divides a row by how often it was named.
    """
    flat = index.reshape(-1)
    out = row_sums(g.reshape(flat.size, g.shape[-1]), flat, rows)
    if padding_idx is not None:
        out[padding_idx] = 0
    if scale_grad_by_freq:
        out /= np.maximum(np.bincount(flat, minlength=rows), 1).astype(out.dtype)[:, None]
    return out


embedding_op.vjps(
    index=None,
    weight=lambda g, index, weight_shape, padding_idx, scale_grad_by_freq: add_rows(
        g, index, rows=weight_shape[0], padding_idx=padding_idx, scale_grad_by_freq=scale_grad_by_freq
    ),
)
# The scale is no part of the function, only of the step an optimizer takes; PyTorch leaves it out here too.
add_rows.vjps(g=lambda g, index, padding_idx: embedding_op(index, without_row(g, padding_idx)), index=None)


@kernel
def row_sums(g, index, rows: int):
    """(N, D) and N row numbers -> (rows, D)."""
    if type(g) is np.ndarray and g.size > 4096 and g.dtype.char in "fd":
        from scipy.sparse import csr_matrix

        # As a product with a matrix of single ones: 8 to 40 times as fast as np.add.at.
        ones = np.ones(len(index), g.dtype)
        return csr_matrix((ones, index, np.arange(len(index) + 1)), shape=(len(index), rows)).T @ g
    out = module_of(g).zeros((rows, g.shape[1]), g.dtype)
    np.add.at(out, index, g)
    return out


def without_row(g, row):
    return g if row is None else ops.zero_at(g, index=row)


# ---------------------------------------------------------------- embedding


def embedding(
    input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False
):
    """weight[input]: rows of a (V, D) table. Row padding_idx gets no gradient.

    With max_norm, rows that are named and longer are first shortened in place. `sparse` only chose how PyTorch stores
    the gradient; here it is always dense.
    """
    padding_idx = row_number(padding_idx, weight.array.shape[0])
    check_table("embedding", input, weight)
    if max_norm is not None:
        shorten_rows(weight, input.array, max_norm, norm_type)
    return embedding_op(input, weight, padding_idx=padding_idx, scale_grad_by_freq=scale_grad_by_freq)


def check_table(name: str, input, weight) -> None:
    if weight.array.ndim != 2:
        raise RuntimeError(f"{name}: 'weight' must be 2-D, got shape {list(weight.shape)}")
    index, rows = input.array, weight.array.shape[0]
    if index.dtype not in (np.int64, np.int32):
        raise RuntimeError(
            f"{name}: Expected tensor for argument 'input' to have scalar type Long or Int, but got {input.dtype!r}"
        )
    if index.size and (index.min() < 0 or index.max() >= rows):
        worst = index.min() if index.min() < 0 else index.max()
        raise IndexError(f"{name}: index out of range: {worst} in input, and weight has rows 0 to {rows - 1}")


def row_number(padding_idx, rows: int, error=AssertionError):
    """padding_idx counted from the front; PyTorch raises different errors for embeddings and for bags."""
    if padding_idx is None:
        return None
    if not -rows <= padding_idx < rows:
        raise error(
            f"Padding_idx must be within num_embeddings: got {padding_idx}, and there are {rows} rows"
        )
    return padding_idx % rows


def shorten_rows(weight, index, max_norm: float, norm_type: float) -> None:
    """Scale the rows that index names to a norm of at most max_norm, in place."""
    named = np.unique(index)
    rows = weight.array[named]
    norms = np.sum(np.abs(rows) ** norm_type, axis=1, keepdims=True) ** (1 / norm_type)
    weight.array[named] = np.where(norms > max_norm, rows * (max_norm / (norms + 1e-7)), rows)
    weight._wrote()


# ---------------------------------------------------------------- bags


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
    check_table("embedding_bag", input, weight)
    bag, bags = bag_numbers(input, offsets, include_last_offset)
    index = ops.reshape_op(input, shape=(-1,))
    if max_norm is not None:
        shorten_rows(weight, index.array, max_norm, norm_type)
    if per_sample_weights is not None:
        per_sample_weights = ops.reshape_op(per_sample_weights, shape=(-1, 1))
    real = slice(len(bag))  # entries behind the last offset belong to no bag
    if padding_idx is not None:
        real = np.flatnonzero(
            index.array[real] != row_number(padding_idx, weight.array.shape[0], RuntimeError)
        )
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
            "if input is 2D, then offsets has to be None, as input is treated as bags of one length"
        )
    if n == 1 and (offsets is None or offsets.array.ndim != 1):
        got = "None" if offsets is None else f"shape {list(offsets.shape)}"
        raise ValueError(f"offsets has to be a 1D Tensor but got {got}")
    if mode not in ("sum", "mean", "max"):
        raise ValueError(f"mode has to be one of sum, mean or max, got {mode!r}")
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
    if input.array.ndim == 2:
        bags, length = input.array.shape
        return np.repeat(np.arange(bags), length), bags
    starts, size = offsets.array, input.array.shape[0]
    if starts.dtype not in (np.int64, np.int32):
        raise RuntimeError(
            f"Expected tensor for argument 'offsets' to have scalar type Long or Int, but got {offsets.dtype!r}"
        )
    if starts.size and starts[0] != 0:
        raise RuntimeError(
            f"offsets[0] has to be 0, i.e., the first bag starts at position 0. However, got {starts[0]}"
        )
    if starts.size and starts[-1] > size:
        raise RuntimeError(
            f"offsets[-1] can not be greater than input's length {size} but got offsets[-1] of {starts[-1]}"
        )
    ends = starts[1:] if include_last_offset else np.append(starts[1:], size)
    lengths = ends - starts[: len(ends)]
    if (lengths < 0).any():
        raise RuntimeError(f"offsets must not decrease, got {starts.tolist()}")
    return np.repeat(np.arange(len(lengths)), lengths), len(lengths)


def largest_of_bags(index, weight, bag, bags: int):
    """For each bag and feature the largest entry; the first of equal ones gets the gradient."""
    values = weight.array[index.array]
    winners = np.zeros((bags, values.shape[1]), np.int64)
    empty = np.ones((bags, 1), bool)
    edges = np.searchsorted(bag, np.arange(bags + 1)).tolist()
    for b, (start, stop) in enumerate(zip(edges, edges[1:])):
        if start < stop:
            winners[b] = index.array[start:stop][values[start:stop].argmax(axis=0)]
            empty[b] = False
    return ops.masked_fill(ops.gather(weight, 0, index.wrap(winners)), index.wrap(empty), 0.0)
