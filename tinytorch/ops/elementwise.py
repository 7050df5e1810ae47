"""The functions of a calculator, element by element: roots, exponentials, angles, rounding."""

from __future__ import annotations

import math

import numpy as np

from ..backend import module_of
from ..op import op
from .arithmetic import mul, sub, where

# ---------------------------------------------------------------- powers and logarithms


@op(dtypes="float")
def sqrt(x):
    """The square root."""
    return np.sqrt(x)


@op(dtypes="float")
def rsqrt(x):
    """1 / sqrt(x)."""
    return 1 / np.sqrt(x)


@op
def square(x):
    """x * x."""
    return x.astype(np.int64) if x.dtype == bool else np.square(x)


@op(dtypes="float")
def reciprocal(x):
    """1 / x."""
    return np.reciprocal(x)


@op(dtypes="float")
def exp(x):
    """e to the x."""
    return np.exp(x)


@op(dtypes="float")
def exp2(x):
    """2 to the x."""
    return np.exp2(x)


@op(dtypes="float")
def expm1(x):
    """exp(x) - 1, exact near 0."""
    return np.expm1(x)


@op(dtypes="float")
def log(x):
    """The natural logarithm."""
    return np.log(x)


@op(dtypes="float")
def log2(x):
    """The logarithm to base 2."""
    return np.log2(x)


@op(dtypes="float")
def log10(x):
    """The logarithm to base 10."""
    return np.log10(x)


@op(dtypes="float")
def log1p(x):
    """log(1 + x), exact near 0."""
    return np.log1p(x)


@op(dtypes="float")
def logaddexp(x, y):
    """log(exp(x) + exp(y)) without overflow."""
    return np.logaddexp(x, y)


@op(dtypes="float")
def logaddexp2(x, y):
    """log2(2**x + 2**y) without overflow."""
    return np.logaddexp2(x, y)


def xlogy(input, other):
    """x * log(y), and 0 where x is 0, whatever y."""
    zero = (input == 0) & ~(other != other)
    return where(zero, 0.0, mul(input, log(where(zero, 1.0, other))) if not isinstance(other, (int, float)) else mul(input, math.log(other)))


# ---------------------------------------------------------------- angles


@op(dtypes="float")
def sin(x):
    """The sine."""
    return np.sin(x)


@op(dtypes="float")
def cos(x):
    """The cosine."""
    return np.cos(x)


@op(dtypes="float")
def tan(x):
    """The tangent."""
    return np.tan(x)


@op(dtypes="float")
def asin(x):
    """The angle whose sine is x."""
    return np.arcsin(x)


@op(dtypes="float")
def acos(x):
    """The angle whose cosine is x."""
    return np.arccos(x)


@op(dtypes="float")
def atan(x):
    """The angle whose tangent is x."""
    return np.arctan(x)


@op(dtypes="float")
def atan2(x, y):
    """The angle of the point (y, x): atan(x / y) in the right quadrant."""
    return np.arctan2(x, y)


@op(dtypes="float")
def sinh(x):
    """The hyperbolic sine."""
    return np.sinh(x)


@op(dtypes="float")
def cosh(x):
    """The hyperbolic cosine."""
    return np.cosh(x)


@op(dtypes="float")
def tanh(x):
    """The hyperbolic tangent."""
    return np.tanh(x)


@op(dtypes="float")
def asinh(x):
    """The inverse of sinh."""
    return np.arcsinh(x)


@op(dtypes="float")
def acosh(x):
    """The inverse of cosh."""
    return np.arccosh(x)


@op(dtypes="float")
def atanh(x):
    """The inverse of tanh."""
    return np.arctanh(x)


@op(dtypes="float")
def sinc(x):
    """sin(pi x) / (pi x), and 1 at 0."""
    return np.sinc(x)


def deg2rad(input):
    """Degrees as radians."""
    return mul(input, math.pi / 180)


def rad2deg(input):
    """Radians as degrees."""
    return mul(input, 180 / math.pi)


def hypot(input, other):
    """sqrt(x*x + y*y)."""
    return sqrt(square(input) + square(other))


# ---------------------------------------------------------------- special functions


@op(dtypes="float")
def sigmoid(x):
    """1 / (1 + exp(-x))."""
    with np.errstate(over="ignore"):  # exp(-x) = inf gives 0, which is right; a form without it would round 1e-9 to 0
        return 1 / (1 + np.exp(-x))


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
    return special(x).gammaln(x).astype(x.dtype, copy=False)


