"""Pooling over one and two spatial axes; over three, the reference runs on the GPU as it is."""

from __future__ import annotations

import math

import numpy as np

from ...backend import cupy
from ...nn.functional.pool import max_pool_backward, max_pool_forward, padded, spread_windows, sum_windows
from ...nn.functional.windows import places
from .launch import Source, contiguous, suits

pooling = Source("pooling")


def two(values, first: int) -> tuple[int, ...]:
    """Settings of both axes; a single axis is the second."""
    return tuple(values) if len(values) == 2 else (first, *values)


@max_pool_forward.register("cuda")
def max_forward(x, kernel, stride, padding, dilation, remember):
    if len(kernel) > 2 or not suits(x) or math.prod(kernel) > 256:
        return NotImplemented
    axes, size = len(kernel), x.shape[-len(kernel) :]
    count = places(padded(size, padding), kernel, stride, dilation)
    (x,) = contiguous(x)
    xp = cupy()
    out = xp.empty((*x.shape[:-axes], *count), x.dtype)
    winner = xp.empty(out.shape, np.uint8) if remember else None
    before = [p for p, _ in padding]
    pooling.each(
        "max_pool_forward", x.dtype, out.size, x, out, winner, out.size, *two(size, 1), *two(count, 1),
        *two(kernel, 1), *two(stride, 1), *two(before, 0), *two(dilation, 1),
    )  # fmt: skip
    return out, winner


@max_pool_backward.register("cuda")
def max_backward(g, winner, size, kernel, stride, padding, dilation):
    if len(kernel) > 2 or not suits(g) or winner.dtype != np.uint8:
        return NotImplemented
    axes = len(kernel)
    g, winner = contiguous(g, winner)
    out = cupy().empty((*g.shape[:-axes], *size), g.dtype)
    before = [p for p, _ in padding]
    pooling.each(
        "max_pool_backward", g.dtype, out.size, g, winner, out, out.size, *two(size, 1), *two(g.shape[-axes:], 1),
        *two(kernel, 1), *two(stride, 1), *two(before, 0), *two(dilation, 1),
    )  # fmt: skip
    return out


@sum_windows.forward.register("cuda")
def sums(x, *, kernel, stride, padding):
    if len(kernel) > 2 or not suits(x):
        return NotImplemented
    axes, size = len(kernel), x.shape[-len(kernel) :]
    count = places(padded(size, padding), kernel, stride, (1,) * axes)
    (x,) = contiguous(x)
    out = cupy().empty((*x.shape[:-axes], *count), x.dtype)
    before = [p for p, _ in padding]
    pooling.each(
        "window_sums", x.dtype, out.size, x, out, out.size, *two(size, 1), *two(count, 1), *two(kernel, 1),
        *two(stride, 1), *two(before, 0),
    )  # fmt: skip
    return out


@spread_windows.forward.register("cuda")
def spread(g, *, size, kernel, stride, padding):
    if len(kernel) > 2 or not suits(g):
        return NotImplemented
    axes = len(kernel)
    (g,) = contiguous(g)
    out = cupy().empty((*g.shape[:-axes], *size), g.dtype)
    before = [p for p, _ in padding]
    pooling.each(
        "window_spread", g.dtype, out.size, g, out, out.size, *two(size, 1), *two(g.shape[-axes:], 1), *two(kernel, 1),
        *two(stride, 1), *two(before, 0),
    )  # fmt: skip
    return out
