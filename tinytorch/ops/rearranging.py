"""Repeating, reversing, rolling; triangles and diagonals."""

from __future__ import annotations

import builtins

import numpy as np

from ..backend import beside, module_of, on_host
from ..op import asked, op, spelled
from .arithmetic import apart
from .gathering import index_select
from .shape import diagonal_of, expand_op, flatten, normal_dim, reshape_op, sizes, transpose

# ---------------------------------------------------------------- repeating and reordering


def repeat(input, *repeats, **named):
    """The tensor repeated that many times along each dim."""
    counts = sizes(repeats or (named["repeats"],))
    lead = len(counts) - input.array.ndim
    if lead < 0:
        raise RuntimeError(
            f"repeat: {len(counts)} counts for {input.array.ndim} dimensions; there must be one for each, new dims in front"
        )
    if min(counts, default=0) < 0:
        raise RuntimeError(f"repeat: counts must not be negative, got {list(counts)}")
    shape = (1,) * lead + input.array.shape
    spread = expand_op(
        reshape_op(input, shape=tuple(n for s in shape for n in (1, s))),
        shape=tuple(n for c, s in zip(counts, shape) for n in (c, s)),
    )
    return apart(reshape_op(spread, shape=tuple(c * s for c, s in zip(counts, shape))), input)


def tile(input, *dims, **named):
    """`repeat` that takes fewer counts than there are dims."""
    counts = sizes(dims or (named["dims"],))
    return repeat(input, (1,) * (input.array.ndim - len(counts)) + counts)


def repeat_interleave(input, repeats=None, dim=None, *, output_size=None):
    """Each element along dim repeated, next to itself; repeats is a number or one per element."""
    if repeats is None:
        return input.wrap(beside(input.array, np.repeat(np.arange(input.array.size), on_host(input.array))))
    if dim is None:
        input, dim = flatten(input), 0
    dim = normal_dim(dim, input.array.ndim)
    counts = on_host(repeats.array) if hasattr(repeats, "array") else np.asarray(repeats)
    if counts.size not in (1, input.array.shape[dim]):
        raise RuntimeError(
            f"repeat_interleave: repeats must have the same size as input along dim, but got repeats.size(0) = {counts.size} and input.size({dim}) = {input.array.shape[dim]}"
        )
    if counts.size and counts.min() < 0:
        raise RuntimeError(f"repeat_interleave: repeats must not be negative, got {counts.min()}")
    places = np.repeat(np.arange(input.array.shape[dim]), counts)
    return index_select(input, dim, input.wrap(beside(input.array, places)))


@op
def flip_op(x, *, dims):
    """The order along these dims reversed (in new memory, as PyTorch's)."""
    return np.flip(x, dims).copy()


def flip(input, *dims, **named):
    """The order along these dims reversed."""
    ndim = input.array.ndim
    return flip_op(input, dims=tuple(normal_dim(d, ndim) for d in sizes(dims or (named["dims"],))))


def fliplr(input):
    """Columns reversed."""
    if input.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return flip(input, 1)


def flipud(input):
    """Rows reversed."""
    if input.ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return flip(input, 0)


@op
def roll(x, *, shifts, dims=None):
    """Elements moved along, those that fall off the end coming back in front."""
    if isinstance(shifts, (list, tuple)) and not shifts:
        raise RuntimeError("`shifts` required")
    count = [len(v) if isinstance(v, (list, tuple)) else 1 for v in (shifts, dims)]
    if dims is not None and count[0] != count[1]:
        raise ValueError(f"shifts and dimensions must align. shifts: {count[0]}, dims:{count[1]}")
    return np.roll(x, shifts, tuple(dims) if isinstance(dims, (list, tuple)) else dims)


def rot90(input, k=1, dims=(0, 1)):
    """A quarter turn in the plane of dims, k times, from the first dim towards the second."""
    if input.ndim < 2:
        raise RuntimeError(f"rot90: expected total dims >= 2, but got total dims = {input.ndim}")
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    a, b = dims
    if normal_dim(a, input.ndim) == normal_dim(b, input.ndim):
        raise RuntimeError(
            f"{asked()}: expected rotation dims to be different, but got dim0 = {a} and dim1 = {b}"
        )
    turns = {
        0: lambda input: input.clone(),
        1: lambda input: flip(transpose(input, a, b), a),
        2: lambda input: flip(input, a, b),
        3: lambda input: flip(transpose(input, a, b), b),
    }
    return turns[k % 4](input)


# ---------------------------------------------------------------- triangles and diagonals


def need_matrix(name: str, x) -> None:
    if x.ndim < 2:
        raise ValueError(f"{name}: input tensor must have at least 2 dimensions, got shape {list(x.shape)}")


@op
def tril(x, *, diagonal=0):
    """The lower triangle, zeros above."""
    need_matrix("tril", x)
    return np.tril(x, diagonal)


@op
def triu(x, *, diagonal=0):
    """The upper triangle, zeros below."""
    need_matrix("triu", x)
    return np.triu(x, diagonal)


@op
def diag_embed(x, *, offset=0, dim1=-2, dim2=-1):
    """The last dim laid on the diagonal of new planes of zeros."""
    n = x.shape[-1] + builtins.abs(offset)
    out = module_of(x).zeros((*x.shape[:-1], n, n), x.dtype)
    rows = np.arange(x.shape[-1]) + builtins.max(-offset, 0)
    out[..., rows, rows + offset] = x
    return np.moveaxis(out, (-2, -1), (dim1, dim2))


@spelled
def diag(input, diagonal=0):
    """A vector as a diagonal matrix, or a matrix's diagonal."""
    if input.array.ndim == 1:
        return diag_embed(input, offset=diagonal)
    if input.array.ndim != 2:
        raise RuntimeError(f"diag(): supports 1D or 2D tensors, got {input.array.ndim}D")
    return diagonal_of(input, offset=diagonal).clone()


def diagflat(input, offset=0):
    """The flattened tensor as a diagonal matrix."""
    return diag_embed(flatten(input), offset=offset)
