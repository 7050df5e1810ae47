"""Picking elements out and putting them in: x[...], gather and scatter, masks."""

from __future__ import annotations

from operator import index as index_of

import numpy as np

from .. import dtypes
from ..backend import beside, is_array, module_of
from ..op import Value, asked, op, spelled
from .choosing import choose
from .shape import broadcast_tensors, normal_dim, reshape

# ---------------------------------------------------------------- x[index]


@op(view=True)
def getitem_op(x, *, index):
    """x[index] by NumPy's rules, on arrays; what is picked anew lies in row-major order."""
    if type(index) is tuple and len(index) > 1 and is_array(index[-1]) and names_one_axis(index):
        return x.take(index[-1], axis=len(index) - 1)
    out = x[index]
    if isinstance(
        out, np.generic
    ):  # NumPy copies single elements out; with an ellipsis it gives a 0-dim view
        out = x[(*index, ...) if isinstance(index, tuple) else (index, ...)]
    elif not out.flags.c_contiguous and not (out.base is x or out.base is x.base is not None):
        out = out.copy()  # NumPy lays out by the index what it picks behind the first axis
    return out


def names_one_axis(index: tuple) -> bool:
    """Whether the index is places along one axis, and all of the axes before it."""
    return index[-1].dtype != bool and all(type(p) is slice and p == slice(None) for p in index[:-1])


@op
def put_zeros(g, *, index, shape):
    """Zeros of the shape with g added at the index: the transpose of `getitem_op`."""
    out = module_of(g).zeros(shape, g.dtype)
    if is_basic(index):
        out[index] = g
    else:
        np.add.at(out, index, g)
    return out


def is_basic(index) -> bool:
    """Whether no element can be named twice: slices, integers, None, Ellipsis, masks."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(not is_array(p) or p.dtype == bool for p in parts)


def getitem(x, index):
    """x[index]."""
    index = plain_index(x, index)
    check_bounds(x.array.shape, index)
    if type(index) is tuple:
        steps = two_steps(index)
        if steps:
            return getitem_op(getitem_op(x, index=steps[0]), index=steps[1])
    return getitem_op(x, index=index)


def plain_index(x, index):
    """The index with tensors and lists turned into arrays."""
    if type(index) is int:
        return index
    if isinstance(index, list) and any(isinstance(p, SEQUENCES) for p in index):
        index = tuple(index)  # x[[rows, columns]] was once a way to write x[rows, columns]
    if isinstance(index, tuple):
        return tuple([plain_part(p, x) for p in index])
    return plain_part(index, x)


SEQUENCES = (slice, type(None), type(...), list, tuple, range, np.ndarray, Value)


def plain_part(part, x):
    if isinstance(part, slice):
        if part.step is not None and int(part.step) <= 0:
            raise ValueError(f"{asked()}: slice step must be positive, got {part.step}; use flip to reverse")
        try:
            return slice(*(None if p is None else index_of(p) for p in (part.start, part.stop, part.step)))
        except TypeError:
            raise TypeError(f"{asked()}: slice indices must be integers or None, got {part}") from None
    if isinstance(part, (list, tuple, range)):
        part = np.asarray([p.array if isinstance(p, Value) else p for p in part])
        part = part.astype(np.int64) if part.size == 0 else part
    if isinstance(part, Value):
        part = part.array
    if is_array(part):
        if part.dtype == np.uint8:
            part = part.astype(bool)  # PyTorch's old masks
        if part.dtype not in INDEX_TYPES:
            raise IndexError(
                f"{asked()}: tensors used as indices must be long, int, byte or bool tensors, got {part.dtype}"
            )
        if part.ndim == 0 and part.dtype != bool:
            return int(part)
        if type(part) is not type(x.array):
            if isinstance(x.array, np.ndarray):
                raise RuntimeError(
                    "indices should be either on cpu or on the same device as the indexed tensor (cpu), but one is on cuda"
                )
            return beside(x.array, part)
        return part
    elif isinstance(part, str):
        raise TypeError(f"{asked()}: a tensor cannot be indexed with a str: {part!r}")
    return part


INDEX_TYPES = (np.dtype(np.int64), np.dtype(np.int32), np.dtype(bool))


def check_bounds(shape, index) -> None:
    """PyTorch's errors for integers out of range, too many indices and masks of another shape."""
    parts = index if isinstance(index, tuple) else (index,)
    if any(p is Ellipsis for p in parts):
        return
    dim = 0
    for p in parts:
        if p is None or isinstance(p, (bool, np.bool_)):
            continue
        size = p.ndim if is_array(p) and p.dtype == bool else 1
        if dim + size > len(shape):
            raise IndexError(f"{asked()}: too many indices for tensor of dimension {len(shape)}")
        if isinstance(p, int) and not -shape[dim] <= p < shape[dim]:
            raise IndexError(
                f"{asked()}: index {p} is out of bounds for dimension {dim} with size {shape[dim]}: {list(shape)}"
            )
        if is_array(p) and p.dtype == bool and p.shape != shape[dim : dim + size]:
            raise IndexError(
                f"{asked()}: The shape of the mask {list(p.shape)} at index {dim} does not match the shape of the indexed tensor {list(shape)} at index {dim}"
            )
        dim += size


