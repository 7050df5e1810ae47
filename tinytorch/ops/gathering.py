"""Picking and putting along one dim: gather, scatter, index_select and their relatives."""

from __future__ import annotations

import math

import numpy as np

from .. import dtypes
from ..backend import beside, may_look, module_of
from ..op import Value, asked, not_a_tensor, op, spelled
from .arithmetic import floor_divide
from .comparison import where
from .indexing import getitem_op, put, same_dtype, writable_copy
from .shape import broadcast_shapes, expand_op, flatten, normal_dim, reshape

# ---------------------------------------------------------------- along one dim


def rows_along(index, dim: int, shape=None):
    """The NumPy index that picks, at each place of `index`, the element `index` names along dim."""
    grid = list(np.ogrid[tuple(slice(s) for s in index.shape)]) if index.ndim else []
    if grid:
        grid = [*map(module_of(index).asarray, grid)]
        grid[dim] = index
    return tuple(grid)


@op
def gather_op(x, index, *, dim):
    """out[i][j] = x[index[i][j]][j] for dim 0, and so on."""
    check_index("gather", index, x.shape, dim)
    return x[rows_along(index, dim)] if x.ndim else x.reshape(index.shape).copy()


def gather(input, dim, index, *, sparse_grad=False, out=None):
    """The elements of x that index names along dim: out[i][j] = x[index[i][j]][j] for dim 0."""
    if out is not None:
        if out.array.dtype != input.array.dtype:
            raise RuntimeError(
                f"gather(): Expected out tensor to have dtype {input.dtype!r}, but got {out.dtype!r} instead"
            )
        return out._fill_with(gather(input, dim, index))
    if not isinstance(dim, int):
        raise TypeError(f"gather(): argument 'dim' must be int, not {type(dim).__name__}")
    need_long("gather", index)
    if not index.array.size:
        return reshape(getitem_op(flatten(input), index=slice(0, 0)), index.array.shape)
    if input.ndim != index.ndim and input.ndim and index.ndim:
        raise RuntimeError(
            f"gather: index must have the same number of dimensions as input: {index.ndim} and {input.ndim}"
        )
    return gather_op(input, index, dim=normal_dim(dim, input.array.ndim))


def need_long(name: str, index) -> None:
    if not isinstance(index, Value):
        raise not_a_tensor("index", index, name)
    if index.array.size and index.array.dtype not in (np.int64, np.int32):
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index, got {index.dtype!r}")


def check_index(name: str, index, shape, dim: int) -> None:
    if not shape:
        return
    fits = all(want <= have for d, (want, have) in enumerate(zip(index.shape, shape)) if d != dim)
    if fits and not (index.size and may_look(index) and (index.min() < 0 or index.max() >= shape[dim])):
        return
    name = asked() or name
    if fits:
        worst = index.min() if index.min() < 0 else index.max()
        raise RuntimeError(
            f"{name}: index {worst} is out of bounds for dimension {dim} with size {shape[dim]}: {list(shape)}"
        )
    raise RuntimeError(
        f"{name}: index must be no larger than the input except in dimension {dim}: shapes {list(index.shape)} and {list(shape)}"
    )


@op
def scatter_add_op(x, index, src, *, dim):
    """x with src added where index names along dim."""
    check_index("scatter_add", index, x.shape, dim)
    out = writable_copy(x)
    np.add.at(out, rows_along(index, dim), cropped(src, index))
    return out


@op
def scatter_op(x, index, src, *, dim):
    """x with src written where index names along dim."""
    check_index("scatter", index, x.shape, dim)
    out = writable_copy(x)
    out[rows_along(index, dim)] = cropped(src, index)
    return out


@op
def crop_op(x, *, shape):
    """The corner of x of that shape."""
    return x[tuple(slice(s) for s in shape)]


@op
def uncrop(g, *, shape):
    """g in the corner of zeros of that shape: the transpose of `crop_op`."""
    out = module_of(g).zeros(shape, g.dtype)
    out[tuple(slice(s) for s in g.shape)] = g
    return out


