"""Picking elements out and putting them in: x[...], gather and scatter, masks."""

from __future__ import annotations

import math

import numpy as np

from ..op import Value, op
from .arithmetic import where
from .shape import flatten, normal_dim, reshape

# ---------------------------------------------------------------- x[index]


@op(view=True)
def getitem_op(x, *, index):
    """x[index] by NumPy's rules, on arrays."""
    out = x[index]
    if isinstance(out, np.generic):  # NumPy copies single elements out; with an ellipsis it gives a 0-dim view
        out = x[(*index, ...) if isinstance(index, tuple) else (index, ...)]
    return out


@op
def put_zeros(g, *, index, shape):
    """Zeros of the shape with g added at the index: the transpose of `getitem_op`."""
    out = np.zeros(shape, g.dtype)
    if is_basic(index):
        out[index] = g
    else:
        np.add.at(out, index, g)
    return out


def is_basic(index) -> bool:
    """Whether no element can be named twice: slices, integers, None, Ellipsis, masks."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(not isinstance(p, (np.ndarray, list)) or p.dtype == bool for p in parts)


def getitem(x, index):
    """x[index]."""
    index = plain_index(x, index)
    check_bounds(x.array.shape, index)
    return getitem_op(x, index=index)


def plain_index(x, index):
    """The index with tensors and lists turned into arrays."""
    if type(index) is int:
        return index
    if isinstance(index, tuple):
        return tuple([plain_part(p) for p in index])
    if isinstance(index, list) and any(isinstance(p, (slice, type(None), type(...))) for p in index):
        return tuple([plain_part(p) for p in index])
    return plain_part(index)


def plain_part(part):
    if isinstance(part, slice):
        if part.step is not None and int(part.step) <= 0:
            raise ValueError(f"slice step must be positive, got {part.step}; use flip to reverse")
        return slice(*(None if p is None else int(p) for p in (part.start, part.stop, part.step)))
    if isinstance(part, (list, tuple)):
        part = np.asarray([p.array if isinstance(p, Value) else p for p in part])
        part = part.astype(np.int64) if part.size == 0 else part
    if isinstance(part, Value):
        part = part.array
    if isinstance(part, np.ndarray):
        if part.dtype.kind not in "biu":
            raise IndexError(f"tensors used as indices must be integer or bool tensors, got {part.dtype}")
        if part.dtype == np.uint8:
            part = part.astype(bool)  # PyTorch's old masks
        if part.ndim == 0 and part.dtype != bool:
            return int(part)
    return part


def check_bounds(shape, index) -> None:
    parts = index if isinstance(index, tuple) else (index,)
    if sum(1 for p in parts if p is Ellipsis) or len(parts) == 0:
        return
    dim = 0
    for p in parts:
        if p is None or isinstance(p, (bool, np.bool_)):
            continue
        if dim >= len(shape):
            raise IndexError(f"too many indices for tensor of dimension {len(shape)}")
        if isinstance(p, int) and not -shape[dim] <= p < shape[dim]:
            raise IndexError(f"index {p} is out of bounds for dimension {dim} with size {shape[dim]}")
        dim += p.ndim if isinstance(p, np.ndarray) and p.dtype == bool else 1


@op
def put(x, value, *, index, accumulate=False):
    """x with value written (or added) at the index."""
    out = x.copy()
    if accumulate:
        np.add.at(out, index, value)
    else:
        out[index] = value
    return out


@op
def zero_at(g, *, index):
    """g with zeros at the index."""
    out = g.copy()
    out[index] = 0
    return out


def index_put(input, indices, values, accumulate=False):
    """x with values written (or added) at the positions that the index tensors name."""
    return put(input, values, index=tuple(plain_part(i) for i in indices), accumulate=accumulate)


# ---------------------------------------------------------------- along one dim


def rows_along(index, dim: int, shape=None):
    """The NumPy index that picks, at each place of `index`, the element `index` names along dim."""
    grid = list(np.ogrid[tuple(slice(s) for s in index.shape)]) if index.ndim else []
    if grid:
        grid[dim] = index
    return tuple(grid)


@op
def gather_op(x, index, *, dim):
    """out[i][j] = x[index[i][j]][j] for dim 0, and so on."""
    check_index("gather", index, x.shape, dim)
    return x[rows_along(index, dim)] if x.ndim else x.reshape(index.shape).copy()


def gather(input, dim, index, *, sparse_grad=False):
    """The elements of x that index names along dim: out[i][j] = x[index[i][j]][j] for dim 0."""
    if index.array.dtype.kind not in "iu":
        raise RuntimeError(f"gather: expected an int64 index, got {index.dtype!r}")
    if input.ndim != index.ndim and input.ndim and index.ndim:
        raise RuntimeError(f"gather: index must have the same number of dimensions as input: {index.ndim} and {input.ndim}")
    return gather_op(input, index, dim=normal_dim(dim, input.array.ndim))


def check_index(name: str, index, shape, dim: int) -> None:
    if not shape:
        return
    size = shape[dim]
    if index.size and (index.min() < 0 or index.max() >= size):
        worst = index.min() if index.min() < 0 else index.max()
        raise RuntimeError(f"{name}: index {worst} is out of bounds for dimension {dim} with size {size}")
    for d, (want, have) in enumerate(zip(index.shape, shape)):
        if d != dim and want > have:
            raise RuntimeError(f"{name}: index size {want} at dimension {d} exceeds the input's {have}: shapes {list(index.shape)} and {list(shape)}")


@op
def scatter_add_op(x, index, src, *, dim):
    """x with src added where index names along dim."""
    check_index("scatter_add", index, x.shape, dim)
    out = x.copy()
    np.add.at(out, rows_along(index, dim), cropped(src, index))
    return out


@op
def scatter_op(x, index, src, *, dim):
    """x with src written where index names along dim."""
    check_index("scatter", index, x.shape, dim)
    out = x.copy()
    out[rows_along(index, dim)] = cropped(src, index)
    return out


@op
def crop_op(x, *, shape):
    """The corner of x of that shape."""
    return x[tuple(slice(s) for s in shape)]


@op
def uncrop(g, *, shape):
    """g in the corner of zeros of that shape: the transpose of `crop_op`."""
    out = np.zeros(shape, g.dtype)
    out[tuple(slice(s) for s in g.shape)] = g
    return out


def cropped(src, index):
    """As much of src as index has places for."""
    return src[tuple(slice(s) for s in index.shape)] if getattr(src, "ndim", 0) else src


def like_index(src, index):
    """src cut to index's shape; a number stays one."""
    if not isinstance(src, Value) or src.array.shape == index.array.shape:
        return src
    return crop_op(src, shape=index.array.shape)


