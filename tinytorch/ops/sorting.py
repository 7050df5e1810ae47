"""Order: sort, topk, medians, quantiles, unique. Each finds indices and gathers, so the gradient is gather's."""

from __future__ import annotations

import builtins

import numpy as np

from ..backend import beside, module_of, on_host
from ..op import Value, not_a_tensor, op, spelled
from .arithmetic import add, lerp, maximum, minimum
from .comparison import where
from .gathering import take_along_dim
from .indexing import getitem_op, narrow
from .joining import stack
from .reduction import amax, amin, argmax, argmin, need_elements, sum
from .results import result_tuple
from .shape import flatten, normal_dim, reshape, squeeze


def picked(name: str, x, index, dim: int, keepdim: bool):
    """The named pair (values, indices) for one index along dim, given with the dim kept."""
    values = take_along_dim(x, index, dim) if x.array.ndim else x.clone()
    if not keepdim and x.array.ndim:
        values, index = squeeze(values, dim), squeeze(index, dim)
    return result_tuple(name, values=values, indices=index)


# ---------------------------------------------------------------- largest and smallest


@spelled
def max(input, dim=None, keepdim=False, *, other=None):
    """The largest element; with dim, (values, indices); with a second tensor, the larger of each pair."""
    return extreme("max", input, dim, keepdim, other, amax, argmax, maximum)


@spelled
def min(input, dim=None, keepdim=False, *, other=None):
    """The smallest element; with dim, (values, indices); with a second tensor, the smaller of each pair."""
    return extreme("min", input, dim, keepdim, other, amin, argmin, minimum)


def extreme(name, x, dim, keepdim, other, reduce, find, pair):
    if not isinstance(x, Value):
        raise not_a_tensor("input", x, name)
    if other is not None or isinstance(dim, Value):
        return pair(x, dim if other is None else other)
    if dim is not None and not isinstance(dim, int):
        raise TypeError(
            f"{name}(): the second argument must be a dim (int) or a Tensor, not {type(dim).__name__}"
        )
    if dim is None:
        if x.array.size == 0:
            raise RuntimeError(f"{name}(): expected reduction dim to be specified for an empty tensor")
        return reduce(x)
    dim = normal_dim(dim, x.array.ndim)
    if x.array.ndim and x.array.shape[dim] == 0:
        raise IndexError(f"{name}(): expected reduction dim {dim} to have non-zero size")
    return picked(name, x, find(x, dim=dim, keepdim=True), dim, keepdim)


# ---------------------------------------------------------------- sorting


@op(grad=False)
def argsort_op(x, *, dim=-1, descending=False, stable=False):
    """The indices that sort x along dim."""
    if x.ndim == 0:
        return np.zeros_like(x, dtype=np.int64)
    if not descending:
        return np.argsort(x, axis=dim, kind="stable")
    # Reversed twice, so that equal elements keep their order.
    order = np.argsort(np.flip(x, dim), axis=dim, kind="stable")
    return x.shape[dim] - 1 - np.flip(order, dim)


@spelled
def argsort(input, dim=-1, descending=False, stable=False):
    """The indices that sort x along dim."""
    return argsort_op(input, dim=normal_dim(dim, input.array.ndim), descending=descending, stable=stable)


@spelled
def sort(input, dim=-1, descending=False, stable=False):
    """x sorted along dim: (values, indices)."""
    dim = normal_dim(dim, input.array.ndim)
    return picked("sort", input, argsort_op(input, dim=dim, descending=descending), dim, True)


@spelled
def msort(input):
    """x sorted along dim 0."""
    return sort(input, 0)[0]


@op(grad=False)
def topk_indices(x, *, k, dim, largest):
    """The indices of the k largest (smallest) along dim, in order."""
    keys = np.moveaxis(x, dim, -1)
    keys = -keys if largest and keys.dtype.kind == "f" else keys
    if largest and keys.dtype.kind != "f":
        order = keys.shape[-1] - 1 - np.argsort(keys[..., ::-1], axis=-1, kind="stable")[..., ::-1][..., :k]
    elif 0 < k < keys.shape[-1] // 8:  # a selection, then a sort of the few
        some = np.argpartition(keys, k - 1, axis=-1)[..., :k]
        order = np.take_along_axis(
            some, np.argsort(np.take_along_axis(keys, some, -1), axis=-1, kind="stable"), -1
        )
    else:
        order = np.argsort(keys, axis=-1, kind="stable")[..., :k]
    return module_of(x).ascontiguousarray(np.moveaxis(order, -1, dim))


