"""Batch norm: a channel's statistics and its result, in images whose channels are apart in memory or side by side.

Apart (N, C, P): each thread takes some channels; a channel of a batch fits into the cache between the two times it is read.
Side by side (N * P, C): each thread takes some rows and all channels, as vectors; statistics first, then the result.

Statistics are taken around a value near the mean, since E[x²] - E[x]² of numbers around 100 was measured to be off by 0.1%.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from ...nn.functional.batchnorm import batch_norm_backward, batch_norm_forward
from .compiling import compiled, entry
from .layernorm import fits, one_per_column
from .memory import channels_and_places, is_channels_last, is_large, plain, rows_of_channels, same_layout
from .simd import WIDTH, instructions
from .sums import BLOCK, add_row, total

f4 = np.float32
WORTH = 3

# ---------------------------------------------------------------- channels apart


@compiled
def sums_around(x, center):
    """The sums of x - center and of its square."""
    first, second = f4(0), f4(0)
    for i in range(x.size):
        d = x[i] - center
        first += d
        second += d * d
    return first, second


@compiled
def sums_with(g, x, mean):
    """The sums of g and of g * (x - mean)."""
    first, second = f4(0), f4(0)
    for i in range(x.size):
        first += g[i]
        second += g[i] * (x[i] - mean)
    return first, second


@compiled
def scale_row(x, mean, factor, bias, out):
    for i in range(x.size):
        out[i] = (x[i] - mean) * factor + bias


@compiled
def combine_row(g, x, mean, of_g, of_x, shift, out):
    for i in range(x.size):
        out[i] = g[i] * of_g + (x[i] - mean) * of_x + shift


@entry
def normalise_planes(x, weight, bias, eps, out, mean, var, rstd, tasks):
    images, channels, places = x.shape
    count = images * places
    for t in prange(tasks):
        for c in range(t * channels // tasks, (t + 1) * channels // tasks):
            center = f4(total(x[0, c]) / places)
            first, second = 0.0, 0.0
            for n in range(images):
                a, b = sums_around(x[n, c], center)
                first += a
                second += b
            mean[c] = f4(center + first / count)
            var[c] = f4((second - first * first / count) / count)
            rstd[c] = f4(1 / math.sqrt(var[c] + eps))
            for n in range(images):
                scale_row(x[n, c], mean[c], rstd[c] * weight[c], bias[c], out[n, c])


@entry
def gradients_of_planes(g, x, weight, mean, rstd, gx, gweight, gbias, tasks):
    images, channels, places = x.shape
    count = images * places
    for t in prange(tasks):
        for c in range(t * channels // tasks, (t + 1) * channels // tasks):
            first, second = 0.0, 0.0
            for n in range(images):
                a, b = sums_with(g[n, c], x[n, c], mean[c])
                first += a
                second += b
            gbias[c], gweight[c] = f4(first), f4(second * rstd[c])
            of_g = weight[c] * rstd[c]
            of_x = f4(-of_g * rstd[c] * rstd[c] * second / count)
            shift = f4(-of_g * first / count)
            for n in range(images):
                combine_row(g[n, c], x[n, c], mean[c], of_g, of_x, shift, gx[n, c])


# ---------------------------------------------------------------- channels side by side


# As one long row of vectors, in which the channels come round again: what belongs to a channel is read from a table that begins anew
# behind its end. So there is nothing left over at the end of a row of a few channels.


def around(values, channels: int):
    """A table from which a vector can be read at any channel."""
    if channels < WIDTH:
        return np.resize(values.astype(f4), channels + WIDTH)
    table = np.empty(channels + WIDTH, f4)
    table[:channels], table[channels:] = values, values[:WIDTH]
    return table


@instructions
def add_around(e, x, center, first, second, count):
    """A row of channels: the sums of x - center and of its square go up."""

    def add(at, mask):
        d = e.sub(e.load_part(mask, x, at), e.load_part(mask, center, at))
        e.store_part(mask, e.add(e.load_part(mask, first, at), d), first, at)
        e.store_part(mask, e.fma(d, d, e.load_part(mask, second, at)), second, at)

    e.for_vectors(count, add)


@instructions
def add_with(e, g, x, mean, first, second, count):
    """A row of channels: the sums of g and of g * (x - mean) go up."""

    def add(at, mask):
        d, slope = e.sub(e.load_part(mask, x, at), e.load_part(mask, mean, at)), e.load_part(mask, g, at)
        e.store_part(mask, e.add(e.load_part(mask, first, at), slope), first, at)
        e.store_part(mask, e.fma(slope, d, e.load_part(mask, second, at)), second, at)

    e.for_vectors(count, add)


def for_places(e, count, channels, out, large, of):
    """Write `of(where a vector lies, its mask, its first channel)` for all vectors of whole rows of channels."""
    channel, step = e.variable(0), e.rest(e.width, channels)

    def write(at, mask, store):
        store(mask, of(at, mask, channel.get()), out, at)

    def moved(lanes):
        lanes = step if lanes is e.width else e.rest(lanes, channels)
        channel.set(e.once_around(e.plus(channel.get(), lanes), channels))

    e.for_lines(count, out, large, write, moved)


@instructions
def scale_places(e, x, mean, factor, bias, out, count, channels, large):
    def scaled(at, mask, c):
        d = e.sub(e.load_part(mask, x, at), e.load(mean, c))
        return e.fma(d, e.load(factor, c), e.load(bias, c))

    for_places(e, count, channels, out, large, scaled)


@instructions
def combine_places(e, g, x, mean, of_g, of_x, shift, out, count, channels, large):
    def combined(at, mask, c):
        d = e.sub(e.load_part(mask, x, at), e.load(mean, c))
        sum = e.fma(d, e.load(of_x, c), e.load(shift, c))
        return e.fma(e.load_part(mask, g, at), e.load(of_g, c), sum)

    for_places(e, count, channels, out, large, combined)


@entry
def sums_of_rows(g, x, center, tasks):
    """(2, C): the sums over rows of d = x - center and of d²; or, unless g is empty, of g and of g * d."""
    rows, channels = x.shape
    parts = np.zeros((tasks, 2, channels), np.float64)
    for t in prange(tasks):
        block = np.empty((2, channels), np.float32)
        first, second = block[0].ctypes.data, block[1].ctypes.data
        begin, end = t * rows // tasks, (t + 1) * rows // tasks
        for a in range(begin, end, BLOCK):
            block[:] = 0
            for r in range(a, min(a + BLOCK, end)):
                at = x.ctypes.data + r * channels * 4
                if len(g) == 0:
                    add_around(at, center.ctypes.data, first, second, channels)
                else:
                    add_with(
                        g.ctypes.data + r * channels * 4, at, center.ctypes.data, first, second, channels
                    )
            add_row(block[0], parts[t, 0])
            add_row(block[1], parts[t, 1])
    return parts.sum(0)


@entry
def scale_rows(x, mean, factor, bias, out, tasks):
    """The last three arrays before out are tables, see `around`."""
    rows, channels = x.shape
    large = is_large(out)
    for t in prange(tasks):
        a, b = t * rows // tasks * channels, (t + 1) * rows // tasks * channels
        scale_places(x.ctypes.data + a * 4, mean.ctypes.data, factor.ctypes.data, bias.ctypes.data, out.ctypes.data + a * 4,
                     b - a, channels, large)  # fmt: skip


@entry
def combine_rows(g, x, mean, of_g, of_x, shift, out, tasks):
    """The four arrays before out are tables."""
    rows, channels = x.shape
    large = is_large(out)
    for t in prange(tasks):
        a, b = t * rows // tasks * channels, (t + 1) * rows // tasks * channels
        combine_places(g.ctypes.data + a * 4, x.ctypes.data + a * 4, mean.ctypes.data, of_g.ctypes.data, of_x.ctypes.data,
                       shift.ctypes.data, out.ctypes.data + a * 4, b - a, channels, large)  # fmt: skip


def sums_of_channels(g, x, center):
    """`sums_of_rows`, with as many rows taken for one as make a row of whole vectors."""
    rows, channels = x.shape
    together = 1
    while together * channels % WIDTH and rows % (2 * together) == 0:
        together *= 2
    if together == 1:
        return sums_of_rows(g, x, center, work=WORTH * x.size)
    wide = rows // together, together * channels
    g = g.reshape(wide) if len(g) else g.reshape(0, wide[1])
    found = sums_of_rows(g, x.reshape(wide), np.resize(center, wide[1]), work=WORTH * x.size)
    return found.reshape(2, together, channels).sum(1)


def normalise_channels(x, weight, bias, eps: float, out):
    """(M, C) written to out; mean, variance and 1/std."""
    center = x[:64].mean(axis=0)
    first, second = sums_of_channels(x[:0], x, center)
    mean = (center + first / len(x)).astype(f4)
    var = ((second - first * first / len(x)) / len(x)).astype(f4)
    rstd = (1 / np.sqrt(var + eps)).astype(f4)
    tables = [around(values, x.shape[1]) for values in (mean, rstd * weight, bias)]
    scale_rows(x, *tables, out, work=WORTH * x.size)
    return mean, var, rstd


def gradients_of_channels(g, x, weight, mean, rstd, gx):
    """(M, C): writes gx; the gradients of weight and bias."""
    first, second = sums_of_channels(g, x, mean)
    of_g = rstd * weight
    of_x, shift = -of_g * rstd * rstd * second / len(x), -of_g * first / len(x)
    tables = [around(values, x.shape[1]) for values in (mean, of_g, of_x, shift)]
    combine_rows(g, x, *tables, gx, work=WORTH * x.size)
    return (second * rstd).astype(f4), first.astype(f4)


# ---------------------------------------------------------------- bodies


def as_channel_rows(x):
    """x as (M, C), if it lies in memory so; else None."""
    if x.ndim == 2:
        return x
    return rows_of_channels(x) if is_channels_last(x) else None


@batch_norm_forward.register("numba")
def batch_norm_in_two_passes(x, weight, bias, eps):
    if not fits(x, weight, bias):
        return NotImplemented
    if not is_channels_last(x):
        x = plain(x)
    channels, out = x.shape[1], np.empty_like(x)
    weight, bias = one_per_column(weight, channels, 1), one_per_column(bias, channels, 0)
    rows = as_channel_rows(x)
    if rows is not None:
        return out, *normalise_channels(rows, weight, bias, float(eps), as_channel_rows(out))
    mean, var, rstd = np.empty((3, channels), f4)
    planes = channels_and_places(x), weight, bias, float(eps), channels_and_places(out)
    normalise_planes(*planes, mean, var, rstd, work=WORTH * x.size)
    return out, mean, var, rstd


@batch_norm_backward.register("numba")
def batch_norm_backward_in_two_passes(g, x, weight, mean, rstd):
    if not fits(x, g, weight):
        return NotImplemented
    if not is_channels_last(x):
        x = plain(x)
    g, gx = same_layout(g, x), np.empty_like(x)
    weight, mean, rstd = one_per_column(weight, x.shape[1], 1), plain(mean), plain(rstd)
    rows = as_channel_rows(x)
    if rows is not None:
        return gx, *gradients_of_channels(as_channel_rows(g), rows, weight, mean, rstd, as_channel_rows(gx))
    gweight, gbias = np.empty((2, x.shape[1]), f4)
    planes = channels_and_places(g), channels_and_places(x), weight, mean, rstd, channels_and_places(gx)
    gradients_of_planes(*planes, gweight, gbias, work=WORTH * x.size)
    return gx, gweight, gbias
