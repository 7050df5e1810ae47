"""Layer norm: mean, variance and result of a row while it is in the cache; sums over rows in blocks."""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from ...nn.functional.norm import layer_norm_backward, layer_norm_forward
from .compiling import compiled, entry
from .memory import plain
from .sums import BLOCK, add_row, total

f4 = np.float32
WORTH = 3


@compiled
def squares_around(x, mean):
    """The sum of (x - mean)²: exact also where the mean is far larger than the spread."""
    result = 0.0
    for a in range(0, x.size, 4096):
        block, part = x[a : a + 4096], f4(0)
        for i in range(block.size):
            d = block[i] - mean
            part += d * d
        result += part
    return result


@compiled
def normalise_row(x, mean, rstd, weight, bias, out):
    for i in range(x.size):
        out[i] = (x[i] - mean) * rstd * weight[i] + bias[i]


@entry
def normalise_rows(x, weight, bias, eps, out, mean, rstd, tasks):
    rows, columns = x.shape
    for t in prange(tasks):
        for r in range(t * rows // tasks, (t + 1) * rows // tasks):
            mean[r] = f4(total(x[r]) / columns)
            rstd[r] = f4(1 / math.sqrt(squares_around(x[r], mean[r]) / columns + eps))
            normalise_row(x[r], mean[r], rstd[r], weight, bias, out[r])


@compiled
def parameter_gradients_row(g, x, mean, rstd, gweight, gbias):
    for i in range(x.size):
        gweight[i] += g[i] * ((x[i] - mean) * rstd)
        gbias[i] += g[i]


@compiled
def input_gradient_row(g, x, mean, rstd, weight, out):
    """rstd * (h - mean(h) - y * mean(h * y)) with h = g * weight and y = (x - mean) * rstd."""
    of_h, of_hy = f4(0), f4(0)
    for i in range(x.size):
        h = g[i] * weight[i]
        of_h += h
        of_hy += h * (x[i] - mean)
    a = of_h / f4(x.size)
    b = of_hy * rstd * rstd / f4(x.size)
    for i in range(x.size):
        out[i] = rstd * (g[i] * weight[i] - a - (x[i] - mean) * b)


@entry
def gradients_of_rows(g, x, mean, rstd, weight, gx, tasks):
    """Writes gx; returns the gradients of weight and bias as two rows."""
    rows, columns = x.shape
    parts = np.zeros((tasks, 2, columns), np.float64)
    for t in prange(tasks):
        block = np.empty((2, columns), np.float32)
        first, last = t * rows // tasks, (t + 1) * rows // tasks
        for a in range(first, last, BLOCK):
            block[:] = 0
            for r in range(a, min(a + BLOCK, last)):
                parameter_gradients_row(g[r], x[r], mean[r], rstd[r], block[0], block[1])
                input_gradient_row(g[r], x[r], mean[r], rstd[r], weight, gx[r])
            add_row(block[0], parts[t, 0])
            add_row(block[1], parts[t, 1])
    out = np.zeros((2, columns), np.float64)
    for t in range(tasks):
        add_row(parts[t, 0], out[0])
        add_row(parts[t, 1], out[1])
    return out.astype(np.float32)


# ---------------------------------------------------------------- bodies


def as_rows(x, dims: int):
    columns = math.prod(x.shape[x.ndim - dims :])
    return plain(x).reshape(-1, columns)


def one_per_column(parameter, columns: int, value: float):
    return np.full(columns, value, f4) if parameter is None else plain(parameter).reshape(-1)


def fits(x, *others) -> bool:
    return x.size > 0 and all(a is None or a.dtype == np.float32 for a in (x, *others))


@layer_norm_forward.register("numba")
def layer_norm_by_rows(x, weight, bias, eps, dims):
    if not fits(x, weight, bias):
        return NotImplemented
    rows = as_rows(x, dims)
    columns = rows.shape[1]
    out, mean = np.empty(x.shape, f4), np.empty(len(rows), f4)
    rstd = np.empty_like(mean)
    weight, bias = one_per_column(weight, columns, 1), one_per_column(bias, columns, 0)
    normalise_rows(rows, weight, bias, float(eps), out.reshape(rows.shape), mean, rstd, work=WORTH * x.size)
    return out, mean[:, None], rstd[:, None]


@layer_norm_backward.register("numba")
def layer_norm_backward_by_rows(g, x, weight, dims, mean, rstd):
    if not fits(x, g, weight):
        return NotImplemented
    rows, shape = as_rows(x, dims), x.shape[x.ndim - dims :]
    gx = np.empty(x.shape, f4)
    weight = one_per_column(weight, rows.shape[1], 1)
    statistics = plain(mean).reshape(-1), plain(rstd).reshape(-1)
    gweight, gbias = gradients_of_rows(
        as_rows(g, dims), rows, *statistics, weight, gx.reshape(rows.shape), work=WORTH * x.size
    )
    return gx, gweight.reshape(shape), gbias.reshape(shape)
