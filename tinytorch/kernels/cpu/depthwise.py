"""Depthwise convolution: each channel has one filter of its own, so vectors run along the channels and nothing is summed over them.

Mamalet and Garcia, Simplifying ConvNets for fast learning (2012); made known by MobileNets (2017). It does little arithmetic
for what it reads: eight pixels of a row share each tap's weights.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from . import threads
from .compiling import compiled, entry
from .copying import clear
from .direct import Walk, band, band_rows, band_size, phases, walk_of, work_of
from .layout import new_images
from .simd import WIDTH, flush_subnormals, instructions, restore

PIXELS = 8  # of a row of results at once: so many sums hide how long one multiply-add takes


def stencil(many: int):
    """Instructions for WIDTH channels of `many` neighbouring results."""

    def write(e, x, x_pixel, x_row, x_tap, weight, channels, out, out_pixel, bias, down, across, lanes):
        mask = e.mask(lanes)
        first = e.load_part(mask, bias)
        sums = [e.variable(first) for _ in range(many)]
        with e.loop(down) as i, e.loop(across) as j:
            tap = e.plus(e.times(i, across), j)
            w = e.load_part(mask, weight, e.times(tap, channels))
            here = e.address(x, e.plus(e.times(i, x_row), e.times(j, x_tap)))
            for m, total in enumerate(sums):
                total.set(e.fma(e.load_part(mask, here, e.times(m, x_pixel)), w, total.get()))
        for m, total in enumerate(sums):
            e.store_part(mask, total.get(), out, e.times(m, out_pixel))

    return instructions(write)


eight, one = stencil(PIXELS), stencil(1)


@instructions
def products(e, x, x_pixel, g, g_pixel, sums, channels, x_tap, across, count, lanes):
    """For WIDTH channels and up to three taps of a filter row: sums over `count` pixels of x under the tap times g."""
    mask = e.mask(lanes)
    for many in (1, 2, 3):
        with e.when(across, many):
            totals = [e.variable(e.load_part(mask, sums, e.times(j, channels))) for j in range(many)]
            with e.loop(count) as p:
                slope, here = e.load_part(mask, g, e.times(p, g_pixel)), e.address(x, e.times(p, x_pixel))
                for j, total in enumerate(totals):
                    total.set(e.fma(e.load_part(mask, here, e.times(j, x_tap)), slope, total.get()))
            for j, total in enumerate(totals):
                e.store_part(mask, total.get(), sums, e.times(j, channels))


@entry
def slide(x, weight, bias, out, numbers, tasks):
    """(N, H, W, C) and weights (taps, C) -> the places of (N, Ho, Wo, C) that the walk names."""
    n, height, width, channels = x.shape
    whole = walk_of(numbers)
    step = band_rows(whole, channels)
    bands = (whole.count[0] + step - 1) // step
    copies = np.empty((tasks, band_size(whole, channels)), np.float32)
    x_at, out_at, w_at, bias_at = x.ctypes.data, out.ctypes.data, weight.ctypes.data, bias.ctypes.data
    for t in prange(tasks):
        before, walk = flush_subnormals(), walk_of(numbers)
        for unit in range(t * n * bands // tasks, (t + 1) * n * bands // tasks):
            i, first = unit // bands, unit % bands * step
            count = min(step, walk.count[0] - first)
            image = x_at + i * height * width * channels * 4
            at, pitch = band(image, height, width, channels, walk, first, count, copies[t].ctypes.data)
            row, column = walk.out_begin[0] + first * walk.out_step[0], walk.out_begin[1]
            to = out_at + ((i * out.shape[1] + row) * out.shape[2] + column) * channels * 4
            for r in range(count):
                slide_row(at + r * walk.stride[0] * pitch * channels * 4, pitch, channels, w_at, bias_at,
                          to + r * walk.out_step[0] * out.shape[2] * channels * 4, walk)  # fmt: skip
        restore(before)


@compiled
def slide_row(x, pitch, channels, weight, bias, out, walk):
    """One row of results."""
    kh, kw = walk.kernel
    x_pixel, x_row, x_tap = (
        walk.stride[1] * channels,
        walk.dilation[0] * pitch * channels,
        walk.dilation[1] * channels,
    )
    out_pixel = walk.out_step[1] * channels
    for c in range(0, channels, WIDTH):
        lanes, p = min(WIDTH, channels - c), 0
        while p < walk.count[1]:
            here, to = x + (p * x_pixel + c) * 4, out + (p * out_pixel + c) * 4
            if p + PIXELS <= walk.count[1]:
                eight(
                    here,
                    x_pixel,
                    x_row,
                    x_tap,
                    weight + c * 4,
                    channels,
                    to,
                    out_pixel,
                    bias + c * 4,
                    kh,
                    kw,
                    lanes,
                )
                p += PIXELS
            else:
                one(
                    here,
                    x_pixel,
                    x_row,
                    x_tap,
                    weight + c * 4,
                    channels,
                    to,
                    out_pixel,
                    bias + c * 4,
                    kh,
                    kw,
                    lanes,
                )
                p += 1


@entry
def gather(x, g, sums, numbers, tasks):
    """For each task (taps, C): what each tap saw, times the gradient there, summed over all places."""
    n, height, width, channels = x.shape
    whole = walk_of(numbers)
    step = band_rows(whole, channels)
    bands = (whole.count[0] + step - 1) // step
    copies = np.empty((tasks, band_size(whole, channels)), np.float32)
    x_at, g_at = x.ctypes.data, g.ctypes.data
    for part in range(len(sums)):
        clear(sums[part].ctypes.data, sums[part].size)
    for t in prange(tasks):
        before, walk = flush_subnormals(), walk_of(numbers)
        for unit in range(t * n * bands // tasks, (t + 1) * n * bands // tasks):
            i, first = unit // bands, unit % bands * step
            count = min(step, walk.count[0] - first)
            image = x_at + i * height * width * channels * 4
            at, pitch = band(image, height, width, channels, walk, first, count, copies[t].ctypes.data)
            for r in range(count):
                slope = g_at + (i * g.shape[1] + first + r) * g.shape[2] * channels * 4
                gather_row(
                    at + r * walk.stride[0] * pitch * channels * 4,
                    pitch,
                    channels,
                    slope,
                    sums[t].ctypes.data,
                    walk,
                )
        restore(before)


@compiled
def gather_row(x, pitch, channels, g, sums, walk):
    """What one row of results adds."""
    kh, kw = walk.kernel
    x_pixel, x_tap = walk.stride[1] * channels, walk.dilation[1] * channels
    for c in range(0, channels, WIDTH):
        lanes = min(WIDTH, channels - c)
        for i in range(kh):
            for j in range(0, kw, 3):
                here = x + (i * walk.dilation[0] * pitch * channels + j * x_tap + c) * 4
                to = sums + ((i * kw + j) * channels + c) * 4
                products(
                    here,
                    x_pixel,
                    g + c * 4,
                    channels,
                    to,
                    channels,
                    x_tap,
                    min(3, kw - j),
                    walk.count[1],
                    lanes,
                )


# ---------------------------------------------------------------- from Python


def run(x, taps, bias, walk: Walk, out) -> None:
    if bias is None:
        bias = np.zeros(x.shape[3], np.float32)
    work = work_of(len(x) * walk.count[0] * walk.count[1], 1, x.shape[3], len(taps) * 4)
    slide(x, taps, bias, out.transpose(0, 2, 3, 1), walk.numbers(), work=work)


def depthwise(x, weight, bias, stride, padding, dilation, size):
    """(N, H, W, C) -> (N, C, *size)."""
    out = new_images(len(x), len(weight), *size)
    taps = np.ascontiguousarray(weight.reshape(len(weight), -1).T)
    run(
        x,
        taps,
        bias,
        Walk(weight.shape[2:], stride, dilation, (-padding[0], -padding[1]), size, (0, 0), (1, 1)),
        out,
    )
    return out


def depthwise_input(g, weight, size, stride, padding, dilation):
    """(N, Ho, Wo, C) -> (N, C, *size)."""
    out = new_images(len(g), len(weight), *size)
    taps = weight[:, 0].transpose(1, 2, 0)  # (kh, kw, C)
    rows, columns = (list(phases(*axis)) for axis in zip(size, weight.shape[2:], stride, padding, dilation))
    for first, count, down, begin, spacing in rows:
        for first_x, count_x, across, begin_x, spacing_x in columns:
            if not down or not across:
                out[:, :, first :: stride[0], first_x :: stride[1]] = 0
                continue
            some = np.ascontiguousarray(taps[down][:, across]).reshape(-1, len(weight))
            walk = Walk(
                (len(down), len(across)), (1, 1), (spacing, spacing_x), (begin, begin_x), (count, count_x),
                (first, first_x), stride,
            )  # fmt: skip
            run(g, some, None, walk, out)
    return out


def depthwise_filters(x, g, kernel, stride, padding, dilation):
    """The gradient (C, 1, kh, kw) of the filters."""
    channels = x.shape[3]
    walk = Walk(kernel, stride, dilation, (-padding[0], -padding[1]), g.shape[1:3], (0, 0), (1, 1))
    work = work_of(g.size, 1, 1, kernel[0] * kernel[1] * 4)
    sums = np.empty((threads.tasks(work), kernel[0] * kernel[1], channels), np.float32)
    gather(x, g, sums, walk.numbers(), work=work)
    return np.ascontiguousarray(sums.sum(axis=0).T).reshape(channels, 1, *kernel)
