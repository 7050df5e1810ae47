"""Rows of a table by number: embeddings, one by one or added up in bags."""

from __future__ import annotations

import numpy as np

from ... import ops
from ...backend import kernel, may_look, module_of
from ...op import Value, asked, not_a_tensor, op


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
    """(N, D) and N row numbers -> (rows, D): each vector added to the row that its number names."""
    if type(g) is np.ndarray and g.size > 4096 and g.dtype.char in "fd":
        return row_sums_by_product(g, index, rows)
    out = module_of(g).zeros((rows, g.shape[1]), g.dtype)
    np.add.at(out, index, g)
    return out


def row_sums_by_product(g, index, rows: int):
    """The same as a product with a sparse matrix of single ones: 8 to 40 times as fast as np.add.at."""
    from scipy.sparse import csr_matrix

    ones = np.ones(len(index), g.dtype)
    return csr_matrix((ones, index, np.arange(len(index) + 1)), shape=(len(index), rows)).T @ g


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
    for argument, given in (("input", input), ("weight", weight)):
        if not isinstance(given, Value):
            raise not_a_tensor(argument, given, "embedding")
    if weight.array.ndim != 2:
        raise RuntimeError(f"embedding: 'weight' must be 2-D, got shape {list(weight.shape)}")
    padding_idx = row_number(padding_idx, len(weight))
    check_rows("embedding", input, weight)
    if max_norm is not None:
        shorten_rows(weight, input.array, max_norm, norm_type)
    return embedding_op(input, weight, padding_idx=padding_idx, scale_grad_by_freq=scale_grad_by_freq)


def check_rows(name: str, input, weight) -> None:
    """Whether input names rows of weight."""
    index, rows = input.array, weight.array.shape[0]
    if index.dtype not in (np.int64, np.int32):
        raise RuntimeError(
            f"{name}: Expected tensor for argument 'input' to have scalar type Long or Int, but got {input.dtype!r}"
        )
    if index.size and may_look(index) and (index.min() < 0 or index.max() >= rows):
        worst = index.min() if index.min() < 0 else index.max()
        raise IndexError(f"{name}: index out of range: {worst} in input, and weight has rows 0 to {rows - 1}")


def row_number(padding_idx, rows: int, error=AssertionError):
    """padding_idx counted from the front; PyTorch raises different errors for embeddings and for bags."""
    if padding_idx is None:
        return None
    if not -rows <= padding_idx < rows:
        raise error(
            f"{asked() or 'embedding'}: Padding_idx must be within num_embeddings: got {padding_idx}, and there are {rows} rows"
        )
    return padding_idx % rows


def shorten_rows(weight, index, max_norm: float, norm_type: float) -> None:
    """Scale the rows that index names to a norm of at most max_norm, in place."""
    named = np.unique(index)
    rows = weight.array[named]
    norms = np.sum(np.abs(rows) ** norm_type, axis=1, keepdims=True) ** (1 / norm_type)
    weight.array[named] = np.where(norms > max_norm, rows * (max_norm / (norms + 1e-7)), rows)
    weight._wrote()
