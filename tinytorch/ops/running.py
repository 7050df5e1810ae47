"""Running sums, products and extremes along a dim, and differences of neighbours."""

from __future__ import annotations

import builtins

import numpy as np

from ..backend import module_of
from ..op import op, spelled
from .arithmetic import add, maximum, minimum, mul, sub
from .gathering import take_along_dim
from .indexing import narrow
from .joining import cat, stack, unbind
from .reduction import needs_exact_zeros, sum
from .results import result_tuple
from .shape import axes, counted, moved, normal_dim, reshape

# ---------------------------------------------------------------- running sums and products


@op
def cumsum(x, *, dim, dtype=None):
    """Running sums along dim."""
    return np.cumsum(x, axis=axes(x, dim), dtype=counted(x, dtype)).reshape(x.shape)


@op
def cumprod_op(x, *, dim, dtype=None):
    """Running products along dim; the rule divides by x."""
    return np.cumprod(x, axis=axes(x, dim), dtype=counted(x, dtype)).reshape(x.shape)


@spelled
def cumprod(input, dim, *, dtype=None):
    """Running products along dim."""
    if not needs_exact_zeros(input) or not input.ndim:
        return cumprod_op(input, dim=dim, dtype=dtype)
    running = list(unbind(input, dim))
    for i in range(1, len(running)):
        running[i] = mul(running[i - 1], running[i])
    return stack(running, dim=dim)


@op(dtypes="float")
def logcumsumexp(x, *, dim):
    """Running log(sum(exp(x))) along dim."""
    dim = normal_dim(dim, x.ndim)
    return accumulated(np.logaddexp, x, dim) if x.ndim else x.copy()


def accumulated(ufunc, x, dim: int):
    """ufunc.accumulate, which CuPy has for sums and products alone: elsewhere step by step."""
    if isinstance(x, np.ndarray):
        return ufunc.accumulate(x, axis=dim)
    out = x.copy()
    steps = np.moveaxis(out, dim, 0)
    for i in range(1, len(steps)):
        steps[i] = ufunc(steps[i - 1], steps[i])
    return out


@spelled
def diff(input, n=1, dim=-1, prepend=None, append=None):
    """Differences of neighbours along dim, n times over."""
    if not input.ndim:
        raise RuntimeError("diff expects input to be at least one-dimensional, but it is a scalar")
    dim = normal_dim(dim, input.ndim)
    if n < 0:
        raise RuntimeError(f"diff: order must be non-negative but got {n}")
    if n == 0:
        return input.clone()
    parts = [t for t in (prepend, input, append) if t is not None]
    if len(parts) > 1:
        input = cat(parts, dim=dim)
    for _ in range(builtins.min(n, input.shape[dim])):
        size = input.shape[dim]
        later, earlier = narrow(input, dim, 1, size - 1), narrow(input, dim, 0, size - 1)
        input = later.logical_xor(earlier) if input.array.dtype == bool else sub(later, earlier)
    return input


@spelled
def trapezoid(y, x=None, *, dx=1, dim=-1):
    """The area under y by trapezoids, with spacing dx or at the points x."""
    dim = normal_dim(dim, y.ndim)
    size = y.shape[dim]
    pairs = add(narrow(y, dim, 1, size - 1), narrow(y, dim, 0, size - 1))
    return sum(mul(pairs, trapezoid_width(y, x, dx, dim)) / 2, dim=dim)


def trapezoid_width(y, x, dx, dim: int):
    """The widths of the trapezoids, along dim."""
    if x is None:
        return dx
    width = diff(x, dim=-1 if x.ndim == 1 else dim)
    if x.ndim == 1 and dim % y.ndim != y.ndim - 1:
        width = reshape(width, tuple(-1 if d == dim % y.ndim else 1 for d in range(y.ndim)))
    return width


def cumulative_extreme(x, dim, combine):
    """Running extremes along dim and where they were reached last."""
    if not x.array.ndim:
        normal_dim(dim, 0)
        zero = x.wrap(np.zeros_like(x.array, dtype=np.int64))
        return result_tuple("cummax" if combine is maximum else "cummin", values=x.clone(), indices=zero)
    dim = normal_dim(dim, x.array.ndim)
    array = moved(x.array, dim)
    ufunc = np.maximum if combine is maximum else np.minimum
    best = accumulated(ufunc, array, 0)
    places = module_of(array).arange(len(array)).reshape((-1,) + (1,) * (array.ndim - 1))
    index = accumulated(np.maximum, np.where((array == best) | (array != array), places, 0), 0)
    index = x.wrap(module_of(array).ascontiguousarray(np.moveaxis(index, 0, dim)))
    name = "cummax" if combine is maximum else "cummin"
    return result_tuple(name, values=take_along_dim(x, index, dim), indices=index)


@spelled
def cummax(input, dim):
    """Running maxima along dim: (values, indices)."""
    return cumulative_extreme(input, dim, maximum)


@spelled
def cummin(input, dim):
    """Running minima along dim: (values, indices)."""
    return cumulative_extreme(input, dim, minimum)


@spelled
def cumulative_trapezoid(y, x=None, *, dx=1, dim=-1):
    """The area under y up to each point, by trapezoids."""
    size = y.shape[dim]
    pairs = add(narrow(y, dim, 1, size - 1), narrow(y, dim, 0, size - 1))
    return cumsum(mul(pairs, trapezoid_width(y, x, dx, dim)) / 2, dim=dim)
