"""3x3 convolution with stride 1 by Winograd's F(4x4, 3x3): 36 products a channel for 16 results, where the sum itself takes 144.

Polynomials of degrees 2 and 3 multiply by being evaluated at six points, multiplied there, and interpolated. In two
dimensions: Y = At [ (G w Gt) * (Bt d B) ] A for each 6x6 tile d of the image. The sums over channels become, for each of the
36 points, a matrix product over all tiles. Lavin and Gray, Fast algorithms for convolutional neural networks (2015).

The points 0, ±1/√2, ±√2 and infinity cost what the usual 0, ±1, ±2 do and round five times less (to 1e-5 of the largest
result, where the plain sum has 2e-6). Forward and gradient of the input are one function, with the filters turned around.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange
from numpy.polynomial import polynomial

from . import threads
from .compiling import compiled, entry
from .copying import clear, copy, transpose
from .gemm import panel_begin, panels_of, vectors_of
from .layout import new_images
from .simd import WIDTH, flush_subnormals, instructions, restore
from .tiles import rows

call_rows = rows.call

# ---------------------------------------------------------------- the transforms

POINTS = (0.0, math.sqrt(0.5), -math.sqrt(0.5), math.sqrt(2), -math.sqrt(2))  # and infinity


def toom_cook(outputs: int, taps: int):
    """(At, G, Bt): outputs = At [(G taps) * (Bt inputs)], for a sliding sum of `taps` numbers at `outputs` places."""
    n = outputs + taps - 1
    at, g, bt = np.zeros((outputs, n)), np.zeros((n, taps)), np.zeros((n, n))
    for j, point in enumerate(POINTS):
        others = [p for p in POINTS if p != point]
        at[:, j] = point ** np.arange(outputs)
        g[j] = point ** np.arange(taps) / np.prod([point - p for p in others])
        bt[j, : n - 1] = polynomial.polyfromroots(others)
    at[-1, -1] = g[-1, -1] = 1
    bt[-1] = polynomial.polyfromroots(POINTS)
    return [np.where(np.abs(m - m.round()) < 1e-12, m.round(), m) for m in (at, g, bt)]


AT, G, BT = toom_cook(4, 3)
AT_WEIGHT, G_WEIGHT, _ = toom_cook(3, 4)  # the gradient of the filters: 3x3 results of sliding a 4x4 gradient


def combine(e, matrix, vectors):
    """matrix @ vectors, with few instructions: rows for +p and -p share their even and their odd part."""
    out, n = {}, len(matrix)
    for i in range(n):
        for j in range(i + 1, n):
            even, odd = (matrix[i] + matrix[j]) / 2, (matrix[i] - matrix[j]) / 2
            if i not in out and j not in out and even.any() and odd.any() and not (even * odd).any():
                a, b = weighted_sum(e, even, vectors), weighted_sum(e, odd, vectors)
                out[i], out[j] = e.add(a, b), e.sub(a, b)
        if i not in out:
            out[i] = weighted_sum(e, matrix[i], vectors)
    return [out[i] for i in range(n)]


def weighted_sum(e, weights, vectors):
    total = None
    for weight, vector in sorted(zip(weights, vectors), key=lambda pair: abs(pair[0]) != 1):
        if total is None and weight:
            total = vector if weight == 1 else e.mul(vector, e.constant(weight))
        elif weight == 1:
            total = e.add(total, vector)
        elif weight == -1:
            total = e.sub(total, vector)
        elif weight:
            total = e.fma(vector, e.constant(weight), total)
    return total


def transform(matrix):
    """Instructions for matrix @ square @ matrix.T, of WIDTH channels at a time."""

    def write(e, source, row, column, target, target_row, target_column):
        write_transform(e, matrix, source, row, column, target, target_row, target_column, None)

    return instructions(write)


def transform_and_add(matrix):
    """The same, plus a bias for each channel."""

    def write(e, source, row, column, target, target_row, target_column, bias):
        write_transform(e, matrix, source, row, column, target, target_row, target_column, e.load(bias))

    return instructions(write)


def write_transform(e, matrix, source, row, column, target, target_row, target_column, bias) -> None:
    results, size = matrix.shape
    columns = []
    for j in range(size):
        at = e.address(source, e.times(j, column))
        columns.append(combine(e, matrix, [e.load(at, e.times(i, row)) for i in range(size)]))
    for i in range(results):
        for j, value in enumerate(combine(e, matrix, [column[i] for column in columns])):
            at = e.plus(e.times(i, target_row), e.times(j, target_column))
            e.store(value if bias is None else e.add(value, bias), target, at)


of_input, of_filter, of_output = transform(BT), transform(G), transform_and_add(AT)
of_gradient, of_filter_gradient = transform(G_WEIGHT), transform(AT_WEIGHT)

# ---------------------------------------------------------------- filters


@entry
def transform_filters(weight, turned, out, tasks):
    """(O, C, 3, 3) -> 36 matrices (C, O) in panels, or for `turned` ones (O, C), with the filters turned around."""
    inputs, outputs = (weight.shape[0], weight.shape[1]) if turned else (weight.shape[1], weight.shape[0])
    wide = vectors_of(outputs) * WIDTH
    taps = np.zeros((inputs, 9, wide), np.float32)  # weights of all outputs side by side
    w, at, to, point = weight.ctypes.data, taps.ctypes.data, out.ctypes.data, inputs * wide
    if turned:
        for i in prange(inputs):
            transpose(w + i * outputs * 9 * 4, 9, at + i * 9 * wide * 4, wide, outputs, 9)
    else:
        transpose(w, inputs * 9, at, wide, outputs, inputs * 9)
    for t in prange(tasks):
        for i in range(t * inputs // tasks, (t + 1) * inputs // tasks):
            here, step = (at + (i * 9 + 8) * wide * 4, -wide) if turned else (at + i * 9 * wide * 4, wide)
            for panel in range(panels_of(outputs)):
                first, last = panel_begin(panel, outputs), panel_begin(panel + 1, outputs)
                for v in range(first, last):
                    place = first * WIDTH * inputs + i * (last - first) * WIDTH + (v - first) * WIDTH
                    of_filter(here + v * WIDTH * 4, 3 * step, step, to + place * 4, 6 * point, point)


# ---------------------------------------------------------------- strips: one row of tiles of one image


@compiled
def load_strip(image, height, width, channels, top, left, strip, strip_rows, strip_width, wide):
    """Rows of an image from `top` on, `left` pixels of zeros before them, as pixels of `wide` channels.

    The caller has cleared the strip once; what is never written, columns and channels beyond the image, stays zero.
    """
    inside = min(width, strip_width - left)
    for i in range(strip_rows):
        row = strip + i * strip_width * wide * 4
        if top + i < 0 or top + i >= height:
            clear(row, strip_width * wide)
            continue
        source, target = image + (top + i) * width * channels * 4, row + left * wide * 4
        if channels == wide:
            copy(source, target, inside * channels)
        else:
            for p in range(inside):
                copy(source + p * channels * 4, target + p * wide * 4, channels)


@compiled
def transform_strip(strip, strip_width, wide, across, points, tile, point):
    """The 6x6 tiles of a strip, 4 pixels apart, to their 36 points; `tile` is the number of the first."""
    for j in range(across):
        for c in range(0, wide, WIDTH):
            to = points + ((tile + j) * wide + c) * 4
            of_input(strip + (j * 4 * wide + c) * 4, strip_width * wide, wide, to, 6 * point, point)


@compiled
def store_strip(points, tile, point, wide, bias, out, height, width, channels, top, across, edge):
    """36 points of a row of tiles to 4 rows of results; tiles that reach beyond the image go through `edge`."""
    for j in range(across):
        here = points + (tile + j) * wide * 4
        target = out + (top * width + j * 4) * channels * 4
        if channels == wide and top + 4 <= height and j * 4 + 4 <= width:
            for c in range(0, wide, WIDTH):
                at = here + c * 4
                of_output(at, 6 * point, point, target + c * 4, width * channels, channels, bias + c * 4)
            continue
        for c in range(0, wide, WIDTH):
            of_output(here + c * 4, 6 * point, point, edge + c * 4, 4 * wide, wide, bias + c * 4)
        for r in range(min(4, height - top)):
            for p in range(min(4, width - j * 4)):
                copy(edge + (r * 4 + p) * wide * 4, target + (r * width + p) * channels * 4, channels)


# ---------------------------------------------------------------- forward, and the gradient of the input


@entry
def convolve(run, x, filters, bias, out, padding, block, tasks):
    """(N, H, W, C) -> (N, Ho, Wo, O). `block`: how many strips are transformed at once."""
    n, height, width, channels = x.shape
    outputs = out.shape[3]
    down, across = (out.shape[1] + 3) // 4, (out.shape[2] + 3) // 4
    c_wide, o_wide = vectors_of(channels) * WIDTH, vectors_of(outputs) * WIDTH
    strip_width = 4 * across + 2
    x_point, y_point = (
        block * across * c_wide + 16,
        block * across * o_wide + 16,
    )  # 16: not all at the same place of a cache
    strips = np.zeros((tasks, 6 * strip_width * c_wide), np.float32)
    x_points, y_points = (
        np.empty((tasks, 36 * x_point), np.float32),
        np.empty((tasks, 36 * y_point), np.float32),
    )
    edges = np.empty((tasks, 16 * o_wide), np.float32)
    nothing = np.zeros(o_wide + WIDTH, np.float32)
    x_at, out_at, u, bias_at, zero = (
        x.ctypes.data,
        out.ctypes.data,
        filters.ctypes.data,
        bias.ctypes.data,
        nothing.ctypes.data,
    )
    for t in prange(tasks):
        before = flush_subnormals()
        strip, v, m, edge = (
            strips[t].ctypes.data,
            x_points[t].ctypes.data,
            y_points[t].ctypes.data,
            edges[t].ctypes.data,
        )
        last = (t + 1) * n * down // tasks
        for first in range(t * n * down // tasks, last, block):
            count = min(block, last - first)
            for s in range(count):
                image, a = (first + s) // down, (first + s) % down
                load_strip(x_at + image * height * width * channels * 4, height, width, channels, a * 4 - padding[0],
                           padding[1], strip, 6, strip_width, c_wide)  # fmt: skip
                transform_strip(strip, strip_width, c_wide, across, v, s * across, x_point)
            for p in range(36):
                for panel in range(panels_of(outputs)):
                    o = panel_begin(panel, outputs)
                    vectors = panel_begin(panel + 1, outputs) - o
                    b = u + (p * channels * o_wide + o * WIDTH * channels) * 4
                    call_rows(run, v + p * x_point * 4, c_wide, 0, 1, b, vectors * WIDTH, m + (p * y_point + o * WIDTH) * 4,
                              o_wide, zero, 0, 1, channels, WIDTH, vectors, count * across)  # fmt: skip
            for s in range(count):
                image, a = (first + s) // down, (first + s) % down
                store_strip(m, s * across, y_point, o_wide, bias_at, out_at + image * out.shape[1] * out.shape[2] * outputs * 4,
                            out.shape[1], out.shape[2], outputs, a * 4, across, edge)  # fmt: skip
        restore(before)


# ---------------------------------------------------------------- the gradient of the filters


@entry
def correlate(run, x, g, sums, padding, block, tasks):
    """36 matrices (C, O) a task: for each point, the sum over all tiles of x's numbers times g's."""
    n, height, width, channels = x.shape
    outputs = g.shape[3]
    down, across = (g.shape[1] + 3) // 4, (g.shape[2] + 3) // 4
    c_wide, o_wide = vectors_of(channels) * WIDTH, vectors_of(outputs) * WIDTH
    strip_width = 4 * across + 2
    x_point, g_point = block * across * c_wide + 16, block * across * o_wide + 16
    x_strips = np.zeros((tasks, 6 * strip_width * c_wide), np.float32)
    g_strips = np.zeros((tasks, 16 * across * o_wide), np.float32)
    x_points, g_points = (
        np.empty((tasks, 36 * x_point), np.float32),
        np.empty((tasks, 36 * g_point), np.float32),
    )
    nothing = np.zeros(o_wide + WIDTH, np.float32)
    x_at, g_at, zero = x.ctypes.data, g.ctypes.data, nothing.ctypes.data
    for part in range(
        tasks, len(sums)
    ):  # fewer tasks than there is room for, when other threads are computing
        clear(sums[part].ctypes.data, 36 * channels * o_wide)
    for t in prange(tasks):
        before = flush_subnormals()
        x_strip, g_strip = x_strips[t].ctypes.data, g_strips[t].ctypes.data
        v, m, d = x_points[t].ctypes.data, g_points[t].ctypes.data, sums[t].ctypes.data
        begin, last = t * n * down // tasks, (t + 1) * n * down // tasks
        if begin == last:
            clear(d, 36 * channels * o_wide)
        for first in range(begin, last, block):
            count = min(block, last - first)
            for s in range(count):
                image, a = (first + s) // down, (first + s) % down
                load_strip(x_at + image * height * width * channels * 4, height, width, channels, a * 4 - padding[0],
                           padding[1], x_strip, 6, strip_width, c_wide)  # fmt: skip
                transform_strip(x_strip, strip_width, c_wide, across, v, s * across, x_point)
                load_strip(g_at + image * g.shape[1] * g.shape[2] * outputs * 4, g.shape[1], g.shape[2], outputs, a * 4, 0,
                           g_strip, 4, 4 * across, o_wide)  # fmt: skip
                for j in range(across):
                    for o in range(0, o_wide, WIDTH):
                        of_gradient(g_strip + (j * 4 * o_wide + o) * 4, 4 * across * o_wide, o_wide,
                                    m + ((s * across + j) * o_wide + o) * 4, 6 * g_point, g_point)  # fmt: skip
            for p in range(36):
                for panel in range(panels_of(outputs)):
                    o = panel_begin(panel, outputs)
                    vectors = panel_begin(panel + 1, outputs) - o
                    c = d + (p * channels * o_wide + o * WIDTH) * 4
                    start, start_row = (zero, 0) if first == begin else (c, o_wide)
                    call_rows(run, v + p * x_point * 4, 1, 0, c_wide, m + (p * g_point + o * WIDTH) * 4, o_wide, c, o_wide,
                              start, start_row, 1, count * across, WIDTH, vectors, channels)  # fmt: skip
        restore(before)


@entry
def filters_of_sums(sums, out, tasks):
    """The tasks' sums, (36, C, O) each, to one gradient (O, C, 3, 3)."""
    parts, _, channels, wide = sums.shape
    outputs = out.shape[0]
    taps = np.empty((channels, 9, wide), np.float32)
    point, s, at = channels * wide, sums.ctypes.data, taps.ctypes.data
    for c in prange(channels):
        for p in range(36):
            for i in range(1, parts):
                first, other = sums[0, p, c], sums[i, p, c]
                for o in range(wide):
                    first[o] += other[o]
        for o in range(0, wide, WIDTH):
            of_filter_gradient(
                s + (c * wide + o) * 4, 6 * point, point, at + (c * 9 * wide + o) * 4, 3 * wide, wide
            )
    transpose(at, wide, out.ctypes.data, channels * 9, channels * 9, outputs)


