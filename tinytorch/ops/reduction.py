"""Many numbers into few: sums, means, extremes, norms, and running versions of them."""

from __future__ import annotations

import builtins
import math

import numpy as np

from .. import dtypes
from ..op import Value, op, spelled
from .arithmetic import abs, add, div, maximum, minimum, mul, pow, sub, where
from .elementwise import sign, sqrt, square
from .shape import axes, counted, flatten, moved, normal_dim, reshape, squeeze, stack, unbind, unsqueeze


@op
def sum(x, *, dim=None, keepdim=False, dtype=None):
    """The sum over dim (an int, a tuple, or all)."""
    return np.add.reduce(x, axes(x, dim), counted(x, dtype), None, keepdim)


@op
def mean(x, *, dim=None, keepdim=False, dtype=None):
    """The mean over dim."""
    if dtype is None and x.dtype.kind not in "fc":
        raise RuntimeError(
            f"mean: the input must be floating point or complex, got {dtypes.of(x)!r}; convert it first, x.float().mean()"
        )
    total = np.add.reduce(x, axes(x, dim), dtypes.to_numpy(dtype), None, keepdim)
    return np.true_divide(total, x.size / total.size if total.size else 1, dtype=total.dtype)


@op
def prod_op(x, *, dim=None, keepdim=False, dtype=None):
    """The product over dim; its rule divides by x."""
    return np.multiply.reduce(x, axes(x, dim), counted(x, dtype), None, keepdim)


@spelled
def prod(input, dim=None, keepdim=False, *, dtype=None):
    """The product over dim."""
    if needs_exact_zeros(input):
        return fold(input, dim, keepdim, mul)
    return prod_op(input, dim=dim, keepdim=keepdim, dtype=dtype)


def needs_exact_zeros(x) -> bool:
    """Whether a gradient through x divided by itself would be 0/0."""
    return isinstance(x, Value) and x.requires_grad and not x.array.all()


def fold(x, dim, keepdim, combine):
    """Combine the slices along dim one by one, left to right."""
    flat = flatten(x) if dim is None else x
    parts = unbind(flat, dim or 0)
    total = parts[0]
    for part in parts[1:]:
        total = combine(total, part)
    if not keepdim:
        return total
    return reshape(total, (1,) * x.ndim) if dim is None else unsqueeze(total, dim)


