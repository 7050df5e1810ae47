"""The functions of a calculator, element by element: roots, exponentials, angles, rounding."""

from __future__ import annotations

import math

import numpy as np

from .. import dtypes
from ..op import Value, op, spelled
from .arithmetic import abs, mul, neg, pow, sub
from .comparison import where
from .results import result_tuple

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


@spelled
def xlogy(input, other):
    """x * log(y), and 0 where x is 0, whatever y."""
    if not isinstance(other, Value):
        log_of = math.log(other) if other > 0 else -math.inf if other == 0 else math.nan
        return (
            mul(input, log_of)
            if math.isfinite(log_of) or other != other
            else where(input == 0, 0.0, mul(input, log_of))
        )
    undefined = (input == 0) & (
        (other <= 0) | (other == math.inf)
    )  # elsewhere 0 * log(y) is 0, with slope log(y)
    return where(undefined, 0.0, mul(input, log(where(undefined, 1.0, other))))


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


@spelled
def deg2rad(input):
    """Degrees as radians."""
    return mul(input, math.pi / 180)


@spelled
def rad2deg(input):
    """Radians as degrees."""
    return mul(input, 180 / math.pi)


@spelled
def hypot(input, other):
    """sqrt(x*x + y*y)."""
    for name, x in (("input", input), ("other", other)):
        if not isinstance(x, Value):
            raise TypeError(f"hypot(): argument '{name}' must be Tensor, not {type(x).__name__}")
    return sqrt(square(input) + square(other))


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


@op(dtypes="float")
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


@spelled
def frac(input):
    """The fraction that trunc drops."""
    return sub(input, trunc(input))


@spelled
def nan_to_num(input, nan=0.0, posinf=None, neginf=None):
    """Finite numbers in place of NaN and infinities (by default the largest ones there are)."""
    if input.array.dtype.kind != "f":
        return input.clone()
    limits = np.finfo(input.array.dtype)
    input = where(input != input, 0.0 if nan is None else nan, input)
    input = where(input == math.inf, float(limits.max) if posinf is None else posinf, input)
    return where(input == -math.inf, float(limits.min) if neginf is None else neginf, input)


def positive(input):
    """+x: x itself; bool has no sign."""
    if input.array.dtype == bool:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


@spelled
def float_power(input, exponent):
    """x ** exponent, always in float64 (or complex128)."""
    wide = lambda x: (
        x if not isinstance(x, Value) else x.to(dtypes.complex128 if x.is_complex() else dtypes.float64)
    )
    base, exponent = wide(input), wide(exponent)
    return pow(base, exponent if isinstance(exponent, (Value, complex)) else float(exponent))


@spelled
def sgn(input):
    """The sign of real numbers, the direction of complex ones."""
    if not input.is_complex():
        return sign(input)
    size = abs(input)
    return input / where(size == 0, 1.0, size)


@spelled
def ldexp(input, other):
    """input * 2 ** other."""
    return mul(input, pow(2.0, other))


@spelled
def frexp(input):
    """x as mantissa * 2 ** exponent, with mantissas in [0.5, 1)."""
    exponent = input.wrap(np.asarray(np.frexp(input.array)[1]))
    return result_tuple(
        "frexp", mantissa=mul(input, pow(2.0, neg(exponent.to(input.dtype)))), exponent=exponent
    )


@op(dtypes="promote", grad=False)
def gcd(x, y):
    """The greatest common divisor."""
    return np.gcd(x, y)


@op(dtypes="promote", grad=False)
def lcm(x, y):
    """The least common multiple."""
    return np.lcm(x, y)


@op(dtypes="promote", grad=False)
def nextafter(x, y):
    """The next floating-point number after x in the direction of y."""
    return np.nextafter(x, y)


@op(grad=False)
def isreal(x):
    """Where there is no imaginary part."""
    return np.isreal(x)