# ---------------------------------------------------------------- from Python

SCRATCH = 1_200_000  # bytes of points at once: they are to stay in a core's second-level cache
TILES = 48, 160  # and at least so many tiles, since all filters are read for them; at most so many


def block_of(across: int, channels: int, outputs: int) -> int:
    """How many strips to transform at once."""
    tiles = SCRATCH // (36 * 4 * (channels + outputs))
    return max(1, min(max(tiles, TILES[0]), TILES[1]) // across)


def work_of(n: int, size, channels: int, outputs: int) -> int:
    return n * math.prod(size) * channels * outputs // 8


def padded(vector, length: int):
    """A bias with zeros up to whole vectors."""
    out = np.zeros(-(-length // WIDTH) * WIDTH, np.float32)
    if vector is not None:
        out[:length] = vector
    return out


def winograd(x, weight, bias, size, padding, turned: bool):
    """(N, H, W, C) -> (N, O, Ho, Wo) with size = (Ho, Wo); `turned` takes the filters as the gradient of the input does."""
    n, channels = len(x), x.shape[3]
    outputs = weight.shape[1] if turned else weight.shape[0]
    wide = -(-outputs // WIDTH) * WIDTH
    filters = np.empty(36 * channels * wide, np.float32)
    transform_filters(weight, turned, filters, work=filters.size // 4)
    out = new_images(n, outputs, *size)
    block = block_of(-(-size[1] // 4), channels, outputs)
    work = work_of(n, size, channels, outputs)
    convolve(
        rows.address, x, filters, padded(bias, outputs), out.transpose(0, 2, 3, 1), padding, block, work=work
    )
    return out


def winograd_filters(x, g, padding):
    """The gradient (O, C, 3, 3) of the filters, from (N, H, W, C) and (N, Ho, Wo, O)."""
    channels, outputs = x.shape[3], g.shape[3]
    work = work_of(len(x), g.shape[1:3], channels, outputs)
    sums = np.empty((threads.tasks(work), 36, channels, -(-outputs // WIDTH) * WIDTH), np.float32)
    correlate(rows.address, x, g, sums, padding, block_of(-(-g.shape[2] // 4), channels, outputs), work=work)
    out = np.empty((outputs, channels, 3, 3), np.float32)
    filters_of_sums(sums, out, work=sums.size)
    return out
