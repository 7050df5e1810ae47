"""Convolution over one and two spatial axes as implicit matrix products; over three, the reference runs on the GPU as it is."""

from __future__ import annotations

import math

from ...backend import cupy
from ...nn.functional.convolution import (
    convolution_input_kernel,
    convolution_kernel,
    convolution_weight_kernel,
)
from ...nn.functional.windows import places
from .launch import Source, contiguous, suits

convolution = Source("convolution")
THIN = 8  # with fewer filters a group, most of a tile of 64 rows would be idle
BLOCKS = 160  # enough for every multiprocessor of a large card to have some

# A tile of the result, as convolution.cu has it: rows for float32 and for float64, columns.
ROWS, COLUMNS = {4: 64, 8: 32}, 128


def flat(x, axes: int):
    """(N, C, L) as (N, C, 1, L); (N, C, H, W) as it is."""
    return x[:, :, None] if axes == 1 else x


def geometry(images, channels, size, filters, count, kernel, stride, padding, dilation) -> tuple[int, ...]:
    """What the kernels call N, C, H, W, O, Ho, Wo, kh, kw, sh, sw, ph, pw, dh, dw."""
    if len(size) == 1:
        size, count, kernel = (1, *size), (1, *count), (1, *kernel)
        stride, padding, dilation = (1, *stride), (0, *padding), (1, *dilation)
    return (images, channels, *size, filters, *count, *kernel, *stride, *padding, *dilation)


def tiles(columns: int, rows: int, itemsize: int) -> tuple[int, int]:
    return -(-columns // COLUMNS), -(-rows // ROWS[itemsize])


@convolution_kernel.register("cuda")
def forward(x, weight, bias, stride, padding, dilation, groups):
    axes = len(stride)
    size, kernel = x.shape[2:], weight.shape[2:]
    count = places([s + 2 * p for s, p in zip(size, padding)], kernel, stride, dilation)
    shape = (len(x), len(weight), *count)
    if axes > 2 or not suits(x, weight, bias) or not math.prod(shape):
        return NotImplemented
    x, weight, bias = contiguous(x, weight, bias)
    filters = len(weight) // groups
    settings = geometry(len(x), x.shape[1] // groups, size, filters, count, kernel, stride, padding, dilation)
    out = cupy().empty(shape, x.dtype)
    if groups > 1 and filters < THIN:
        convolution.each("thin_forward", x.dtype, out.size, x, weight, bias, out, out.size, groups, *settings)
    else:
        grid = (*tiles(len(x) * math.prod(count), filters, x.itemsize), groups)
        convolution.run("conv_forward", x.dtype, grid, 128, x, weight, bias, out, *settings)
    return out


@convolution_input_kernel.register("cuda")
def backward_input(g, weight, size, stride, padding, dilation, groups):
    if len(stride) > 2 or not suits(g, weight):
        return NotImplemented
    channels, filters, kernel = weight.shape[1], len(weight) // groups, weight.shape[2:]
    g, weight = contiguous(g, weight)
    settings = geometry(len(g), channels, size, filters, g.shape[2:], kernel, stride, padding, dilation)
    out = cupy().empty((len(g), channels * groups, *size), g.dtype)
    if not out.size:
        return out
    if groups > 1 and channels < THIN:
        convolution.each(
            "thin_backward_input", g.dtype, out.size, g, weight, out, out.size, groups, *settings
        )
    else:
        turned = weight.reshape(groups, filters, channels, -1).swapaxes(1, 2).copy()
        grid = (*tiles(len(g) * math.prod(size), channels, g.itemsize), groups)
        convolution.run("conv_backward_input", g.dtype, grid, 128, g, turned, out, *settings)
    return out


@convolution_weight_kernel.register("cuda")
def backward_weight(g, x, kernel, stride, padding, dilation, groups):
    if len(stride) > 2 or not suits(g, x):
        return NotImplemented
    channels, filters, count = x.shape[1] // groups, g.shape[1] // groups, g.shape[2:]
    g, x = contiguous(g, x)
    settings = geometry(len(g), channels, x.shape[2:], filters, count, kernel, stride, padding, dilation)
    shape = (filters * groups, channels, *kernel)
    xp = cupy()
    if groups > 1 and filters < THIN:
        out = xp.empty(shape, g.dtype)
        convolution.run("thin_backward_weight", g.dtype, out.size, 128, g, x, out, groups, *settings)
        return out
    terms = len(g) * math.prod(count)
    across, down = tiles(channels * math.prod(kernel), filters, g.itemsize)
    splits = max(1, min(BLOCKS // (across * down * groups), terms // 512))
    out = xp.empty((splits, *shape), g.dtype)
    grid = (across, down, groups * splits)
    convolution.run("conv_backward_weight", g.dtype, grid, 128, g, x, out, splits, *settings)
    return out[0] if splits == 1 else out.sum(0)
