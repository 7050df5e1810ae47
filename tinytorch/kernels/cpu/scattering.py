"""The gradient of a convolution's input, or a transposed convolution, as one product and sums of what belongs together.

What a place hands to its window is a row of a matrix product: its gradients (O) times all filters (O, kh * kw * C). With few
channels that fills the vectors where the sum over taps, channels being a vector's lanes, would leave most of them idle. Each pixel
then adds up what the places that saw it have for it. (To add row by row to the image takes twice as long: a vector that was just
written in two pieces cannot be read at once.) Where windows do not overlap the product is the image.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numba import prange

from .compiling import entry
from .direct import pack_filters, work_of
from .gemm import multiply_rows, panels_of, vectors_of
from .layout import new_images
from .simd import WIDTH, flush_subnormals, instructions, restore
from .tiles import rows

ADDING = 4  # multiply-adds that the addition of a vector to a pixel is worth
PRODUCTS = 1 << 17  # floats of products at once: half a megabyte, which stays in a core's second-level cache

# ---------------------------------------------------------------- windows that overlap


@instructions
def add_up(e, products, downs, rows, acrosses, columns, pixel, channels):
    """A pixel: the sum of the products at each of the offsets down plus each of those across."""

    def of(offset, mask):
        total = e.variable(e.zero())
        with e.loop(rows) as i:
            row = e.address(products, e.plus(e.load_number(downs, i), offset))
            with e.loop(columns) as j:
                total.set(e.add(total.get(), e.load_part(mask, row, e.load_number(acrosses, j))))
        e.store_part(mask, total.get(), pixel, offset)

    e.for_vectors(channels, of)


def seen_by(size, kernel, places, stride, padding, dilation, per_place: int, per_tap: int):
    """For each pixel along an axis how many places saw it, and where in the products each has what it hands to it."""
    offsets, counts = np.zeros((size, kernel), np.int64), np.zeros(size, np.int64)
    for tap in range(kernel):
        place, rest = np.divmod(np.arange(size) + padding - tap * dilation, stride)
        seen = (rest == 0) & (place >= 0) & (place < places)
        offsets[seen, counts[seen]] = place[seen] * per_place + tap * per_tap
        counts += seen
    return offsets, counts


@entry
def scatter(
    run, g, filters, nothing, out, downs, down_counts, acrosses, across_counts, bands, columns, tasks
):
    """(N, Ho, Wo, O) and packed filters (O, kh * kw * C) -> (N, H, W, C). `bands`: (first row, last, first row of places, last)."""
    n, down, across, outputs = g.shape
    height, width, channels = out.shape[1:]
    most = 0
    for b in range(len(bands)):
        most = max(most, bands[b, 3] - bands[b, 2])
    products = np.empty((tasks, most * across * columns), np.float32)
    g_at, out_at, w_at, start = g.ctypes.data, out.ctypes.data, filters.ctypes.data, nothing.ctypes.data
    down_at, across_at = downs.ctypes.data, acrosses.ctypes.data
    for t in prange(tasks):
        before, product = flush_subnormals(), products[t].ctypes.data
        for unit in range(t * n * len(bands) // tasks, (t + 1) * n * len(bands) // tasks):
            i, band = unit // len(bands), bands[unit % len(bands)]
            a = g_at + (i * down + band[2]) * across * outputs * 4
            multiply_rows(run, a, outputs, 1, w_at, product, columns, start, 0, 0, (band[3] - band[2]) * across, 0,
                          panels_of(columns), outputs, columns)  # fmt: skip
            origin = product - band[2] * across * columns * 4
            for y in range(band[0], band[1]):
                for x in range(width):
                    pixel = out_at + ((i * height + y) * width + x) * channels * 4
                    add_up(origin, down_at + y * downs.shape[1] * 8, down_counts[y], across_at + x * acrosses.shape[1] * 8,
                           across_counts[x], pixel, channels)  # fmt: skip
        restore(before)


@lru_cache
def plan(size, places, kernel, stride, padding, dilation, channels: int):
    """What `scatter` has to know of a geometry."""
    columns = kernel[0] * kernel[1] * channels
    steps = (places[1] * columns, kernel[1] * channels), (columns, channels)
    axes = zip(size, kernel, places, stride, padding, dilation, *zip(*steps))
    (downs, down_counts), (acrosses, across_counts) = (seen_by(*axis) for axis in axes)
    rows = max(1, PRODUCTS // max(1, places[1] * columns))  # of places
    step = max(1, rows * stride[0] - (kernel[0] - 1) * dilation[0])
    bands = []
    for first in range(0, size[0], step):
        last = min(first + step, size[0])
        begin = max(0, -(-(first + padding[0] - (kernel[0] - 1) * dilation[0]) // stride[0]))
        end = min(places[0], (last - 1 + padding[0]) // stride[0] + 1)
        bands.append((first, last, begin, max(begin, end)))
    return downs, down_counts, acrosses, across_counts, np.array(bands, np.int64).reshape(-1, 4), columns


# ---------------------------------------------------------------- windows side by side


@entry
def lay(run, g, filters, nothing, out, kernel, tasks):
    """(N, Ho, Wo, O) and packed filters (kh, O, kw * C) -> (N, Ho * kh, Wo * kw, C)."""
    n, down, across, outputs = g.shape
    channels = out.shape[3]
    columns = kernel[1] * channels
    size = outputs * vectors_of(columns) * WIDTH
    g_at, out_at, w_at, start = g.ctypes.data, out.ctypes.data, filters.ctypes.data, nothing.ctypes.data
    for t in prange(tasks):
        before = flush_subnormals()
        # Where a filter is one row high nothing comes between one row of the image and the next.
        whole = n * down * across if kernel[0] == 1 else n * down
        each = 1 if kernel[0] == 1 else across  # places in a unit of work
        first, last = t * whole // tasks, (t + 1) * whole // tasks
        step = last - first if kernel[0] == 1 else 1
        for unit in range(first, last, max(1, step)):
            for j in range(kernel[0]):
                to = out_at + (unit * kernel[0] + j) * each * columns * 4
                multiply_rows(run, g_at + unit * each * outputs * 4, outputs, 1, w_at + j * size * 4, to, columns, start, 0,
                              0, step * each, 0, panels_of(columns), outputs, columns)  # fmt: skip
        restore(before)


# ---------------------------------------------------------------- from Python


def are_beside(size, places, kernel, stride, padding) -> bool:
    """Whether windows cover the image without gaps and overlaps."""
    whole = tuple(n * k for n, k in zip(places, kernel))
    return tuple(kernel) == tuple(stride) and not any(padding) and whole == tuple(size)


def pays(size, places, channels: int, outputs: int, kernel, stride) -> bool:
    """Whether a scatter takes fewer instructions than the sum over taps."""
    taps = math.prod(kernel)
    summing = math.prod(size) * taps / math.prod(stride) * outputs * vectors(channels)
    return math.prod(places) * (outputs + ADDING) * vectors(taps * channels) < summing


def vectors(columns: int) -> int:
    return -(-columns // WIDTH)


def packed(filters):
    """Matrices (P, O, columns), each in panels."""
    out = np.empty(filters.shape[0] * filters.shape[1] * vectors(filters.shape[2]) * WIDTH, np.float32)
    pack_filters(np.ascontiguousarray(filters), False, out, work=out.size)
    return out


def scattered_input(g, weight, size, stride, padding, dilation):
    """(N, Ho, Wo, O) -> (N, C, *size); NotImplemented where the sum over taps is as good."""
    outputs, channels, *kernel = weight.shape
    n, *places, _ = g.shape
    beside = are_beside(size, places, kernel, stride, padding)
    if not n or not (beside or pays(size, places, channels, outputs, kernel, stride)):
        return NotImplemented
    out = new_images(n, channels, *size)
    seen = out.transpose(0, 2, 3, 1)
    nothing = np.zeros(channels * math.prod(kernel), np.float32)
    work = work_of(n * math.prod(places), channels, outputs, math.prod(kernel))
    if beside:
        filters = weight.transpose(2, 0, 3, 1).reshape(kernel[0], outputs, -1)  # (kh, O, kw * C)
        lay(rows.address, g, packed(filters), nothing, seen, tuple(kernel), work=work)
    else:
        filters = weight.transpose(0, 2, 3, 1).reshape(1, outputs, -1)
        known = plan(tuple(size), tuple(places), tuple(kernel), stride, padding, dilation, channels)
        scatter(rows.address, g, packed(filters), nothing, seen, *known, work=work)
    return out