def cropped(src, index):
    """As much of src as index has places for."""
    return src[tuple(slice(s) for s in index.shape)] if getattr(src, "ndim", 0) else src


def like_index(src, index):
    """src cut to index's shape; a number stays one."""
    if not isinstance(src, Value) or src.array.shape == index.array.shape:
        return src
    if any(want > have for want, have in zip(index.array.shape, src.array.shape)):
        raise RuntimeError(
            f"{asked()}: Expected index {list(index.array.shape)} to be no larger than src {list(src.array.shape)} in any dimension"
        )
    return crop_op(src, shape=index.array.shape)


@spelled
def scatter(input, dim, index, src=None, *, value=None, reduce=None):
    """x with src (or a number) written where index names along dim."""
    src = value if src is None else src
    same_kind("scatter", input, index, src)
    src = src if isinstance(src, Value) else dtypes.element(src, input.array.dtype)
    if reduce is not None:
        return scatter_reduce(input, dim, index, src, {"add": "sum", "multiply": "prod"}[reduce])
    return scatter_op(input, index, like_index(src, index), dim=normal_dim(dim, input.ndim))


@spelled
def scatter_add(input, dim, index, src):
    """x with src added where index names along dim; repeated places add up."""
    same_kind("scatter_add", input, index, src)
    return scatter_add_op(input, index, like_index(src, index), dim=normal_dim(dim, input.ndim))


def same_kind(name: str, x, index, src) -> None:
    """One number of dims for all, one dtype for x and src, an int64 index."""
    need_long(name, index)
    if isinstance(src, Value) and src.array.dtype != x.array.dtype:
        raise RuntimeError(
            f"{name}(): Expected self.dtype to be equal to src.dtype, got {x.dtype!r} and {src.dtype!r}"
        )
    for other, word in ((index, "Index"), (src, "src")):
        if isinstance(other, Value) and max(other.array.ndim, 1) != max(x.array.ndim, 1):
            raise RuntimeError(
                f"{name}: {word} tensor must have the same number of dimensions as self tensor: {other.array.ndim} and {x.array.ndim}"
            )


REDUCERS = {"sum": np.add, "prod": np.multiply, "amax": np.maximum, "amin": np.minimum, "mean": np.add}


STARTS = {"sum": 0, "prod": 1, "amax": -math.inf, "amin": math.inf, "mean": 0}


def scatter_reduce(input, dim, index, src, reduce, *, include_self=True):
    """x with src combined ("sum", "prod", "mean", "amax", "amin") where index names along dim."""
    if reduce not in REDUCERS:
        raise RuntimeError(f"scatter_reduce: reduce must be one of {', '.join(REDUCERS)}, got {reduce!r}")
    same_kind("scatter_reduce", input, index, src)
    dim = normal_dim(dim, input.ndim)
    src = like_index(src, index)
    if input.ndim:
        check_index("scatter_reduce", index.array, input.array.shape, dim)
    if not isinstance(src, Value):
        src = input.wrap(np.full_like(input.array, src, shape=index.array.shape))
    touched = input.wrap(np.zeros_like(input.array, dtype=bool))
    touched.array[rows_along(index.array, dim)] = True
    start = input if include_self else where(touched, neutral(input, reduce), input)
    if reduce == "sum":
        return scatter_add_op(start, index, src, dim=dim)
    if reduce == "mean":
        ones = input.wrap(np.ones_like(input.array, shape=index.array.shape))
        base = input.wrap(np.full_like(input.array, int(include_self)))
        count = where(touched, scatter_add_op(base, index, ones, dim=dim), 1)
        total = scatter_add_op(start, index, src, dim=dim)
        return total / count if input.array.dtype.kind in "fc" else floor_divide(total, count)
    return scatter_fold(start, index, src, dim=dim, reduce=reduce)


def neutral(x, reduce: str):
    value = STARTS[reduce]
    if x.array.dtype == bool and reduce in ("amax", "amin"):
        value = reduce == "amin"
    if x.array.dtype.kind in "iu" and reduce in ("amax", "amin"):
        limits = np.iinfo(x.array.dtype)
        value = limits.min if reduce == "amax" else limits.max
    return x.wrap(module_of(x.array).asarray(value, x.array.dtype))


