"""Arithmetic, comparison and logic, element by element."""

from __future__ import annotations

import numpy as np

from .. import backend, dtypes
from ..op import Value, asked, op, shares_memory, spelled

# ---------------------------------------------------------------- arithmetic


@backend.kernel
def sum_of_two(x, y):
    """x + y for large arrays of one shape, as where a residual connection ends and where gradients meet."""
    return np.add(x, y)


@backend.kernel
def sum_into(x, y):
    """x + y in the memory of x."""
    return np.add(x, y, out=x)


LARGE = 1 << 16  # elements from which asking for a faster body is worth the question


@op(dtypes="promote", small=np.add)
def add_op(x, y):
    """x + y."""
    if type(x) is np.ndarray and x.size >= LARGE and type(y) is np.ndarray and x.shape == y.shape:
        return sum_of_two(x, y)
    return np.add(x, y)


@op(dtypes="numbers")
def sub_op(x, y):
    """x - y."""
    return np.subtract(x, y)


@op(dtypes="promote", small=np.multiply)
def mul(x, y):
    """x * y."""
    return np.multiply(x, y)


@op(dtypes="float")
def div(x, y):
    """x / y, in floating point whatever came in."""
    return np.true_divide(x, y)


@op(dtypes="promote")
def floor_divide(x, y):
    """The largest integer not above x / y."""
    refuse_zero_divisor(x, y)
    return np.floor_divide(x, y)


@op(dtypes="promote")
def trunc_divide(x, y):
    """x / y rounded towards zero."""
    refuse_zero_divisor(x, y)
    quotient = np.trunc(np.true_divide(x, y))
    return quotient.astype(np.result_type(x, y), copy=False)


@spelled
def add(input, other, last=None, *, alpha=1):
    """input + alpha * other. Old programs give alpha before the other."""
    if last is not None:
        alpha, other = number_first("add", "alpha", other), last
    return add_op(input, other if alpha == 1 else scaled(input, other, alpha))


@spelled
def sub(input, other, last=None, *, alpha=1):
    """input - alpha * other. Old programs give alpha before the other."""
    if last is not None:
        alpha, other = number_first("sub", "alpha", other), last
    return sub_op(input, other if alpha == 1 else scaled(input, other, alpha))


def number_first(function: str, name: str, value):
    """The number that old programs give before the tensors it scales; a tensor there is one too many."""
    if isinstance(value, Value):
        raise TypeError(f"{function}: too many positional arguments; `{name}` is given by keyword: {name}=2")
    return value


def scaled(input, other, alpha):
    kinds = [dtypes.to_numpy(x.dtype).kind for x in (input, other) if isinstance(x, Value)]
    if kinds == ["b", "b"]:
        alpha = bool(alpha)  # the result stays a bool
    elif isinstance(alpha, float) and all(kind in "biu" for kind in kinds):
        raise RuntimeError(
            f"{asked()}: For integral input tensors, argument alpha must not be a floating point number, got {alpha}"
        )
    return mul(other, alpha) if isinstance(other, Value) else other * alpha


@spelled
def divide(input, other, *, rounding_mode=None):
    """x / y; rounding_mode "floor" or "trunc" keeps integers integers."""
    if rounding_mode is None:
        return div(input, other)
    if rounding_mode not in ("floor", "trunc"):
        raise RuntimeError(f"div: rounding_mode must be None, 'trunc' or 'floor', got {rounding_mode!r}")
    return floor_divide(input, other) if rounding_mode == "floor" else trunc_divide(input, other)


@op(dtypes="promote")
def remainder(x, y):
    """x modulo y, with the sign of y."""
    refuse_zero_divisor(x, y)
    return np.remainder(x, y)


@op(dtypes="promote")
def fmod(x, y):
    """x modulo y, with the sign of x."""
    refuse_zero_divisor(x, y)
    return np.fmod(x, y)


def refuse_zero_divisor(x, y) -> None:
    # Floats give inf or nan; integers have neither, and NumPy would quietly answer 0.
    if np.result_type(x, y).kind in "iu" and np.any(np.equal(y, 0)):
        raise ValueError("ZeroDivisionError: integer division by zero")


@op(dtypes="promote")
def pow(x, exponent):
    """x ** exponent."""
    kind = np.result_type(x, exponent).kind
    if kind == "b":
        return np.logical_or(x, np.logical_not(exponent))
    if kind in "iu" and np.any(np.less(exponent, 0)):
        return negative_power(x, exponent)
    return x**exponent