def scatter(input, dim, index, src=None, *, value=None, reduce=None):
    """x with src (or a number) written where index names along dim."""
    src = value if src is None else src
    same_ndim("scatter", input, index, src)
    if reduce is not None:
        return scatter_reduce(input, dim, index, src, {"add": "sum", "multiply": "prod"}[reduce])
    return scatter_op(input, index, like_index(src, index), dim=normal_dim(dim, input.ndim))


def scatter_add(input, dim, index, src):
    """x with src added where index names along dim; repeated places add up."""
    return scatter_add_op(input, index, like_index(src, index), dim=normal_dim(dim, input.ndim))


def same_ndim(name: str, x, index, src) -> None:
    for other, word in ((index, "Index"), (src, "src")):
        if isinstance(other, Value) and max(other.array.ndim, 1) != max(x.array.ndim, 1):
            raise RuntimeError(f"{name}: {word} tensor must have the same number of dimensions as self tensor: {other.array.ndim} and {x.array.ndim}")


REDUCERS = {"sum": np.add, "prod": np.multiply, "amax": np.maximum, "amin": np.minimum, "mean": np.add}
STARTS = {"sum": 0, "prod": 1, "amax": -math.inf, "amin": math.inf, "mean": 0}


def scatter_reduce(input, dim, index, src, reduce, *, include_self=True):
    """x with src combined ("sum", "prod", "mean", "amax", "amin") where index names along dim."""
    if reduce not in REDUCERS:
        raise RuntimeError(f"scatter_reduce: reduce must be one of {', '.join(REDUCERS)}, got {reduce!r}")
    dim = normal_dim(dim, input.ndim)
    src = like_index(src, index)
    if not isinstance(src, Value):
        src = input.wrap(np.full(index.array.shape, src, input.array.dtype))
    touched = input.wrap(np.zeros(input.array.shape, bool))
    touched.array[rows_along(index.array, dim)] = True
    start = input if include_self else where(touched, neutral(input, reduce), input)
    if reduce == "sum":
        return scatter_add_op(start, index, src, dim=dim)
    if reduce == "mean":
        ones = input.wrap(np.ones(index.array.shape, input.array.dtype))
        base = input.wrap(np.full(input.array.shape, int(include_self), input.array.dtype))
        count = where(touched, scatter_add_op(base, index, ones, dim=dim), 1)
        return scatter_add_op(start, index, src, dim=dim) / count
    return scatter_fold(start, index, src, dim=dim, reduce=reduce)


def neutral(x, reduce: str):
    value = STARTS[reduce]
    if x.array.dtype.kind in "iu" and reduce in ("amax", "amin"):
        limits = np.iinfo(x.array.dtype)
        value = limits.min if reduce == "amax" else limits.max
    return x.wrap(np.asarray(value, x.array.dtype))


@op
def scatter_fold(x, index, src, *, dim, reduce):
    """x with src multiplied in, or the larger or smaller kept, where index names along dim."""
    out = x.copy()
    REDUCERS[reduce].at(out, rows_along(index, dim), src)
    return out