def need_elements(name: str, x, dim, error=IndexError) -> None:
    """An extreme of nothing is an error."""
    if x.size == 0:
        dims = range(x.ndim) if dim is None else dim if isinstance(dim, (list, tuple)) else (dim,)
        if dim is None or not dims:
            raise error(f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the 'dim' argument.")
        for d in dims:
            if x.ndim and x.shape[normal_dim(d, x.ndim)] == 0:
                raise IndexError(f"{name}(): Expected reduction dim {d} to have non-zero size.")


@op
def amax(x, *, dim=None, keepdim=False):
    """The largest value over dim; equal ones share the gradient."""
    need_elements("amax", x, dim, RuntimeError)
    return np.max(x, axis=axes(x, dim), keepdims=keepdim)


@op
def amin(x, *, dim=None, keepdim=False):
    """The smallest value over dim; equal ones share the gradient."""
    need_elements("amin", x, dim, RuntimeError)
    return np.min(x, axis=axes(x, dim), keepdims=keepdim)


def aminmax(input, *, dim=None, keepdim=False):
    """The smallest and the largest value."""
    from .sorting import result_tuple

    return result_tuple("aminmax", min=amin(input, dim=dim, keepdim=keepdim), max=amax(input, dim=dim, keepdim=keepdim))


def truth(result, x):
    return result.astype(np.uint8) if x.dtype == np.uint8 else result  # bytes were PyTorch's bools once


@op(grad=False)
def any(x, *, dim=None, keepdim=False):
    """Whether any element is non-zero."""
    return truth(np.any(x, axis=axes(x, dim), keepdims=keepdim), x)


@op(grad=False)
def all(x, *, dim=None, keepdim=False):
    """Whether all elements are non-zero."""
    return truth(np.all(x, axis=axes(x, dim), keepdims=keepdim), x)


@op(grad=False)
def count_nonzero(x, *, dim=None):
    """How many elements are non-zero."""
    return np.asarray(np.count_nonzero(x, axis=axes(x, dim)))


@op(grad=False)
def argmax(x, *, dim=None, keepdim=False):
    """The index of the first largest value (of the flattened tensor without dim)."""
    need_elements("argmax", x, dim)
    return np.argmax(x, axis=axes(x, dim), keepdims=keepdim)


@op(grad=False)
def argmin(x, *, dim=None, keepdim=False):
    """The index of the first smallest value."""
    need_elements("argmin", x, dim)
    return np.argmin(x, axis=axes(x, dim), keepdims=keepdim)


@op(dtypes="float")
def logsumexp_op(x, *, dim, keepdim=False):
    """log(sum(exp(x))) over dim, shifted by the maximum so that nothing overflows."""
    if x.size == 0:
        return np.log(np.sum(np.exp(x), axis=axes(x, dim), keepdims=keepdim))
    top = np.max(x, axis=axes(x, dim), keepdims=True)
    top = np.where(np.isfinite(top), top, 0).astype(x.dtype, copy=False)
    out = np.log(np.sum(np.exp(x - top), axis=axes(x, dim), keepdims=True)) + top
    return out if keepdim else np.squeeze(out, axis=axes(x, dim))


@spelled
def logsumexp(input, dim, keepdim=False):
    """log(sum(exp(x))) over dim, without overflow."""
    return logsumexp_op(input, dim=dim, keepdim=keepdim)


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
    return np.logaddexp.accumulate(x, axis=dim) if x.ndim else x.copy()


def diff(input, n=1, dim=-1, prepend=None, append=None):
    """Differences of neighbours along dim, n times over."""
    if not input.ndim:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    from .indexing import narrow
    from .shape import cat

    parts = [t for t in (prepend, input, append) if t is not None]
    if len(parts) > 1:
        input = cat(parts, dim=dim)
    for _ in range(builtins.min(n, input.shape[dim])):
        size = input.shape[dim]
        later, earlier = narrow(input, dim, 1, size - 1), narrow(input, dim, 0, size - 1)
        input = later.logical_xor(earlier) if input.array.dtype == bool else sub(later, earlier)
    return input


# ---------------------------------------------------------------- spread


@op
def var_op(x, *, dim=None, correction=1, keepdim=False):
    """Squared deviations from the mean, summed and divided by (n - correction)."""
    if x.dtype.kind not in "fc":
        raise RuntimeError(f"std and var only support floating point and complex dtypes, got {dtypes.of(x)!r}")
    dims = axes(x, dim)
    total = np.add.reduce(x, dims, None, None, True)
    n = x.size // builtins.max(total.size, 1)
    deviation = x - total / n if n else x
    squares = np.square(deviation if x.dtype.kind == "f" else np.abs(deviation))
    return np.true_divide(np.add.reduce(squares, dims, None, None, keepdim), builtins.max(n - correction, 0), dtype=squares.dtype)


@op
def std_op(x, *, dim=None, correction=1, keepdim=False):
    """The root of the variance."""
    return np.sqrt(var_op.forward(x, dim=dim, correction=correction, keepdim=keepdim))


def settings_of_spread(dim, unbiased, keepdim, correction) -> dict:
    """The settings of `var_op` for PyTorch's arguments, of which the second may be `unbiased`: var(x, False)."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    return {"dim": dim, "correction": (1 if unbiased else 0) if correction is None else correction, "keepdim": keepdim}


@spelled
def var(input, dim=None, unbiased=True, keepdim=False, *, correction=None):
    """The variance: squared deviations over (n - correction); correction is 1, or 0 with unbiased=False."""
    return var_op(input, **settings_of_spread(dim, unbiased, keepdim, correction))


@spelled
def std(input, dim=None, unbiased=True, keepdim=False, *, correction=None):
    """The standard deviation, the root of `var`."""
    return std_op(input, **settings_of_spread(dim, unbiased, keepdim, correction))


@spelled
def var_mean(input, dim=None, unbiased=True, keepdim=False, *, correction=None):
    """The variance and the mean."""
    settings = settings_of_spread(dim, unbiased, keepdim, correction)
    return var_op(input, **settings), mean(input, dim=settings["dim"], keepdim=keepdim)


@spelled
def std_mean(input, dim=None, unbiased=True, keepdim=False, *, correction=None):
    """The standard deviation and the mean."""
    settings = settings_of_spread(dim, unbiased, keepdim, correction)
    return std_op(input, **settings), mean(input, dim=settings["dim"], keepdim=keepdim)


@spelled
def nansum(input, dim=None, keepdim=False, *, dtype=None):
    """The sum of what is not NaN."""
    return sum(where(input != input, 0, input), dim=dim, keepdim=keepdim, dtype=dtype)


@spelled
def nanmean(input, dim=None, keepdim=False, *, dtype=None):
    """The mean of what is not NaN."""
    return div(nansum(input, dim, keepdim, dtype=dtype), sum(input == input, dim=dim, keepdim=keepdim))


# ---------------------------------------------------------------- norms


@op
def norm2(x, *, dim=None, keepdim=False):
    """The Euclidean length; its gradient at 0 is 0."""
    return np.sqrt(np.sum(np.square(np.abs(x)), axis=axes(x, dim), keepdims=keepdim))


@spelled
def vector_norm(input, ord=2, dim=None, keepdim=False, *, dtype=None):
    """(sum |x|**ord)**(1/ord); inf, -inf and 0 have their usual meaning."""
    if input.array.dtype.kind not in "fc":
        raise RuntimeError(f"linalg.vector_norm: Expected a floating point or complex tensor as input. Got {input.dtype!r}")
    if dtype is not None:
        input = input.to(dtype)
    if ord == 2:
        return norm2(input, dim=dim, keepdim=keepdim)
    size = abs(input)
    if ord == math.inf:
        return amax(size, dim=dim, keepdim=keepdim)
    if ord == -math.inf:
        return amin(size, dim=dim, keepdim=keepdim)
    if ord == 0:
        return sum(sign(size), dim=dim, keepdim=keepdim)
    if ord == 1:
        return sum(size, dim=dim, keepdim=keepdim)
    total = sum(pow(size, ord), dim=dim, keepdim=keepdim)
    # The root has an infinite slope at 0, where the norm's gradient is 0: take the root of 1 there instead.
    zero = total == 0
    return where(zero, 0.0, pow(where(zero, 1.0, total), 1 / ord))


@spelled
def norm(input, p="fro", dim=None, keepdim=False, *, dtype=None):
    """The vector norm of order p over dim; "fro" is 2, "nuc" the sum of singular values."""
    if p == "nuc":
        from .matrix import matrix_norm

        return matrix_norm(input, "nuc", dim or (-2, -1), keepdim)
    return vector_norm(input, 2 if p in ("fro", None) else p, dim, keepdim, dtype=dtype)


def dist(input, other, p=2):
    """The norm of x - other."""
    return vector_norm(sub(input, other), p)


def renorm(input, p, dim, maxnorm):
    """Slices along dim scaled down to a norm of at most maxnorm."""
    others = tuple(d for d in range(input.ndim) if d != dim % input.ndim)
    length = vector_norm(input, p, others, keepdim=True)
    return where(length > maxnorm, mul(input, div(maxnorm, add(length, 1e-7))), input)


def trapezoid(y, x=None, *, dx=1, dim=-1):
    """The area under y by trapezoids, with spacing dx or at the points x."""
    from .indexing import narrow

    size = y.shape[dim]
    pairs = add(narrow(y, dim, 1, size - 1), narrow(y, dim, 0, size - 1))
    width = dx if x is None else diff(x, dim=-1 if x.ndim == 1 else dim)
    if x is not None and x.ndim == 1 and dim % y.ndim != y.ndim - 1:
        width = reshape(width, tuple(-1 if d == dim % y.ndim else 1 for d in range(y.ndim)))
    return sum(mul(pairs, width) / 2, dim=dim)


def cumulative_extreme(x, dim, combine):
    """Running extremes along dim and where they were reached last."""
    from .sorting import result_tuple, take_along_dim

    if not x.array.ndim:
        normal_dim(dim, 0)
        zero = x.wrap(np.zeros((), np.int64))
        return result_tuple("cummax" if combine is maximum else "cummin", values=x.clone(), indices=zero)
    array = moved(x.array, dim)
    ufunc = np.maximum if combine is maximum else np.minimum
    best = ufunc.accumulate(array, axis=0)
    places = np.arange(len(array)).reshape((-1,) + (1,) * (array.ndim - 1))
    index = np.maximum.accumulate(np.where((array == best) | (array != array), places, 0), axis=0)
    index = x.wrap(np.ascontiguousarray(np.moveaxis(index, 0, dim)))
    name = "cummax" if combine is maximum else "cummin"
    return result_tuple(name, values=take_along_dim(x, index, dim), indices=index)


def cummax(input, dim):
    """Running maxima along dim: (values, indices)."""
    return cumulative_extreme(input, dim, maximum)


def cummin(input, dim):
    """Running minima along dim: (values, indices)."""
    return cumulative_extreme(input, dim, minimum)
