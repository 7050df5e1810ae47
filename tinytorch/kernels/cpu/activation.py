"""relu and gelu, forward and backward, and sums of two arrays: one pass over memory each, in as many parts as there are threads."""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from ...nn.functional.activation import (
    GELU_CUBIC,
    GELU_SCALE,
    gelu_forward,
    gelu_gradient,
    relu_gradient,
    relu_op,
)
from ...ops.arithmetic import sum_into, sum_of_two
from .compiling import entry
from .memory import gapless, in_memory, is_gapless, is_large, same_layout
from .numerics import erf_of, exp_below_zero
from .simd import instructions

# ---------------------------------------------------------------- one element

# Conditions are written so that NaN goes where NumPy lets it go: through.


def relu_of(e, x):
    return e.choose(e.at_most(x, e.zero()), e.zero(), x)


def relu_slope(e, y, g):
    return e.choose(e.at_most(y, e.zero()), e.zero(), g)


def normal(e, x):
    """The probability that a standard normal number is below x."""
    return e.mul(e.constant(0.5), e.add(e.constant(1), erf_of(e, e.mul(x, e.constant(math.sqrt(0.5))))))


def gelu_of(e, x):
    return e.mul(x, normal(e, x))


def gelu_slope(e, x, g):
    density = exp_below_zero(e, e.mul(e.mul(x, x), e.constant(-0.5)))
    return e.mul(g, e.fma(e.mul(x, density), e.constant(1 / math.sqrt(2 * math.pi)), normal(e, x)))


def half_of_tanh(e, x):
    """(1 + tanh(u)) / 2 for the u of GPT-2's formula: 1 / (1 + exp(-2u)), whose exp is taken on the side where it is below 1."""
    cubic = e.fma(e.mul(x, x), e.constant(GELU_CUBIC), e.constant(1))
    twice = e.mul(e.mul(x, cubic), e.constant(2 * GELU_SCALE))
    negative = e.below(twice, e.zero())
    small = exp_below_zero(e, e.choose(negative, twice, e.sub(e.zero(), twice)))
    return e.div(e.choose(negative, small, e.constant(1)), e.add(e.constant(1), small))


def gelu_tanh_of(e, x):
    return e.mul(x, half_of_tanh(e, x))


def gelu_tanh_slope(e, x, g):
    s = half_of_tanh(e, x)
    inner = e.fma(e.mul(x, x), e.constant(6 * GELU_CUBIC * GELU_SCALE), e.constant(2 * GELU_SCALE))
    return e.mul(g, e.fma(e.mul(e.mul(x, s), e.sub(e.constant(1), s)), inner, s))


# ---------------------------------------------------------------- all elements


def of_each(function):
    """A loop over two rows that writes the function of each element of the first to the second."""

    def part(e, x, out, count, large):
        def write(at, mask, store):
            store(mask, function(e, e.load_part(mask, x, at)), out, at)

        e.for_lines(count, out, large, write)

    return instructions(part)


def of_pairs(function):
    """The same for a function of two rows' elements."""

    def part(e, x, y, out, count, large):
        def write(at, mask, store):
            store(mask, function(e, e.load_part(mask, x, at), e.load_part(mask, y, at)), out, at)

        e.for_lines(count, out, large, write)

    return instructions(part)


relu_part, gelu_part, gelu_tanh_part = map(of_each, (relu_of, gelu_of, gelu_tanh_of))
relu_gradient_part, sum_part = of_pairs(relu_slope), of_pairs(lambda e, x, y: e.add(x, y))
gelu_gradient_part, gelu_tanh_gradient_part = of_pairs(gelu_slope), of_pairs(gelu_tanh_slope)


@entry
def relu_all(x, out, tasks):
    large = is_large(out)
    for t in prange(tasks):
        a, b = t * x.size // tasks, (t + 1) * x.size // tasks
        relu_part(x.ctypes.data + a * 4, out.ctypes.data + a * 4, b - a, large)