def two_steps(index: tuple):
    """x[0, :, places] as x[0][:, places]: PyTorch takes integers first, NumPy counts them among the places, which moves dims.

    None where the two agree: without both kinds, or with nothing between them.
    """
    kinds = [
        "integer" if type(p) is int else "places" if is_array(p) or isinstance(p, (bool, np.bool_)) else ""
        for p in index
    ]
    picks = [i for i, kind in enumerate(kinds) if kind]
    if "integer" not in kinds or "places" not in kinds or picks[-1] - picks[0] == len(picks) - 1:
        return None
    first, second = [], []
    for p, kind in zip(index, kinds):
        if kind == "places":
            first += [slice(None)] * (1 if is_array(p) and p.dtype != bool else np.ndim(p))
            second.append(p)
        else:
            first.append(p)
            if kind != "integer":
                second.append(p if p is Ellipsis else slice(None))
    return tuple(first), tuple(second)


def writable_copy(x):
    """A copy to write to: in a rule, what was a 0-dim array may have become NumPy's scalar."""
    return np.array(x) if isinstance(x, np.generic) else x.copy()


@op
def put(x, value, *, index, accumulate=False):
    """x with value written (or added) at the index."""
    out = writable_copy(x)
    if accumulate:
        np.add.at(out, index, value)
    else:
        out[index] = value
    return out


@op
def zero_at(g, *, index):
    """g with zeros at the index."""
    out = writable_copy(g)
    out[index] = 0
    return out


def index_put(input, indices, values, accumulate=False):
    """x with values written (or added) at the positions that the index tensors name."""
    same_dtype("index_put", input, values)
    return put(input, values, index=tuple(plain_part(i, input) for i in indices), accumulate=accumulate)


@spelled
def narrow(input, dim, start, length):
    """`length` elements of dim from start: a view."""
    if not input.array.ndim:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    if isinstance(start, Value) and (start.ndim or start.array.dtype.kind not in "iu"):
        raise RuntimeError("start must be an 0-dim integral Tensor.")
    dim = normal_dim(dim, input.array.ndim)
    size, start = input.array.shape[dim], int(start)
    if not -size <= start <= size:
        raise IndexError(
            f"{asked()}: start out of range (expected to be in range of [{-size}, {size}], but got {start})"
        )
    start = start + size if start < 0 else start
    if length < 0:
        raise RuntimeError(f"narrow(): length must be non-negative, got {length}")
    if start + length > size:
        raise RuntimeError(f"narrow: start ({start}) + length ({length}) exceeds dimension size ({size})")
    return getitem_op(input, index=(slice(None),) * dim + (slice(start, start + length),))


@spelled
def select(input, dim, index):
    """The slice at one index of dim, without the dim: a view."""
    if not input.array.ndim:
        raise IndexError("select() cannot be applied to a 0-dim tensor")
    dim = normal_dim(dim, input.array.ndim)
    if not -input.array.shape[dim] <= index < input.array.shape[dim]:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(input.shape)} at dimension {dim}"
        )
    return getitem_op(input, index=(slice(None),) * dim + (int(index),))


def same_dtype(name: str, x, other) -> None:
    if other.array.dtype != x.array.dtype:
        raise RuntimeError(
            f"{name}: expected self and source to have the same dtype, but got {x.dtype!r} and {other.dtype!r}"
        )


# ---------------------------------------------------------------- masks


@op
def masked_fill_op(x, mask, value):
    """value where the mask holds, x elsewhere."""
    if mask.dtype != bool:
        raise RuntimeError(f"masked_fill only supports boolean masks, but got mask with dtype {mask.dtype}")
    return choose(mask, value, x, x.dtype)


def masked_fill(input, mask, value):
    """value (a number or a 0-dim tensor) where the mask holds, x elsewhere."""
    if not isinstance(value, Value):
        value = dtypes.element(value, input.array.dtype)
    elif value.array.ndim:
        raise RuntimeError(
            f"masked_fill only supports a 0-dimensional value tensor, but got tensor with {value.array.ndim} dimension(s)."
        )
    elif value.array.dtype != input.array.dtype:
        if value.is_complex() and input.array.dtype.kind in "iub":
            dtypes.element(value.item(), input.array.dtype)  # an error unless the imaginary part is 0
        value = value.to(input.dtype)
    return masked_fill_op(input, mask, value)


@spelled
def masked_select(input, mask):
    """The elements where the mask holds, in one dim."""
    if mask.array.dtype != bool:
        raise RuntimeError(f"masked_select: expected BoolTensor for mask, got {mask.dtype!r}")
    input, mask = broadcast_tensors(input, mask)
    return getitem_op(input, index=mask.array)


def masked_scatter(input, mask, source):
    """x with the elements of source, in order, where the mask holds."""
    same_dtype("masked_scatter", input, source)
    places = np.broadcast_to(mask.array, input.array.shape)
    if places.sum() > source.array.size:
        raise RuntimeError(
            f"masked_scatter: expected self and source to have enough elements: the mask has {places.sum()}, the source {source.array.size}"
        )
    return put(input, getitem_op(reshape(source, -1), index=slice(int(places.sum()))), index=places)


@op(grad=False)
def nonzero_op(x):
    """The indices of non-zero elements, one a row."""
    return np.argwhere(x)


@spelled
def nonzero(input, *, as_tuple=False):
    """The indices of non-zero elements: one a row, or a tuple with one vector per dim."""
    rows = nonzero_op(reshape(input, (1,)) if as_tuple and not input.ndim else input)
    return tuple(rows.wrap(column.copy()) for column in rows.array.T) if as_tuple else rows


def argwhere(input):
    """The indices of non-zero elements, one a row."""
    return nonzero_op(input)