@op(dtypes="float")
def digamma(x):
    """The derivative of lgamma."""
    return special(x).digamma(x).astype(x.dtype, copy=False)


@op(dtypes="float")
def polygamma_op(x, *, n):
    """The n-th derivative of digamma."""
    return special(x).polygamma(n, x).astype(x.dtype, copy=False)


def polygamma(n, x):
    """The n-th derivative of digamma at x."""
    return digamma(x) if n == 0 else polygamma_op(x, n=n)


def erfc(input):
    """1 - erf(x)."""
    return sub(1, erf(input))


def special(input):
    """SciPy's special functions, or CuPy's; SciPy is imported when it is first needed, not with tinytorch."""
    if module_of(input) is np:
        import scipy.special

        return scipy.special
    import cupyx.scipy.special

    return cupyx.scipy.special


@op(dtypes="float")
def logit_op(x, *, eps=None):
    """log(x / (1 - x)), with x kept eps away from 0 and 1."""
    if eps is not None:
        x = np.clip(x, eps, 1 - eps)
    return np.log(x / (1 - x))


def logit(input, eps=None):
    """log(x / (1 - x)), with x kept eps away from 0 and 1."""
    return logit_op(input, eps=eps)


# ---------------------------------------------------------------- rounding and signs


@op
def floor(x):
    """The largest integer not above x."""
    return x.copy() if x.dtype.kind in "iu" else np.floor(x)


@op
def ceil(x):
    """The smallest integer not below x."""
    return x.copy() if x.dtype.kind in "iu" else np.ceil(x)


@op
def trunc(x):
    """x without its fraction."""
    return x.copy() if x.dtype.kind in "iu" else np.trunc(x)


@op
def round(x, *, decimals=0):
    """The nearest integer, halves to the even one; or to so many decimals."""
    return np.round(x, decimals)


@op
def sign(x):
    """-1, 0 or 1."""
    if x.dtype.kind in "biu":
        return x.copy() if x.dtype == bool else np.sign(x)
    return np.sign(np.where(x != x, 0, x)).astype(x.dtype, copy=False)  # PyTorch: the sign of NaN is 0


@op(dtypes="promote")
def copysign(x, y):
    """|x| with the sign of y."""
    return np.copysign(x, y).astype(np.result_type(x, y), copy=False)


@op(grad=False)
def signbit(x):
    """Where the sign is minus (-0.0 included)."""
    return np.signbit(x) if x.dtype.kind == "f" else x < 0


@op(dtypes="promote")
def heaviside(x, values):
    """0 below zero, 1 above it, `values` at it."""
    return np.heaviside(x, values).astype(np.result_type(x, values), copy=False)


def frac(input):
    """The fraction that trunc drops."""
    return sub(input, trunc(input))


def nan_to_num(input, nan=0.0, posinf=None, neginf=None):
    """Finite numbers in place of NaN and infinities (by default the largest ones there are)."""
    if input.array.dtype.kind != "f":
        return input.clone()
    limits = np.finfo(input.array.dtype)
    input = where(input != input, 0.0 if nan is None else nan, input)
    input = where(input == math.inf, float(limits.max) if posinf is None else posinf, input)
    return where(input == -math.inf, float(limits.min) if neginf is None else neginf, input)


# ---------------------------------------------------------------- complex numbers


@op
def real(x):
    """The real part."""
    return x.real.copy()


@op
def imag(x):
    """The imaginary part."""
    return x.imag.copy()


@op
def conj(x):
    """The complex conjugate; x itself where x is real."""
    return np.conjugate(x) if x.dtype.kind == "c" else x


@op
def make_complex(x, y):
    """x + iy."""
    return x + y * x.dtype.type(1) * np.complex64(1j) if x.dtype == np.float32 else x + 1j * y


def polar(input, angle):
    """The complex number of absolute value x at that angle."""
    return make_complex(input * cos(angle), input * sin(angle))


def view_as_complex(input):
    """Pairs on the last axis as complex numbers: (..., 2) -> (...)."""
    return make_complex(input[..., 0], input[..., 1])


def view_as_real(input):
    """Complex numbers as pairs on a new last axis: (...) -> (..., 2)."""
    from .shape import stack

    return stack([real(input), imag(input)], dim=-1)


def angle(input):
    """The angle of a complex number."""
    return atan2(imag(input), real(input))
