"""Shapes are numbers here: what programs ask of sizes that a compiler might not know yet, and checks of them."""

from __future__ import annotations

import builtins
import math

from .absent import absent

SymInt, SymFloat, SymBool = absent("sizes are Python numbers", "SymInt", "SymFloat", "SymBool")

sym_float, sym_int, sym_max, sym_min = builtins.float, builtins.int, builtins.max, builtins.min
sym_sqrt = math.sqrt


def sym_not(a) -> bool:
    return not a


def sym_ite(b, t, f):
    return t if b else f


def sym_sum(args):
    return builtins.sum(args)


def _check(cond, message=None) -> None:
    """A RuntimeError unless cond holds; `message` is a function that words it."""
    _check_with(RuntimeError, cond, message)


def _check_with(error_type, cond, message=None) -> None:
    if not cond:
        raise error_type("Expected cond to be True, but got False." if message is None else message())


def _assert(condition, message) -> None:
    """`assert` as a function."""
    assert condition, message


def _check_index(cond, message=None) -> None:
    _check_with(IndexError, cond, message)


def _check_value(cond, message=None) -> None:
    _check_with(ValueError, cond, message)


def _check_type(cond, message=None) -> None:
    _check_with(TypeError, cond, message)


def _check_not_implemented(cond, message=None) -> None:
    _check_with(NotImplementedError, cond, message)


def _check_tensor_all(cond, message=None) -> None:
    _check_with(RuntimeError, cond.all(), message)


def _check_is_size(i, message=None, *, max=None) -> None:
    _check(i >= 0 and (max is None or i <= max), message)


def _assert_async(condition, message=None) -> None:
    """A RuntimeError unless the one element is true: at once, here."""
    if not condition:
        raise RuntimeError(message or "Expected Tensor with single nonzero value, but got zero")