@op
def scatter_fold(x, index, src, *, dim, reduce):
    """x with src multiplied in, or the larger or smaller kept, where index names along dim."""
    out = writable_copy(x)
    REDUCERS[reduce].at(out, rows_along(index, dim), src)
    return out


@spelled
def take_along_dim(input, indices, dim=None):
    """`gather` that broadcasts; without dim, over the flattened tensor."""
    need_long("take_along_dim", indices)
    if dim is None:
        return gather(flatten(input), 0, flatten(indices))
    dim = normal_dim(dim, input.ndim)
    if indices.ndim != input.ndim:
        raise RuntimeError(
            "take_along_dim(): input and indices should have the same number of dimensions, but got"
            f" {input.ndim} dimensions for input, and {indices.ndim} dimensions for indices"
        )
    if (
        input.array.shape[:dim] + input.array.shape[dim + 1 :]
        != indices.array.shape[:dim] + indices.array.shape[dim + 1 :]
    ):
        outer = [s[:dim] + (1,) + s[dim + 1 :] for s in (input.array.shape, indices.array.shape)]
        shape = broadcast_shapes(*outer)
        input = expand_op(input, shape=shape[:dim] + input.array.shape[dim : dim + 1] + shape[dim + 1 :])
        indices = expand_op(
            indices, shape=shape[:dim] + indices.array.shape[dim : dim + 1] + shape[dim + 1 :]
        )
    if (indices.array < 0).any():  # here, unlike in gather, they count from the end
        indices = indices.wrap(
            np.where(indices.array < 0, indices.array + input.array.shape[dim], indices.array)
        )
    return gather_op(input, indices, dim=dim)


@spelled
def take(input, index):
    """Elements of the flattened tensor."""
    if not isinstance(index, Value):
        raise not_a_tensor("index", index, "take")
    if index.array.dtype != np.int64:
        raise RuntimeError(f"take(): Expected a long tensor for index, but got {index.dtype!r}")
    flat = flatten(input)
    places = index.array
    if places.size and (places.max() >= flat.array.size or places.min() < -flat.array.size):
        wrong = places[(places >= flat.array.size) | (places < -flat.array.size)][0]
        raise IndexError(
            f"take: index {wrong} is out of range for a tensor of {flat.array.size} elements: {list(input.shape)}"
        )
    return getitem_op(flat, index=places)


def at(dim: int, index):
    return (slice(None),) * dim + (index,)


@spelled
def index_select(input, dim, index):
    """The slices along dim that index names."""
    need_long("index_select", index)
    dim = normal_dim(dim, input.array.ndim)
    places = index.array
    size = input.array.shape[dim] if input.array.ndim else 1
    if places.ndim > 1:
        raise IndexError(f"index_select(): Index is supposed to be a vector, got shape {list(places.shape)}")
    if places.size and (places.min() < 0 or places.max() >= size):
        wrong = places[(places < 0) | (places >= size)][0]
        raise IndexError(
            f"index_select(): index {wrong} is out of range for dimension {dim} with size {size}: {list(input.shape)}"
        )
    return getitem_op(input, index=at(dim, places.reshape(-1))) if input.array.ndim else input.clone()


def rows(name: str, input, dim: int, index):
    """The NumPy index of slices along dim; PyTorch knows no negative ones here."""
    need_long(name, index)
    places, size = index.array.reshape(-1), input.array.shape[dim] if input.ndim else 1
    places = places.astype(np.int64, copy=False)
    if places.size and (places.min() < 0 or places.max() >= size):
        wrong = places[(places < 0) | (places >= size)][0]
        raise IndexError(f"{name}: index {wrong} is out of range: dimension {dim} has size {size}")
    return at(dim, places)


