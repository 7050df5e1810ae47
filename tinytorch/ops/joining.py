"""Putting tensors together, and taking them apart."""

from __future__ import annotations

import builtins
import functools
import itertools

import numpy as np

from .. import dtypes
from ..backend import beside, is_channels_last, module_of
from ..op import Value, as_array, asked, op, spelled
from .indexing import getitem_op
from .shape import expand_op, flatten, normal_dim, reshape, reshape_op, sizes, unsqueeze, unsqueeze_op

# ---------------------------------------------------------------- joining and splitting


@op
def concatenate(*tensors, dim=0):
    """Tensors end to end along dim."""
    shapes = [x.shape for x in tensors]
    dim = normal_dim(dim, len(shapes[0]))
    for shape in shapes[1:]:
        rest, first = (s[:dim] + s[dim + 1 :] for s in (shape, shapes[0]))
        if len(shape) != len(shapes[0]) or rest != first:
            raise RuntimeError(
                f"{asked() or 'cat'}: sizes must match except in dimension {dim}, got shapes {' and '.join(str(list(s)) for s in (shapes[0], shape))}"
            )
    target = dtypes.result_np(tensors)
    parts = [x.astype(target, copy=False) for x in tensors]
    joined = np.concatenate(parts, axis=dim)
    return joined if joined.flags.c_contiguous or is_channels_last(joined) else joined.copy()


@spelled
def cat(tensors, dim=0):
    """Tensors end to end along dim."""
    tensors = tensors_of(tensors)
    if not tensors:
        raise ValueError(f"{asked()}: expected a non-empty list of tensors")
    if builtins.any(x.array.ndim == 0 for x in tensors):
        raise RuntimeError("cat: zero-dimensional tensors cannot be concatenated; use stack")
    real = [x for x in tensors if x.array.shape != (0,)] or tensors[
        :1
    ]  # PyTorch skips empty vectors of any kind
    return concatenate(*real, dim=dim)


@spelled
def stack(tensors, dim=0):
    """Tensors of one shape side by side in a new dim."""
    tensors = tensors_of(tensors)
    if not tensors:
        raise RuntimeError("stack: expected a non-empty list of tensors")
    shapes = [x.array.shape for x in tensors]
    if builtins.any(shape != shapes[0] for shape in shapes):
        wrong = next(i for i, shape in enumerate(shapes) if shape != shapes[0])
        raise RuntimeError(
            f"stack: expects each tensor to be equal size, but got {list(shapes[0])} at entry 0 and {list(shapes[wrong])} at entry {wrong}"
        )
    dim = normal_dim(dim, len(shapes[0]) + 1)
    return concatenate(*[unsqueeze_op(x, dim=dim) for x in tensors], dim=dim)


def tensors_of(given) -> list:
    """The tensors of a list or tuple; an error for a single one, or for what is no tensor."""
    if isinstance(given, Value):
        raise TypeError(f"{asked()}(): argument 'tensors' (position 1) must be tuple of Tensors, not Tensor")
    tensors = list(given)
    for place, x in enumerate(tensors):
        if not isinstance(x, Value):
            raise TypeError(
                f"{asked()}: expected Tensor as element {place} of 'tensors', but got {type(x).__name__}"
            )
    return tensors


def at_least(x, ndim: int):
    """x with dims of size 1 added as NumPy's atleast_1d, _2d and _3d do."""
    while x.ndim < ndim:
        x = unsqueeze(x, -1 if x.ndim == 2 else 0)
    return x


def some(name: str, tensors) -> list:
    tensors = tensors_of(tensors)
    if not tensors:
        raise RuntimeError(f"{name} expects a non-empty TensorList")
    return tensors


def several(tensors):
    return list(tensors[0]) if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)) else None


def atleast_1d(*tensors):
    """Scalars as vectors."""
    return (
        tuple(at_least(x, 1) for x in several(tensors) or tensors)
        if len(tensors) > 1 or several(tensors)
        else at_least(tensors[0], 1)
    )


def atleast_2d(*tensors):
    """Vectors as rows."""
    return (
        tuple(at_least(x, 2) for x in several(tensors) or tensors)
        if len(tensors) > 1 or several(tensors)
        else at_least(tensors[0], 2)
    )


def atleast_3d(*tensors):
    """Matrices as boxes of depth 1."""
    return (
        tuple(at_least(x, 3) for x in several(tensors) or tensors)
        if len(tensors) > 1 or several(tensors)
        else at_least(tensors[0], 3)
    )


