"""Pooling in two dims: lines of outputs at a time. A line is a row of an image, or the channels of one place.

Channels apart in memory (Q, H, W): for each tap of the windows, a line of outputs meets the elements a stride apart that
this tap sees. Side by side (N, H, W, C): for each place and tap, two lines of channels meet. Windows of 2 x 2, the usual
ones, have loops of their own, which read everything once.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from ...nn.functional.pool import max_pool_backward, max_pool_forward, spread_windows, sum_windows
from . import memory
from .compiling import compiled, entry
from .layout import PATTERN
from .memory import channels_at_end, plain, same_layout
from .simd import instructions

f4, u1 = np.float32, np.uint8
LOWEST = f4(-np.inf)

# ---------------------------------------------------------------- lines


@compiled
def meet(value, number, best, winner):
    """The larger of a window's best so far and the value of tap `number`, and which tap that was. NaN is larger than all."""
    wins = value > best or value != value
    return (value, number) if wins else (best, winner)


# `step` elements lie between those that a tap sees in neighbouring windows. A loop for the usual ones each, in which it is a
# constant, is vector code.


@compiled
def max_line(x, step, number, out, winner):
    if step == 1:
        for i in range(out.size):
            out[i], winner[i] = meet(x[i], number, out[i], winner[i])
    elif step == 2:
        for i in range(out.size):
            out[i], winner[i] = meet(x[2 * i], number, out[i], winner[i])
    else:
        for i in range(out.size):
            out[i], winner[i] = meet(x[step * i], number, out[i], winner[i])


@compiled
def add_line(x, step, out):
    if step == 1:
        for i in range(out.size):
            out[i] += x[i]
    elif step == 2:
        for i in range(out.size):
            out[i] += x[2 * i]
    else:
        for i in range(out.size):
            out[i] += x[step * i]


@compiled
def spread_line(g, out, step):
    if step == 1:
        for i in range(g.size):
            out[i] += g[i]
    else:
        for i in range(g.size):
            out[step * i] += g[i]


@compiled
def add_won_line(g, winner, number, out):
    zero = f4(0)
    for i in range(g.size):
        out[i] += g[i] if winner[i] == number else zero


@compiled
def max_of_pairs(top, bottom, out, winner):
    """Windows of 2 x 2 side by side in two rows."""
    for i in range(out.size):
        best, number = meet(top[2 * i + 1], u1(1), top[2 * i], u1(0))
        best, number = meet(bottom[2 * i], u1(2), best, number)
        out[i], winner[i] = meet(bottom[2 * i + 1], u1(3), best, number)


@compiled
def won_pairs(g, winner, number, out):
    """g where tap `number` won and, beside it, where the next one did; 0 elsewhere."""
    zero = f4(0)
    for i in range(g.size):
        out[2 * i] = g[i] if winner[i] == number else zero
        out[2 * i + 1] = g[i] if winner[i] == number + 1 else zero


# Windows of 2 x 2 whose channels lie side by side: two rows of an image meet, and a place's channels are a vector or several. Each
# place's four lines are so short that a compiled loop for them would take four times as long to begin as to run.


def corners(e, above, below, place, channels):
    """The addresses of a window's four lines, in the order of their taps."""
    left = e.times(e.times(place, 2), channels)
    return [e.address(row, e.plus(left, right)) for row in (above, below) for right in (0, channels)]


@instructions
def max_of_four(e, above, below, out, winner, places, channels):
    """A row of places: the largest of each four, and which one that is."""
    with e.loop(places) as place:
        lines, first = corners(e, above, below, place, channels), e.times(place, channels)

        def meet(offset, mask):
            best, number = e.load_part(mask, lines[0], offset), e.byte(0)
            for tap in (1, 2, 3):
                value = e.load_part(mask, lines[tap], offset)
                wins = e.wins(value, best)
                best, number = e.choose(wins, value, best), e.choose(wins, e.byte(tap), number)
            e.store_part(mask, best, out, e.plus(first, offset))
            e.store_bytes(mask, number, winner, e.plus(first, offset))

        e.for_vectors(channels, meet)


@instructions
def won_by_four(e, g, winner, above, below, places, channels):
    """A row of places: g where each window's winner is, 0 in the other three."""
    with e.loop(places) as place:
        lines, first = corners(e, above, below, place, channels), e.times(place, channels)

        def hand_out(offset, mask):
            value = e.load_part(mask, g, e.plus(first, offset))
            number = e.load_bytes(mask, winner, e.plus(first, offset))
            for tap, line in enumerate(lines):
                e.store_part(mask, e.choose(e.same(number, e.byte(tap)), value, e.zero()), line, offset)

        e.for_vectors(channels, hand_out)


# ---------------------------------------------------------------- windows

# A tap at `offset` from its window's corner sees element place * stride + offset; offsets count the padding off.


@compiled
def inside(offset, stride, size, count):
    """From which place on, and up to which, a tap sees an element rather than padding."""
    first = (-offset + stride - 1) // stride if offset < 0 else 0
    last = (size - 1 - offset) // stride + 1 if offset < size else 0
    return first, max(first, min(count, last))