@spelled
def index_add(input, dim, index, source, *, alpha=1):
    """x with the slices of source added along dim where index names."""
    dim = normal_dim(dim, input.ndim)
    same_dtype("index_add", input, source)
    if index.numel() != (source.array.shape[dim] if source.ndim else 1):
        raise RuntimeError(
            f"index_add: Number of indices ({index.numel()}) should be equal to source.size(dim): ({source.array.shape[dim]}), for dim: {dim}"
        )
    if input.ndim and (
        source.ndim != input.ndim
        or any(s != n for d, (s, n) in enumerate(zip(source.array.shape, input.array.shape)) if d != dim)
    ):
        raise RuntimeError(
            f"index_add: source tensor shape must match self tensor shape, excluding the specified dimension. Got {list(source.shape)} and {list(input.shape)}"
        )
    source = source if alpha == 1 else source * alpha
    if not input.ndim:
        return reshape(
            put(
                reshape(input, (1,)),
                reshape(source, (1,)),
                index=rows("index_add", input, 0, index),
                accumulate=True,
            ),
            (),
        )
    return put(input, source, index=rows("index_add", input, dim, index), accumulate=True)


@spelled
def index_copy(input, dim, index, source):
    """x with the slices of source written along dim where index names."""
    dim = normal_dim(dim, input.ndim)
    same_dtype("index_copy", input, source)
    count = source.array.shape[dim] if source.ndim else 1
    if index.numel() != count:
        raise IndexError(
            f"index_copy: Number of indices ({index.numel()}) should be equal to source.size(dim) ({count}), for dim: {dim}"
        )
    if not input.ndim:
        return reshape(
            put(reshape(input, (1,)), reshape(source, (1,)), index=rows("index_copy", input, 0, index)), ()
        )
    return put(input, source, index=rows("index_copy", input, dim, index))


@spelled
def index_fill(input, dim, index, value):
    """x with a number written along dim where index names."""
    if isinstance(value, Value):
        if value.ndim:
            raise RuntimeError(
                f"index_fill only supports a 0-dimensional value tensor, but got tensor with {value.ndim} dimension(s)."
            )
        value = value.to(input.dtype)
    else:
        value = dtypes.element(value, input.array.dtype)
    dim = normal_dim(dim, input.ndim)
    need_long("index_fill", index)
    places, size = np.unique(index.array), input.array.shape[dim] if input.ndim else 1
    if places.size and (places[0] < -size or places[-1] >= size):
        wrong = places[0] if places[0] < -size else places[-1]
        raise IndexError(f"index_fill: index {wrong} is out of range: dimension {dim} has size {size}")
    if not input.ndim:
        return reshape(put(reshape(input, (1,)), value, index=places), ())
    return put(input, value, index=at(dim, places))


@spelled
def index_reduce(input, dim, index, source, reduce, *, include_self=True):
    """x with the slices of source combined ("prod", "mean", "amax", "amin") along dim where index names."""
    dim = normal_dim(dim, input.ndim)
    if not input.ndim:
        return scatter_reduce(
            input, dim, index.wrap(index.array.reshape(())), source, reduce, include_self=include_self
        )
    spread = np.broadcast_to(index.array.reshape((-1,) + (1,) * (input.ndim - dim - 1)), source.array.shape)
    return scatter_reduce(input, dim, input.wrap(spread), source, reduce, include_self=include_self)


# ---------------------------------------------------------------- a slice replaced


def select_scatter(input, src, dim, index):
    """input with src in place of input.select(dim, index)."""
    return put(input, src, index=at(normal_dim(dim, input.ndim), index))


def slice_scatter(input, src, dim=0, start=None, end=None, step=1):
    """input with src in place of the slice start:end:step of dim."""
    return put(input, src, index=at(normal_dim(dim, input.ndim), slice(start, end, step)))


def diagonal_scatter(input, src, offset=0, dim1=0, dim2=1):
    """input with src in place of its diagonal."""
    places = np.arange(input.array.size).reshape(input.array.shape)
    flat = put(
        flatten(input),
        flatten(src),
        index=beside(input.array, np.diagonal(places, offset, dim1, dim2).reshape(-1)),
    )
    return reshape(flat, input.array.shape)