@entry
def relu_gradient_all(y, g, out, tasks):
    large = is_large(out)
    for t in prange(tasks):
        a, b = t * y.size // tasks, (t + 1) * y.size // tasks
        relu_gradient_part(
            y.ctypes.data + a * 4, g.ctypes.data + a * 4, out.ctypes.data + a * 4, b - a, large
        )


@entry
def sum_all(x, y, out, tasks):
    """`out` may be x: its lines are in the cache anyway, and are written there."""
    large = is_large(out) if out.ctypes.data != x.ctypes.data else 0
    for t in prange(tasks):
        a, b = t * x.size // tasks, (t + 1) * x.size // tasks
        sum_part(x.ctypes.data + a * 4, y.ctypes.data + a * 4, out.ctypes.data + a * 4, b - a, large)


@entry
def gelu_all(x, out, tanh_form, tasks):
    large = is_large(out)
    for t in prange(tasks):
        a, b = t * x.size // tasks, (t + 1) * x.size // tasks
        if tanh_form:
            gelu_tanh_part(x.ctypes.data + a * 4, out.ctypes.data + a * 4, b - a, large)
        else:
            gelu_part(x.ctypes.data + a * 4, out.ctypes.data + a * 4, b - a, large)


@entry
def gelu_gradient_all(x, g, out, tanh_form, tasks):
    large = is_large(out)
    for t in prange(tasks):
        a, b = t * x.size // tasks, (t + 1) * x.size // tasks
        x_at, g_at, to = x.ctypes.data + a * 4, g.ctypes.data + a * 4, out.ctypes.data + a * 4
        if tanh_form:
            gelu_tanh_gradient_part(x_at, g_at, to, b - a, large)
        else:
            gelu_gradient_part(x_at, g_at, to, b - a, large)


# ---------------------------------------------------------------- bodies

WORTH = 4  # elementwise operations that the exp or the quotient in a gelu is worth


@relu_op.forward.register("numba")
def relu_in_one_pass(x):
    if x.dtype != np.float32:
        return NotImplemented
    x = gapless(x)
    out = np.empty_like(x)
    relu_all(in_memory(x), in_memory(out), work=x.size)
    return out


@relu_gradient.forward.register("numba")
def relu_gradient_in_one_pass(g, y):
    if g.dtype != np.float32 or y.dtype != np.float32 or g.shape != y.shape:
        return NotImplemented
    y = gapless(y)
    g, out = same_layout(g, y), np.empty_like(y)
    relu_gradient_all(in_memory(y), in_memory(g), in_memory(out), work=y.size)
    return out


def addable(x, y) -> bool:
    """Whether both lie in memory alike, without gaps."""
    same = x.dtype == y.dtype == np.float32 and x.strides == y.strides
    return same and is_gapless(x) and is_gapless(y)


def sum_to(out, x, y):
    sum_all(in_memory(x), in_memory(y), in_memory(out), work=x.size)
    return out


@sum_of_two.register("numba")
def sum_in_parts(x, y):
    """Both threads read: one alone gets a third of what memory gives."""
    if not addable(x, y):
        return NotImplemented
    return sum_to(np.empty_like(x), x, y)


@sum_into.register("numba")
def sum_into_in_parts(x, y):
    if not addable(x, y) or (y is not x and np.may_share_memory(x, y)):
        return NotImplemented
    return sum_to(x, x, y)


@gelu_forward.register("numba")
def gelu_in_one_pass(x, approximate="none"):
    if x.dtype != np.float32:
        return NotImplemented
    x = gapless(x)
    out = np.empty_like(x)
    gelu_all(in_memory(x), in_memory(out), approximate == "tanh", work=WORTH * x.size)
    return out


@gelu_gradient.register("numba")
def gelu_gradient_in_one_pass(x, g, approximate="none"):
    if x.dtype != np.float32 or g.dtype != np.float32 or x.shape != g.shape:
        return NotImplemented
    x = gapless(x)
    g, out = same_layout(g, x), np.empty_like(x)
    gelu_gradient_all(in_memory(x), in_memory(g), in_memory(out), approximate == "tanh", work=WORTH * x.size)
    return out