def negative_power(x, y):
    """Integers to negative powers: 0, except for 1 and -1."""
    if np.ndim(y) == 0 and not isinstance(y, np.ndarray):
        raise ValueError("Integers to negative integer powers are not allowed.")
    unit = np.where(np.equal(x, -1) & (np.remainder(y, 2) == 1), -1, np.equal(np.abs(x), 1))
    return np.where(np.less(y, 0), unit, np.power(x, np.maximum(y, 0))).astype(np.result_type(x, y))


@op
def neg(x):
    """-x."""
    if x.dtype == bool:
        raise ValueError("-x on a bool tensor is not supported; use ~x or logical_not")
    return np.negative(x)


@op
def abs(x):
    """|x|."""
    return np.abs(x)


@op(dtypes="promote")
def maximum(x, y):
    """The larger of x and y, NaN where either is."""
    return np.maximum(x, y)


@op(dtypes="promote")
def minimum(x, y):
    """The smaller of x and y, NaN where either is."""
    return np.minimum(x, y)


@op(dtypes="promote")
def fmax(x, y):
    """The larger of x and y, ignoring a NaN beside a number."""
    return np.fmax(x, y)


@op(dtypes="promote")
def fmin(x, y):
    """The smaller of x and y, ignoring a NaN beside a number."""
    return np.fmin(x, y)


@op(dtypes="promote")
def clamp_bounds(x, min, max):
    """x moved into [min, max]; either bound may be None."""
    if np.result_type(x).kind == "c":
        raise NotImplementedError("clamp is not supported for complex types")
    if min is not None:
        x = np.maximum(x, min)
    return x if max is None else np.minimum(x, max)


@spelled
def clamp(input, min=None, max=None):
    """x moved into [min, max]; where min > max the result is max."""
    if min is None and max is None:
        raise RuntimeError("clamp: at least one of 'min' or 'max' must not be None")
    return clamp_bounds(input, min, max)


def clamp_min(input, min):
    """x, but at least min."""
    return clamp(input, min=min)


def clamp_max(input, max):
    """x, but at most max."""
    return clamp(input, max=max)


@op
def lerp_op(x, end, weight):
    """x + weight * (end - x)."""
    return x + weight * (end - x)


@spelled
def lerp(input, end, weight):
    """x + weight * (end - x): linear interpolation, in one dtype."""
    for name, other in (("end", end), ("weight", weight)):
        if isinstance(other, Value) and other.array.dtype != input.array.dtype:
            raise RuntimeError(
                f"lerp: expected dtype {input.dtype!r} for `{name}` but got dtype {other.dtype!r}"
            )
    return lerp_op(input, end, weight)


@spelled
def addcmul(input, tensor1, tensor2, last=None, *, value=1):
    """x + value * tensor1 * tensor2. Old programs give value before the two."""
    if last is not None:
        value, tensor1, tensor2 = number_first("addcmul", "value", tensor1), tensor2, last
    return add(input, mul(tensor1, tensor2), alpha=value)


@spelled
def addcdiv(input, tensor1, tensor2, last=None, *, value=1):
    """x + value * tensor1 / tensor2. Old programs give value before the two."""
    if last is not None:
        value, tensor1, tensor2 = number_first("addcdiv", "value", tensor1), tensor2, last
    return add(input, div(tensor1, tensor2), alpha=value)


def rsub(input, other, *, alpha=1):
    """y - alpha * x."""
    return sub(other, input, alpha=alpha)


@op
def clone_op(x):
    """A copy in memory of its own, in the order in memory that x has."""
    return x.copy("K") if 0 not in x.strides else x.copy()


def clone(input, *, memory_format=None):
    """A copy in memory of its own that gradients flow through."""
    return clone_op(input)


def apart(result, input):
    """result in memory of its own: what PyTorch computes anew is no view of input, even where nothing had to be moved."""
    return clone_op(result) if shares_memory(result.array, input.array) else result


@op
def cast(x, *, dtype):
    """x as another dtype (a NumPy dtype); the same values, rounded where they must be."""
    if x.dtype.kind == "c" and dtype.kind != "c":
        x = x.real
    return x.astype(dtype, order="C" if 0 in x.strides else "K")


@op
def transfer(x, *, device, non_blocking=False):
    """x on another device."""
    return backend.move(x, device, non_blocking)