@compiled
def are_two_by_two(window, padding):
    (kh, kw), (sh, sw), (dh, dw) = window
    return kh == kw == sh == sw == 2 and dh == dw == 1 and padding[0] == padding[1] == 0


# ---------------------------------------------------------------- channels apart: (Q, H, W)


@entry
def max_planes(x, window, padding, out, winner, tasks):
    (kh, kw), (sh, sw), (dh, dw) = window
    Q, H, W = x.shape
    rows, places = out.shape[1:]
    pairs = are_two_by_two(window, padding) and 2 * rows <= H and 2 * places <= W
    for t in prange(tasks):
        for q in range(t * Q // tasks, (t + 1) * Q // tasks):
            for h in range(rows):
                line, won = out[q, h], winner[q, h]
                if pairs:
                    max_of_pairs(x[q, 2 * h], x[q, 2 * h + 1], line, won)
                    continue
                line[:], won[:] = LOWEST, u1(0)
                for i in range(kh):
                    y = h * sh + i * dh - padding[0]
                    if 0 <= y < H:
                        for j in range(kw):
                            offset = j * dw - padding[1]
                            a, b = inside(offset, sw, W, places)
                            if a < b:
                                seen = x[q, y, a * sw + offset :]
                                max_line(seen, sw, u1(i * kw + j), line[a:b], won[a:b])


@entry
def max_planes_backward(g, winner, window, padding, out, tasks):
    (_, kw), (sh, sw), (dh, dw) = window
    Q, H, W = out.shape
    rows, places = g.shape[1:]
    pairs = are_two_by_two(window, padding) and 2 * rows == H and 2 * places == W
    for t in prange(tasks):
        for q in range(t * Q // tasks, (t + 1) * Q // tasks):
            if not pairs:
                out[q] = 0
            for h in range(rows):
                if pairs:
                    for i in range(2):
                        won_pairs(g[q, h], winner[q, h], u1(2 * i), out[q, 2 * h + i])
                    continue
                for w in range(
                    places
                ):  # one place each: no use in asking all taps, which would be vectors of zeros
                    i, j = winner[q, h, w] // kw, winner[q, h, w] % kw
                    y, z = h * sh + i * dh - padding[0], w * sw + j * dw - padding[1]
                    if 0 <= y < H and 0 <= z < W:  # padding wins where all else is -inf
                        out[q, y, z] += g[q, h, w]


@entry
def sum_planes(x, window, padding, out, spread, tasks):
    """The sum of each window of x; with `spread`, each element of out added to all elements of its window in x."""
    (kh, kw), (sh, sw), _ = window
    Q, H, W = x.shape
    rows, places = out.shape[1:]
    for t in prange(tasks):
        for q in range(t * Q // tasks, (t + 1) * Q // tasks):
            if spread:
                x[q] = 0
            else:
                out[q] = 0
            for h in range(rows):
                for i in range(kh):
                    y = h * sh + i - padding[0]
                    if 0 <= y < H:
                        for j in range(kw):
                            a, b = inside(j - padding[1], sw, W, places)
                            if a < b:
                                offset = j - padding[1]
                                seen = x[q, y, a * sw + offset :]
                                if spread:
                                    spread_line(out[q, h, a:b], seen, sw)
                                else:
                                    add_line(seen, sw, out[q, h, a:b])


# ---------------------------------------------------------------- channels side by side: (N, H, W, C)


@entry
def max_channels(x, window, padding, out, winner, tasks):
    (kh, kw), (sh, sw), (dh, dw) = window
    N, H, W, C = x.shape
    rows, places = out.shape[1:3]
    four = are_two_by_two(window, padding) and 2 * rows <= H and 2 * places <= W
    x_at, out_at, winner_at = x.ctypes.data, out.ctypes.data, winner.ctypes.data
    for t in prange(tasks):
        for n in range(t * N // tasks, (t + 1) * N // tasks):
            for h in range(rows):
                if four:
                    above, first = x_at + (n * H + 2 * h) * W * C * 4, (n * rows + h) * places * C
                    max_of_four(above, above + W * C * 4, out_at + first * 4, winner_at + first, places, C)
                    continue
                for w in range(places):
                    line, won = out[n, h, w], winner[n, h, w]
                    line[:], won[:] = LOWEST, u1(0)
                    for i in range(kh):
                        y = h * sh + i * dh - padding[0]
                        for j in range(kw):
                            z = w * sw + j * dw - padding[1]
                            if 0 <= y < H and 0 <= z < W:
                                max_line(x[n, y, z], 1, u1(i * kw + j), line, won)


@entry
def max_channels_backward(g, winner, window, padding, out, tasks):
    (kh, kw), (sh, sw), (dh, dw) = window
    N, H, W, C = out.shape
    rows, places = g.shape[1:3]
    four = are_two_by_two(window, padding) and 2 * rows == H and 2 * places == W
    g_at, winner_at, out_at = g.ctypes.data, winner.ctypes.data, out.ctypes.data
    for t in prange(tasks):
        for n in range(t * N // tasks, (t + 1) * N // tasks):
            if not four:
                out[n] = 0
            for h in range(rows):
                if four:
                    above, first = out_at + (n * H + 2 * h) * W * C * 4, (n * rows + h) * places * C
                    won_by_four(g_at + first * 4, winner_at + first, above, above + W * C * 4, places, C)
                    continue
                for w in range(places):
                    line, won = g[n, h, w], winner[n, h, w]
                    for i in range(kh):
                        y = h * sh + i * dh - padding[0]
                        for j in range(kw):
                            z = w * sw + j * dw - padding[1]
                            if 0 <= y < H and 0 <= z < W:
                                add_won_line(line, won, u1(i * kw + j), out[n, y, z])


@entry
def sum_channels(x, window, padding, out, spread, tasks):
    """As `sum_planes`."""
    (kh, kw), (sh, sw), _ = window
    N, H, W, _ = x.shape
    rows, places = out.shape[1:3]
    for t in prange(tasks):
        for n in range(t * N // tasks, (t + 1) * N // tasks):
            if spread:
                x[n] = 0
            else:
                out[n] = 0
            for h in range(rows):
                for w in range(places):
                    for i in range(kh):
                        y = h * sh + i - padding[0]
                        for j in range(kw):
                            z = w * sw + j - padding[1]
                            if 0 <= y < H and 0 <= z < W:
                                if spread:
                                    add_line(out[n, h, w], 1, x[n, y, z])
                                else:
                                    add_line(x[n, y, z], 1, out[n, h, w])


# ---------------------------------------------------------------- bodies


def suits(x, kernel) -> bool:
    return x.dtype == np.float32 and len(kernel) == 2 and x.ndim in (3, 4) and x.size > 0


def is_channels_last(x) -> bool:
    return x.ndim == 4 and memory.is_channels_last(x)


def tuples(kernel, stride, dilation, padding):
    """The settings as tuples of ints, and the padding in front; what is behind follows from the sizes."""
    return (tuple(kernel), tuple(stride), tuple(dilation)), (padding[0][0], padding[1][0])


def in_either_layout(x):
    """x, or a copy of it, that lies in memory in order or with its channels last; and whether it is the latter."""
    channels_last = is_channels_last(x)
    return (x, True) if channels_last else (plain(x), False)


def fresh(x, size, channels_last: bool, dtype=f4):
    """An array like x with other last sizes."""
    shape = (*x.shape[:-2], *size)
    return np.empty_like(PATTERN, dtype, shape=shape) if channels_last else np.empty(shape, dtype)


def view(x, channels_last: bool):
    """As (N, H, W, C), or as (Q, H, W)."""
    return channels_at_end(x) if channels_last else x.reshape(math.prod(x.shape[:-2]), *x.shape[-2:])


def counts(x, window, padding):
    """How many windows there are along both dims."""
    sizes = zip(x.shape[-2:], *window, padding)
    return tuple([(s + sum(p) - d * (k - 1) - 1) // step + 1 for s, k, step, d, p in sizes])


@max_pool_forward.register("numba")
def max_pool_by_lines(x, kernel, stride, padding, dilation, remember):
    if not suits(x, kernel) or math.prod(kernel) > 256:
        return NotImplemented
    x, last = in_either_layout(x)
    window, front = tuples(kernel, stride, dilation, padding)
    size = counts(x, window, padding)
    out, winner = fresh(x, size, last), fresh(x, size, last, u1)
    run = max_channels if last else max_planes
    run(view(x, last), window, front, view(out, last), view(winner, last), work=2 * x.size)
    return out, winner if remember else None


@max_pool_backward.register("numba")
def max_pool_backward_by_lines(g, winner, size, kernel, stride, padding, dilation):
    if not suits(g, kernel) or winner.dtype != u1:
        return NotImplemented
    winner, last = in_either_layout(winner)
    if g.strides != tuple([4 * s for s in winner.strides]) or not g.flags.writeable:
        g = same_layout(g, np.empty_like(winner, dtype=f4))
    out = fresh(g, size, last)
    window, front = tuples(kernel, stride, dilation, padding)
    run = max_channels_backward if last else max_planes_backward
    run(view(g, last), view(winner, last), window, front, view(out, last), work=2 * out.size)
    return out


@sum_windows.forward.register("numba")
def sum_windows_by_lines(x, *, kernel, stride, padding):
    if not suits(x, kernel) or tuple(kernel) == x.shape[-2:]:  # one window: NumPy's sum is a better one
        return NotImplemented
    x, last = in_either_layout(x)
    window, front = tuples(kernel, stride, (1, 1), padding)
    out = fresh(x, counts(x, window, padding), last)
    run = sum_channels if last else sum_planes
    run(view(x, last), window, front, view(out, last), False, work=2 * x.size)
    return out


@spread_windows.forward.register("numba")
def spread_windows_by_lines(g, *, size, kernel, stride, padding):
    if not suits(g, kernel):
        return NotImplemented
    g, last = in_either_layout(g)
    window, front = tuples(kernel, stride, (1, 1), padding)
    out = fresh(g, size, last)
    run = sum_channels if last else sum_planes
    run(view(out, last), window, front, view(g, last), True, work=2 * out.size)
    return out
