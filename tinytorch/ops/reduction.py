"""Many numbers into few: sums, means, extremes, norms, and running versions of them."""

from __future__ import annotations

import builtins
from functools import lru_cache

import numpy as np

from .. import dtypes
from ..backend import kernel
from ..op import Value, as_array, asked, op, spelled
from .arithmetic import div, mul
from .comparison import where
from .joining import unbind
from .results import result_tuple
from .shape import axes, counted, flatten, normal_dim, reshape, sizes, unsqueeze


@op
def sum(x, *, dim=None, keepdim=False, dtype=None):
    """The sum over dim (an int, a tuple, or all)."""
    return np.add.reduce(x, axes(x, dim), counted(x, dtype), None, keepdim)


SMALL = 1 << 13  # from 9216 elements on BLAS would take threads


@lru_cache(64)
def ones(count: int, dtype):
    """A row of ones, to sum with; not to be written to."""
    return np.ones(count, dtype)


@kernel
def sum_leading(x, lead: int):
    """The sum over the first `lead` axes: what a bias gets from all the rows it was added to."""
    if lead == 1 and x.ndim == 2 and x.size <= SMALL and x.dtype.char in "fd" and type(x) is np.ndarray:
        return ones(len(x), x.dtype).dot(x)  # a product begins twice as fast as a sum
    return np.add.reduce(x, 0 if lead == 1 else tuple(range(lead)))


@op
def mean(x, *, dim=None, keepdim=False, dtype=None):
    """The mean over dim."""
    if (x.dtype if dtype is None else dtypes.to_numpy(dtype)).kind not in "fc":
        raise RuntimeError(
            f"mean: the input must be floating point or complex, got {dtypes.of(x)!r}; convert it first, x.float().mean()"
        )
    total = np.add.reduce(x, axes(x, dim), dtypes.to_numpy(dtype), None, keepdim)
    return total / (x.size / total.size if total.size else 1)


@op
def prod_op(x, *, dim=None, keepdim=False, dtype=None):
    """The product over dim; its rule divides by x."""
    return np.multiply.reduce(x, axes(x, dim), counted(x, dtype), None, keepdim)


@spelled
def prod(input, dim=None, keepdim=False, *, dtype=None):
    """The product over dim."""
    if dim is not None and not input.array.ndim:
        normal_dim(dim, 0)
        dim = None
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
            raise error(
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the 'dim' argument."
            )
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


@spelled
def aminmax(input, *, dim=None, keepdim=False):
    """The smallest and the largest value."""
    return result_tuple(
        "aminmax", min=amin(input, dim=dim, keepdim=keepdim), max=amax(input, dim=dim, keepdim=keepdim)
    )


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
    return as_array(np.count_nonzero(x, axis=axes(x, dim)))


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


# ---------------------------------------------------------------- spread


@op
def var_op(x, *, dim=None, correction=1, keepdim=False):
    """Squared deviations from the mean, summed and divided by (n - correction)."""
    if x.dtype.kind not in "fc":
        raise RuntimeError(
            f"{asked() or 'var'}: std and var only support floating point and complex dtypes, got {dtypes.of(x)!r}; convert it first, x.float()"
        )
    dims = axes(x, dim)
    total = np.add.reduce(x, dims, None, None, True)
    n = x.size // builtins.max(total.size, 1)
    deviation = x - total / n if n else x
    squares = np.square(deviation if x.dtype.kind == "f" else np.abs(deviation))
    return np.true_divide(
        np.add.reduce(squares, dims, None, None, keepdim),
        builtins.max(n - correction, 0),
        dtype=squares.dtype,
    )


@op
def std_op(x, *, dim=None, correction=1, keepdim=False):
    """The root of the variance."""
    return np.sqrt(var_op.forward(x, dim=dim, correction=correction, keepdim=keepdim))


def settings_of_spread(dim, unbiased, keepdim, correction) -> dict:
    """The settings of `var_op` for PyTorch's arguments, of which the second may be `unbiased`: var(x, False)."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    return {
        "dim": dim,
        "correction": (1 if unbiased else 0) if correction is None else correction,
        "keepdim": keepdim,
    }


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


def sum_to_size(input, *size):
    """Summed down to a shape that broadcasts to this one."""
    shape = sizes(size)
    if not shape:
        return sum(input)
    lead = input.array.ndim - len(shape)
    if lead < 0 or builtins.any(s not in (1, n) for s, n in zip(shape, input.array.shape[lead:])):
        raise RuntimeError(f"sum_to_size: size {list(shape)} is not expandable to size {list(input.shape)}.")
    dims = tuple(range(lead)) + tuple(
        lead + i for i, s in enumerate(shape) if s == 1 and input.array.shape[lead + i] != 1
    )
    return reshape(sum(input, dim=dims, keepdim=True) if dims else input, shape)
