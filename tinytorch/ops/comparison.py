"""Comparison, logic and bits, and choosing by them."""

from __future__ import annotations

import numpy as np

from .. import dtypes
from ..op import Value, not_a_tensor, op, spelled
from .choosing import choose
from .indexing import nonzero

# ---------------------------------------------------------------- comparison


@op(dtypes="promote", grad=False)
def eq(x, y):
    """x == y."""
    return np.equal(x, y)


@op(dtypes="promote", grad=False)
def ne(x, y):
    """x != y."""
    return np.not_equal(x, y)


@op(dtypes="promote", grad=False)
def lt(x, y):
    """x < y."""
    return np.less(x, y)


@op(dtypes="promote", grad=False)
def le(x, y):
    """x <= y."""
    return np.less_equal(x, y)


@op(dtypes="promote", grad=False)
def gt(x, y):
    """x > y."""
    return np.greater(x, y)


@op(dtypes="promote", grad=False)
def ge(x, y):
    """x >= y."""
    return np.greater_equal(x, y)


@op(dtypes="promote", grad=False)
def isclose(x, y, *, rtol=1e-05, atol=1e-08, equal_nan=False):
    """|x - y| <= atol + rtol * |y|."""
    for name, tolerance in (("rtol", rtol), ("atol", atol)):
        if tolerance < 0:
            raise RuntimeError(f"isclose: {name} must be greater than or equal to zero, but got {tolerance}")
    return np.isclose(x, y, rtol=rtol, atol=atol, equal_nan=equal_nan)


def allclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False) -> bool:
    """Whether every pair is close."""
    return isclose(input, other, rtol=rtol, atol=atol, equal_nan=equal_nan).all().item()


def equal(input, other) -> bool:
    """Whether x and y have one shape and the same elements."""
    if not isinstance(other, Value):
        raise not_a_tensor("other", other)
    return input.array.shape == other.array.shape and bool((input.array == other.array).all())


@op(grad=False)
def isnan(x):
    """Where x is not a number."""
    return np.isnan(x)


@op(grad=False)
def isinf(x):
    """Where x is infinite."""
    return np.isinf(x)


@op(grad=False)
def isfinite(x):
    """Where x is neither infinite nor NaN."""
    return np.isfinite(x)


@op(grad=False)
def isposinf(x):
    """Where x is +inf."""
    return np.isposinf(x)


@op(grad=False)
def isneginf(x):
    """Where x is -inf."""
    return np.isneginf(x)


# ---------------------------------------------------------------- logic and bits


@op(grad=False)
def logical_and(x, y):
    """Where both are non-zero."""
    return np.logical_and(x, y)


@op(grad=False)
def logical_or(x, y):
    """Where either is non-zero."""
    return np.logical_or(x, y)


@op(grad=False)
def logical_xor(x, y):
    """Where one of the two is non-zero."""
    return np.logical_xor(x, y)


@op(grad=False)
def logical_not(x):
    """Where x is zero."""
    return np.logical_not(x)


@op(dtypes="promote", grad=False)
def bitwise_and(x, y):
    """x & y, bit by bit."""
    return np.bitwise_and(x, y)


@op(dtypes="promote", grad=False)
def bitwise_or(x, y):
    """x | y, bit by bit."""
    return np.bitwise_or(x, y)


@op(dtypes="promote", grad=False)
def bitwise_xor(x, y):
    """x ^ y, bit by bit."""
    return np.bitwise_xor(x, y)


@op(grad=False)
def bitwise_not(x):
    """~x, bit by bit; for bool the same as logical_not."""
    if x.dtype.kind not in "biu":
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return np.invert(x)


@op(dtypes="promote", grad=False)
def bitwise_left_shift(x, y):
    """x << y."""
    return np.left_shift(x, y)


@op(dtypes="promote", grad=False)
def bitwise_right_shift(x, y):
    """x >> y."""
    return np.right_shift(x, y)


# ---------------------------------------------------------------- choosing


@op
def where_between(condition, x, y):
    """x where the condition holds, y elsewhere."""
    if type(x) is float and type(y) is np.ndarray and y.dtype.kind == "f":  # what a relu's gradient asks for
        return choose(condition, x, y, y.dtype)
    return choose(condition, x, y, dtypes.result_np([x, y]))


@spelled
def where(condition, input=None, other=None):
    """input where the condition holds, other elsewhere; with the condition alone, the indices where it holds."""
    if input is None and other is None:
        return nonzero(condition, as_tuple=True)
    if isinstance(condition, Value) and condition.array.dtype not in (bool, np.uint8):
        raise RuntimeError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype {condition.dtype!r}"
        )
    if input is None or other is None:
        raise TypeError("where(): give the condition alone, or with both: where(condition, input, other)")
    if not isinstance(condition, Value):
        raise not_a_tensor("condition", condition)
    return where_between(condition, input, other)