@spelled
def topk(input, k, dim=-1, largest=True, sorted=True):
    """The k largest (or smallest) along dim: (values, indices)."""
    if input.array.ndim == 0 and 0 <= k <= 1:
        return picked("topk", input, argmax(input), 0, True)
    if input.array.ndim == 0:
        raise RuntimeError(f"topk: k = {k} is out of range for a scalar, which has 1 element")
    dim = normal_dim(dim, input.array.ndim)
    if not 0 <= k <= input.array.shape[dim]:
        raise RuntimeError(
            f"topk: k = {k} is out of range for dimension {dim} of size {input.array.shape[dim]}"
        )
    return picked("topk", input, topk_indices(input, k=int(k), dim=dim, largest=largest), dim, True)


@spelled
def kthvalue(input, k, dim=-1, keepdim=False):
    """The k-th smallest element along dim: (values, indices)."""
    need_elements("kthvalue", input.array, dim)
    dim = normal_dim(dim, input.array.ndim)
    size = input.array.shape[dim] if input.array.ndim else 1
    if not 1 <= k <= size:
        raise RuntimeError(
            f"kthvalue(): selected number k out of range for dimension {dim}: {k} is not in 1..{size}"
        )
    order = argsort_op(input, dim=dim).array
    index = order.take([k - 1], axis=dim) if input.array.ndim else order
    return picked("kthvalue", input, input.wrap(index), dim, keepdim)


def nothing(x):
    """The median of no elements: NaN, or the least integer."""
    empty = np.nan if x.array.dtype.kind == "f" else np.iinfo(x.array.dtype).min
    return add(sum(x), empty)


