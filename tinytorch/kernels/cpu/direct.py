"""Convolution as the sum that it is, by register tiles: any kernel, stride, padding, dilation and groups.

A row of output pixels is a matrix product: its row m reads the image `stride` pixels after row m - 1, and with channels last
the taps of one filter row are contiguous memory. So nothing is unfolded: `tiles.rows` reads the image itself, from a copy of a
band of rows with its zeros around it, or from the array where no padding is needed.

The gradient of the input is the same function. With stride s it falls into s x s interleaved images, each a convolution with
stride 1 of the gradient with every s-th tap: `phases` finds them.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import prange

from . import threads
from .compiling import compiled, entry
from .copying import clear, copy
from .gemm import pack, panel_begin, panels_of, vectors_of
from .layout import new_images
from .simd import WIDTH, flush_subnormals, restore
from .tiles import rows

call_rows = rows.call

BAND = (
    1 << 16
)  # floats of a band of rows: a quarter of a megabyte, which stays in a core's second-level cache


class Walk(NamedTuple):
    """How filters walk over an image: sizes and steps as pairs (down, across)."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    begin: tuple[int, int]  # where in the image the first filter's first tap is: minus the padding
    count: tuple[int, int]  # type: ignore[assignment]  # at how many places; hides tuple.count, which nobody asks for
    out_begin: tuple[int, int]  # where in the result the first place is
    out_step: tuple[int, int]  # and how far apart they are

    def numbers(self):
        """As an array: Numba hands arrays to the threads of a parallel loop, but no tuples."""
        return np.array([number for pair in self for number in pair], np.int64).reshape(7, 2)


@compiled
def walk_of(numbers):
    """The walk that an array of its numbers is."""
    n = numbers
    return Walk((n[0, 0], n[0, 1]), (n[1, 0], n[1, 1]), (n[2, 0], n[2, 1]), (n[3, 0], n[3, 1]), (n[4, 0], n[4, 1]),
                (n[5, 0], n[5, 1]), (n[6, 0], n[6, 1]))  # fmt: skip


# ---------------------------------------------------------------- bands


@compiled
def reach(count, stride, kernel, dilation):
    """Over how many pixels `count` places see."""
    return (count - 1) * stride + (kernel - 1) * dilation + 1