@spelled
def hstack(tensors):
    """Side by side: along dim 1, vectors along dim 0."""
    tensors = [at_least(x, 1) for x in some("hstack", tensors)]
    return cat(tensors, dim=0 if tensors[0].ndim == 1 else 1)


@spelled
def vstack(tensors):
    """One under the other, vectors as rows."""
    return cat([at_least(x, 2) for x in some("vstack", tensors)], dim=0)


@spelled
def dstack(tensors):
    """One behind the other, along dim 2."""
    return cat([at_least(x, 3) for x in some("dstack", tensors)], dim=2)


@spelled
def column_stack(tensors):
    """Side by side, vectors as columns."""
    return cat([reshape(x, (x.numel(), 1)) if x.ndim < 2 else x for x in tensors_of(tensors)], dim=1)


def slice_dim(x, dim: int, start: int, stop: int):
    return getitem_op(x, index=(slice(None),) * dim + (slice(start, stop),))


def split(tensor, split_size_or_sections, dim=0):
    """Pieces of the given size (the last may be smaller), or of the given sizes."""
    dim = normal_dim(dim, tensor.array.ndim)
    size = tensor.array.shape[dim]
    sections = split_size_or_sections
    if isinstance(sections, int):
        if sections <= 0 and size:
            raise RuntimeError(f"split: expected split_size to be positive, got {sections}")
        sections = [builtins.min(sections, size - start) for start in range(0, size, sections or 1)] or [0]
    return split_with_sizes(tensor, sections, dim)


@spelled
def split_with_sizes(input, split_sizes, dim=0):
    """Pieces of the given sizes along dim."""
    dim = normal_dim(dim, input.array.ndim)
    if builtins.any(size < 0 for size in split_sizes):
        raise RuntimeError(
            f"split: expects split_sizes have only non-negative entries, but got {list(split_sizes)}"
        )
    if builtins.sum(split_sizes) != input.array.shape[dim]:
        raise RuntimeError(
            f"split: expects split_sizes to sum to {input.array.shape[dim]} (the size at dimension {dim}), but got {list(split_sizes)}"
        )
    return split_op(input, sizes=tuple(split_sizes), dim=dim)


@op(view=True)
def split_op(x, *, sizes, dim):
    """Pieces of these sizes along dim. One op for all of them, so that their gradients are joined rather than each filled up with
    zeros and added."""
    ends = list(itertools.accumulate(sizes))
    return tuple(x[(slice(None),) * dim + (slice(end - n, end),)] for n, end in zip(sizes, ends))


