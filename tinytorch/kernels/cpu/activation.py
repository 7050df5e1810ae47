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
from .compiling import compiled, entry
from .memory import gapless, in_memory, is_gapless, same_layout
from .numerics import erf, exp

f4 = np.float32
ZERO, HALF, ONE, TWO = f4(0), f4(0.5), f4(1), f4(2)
SCALE, CUBIC = f4(GELU_SCALE), f4(GELU_CUBIC)
ROOT_HALF, ROOT_TWO_PI = f4(math.sqrt(0.5)), f4(math.sqrt(2 * math.pi))

# ---------------------------------------------------------------- one element

# Conditions are written so that NaN goes where NumPy lets it go: through.


@compiled
def relu_of(x):
    return ZERO if x <= ZERO else x


@compiled
def relu_slope(y, g):
    return ZERO if y <= ZERO else g


@compiled
def gelu_of(x):
    return HALF * x * (ONE + erf(x * ROOT_HALF))


@compiled
def gelu_slope(x, g):
    return g * (HALF * (ONE + erf(x * ROOT_HALF)) + x * exp(-HALF * x * x) / ROOT_TWO_PI)


@compiled
def gelu_tanh_of(x):
    """0.5 (1 + tanh(u)) is 1 / (1 + exp(-2u)), which is one exp and rounds less."""
    return x / (ONE + exp(-TWO * SCALE * (x + CUBIC * x * x * x)))


@compiled
def gelu_tanh_slope(x, g):
    s = ONE / (ONE + exp(-TWO * SCALE * (x + CUBIC * x * x * x)))
    return g * (s + x * s * (ONE - s) * TWO * SCALE * (ONE + f4(3) * CUBIC * x * x))


# ---------------------------------------------------------------- all elements

# Each thread takes a piece as arrays of their own: were its bounds part of the index, the index might be negative to the
# compiler, and a loop with such an index has no vector form (7 times slower).


@compiled
def relu_part(x, out):
    for i in range(x.size):
        out[i] = relu_of(x[i])


@compiled
def relu_gradient_part(y, g, out):
    for i in range(y.size):
        out[i] = relu_slope(y[i], g[i])


@compiled
def sum_part(x, y, out):
    for i in range(x.size):
        out[i] = x[i] + y[i]


@compiled
def gelu_part(x, out, tanh_form):
    if tanh_form:
        for i in range(x.size):
            out[i] = gelu_tanh_of(x[i])
    else:
        for i in range(x.size):
            out[i] = gelu_of(x[i])


@compiled
def gelu_gradient_part(x, g, out, tanh_form):
    if tanh_form:
        for i in range(x.size):
            out[i] = gelu_tanh_slope(x[i], g[i])
    else:
        for i in range(x.size):
            out[i] = gelu_slope(x[i], g[i])


@entry
def relu_all(x, out, tasks):
    for t in prange(tasks):
        a, b = t * x.size // tasks, (t + 1) * x.size // tasks
        relu_part(x[a:b], out[a:b])


@entry
def relu_gradient_all(y, g, out, tasks):
    for t in prange(tasks):
        a, b = t * y.size // tasks, (t + 1) * y.size // tasks
        relu_gradient_part(y[a:b], g[a:b], out[a:b])


@entry
def sum_all(x, y, out, tasks):
    for t in prange(tasks):
        a, b = t * x.size // tasks, (t + 1) * x.size // tasks
        sum_part(x[a:b], y[a:b], out[a:b])


@entry
def gelu_all(x, out, tanh_form, tasks):
    for t in prange(tasks):
        a, b = t * x.size // tasks, (t + 1) * x.size // tasks
        gelu_part(x[a:b], out[a:b], tanh_form)


@entry
def gelu_gradient_all(x, g, out, tanh_form, tasks):
    for t in prange(tasks):
        a, b = t * x.size // tasks, (t + 1) * x.size // tasks
        gelu_gradient_part(x[a:b], g[a:b], out[a:b], tanh_form)


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