@compiled
def band_rows(walk, channels):
    """How many rows of places are taken at once."""
    across = reach(walk.count[1], walk.stride[1], walk.kernel[1], walk.dilation[1])
    many = BAND // (across * channels) - (walk.kernel[0] - 1) * walk.dilation[0]
    return max(1, min(walk.count[0], many // walk.stride[0]))


@compiled
def band(image, height, width, channels, walk, first, count, copied):
    """(address, pixels from row to row) of what `count` rows of places see: in the image if it is all there, else in a copy."""
    down = reach(count, walk.stride[0], walk.kernel[0], walk.dilation[0])
    across = reach(walk.count[1], walk.stride[1], walk.kernel[1], walk.dilation[1])
    top, left = walk.begin[0] + first * walk.stride[0], walk.begin[1]
    if top >= 0 and top + down <= height and left >= 0 and left + across <= width:
        return image + (top * width + left) * channels * 4, width
    before = max(0, min(-left, across))
    inside = max(0, min(across, width - left) - before)
    for i in range(down):
        row = copied + i * across * channels * 4
        if top + i < 0 or top + i >= height:
            clear(row, across * channels)
            continue
        clear(row, before * channels)
        copy(
            image + ((top + i) * width + left + before) * channels * 4,
            row + before * channels * 4,
            inside * channels,
        )
        clear(row + (before + inside) * channels * 4, (across - before - inside) * channels)
    return copied, across


@compiled
def band_size(walk, channels):
    down = reach(band_rows(walk, channels), walk.stride[0], walk.kernel[0], walk.dilation[0])
    return down * reach(walk.count[1], walk.stride[1], walk.kernel[1], walk.dilation[1]) * channels


# ---------------------------------------------------------------- forward, and the gradient of the input


@entry
def pack_filters(filters, transposed, out, tasks):
    """Each group's filters, as a matrix (taps and channels, outputs) or its transpose, into panels."""
    groups = filters.shape[0]
    depth, columns = (
        (filters.shape[2], filters.shape[1]) if transposed else (filters.shape[1], filters.shape[2])
    )
    size, b, to = depth * vectors_of(columns) * WIDTH, filters.ctypes.data, out.ctypes.data
    for group in prange(groups):
        for panel in range(panels_of(columns)):
            step = depth if transposed else columns
            pack(
                b + group * depth * columns * 4,
                step,
                transposed,
                panel,
                depth,
                columns,
                to + group * size * 4,
            )


@entry
def slide(run, x, filters, bias, out, numbers, groups, tasks):
    """(N, H, W, C) and packed filters -> the places of (N, Ho, Wo, O) that `walk` names."""
    n, height, width, channels = x.shape
    outputs = out.shape[3]
    o_group, c_group = outputs // groups, channels // groups
    whole = walk_of(numbers)
    step = band_rows(whole, channels)
    bands = (whole.count[0] + step - 1) // step
    copies = np.empty((tasks, band_size(whole, channels)), np.float32)
    x_at, out_at, w_at, bias_at = x.ctypes.data, out.ctypes.data, filters.ctypes.data, bias.ctypes.data
    for t in prange(tasks):
        before, walk = flush_subnormals(), walk_of(numbers)
        for unit in range(t * n * bands // tasks, (t + 1) * n * bands // tasks):
            i, first = unit // bands, unit % bands * step
            count = min(step, walk.count[0] - first)
            image = x_at + i * height * width * channels * 4
            at, pitch = band(image, height, width, channels, walk, first, count, copies[t].ctypes.data)
            row, column = walk.out_begin[0] + first * walk.out_step[0], walk.out_begin[1]
            to = out_at + ((i * out.shape[1] + row) * out.shape[2] + column) * outputs * 4
            for group in range(groups):
                size = walk.kernel[0] * walk.kernel[1] * c_group * vectors_of(o_group) * WIDTH
                slide_group(run, at + group * c_group * 4, pitch, channels, c_group, w_at + group * size * 4,
                            bias_at + group * o_group * 4, to + group * o_group * 4, out.shape[2], outputs, o_group, walk, count)  # fmt: skip
        restore(before)


@compiled
def slide_group(run, x, pitch, channels, c_group, filters, bias, out, width, outputs, o_group, walk, count):
    """One group's filters over a band. Where a filter row is contiguous it is taken at once, else tap by tap."""
    kh, kw = walk.kernel
    whole = c_group == channels and walk.dilation[1] == 1
    times = 1 if whole else kh
    outer, inner = (kh, kw * c_group) if whole else (kw, c_group)
    outer_step = (walk.dilation[0] * pitch if whole else walk.dilation[1]) * channels
    for panel in range(panels_of(o_group)):
        o = panel_begin(panel, o_group)
        vectors = panel_begin(panel + 1, o_group) - o
        lanes = min(WIDTH, o_group - (o + vectors - 1) * WIDTH)
        b = filters + o * WIDTH * kh * kw * c_group * 4
        for r in range(count):
            to = out + (r * walk.out_step[0] * width * outputs + o * WIDTH) * 4
            out_row = walk.out_step[1] * outputs
            for i in range(times):
                start, start_row = (to, out_row) if i else (bias + o * WIDTH * 4, 0)
                here = x + (r * walk.stride[0] + i * walk.dilation[0]) * pitch * channels * 4
                call_rows(run, here, walk.stride[1] * channels, outer_step, 1, b + i * outer * inner * vectors * WIDTH * 4,
                          vectors * WIDTH, to, out_row, start, start_row, outer, inner, lanes, vectors, walk.count[1])  # fmt: skip


# ---------------------------------------------------------------- the gradient of the filters


@entry
def gather(run, x, g, sums, numbers, groups, tasks):
    """For each task and group a matrix (taps and channels, outputs): what each tap saw, times the gradient there, summed."""
    n, height, width, channels = x.shape
    outputs = g.shape[3]
    o_group, c_group = outputs // groups, channels // groups
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
            b = g_at + (i * g.shape[1] + first) * g.shape[2] * outputs * 4
            for group in range(groups):
                gather_group(run, at + group * c_group * 4, pitch, channels, c_group, b + group * o_group * 4, outputs, o_group,
                             sums[t, group].ctypes.data, walk, count)  # fmt: skip
        restore(before)


@compiled
def gather_group(run, x, pitch, channels, c_group, g, outputs, o_group, sums, walk, count):
    kh, kw = walk.kernel
    whole = c_group == channels and walk.dilation[1] == 1
    times, together = (1, kw * c_group) if whole else (kw, c_group)  # how many taps' channels are contiguous
    for panel in range(panels_of(o_group)):
        o = panel_begin(panel, o_group)
        vectors = panel_begin(panel + 1, o_group) - o
        lanes = min(WIDTH, o_group - (o + vectors - 1) * WIDTH)
        for i in range(kh):
            for j in range(times):
                to = sums + ((i * kw + j) * c_group * o_group + o * WIDTH) * 4
                here = x + (i * walk.dilation[0] * pitch + j * walk.dilation[1]) * channels * 4
                call_rows(run, here, 1, walk.stride[0] * pitch * channels, walk.stride[1] * channels, g + o * WIDTH * 4, outputs,
                          to, o_group, to, o_group, count, walk.count[1], lanes, vectors, together)  # fmt: skip


# ---------------------------------------------------------------- from Python


def phases(size, kernel, stride, padding, dilation):
    """The interleaved parts of an input gradient along one axis: (first, count, taps, their offset and spacing in g)."""
    for first in range(min(stride, size)):
        taps = [t for t in range(kernel) if (first + padding - t * dilation) % stride == 0]
        offsets = [(first + padding - t * dilation) // stride for t in taps]
        spacing = offsets[0] - offsets[1] if len(offsets) > 1 else 1
        yield first, -(-(size - first) // stride), taps[::-1], offsets[-1] if offsets else 0, spacing


def work_of(pixels: int, channels: int, outputs: int, taps: int) -> int:
    """The work, in elementwise operations."""
    return pixels * channels * outputs * taps // 8


def run_slide(x, filters, transposed: bool, columns: int, bias, walk: Walk, out, groups: int) -> None:
    depth = filters.size // (groups * columns)
    packed = np.empty(groups * depth * -(-columns // WIDTH) * WIDTH, np.float32)
    pack_filters(filters, transposed, packed, work=packed.size)
    if bias is None:
        bias = np.zeros(groups * columns, np.float32)
    work = work_of(len(x) * math.prod(walk.count), depth, columns * groups, 1)
    slide(rows.address, x, packed, bias, out.transpose(0, 2, 3, 1), walk.numbers(), groups, work=work)


# With few outputs most lanes of a vector would be idle. Then places side by side are taken as one with the outputs of all of
# them: their filters are the same, each a stride to the right of the one before, in a wider one that is zero elsewhere.


@lru_cache
def side_by_side(walk: Walk, outputs: int) -> int:
    """How many places are best taken as one: where the most lanes and taps are of use."""
    if 2 * outputs > WIDTH or walk.out_step != (1, 1) or walk.out_begin != (0, 0) or walk.dilation[1] != 1:
        return 1

    def useful(side: int) -> float:
        lanes, across = side * outputs, walk.kernel[1]
        return lanes / (-(-lanes // WIDTH) * WIDTH) * across / (across + (side - 1) * walk.stride[1])

    return max((side for side in (1, 2, 4, 8, 16) if walk.count[1] % side == 0), key=useful)


def run_wide(x, filters, bias, walk: Walk, out, side: int) -> None:
    """`run_slide` with filters (kh, kw, C, O) for so many places at once."""
    kh, kw, channels, outputs = filters.shape
    stride = walk.stride[1]
    wide = np.zeros((kh, kw + (side - 1) * stride, channels, side, outputs), np.float32)
    for i in range(side):
        wide[:, i * stride : i * stride + kw, :, i] = filters
    n, rows, places, _ = out.transpose(0, 2, 3, 1).shape
    seen = out.transpose(0, 2, 3, 1).reshape(n, rows, places // side, side * outputs)
    walk = walk._replace(
        kernel=wide.shape[:2], stride=(walk.stride[0], side * stride), count=(rows, places // side)
    )
    bias = None if bias is None else np.concatenate([bias] * side)
    run_slide(
        x,
        wide.reshape(1, -1, side * outputs),
        False,
        side * outputs,
        bias,
        walk,
        seen.transpose(0, 3, 1, 2),
        1,
    )


def direct(x, weight, bias, stride, padding, dilation, groups: int, size):
    """(N, H, W, C) -> (N, O, *size)."""
    out = new_images(len(x), len(weight), *size)
    walk = Walk(weight.shape[2:], stride, dilation, (-padding[0], -padding[1]), tuple(size), (0, 0), (1, 1))
    o_group = len(weight) // groups
    side = side_by_side(walk, len(weight)) if groups == 1 else 1
    if side > 1:
        run_wide(x, weight.transpose(2, 3, 1, 0), bias, walk, out, side)
        return out
    filters = np.ascontiguousarray(weight.transpose(0, 2, 3, 1)).reshape(groups, o_group, -1)
    run_slide(x, filters, True, o_group, bias, walk, out, groups)
    return out


def direct_input(g, weight, size, stride, padding, dilation, groups: int):
    """(N, Ho, Wo, O) -> (N, C, *size)."""
    c_group, *kernel = weight.shape[1:]
    o_group = len(weight) // groups
    out = new_images(len(g), c_group * groups, *size)
    by_axis = [list(phases(*axis)) for axis in zip(size, kernel, stride, padding, dilation)]
    # (G, O/G, C/G, kh, kw) -> (G, kh, kw, O/G, C/G)
    taps = weight.reshape(groups, o_group, c_group, *kernel).transpose(0, 3, 4, 1, 2)
    for first, count, down, begin, spacing in by_axis[0]:
        for first_x, count_x, across, begin_x, spacing_x in by_axis[1]:
            if not down or not across:
                out[:, :, first :: stride[0], first_x :: stride[1]] = 0
                continue
            filters = taps[:, down][:, :, across]
            walk = Walk(
                (len(down), len(across)), (1, 1), (spacing, spacing_x), (begin, begin_x), (count, count_x),
                (first, first_x), stride,
            )  # fmt: skip
            side = side_by_side(walk, c_group) if groups == 1 else 1
            if side > 1:
                run_wide(g, filters[0], None, walk, out, side)
                continue
            filters = np.ascontiguousarray(filters).reshape(groups, -1, c_group)
            run_slide(g, filters, False, c_group, None, walk, out, groups)
    return out


def direct_filters(x, g, kernel, stride, padding, dilation, groups: int):
    """The gradient (O, C/G, kh, kw) of the filters, from (N, H, W, C) and (N, Ho, Wo, O)."""
    walk = Walk(kernel, stride, dilation, (-padding[0], -padding[1]), g.shape[1:3], (0, 0), (1, 1))
    side = side_by_side(walk, g.shape[3]) if groups == 1 else 1
    if side > 1:
        return run_wide_gather(x, g, walk, side)
    total = run_gather(x, g, walk, groups)
    # (G, kh, kw, C/G, O/G) -> (O, C/G, kh, kw)
    return np.ascontiguousarray(total.transpose(0, 4, 3, 1, 2)).reshape(g.shape[3], -1, *kernel)


def run_gather(x, g, walk: Walk, groups: int):
    """(G, kh, kw, C/G, O/G)."""
    c_group, o_group = x.shape[3] // groups, g.shape[3] // groups
    taps = math.prod(walk.kernel)
    work = work_of(len(g) * math.prod(walk.count), c_group, g.shape[3], taps)
    sums = np.empty((threads.tasks(work), groups, taps * c_group, o_group), np.float32)
    gather(rows.address, x, g, sums, walk.numbers(), groups, work=work)
    return sums.sum(axis=0).reshape(groups, *walk.kernel, c_group, o_group)


def run_wide_gather(x, g, walk: Walk, side: int):
    """(O, C, kh, kw), with so many places taken as one: each of them finds the taps of its filter a stride further on."""
    n, down, across, outputs = g.shape
    kh, kw = walk.kernel
    step = walk.stride[1]
    wide = walk._replace(
        kernel=(kh, kw + (side - 1) * step),
        stride=(walk.stride[0], side * step),
        count=(down, across // side),
    )
    total = run_gather(x, g.reshape(n, down, across // side, side * outputs), wide, 1)[0]
    total = total.reshape(*total.shape[:3], side, outputs)
    filters = sum(total[:, i * step : i * step + kw, :, i] for i in range(side))  # (kh, kw, C, O)
    return np.ascontiguousarray(filters.transpose(3, 2, 0, 1))