def take_along_dim(input, indices, dim=None):
    """`gather` that broadcasts; without dim, over the flattened tensor."""
    from .shape import broadcast_shapes, expand_op

    if dim is None:
        return gather(flatten(input), 0, flatten(indices))
    dim = normal_dim(dim, input.ndim)
    if input.array.shape[:dim] + input.array.shape[dim + 1 :] != indices.array.shape[:dim] + indices.array.shape[dim + 1 :]:
        outer = [s[:dim] + (1,) + s[dim + 1 :] for s in (input.array.shape, indices.array.shape)]
        shape = broadcast_shapes(*outer)
        input = expand_op(input, shape=shape[:dim] + input.array.shape[dim : dim + 1] + shape[dim + 1 :])
        indices = expand_op(indices, shape=shape[:dim] + indices.array.shape[dim : dim + 1] + shape[dim + 1 :])
    return gather_op(input, indices, dim=dim)


def take(input, index):
    """Elements of the flattened tensor."""
    flat = flatten(input)
    places = index.array
    if places.size and (places.max() >= flat.array.size or places.min() < -flat.array.size):
        raise IndexError(f"take: index out of range for a tensor of {flat.array.size} elements")
    return getitem_op(flat, index=places)


def narrow(input, dim, start, length):
    """`length` elements of dim from start: a view."""
    dim = normal_dim(dim, input.array.ndim)
    size, start = input.array.shape[dim], int(start)
    start = start + size if start < 0 else start
    if length < 0 or start < 0 or start + length > size:
        raise RuntimeError(f"narrow: start ({start}) + length ({length}) exceeds dimension size ({size})")
    return getitem_op(input, index=(slice(None),) * dim + (slice(start, start + length),))


def select(input, dim, index):
    """The slice at one index of dim, without the dim: a view."""
    dim = normal_dim(dim, input.array.ndim)
    if not -input.array.shape[dim] <= index < input.array.shape[dim]:
        raise IndexError(f"select(): index {index} out of range for tensor of size {list(input.shape)} at dimension {dim}")
    return getitem_op(input, index=(slice(None),) * dim + (int(index),))


def at(dim: int, index):
    return (slice(None),) * dim + (index,)


def index_select(input, dim, index):
    """The slices along dim that index names."""
    dim = normal_dim(dim, input.array.ndim)
    places = index.array
    size = input.array.shape[dim] if input.array.ndim else 1
    if places.ndim > 1:
        raise IndexError(f"index_select(): Index is supposed to be a vector, got shape {list(places.shape)}")
    if places.size and (places.min() < 0 or places.max() >= size):
        raise IndexError(f"index_select(): index out of range for dimension {dim} with size {size}")
    return getitem_op(input, index=at(dim, places.reshape(-1))) if input.array.ndim else input.clone()


def index_add(input, dim, index, source, *, alpha=1):
    """x with the slices of source added along dim where index names."""
    scaled = source if alpha == 1 else source * alpha
    return put(input, scaled, index=at(normal_dim(dim, input.ndim), index.array), accumulate=True)


def index_copy(input, dim, index, source):
    """x with the slices of source written along dim where index names."""
    return put(input, source, index=at(normal_dim(dim, input.ndim), index.array))


def index_fill(input, dim, index, value):
    """x with a number written along dim where index names."""
    return put(input, value, index=at(normal_dim(dim, input.ndim), index.array))


# ---------------------------------------------------------------- masks


@op
def masked_fill_op(x, mask, value):
    """value where the mask holds, x elsewhere."""
    if mask.dtype != bool:
        raise RuntimeError(f"masked_fill only supports boolean masks, but got mask with dtype {mask.dtype}")
    return np.where(mask, np.asarray(value, x.dtype), x)


def masked_fill(input, mask, value):
    """value (a number or a 0-dim tensor) where the mask holds, x elsewhere."""
    return masked_fill_op(input, mask, value)


def masked_select(input, mask):
    """The elements where the mask holds, in one dim."""
    from .shape import broadcast_tensors

    if mask.array.dtype != bool:
        raise RuntimeError(f"masked_select: expected BoolTensor for mask, got {mask.dtype!r}")
    input, mask = broadcast_tensors(input, mask)
    return getitem_op(input, index=mask.array)


def masked_scatter(input, mask, source):
    """x with the elements of source, in order, where the mask holds."""
    places = np.broadcast_to(mask.array, input.array.shape)
    return put(input, getitem_op(reshape(source, -1), index=slice(int(places.sum()))), index=places)


@op(grad=False)
def nonzero_op(x):
    """The indices of non-zero elements, one a row."""
    return np.argwhere(x)


def nonzero(input, *, as_tuple=False):
    """The indices of non-zero elements: one a row, or a tuple with one vector per dim."""
    rows = nonzero_op(input)
    return tuple(rows.wrap(np.ascontiguousarray(column)) for column in rows.array.T) if as_tuple else rows


def argwhere(input):
    """The indices of non-zero elements, one a row."""
    return nonzero_op(input)
