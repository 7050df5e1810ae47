"""Special functions: sigmoid, erf, gamma and their relatives."""

from __future__ import annotations

import math

import numpy as np

from ..backend import module_of
from ..op import Value, op, spelled
from .arithmetic import add, mul, sub

# ---------------------------------------------------------------- special functions


@op(dtypes="float")
def sigmoid(x):
    """1 / (1 + exp(-x))."""
    return 1 / (
        1 + np.exp(-x)
    )  # exp(-x) = inf gives 0, which is right; a form without it would round 1e-9 to 0


@op(dtypes="float")
def erf(x):
    """2/sqrt(pi) times the integral of exp(-t*t) from 0 to x."""
    return special(x).erf(x).astype(x.dtype, copy=False)


@op(dtypes="float")
def erfinv(x):
    """The inverse of erf."""
    return special(x).erfinv(x).astype(x.dtype, copy=False)


@op(dtypes="float")
def lgamma(x):
    """log |gamma(x)|."""
    out = special(x).gammaln(x).astype(x.dtype, copy=False)
    return np.where(x == -np.inf, x.dtype.type(np.inf), out)  # SciPy has -inf there


@op(dtypes="float")
def digamma(x):
    """The derivative of lgamma."""
    return special(x).digamma(x).astype(x.dtype, copy=False)


@op(dtypes="float")
def polygamma_op(x, *, n):
    """The n-th derivative of digamma."""
    return special(x).polygamma(n, x).astype(x.dtype, copy=False)


@spelled
def polygamma(n, x):
    """The n-th derivative of digamma at x."""
    if isinstance(n, Value):  # x.polygamma(n)
        n, x = x, n
    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    return digamma(x) if n == 0 else polygamma_op(x, n=n)


@op(dtypes="float")
def erfc(x):
    """1 - erf(x), exact for large x too."""
    return special(x).erfc(x).astype(x.dtype, copy=False)


def special(input):
    """SciPy's special functions, or CuPy's; SciPy is imported when it is first needed, not with tinytorch."""
    if module_of(input) is np:
        import scipy.special

        return scipy.special
    import cupyx.scipy.special

    return cupyx.scipy.special


def array_of(name: str, *operands):
    """The one of a few operands that is an array; the others may be numbers."""
    for operand in operands:
        if hasattr(operand, "dtype"):
            return operand
    raise TypeError(f"{name}: one of {operands} must be a Tensor")


@op(dtypes="float")
def logit_op(x, *, eps=None):
    """log(x / (1 - x)), with x kept eps away from 0 and 1."""
    if eps is not None:
        x = np.clip(x, eps, 1 - eps)
    return np.log(x / (1 - x))


@spelled
def logit(input, eps=None):
    """log(x / (1 - x)), with x kept eps away from 0 and 1."""
    return logit_op(input, eps=eps)


@op(dtypes="float")
def i0(x):
    """The modified Bessel function of order 0."""
    return special(x).i0(x).astype(x.dtype, copy=False)


@op(dtypes="float")
def i1(x):
    """The modified Bessel function of order 1."""
    return special(x).i1(x).astype(x.dtype, copy=False)


@op(dtypes="float")
def ndtri(x):
    """The inverse of the normal distribution function."""
    return special(x).ndtri(x).astype(x.dtype, copy=False)


@op(dtypes="float")
def log_ndtr(x):
    """The logarithm of the normal distribution function, exact far to the left too."""
    return special(x).log_ndtr(x).astype(x.dtype, copy=False)


def ndtr(input):
    """The normal distribution function."""
    return mul(erfc(mul(input, -math.sqrt(0.5))), 0.5)


@spelled
def mvlgamma(input, p):
    """The logarithm of the multivariate gamma function of dimension p."""
    if p < 1:
        raise RuntimeError(f"p has to be greater than or equal to 1, got {p}")
    total = lgamma(input)
    for j in range(1, p):
        total = add(total, lgamma(sub(input, j / 2)))
    return add(total, p * (p - 1) / 4 * math.log(math.pi))