@spelled
def median(input, dim=None, keepdim=False):
    """The lower median; with dim, (values, indices). NaN where there is one."""
    if dim is None:
        return median(flatten(input), 0)[0] if input.array.size else nothing(input)
    need_elements("median", input.array, dim)
    dim = normal_dim(dim, input.array.ndim)
    size = input.array.shape[dim] if input.array.ndim else 1
    order = argsort_op(input, dim=dim).array
    if not input.array.ndim:
        return picked("median", input, input.wrap(order), dim, keepdim)
    middle, last = order.take([(size - 1) // 2], axis=dim), order.take([size - 1], axis=dim)
    values = np.take_along_axis(input.array, last, dim)
    index = np.where(values != values, last, middle)  # NaNs sort last
    return picked("median", input, input.wrap(index), dim, keepdim)


@spelled
def nanmedian(input, dim=None, keepdim=False):
    """The lower median of what is not NaN."""
    if dim is None:
        return nanmedian(flatten(input), 0)[0] if input.array.size else nothing(input)
    need_elements("nanmedian", input.array, dim)
    if not input.ndim:
        return picked("nanmedian", input, argmax(input), normal_dim(dim, 0), keepdim)
    dim = normal_dim(dim, input.array.ndim)
    order = argsort_op(input, dim=dim).array
    count = np.sum(input.array == input.array, axis=dim, keepdims=True)
    index = np.take_along_axis(order, np.maximum(count - 1, 0) // 2, dim)
    return picked("nanmedian", input, input.wrap(index), dim, keepdim)


@spelled
def mode(input, dim=-1, keepdim=False):
    """The most frequent value along dim (the smallest of equals): (values, indices)."""
    need_elements("mode", input.array, dim)
    dim = normal_dim(dim, input.array.ndim)
    if not input.array.ndim:
        return picked("mode", input, argmax(input), dim, keepdim)
    rows = np.moveaxis(on_host(input.array), dim, -1)
    flat = rows.reshape(-1, rows.shape[-1])
    index = np.array([last_of_most_frequent(row) for row in flat], np.int64).reshape((*rows.shape[:-1], 1))
    return picked("mode", input, input.wrap(beside(input.array, np.moveaxis(index, -1, dim))), dim, keepdim)


def last_of_most_frequent(row) -> int:
    values, counts = np.unique(row, return_counts=True)
    return int(np.flatnonzero(row == values[np.argmax(counts)])[-1])


@spelled
def quantile(input, q, dim=None, keepdim=False, *, interpolation="linear"):
    """The q-th quantiles along dim (of all elements without dim); q in [0, 1], a number or a vector."""
    shape = (1,) * input.array.ndim
    if dim is None or not input.array.ndim:
        if dim is not None:
            normal_dim(dim, 0)
        input, restore = flatten(input), shape
        dim = 0
    else:
        restore = None
    dim = normal_dim(dim, input.array.ndim)
    if input.array.dtype.kind != "f":
        raise RuntimeError(
            f"quantile() input tensor must be either float or double dtype, got {input.dtype!r}"
        )
    points = np.asarray(on_host(q.array) if isinstance(q, Value) else q, np.float64)
    if points.size and (points.min() < 0 or points.max() > 1):
        raise RuntimeError(f"quantile() q values must be in the range [0, 1], got {points.tolist()}")
    if isinstance(q, Value) and q.array.dtype != input.array.dtype:
        raise RuntimeError(
            f"quantile() q tensor must be same dtype as the input tensor, got {q.dtype!r} and {input.dtype!r}"
        )
    if not input.array.size:
        raise RuntimeError(f"quantile() input tensor must be non-empty, got shape {list(input.shape)}")
    values = sort(input, dim)[0]
    exact = reshape(q, -1) if isinstance(q, Value) and q._requires_grad else points.reshape(-1)
    results = [at_quantile(values, exact[i], dim, interpolation) for i in range(points.size)]
    results = [
        reshape(r, restore) if restore is not None and keepdim else r if keepdim else squeeze(r, dim)
        for r in results
    ]
    if points.ndim == 0:
        return results[0]
    return stack(results, dim=0)


def at_quantile(values, q, dim: int, interpolation: str):
    """The quantile of sorted values, with the dim kept. A q with a gradient moves along the line between two values."""
    size = values.array.shape[dim]
    place = float(q) * (size - 1)
    low = int(np.floor(place))
    high = builtins.min(low + 1, size - 1)
    weight = {
        "linear": place - low,
        "lower": 0.0,
        "higher": float(place > low),
        "midpoint": 0.5 * (place > low),
        "nearest": float(np.round(place) - low),
    }[interpolation]
    below, above = narrow(values, dim, low, 1), narrow(values, dim, high, 1)
    if isinstance(q, Value) and interpolation == "linear":
        weight = q * (size - 1) - low
        return where(below != below, below, below + weight * (above - below))
    result = lerp(below, above, weight) if weight else below
    last = narrow(values, dim, size - 1, 1)
    return where(last != last, last, result)  # one NaN makes the quantile NaN


@spelled
def nanquantile(input, q, dim=None, keepdim=False, *, interpolation="linear"):
    """The quantiles of what is not NaN."""
    if not input.ndim:
        return quantile(input, q, dim, keepdim, interpolation=interpolation)
    flat = flatten(input) if dim is None else input
    axis = normal_dim(0 if dim is None else dim, flat.array.ndim)
    rows = np.moveaxis(flat.array, axis, -1)
    cells = [
        getitem_op(flat, index=(*place[:axis], slice(None), *place[axis:]))
        for place in np.ndindex(rows.shape[:-1])
    ]
    found = [
        quantile(cell[cell == cell], q, interpolation=interpolation) if (cell == cell).any() else sum(cell)
        for cell in cells
    ]
    stacked = stack(found, dim=-1)
    lead = stacked.array.shape[:-1]
    out = reshape(stacked, (*lead, *rows.shape[:-1]))
    if not keepdim:
        return out
    return reshape(
        out,
        (
            *lead,
            *((1,) * input.ndim if dim is None else (*rows.shape[:-1][:axis], 1, *rows.shape[:-1][axis:])),
        ),
    )