@spelled
def chunk(input, chunks, dim=0):
    """At most `chunks` pieces of equal size, the last one maybe smaller."""
    if not isinstance(chunks, int):
        raise TypeError(f"chunk(): argument 'chunks' must be int, not {type(chunks).__name__}")
    if chunks <= 0:
        raise RuntimeError(f"chunk: expects chunks to be greater than 0, got {chunks}")
    size = input.array.shape[normal_dim(dim, input.array.ndim)]
    return split(input, -(-size // chunks) or 1, dim) if size else tuple(input for _ in range(chunks))


def either(function):
    """Where to cut is a number of sections or a list of indices: PyTorch has a name for each, for one argument here."""

    @functools.wraps(function)
    def call(*args, **kwargs):
        for name in ("sections", "indices", "tensor_indices_or_sections"):
            if name in kwargs:
                kwargs["indices_or_sections"] = kwargs.pop(name)
        return function(*args, **kwargs)

    return call


@either
@spelled
def tensor_split(input, indices_or_sections, dim=0):
    """So many pieces, sizes differing by at most one; or pieces between the given indices."""
    if not input.array.ndim:
        raise RuntimeError(
            "tensor_split: expected at least a 1-dimensional tensor, but got a tensor with 0 dims"
        )
    dim = normal_dim(dim, input.array.ndim)
    size = input.array.shape[dim]
    if hasattr(indices_or_sections, "tolist"):
        indices_or_sections = indices_or_sections.tolist()
    if isinstance(indices_or_sections, int):
        if indices_or_sections <= 0:
            raise RuntimeError(
                f"tensor_split: number of sections must be larger than 0, got {indices_or_sections}"
            )
        least, extra = divmod(size, indices_or_sections)
        cuts = [least * i + builtins.min(i, extra) for i in range(1, indices_or_sections)]
    else:
        cuts = list(indices_or_sections)
    bounds = [0, *cuts, size]
    return tuple(slice_dim(input, dim, a, builtins.max(a, b)) for a, b in zip(bounds, bounds[1:]))


def divided(name: str, input, sections, dim: int, least: int):
    """tensor_split into equal pieces only, for tensors of at least so many dims."""
    if input.ndim < least:
        raise RuntimeError(
            f"torch.{name} requires a tensor with at least {least} dimension, but got a tensor with {input.ndim} dimensions!"
        )
    if isinstance(sections, int) and (sections <= 0 or input.array.shape[dim] % sections):
        raise RuntimeError(
            f"torch.{name} attempted to split along dimension {dim}, but the size {input.array.shape[dim]} is not divisible by the split_size {sections}!"
        )
    return tensor_split(input, sections, dim=dim)


@either
def hsplit(input, indices_or_sections):
    """tensor_split along dim 1 (0 for vectors)."""
    return divided("hsplit", input, indices_or_sections, 0 if input.ndim == 1 else 1, 1)


@either
def vsplit(input, indices_or_sections):
    """tensor_split along dim 0."""
    return divided("vsplit", input, indices_or_sections, 0, 2)


@spelled
def unbind(input, dim=0):
    """The slices along dim, each without it."""
    if not input.array.ndim:
        raise IndexError("unbind: Dimension specified as 0 but tensor has no dimensions")
    dim = normal_dim(dim, input.array.ndim)
    lead = (slice(None),) * dim
    return tuple([getitem_op(input, index=(*lead, i)) for i in range(input.array.shape[dim])])


def meshgrid(*tensors, indexing="ij"):
    """Grids of coordinates from vectors."""
    vectors = [atleast_1d(x) for x in (several(tensors) or tensors)]
    if indexing not in ("ij", "xy"):
        raise RuntimeError(f"meshgrid: indexing must be 'xy' or 'ij', got {indexing!r}")
    if indexing == "xy" and len(vectors) > 1:
        vectors[:2] = vectors[1::-1]
    if not vectors:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    for place, x in enumerate(vectors):
        if x.array.ndim > 1:
            raise RuntimeError(
                f"meshgrid: expected scalar or 1D tensors, but argument {place} has shape {list(x.shape)}"
            )
    shape = tuple(x.array.shape[0] for x in vectors)
    grids = [
        expand_op(reshape_op(x, shape=tuple(-1 if d == i else 1 for d in range(len(vectors)))), shape=shape)
        for i, x in enumerate(vectors)
    ]
    if indexing == "xy" and len(vectors) > 1:
        grids[:2] = grids[1::-1]
    return tuple(grids)


def cartesian_prod(*tensors):
    """All combinations of the vectors' elements, one a row."""
    for x in tensors:
        need_vector("cartesian_prod", x)
    return stack([flatten(g) for g in meshgrid(*tensors)], dim=-1) if len(tensors) > 1 else tensors[0]


def need_vector(name: str, x) -> None:
    if x.ndim != 1:
        raise RuntimeError(f"{name}: Expect a 1D vector, but got shape {list(x.shape)}")


def block_diag(*tensors):
    """Matrices along the diagonal of one of zeros."""
    for place, x in enumerate(tensors):
        if x.ndim > 2:
            raise RuntimeError(
                f"block_diag: Input tensors must have 2 or fewer dimensions. Input {place} has shape {list(x.shape)}"
            )
    blocks = [at_least(x, 2) for x in tensors]
    width = builtins.sum(x.shape[1] for x in blocks)
    rows, start = [], 0
    for x in blocks:
        h, w = x.array.shape
        left, right = (
            x.wrap(module_of(x.array).zeros((h, start), x.array.dtype)),
            x.wrap(module_of(x.array).zeros((h, width - start - w), x.array.dtype)),
        )
        rows.append(cat([left, x, right], dim=1))
        start += w
    return cat(rows, dim=0)


def combinations(input, r=2, with_replacement=False):
    """All ways to choose r elements of a vector, one a row."""
    need_vector("combinations", input)
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = np.array(list(choose(range(input.array.shape[0]), r)), np.int64).reshape(-1, r)
    return getitem_op(input, index=beside(input.array, rows))


@either
def dsplit(input, indices_or_sections):
    """tensor_split along dim 2."""
    return divided("dsplit", input, indices_or_sections, 2, 3)


def unravel_index(indices, shape):
    """Places in a flattened tensor as one index per dim."""
    return tuple(
        indices.wrap(as_array(places)) for places in np.unravel_index(indices.array, sizes((shape,)))
    )
