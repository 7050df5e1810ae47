"""Convolution on arrays: windows as the columns of a matrix, filters as the rows of another, and their product.

A convolution is linear in its input and in its weight, so each of its two gradients is linear in two things again, and the
gradients of those are the same three functions once more: nothing else is needed, to any order.
Comments write shapes for two spatial axes: N images, C channels, O filters of (kh, kw), G groups, K = C/G*kh*kw.
"""

from __future__ import annotations

import math

import numpy as np

from ... import ops
from ...backend import kernel, module_of
from ...op import op
from .half import widened
from .windows import add_windows, both_sides, inside, pad_with, places, windows

# ---------------------------------------------------------------- forward and backward


def conv_forward(x, weight, bias, stride, padding, dilation, groups):
    """Slide O filters (O, C/G, kh, kw) over (N, C, H, W): the sum of products at each place, (N, O, Ho, Wo)."""
    x = pad_with(x, both_sides(padding))
    seen = windows(x, weight.shape[2:], stride, dilation)  # (N, C, kh, kw, Ho, Wo)
    out = rows(weight, groups) @ columns(seen, groups)  # (G, O/G, K) @ (N, G, K, Ho*Wo)
    if bias is not None:
        out += bias.reshape(groups, -1, 1)
    return out.reshape(len(x), len(weight), *seen.shape[x.ndim :])


def conv_backward_input(g, weight, size, stride, padding, dilation, groups):
    """(N, O, Ho, Wo) -> (N, C, H, W) with (H, W) = size: each place hands its g to all that it saw."""
    filters = rows(weight, groups)
    count, kernel, channels = g.shape[2:], weight.shape[2:], groups * weight.shape[1]
    g = g.reshape(len(g), *filters.shape[:2], math.prod(count))
    seen = filters.swapaxes(1, 2) @ g  # (G, K, O/G) @ (N, G, O/G, Ho*Wo)
    padded = [s + 2 * p for s, p in zip(size, padding)]
    out = add_windows(seen.reshape(len(g), channels, *kernel, *count), padded, stride, dilation)
    return out[inside(size, both_sides(padding))]


def conv_backward_weight(g, x, kernel, stride, padding, dilation, groups):
    """(N, O, Ho, Wo) -> (O, C/G, kh, kw) with (kh, kw) = kernel: each g times all that its place saw, summed."""
    count, filters, channels = g.shape[2:], g.shape[1], x.shape[1] // groups
    x = pad_with(x, both_sides(padding))
    seen = windows(x, kernel, stride, dilation, count)  # (N, C, kh, kw, Ho, Wo)
    g = g.reshape(len(g), groups, filters // groups, math.prod(count))
    out = np.zeros_like(g, shape=(groups, filters // groups, channels * math.prod(kernel)))
    for gi, ci in zip(g, columns(seen, groups)):
        out += gi @ ci.swapaxes(1, 2)  # (G, O/G, Ho*Wo) @ (G, Ho*Wo, K)
    return out.reshape(filters, channels, *kernel)


def rows(weight, groups):
    """Each filter as a row: (O, C/G, kh, kw) -> (G, O/G, K)."""
    return weight.reshape(groups, len(weight) // groups, math.prod(weight.shape[1:]))


def columns(seen, groups):
    """Each window as a column: (n, C, kh, kw, Ho, Wo) -> (n, G, K, Ho*Wo). Known as im2col."""
    half = seen.ndim // 2
    channels, *kernel = seen.shape[1 : half + 1]
    return seen.reshape(
        len(seen), groups, channels // groups * math.prod(kernel), math.prod(seen.shape[half + 1 :])
    )


# ---------------------------------------------------------------- how many images at once


def batches(shape, itemsize: int):
    """Slices of the first axis, so that the columns of one of them, (N, C, kh, kw, Ho, Wo), fit into a cache."""
    each = max(1, COLUMN_BYTES // max(1, itemsize * math.prod(shape[1:])))
    return [slice(i, i + each) for i in range(0, max(1, shape[0]), each)]


COLUMN_BYTES = 1 << 22  # 1 to 4 MB were equally fast, 16 MB a fifth slower (a core with 2 MB of L2)

# Where an image gives few columns, reading all filters for each image is most of the work. Then the images of a batch are
# taken as one deep image: N becomes a spatial axis, along which filters are 1 long. Measured for 64 images of 512
# channels: 4x4 pixels 55 ms in place of 71, 1x1 pixel 3.5 ms in place of 8.9.


def are_small(x, count) -> bool:
    return len(x) > 1 and math.prod(count) < 64


def deep(x):
    """(N, C, H, W) -> (1, C, N, H, W)."""
    return x.swapaxes(0, 1)[None]


def shallow(x):
    """(1, C, N, H, W) -> (N, C, H, W)."""
    return module_of(x).ascontiguousarray(x[0].swapaxes(0, 1))


def with_depth(stride, padding, dilation):
    """Settings for a deep image: nothing moves along N."""
    return (1, *stride), (0, *padding), (1, *dilation)


@kernel
def convolution_kernel(x, weight, bias, stride, padding, dilation, groups):
    """`conv_forward`, of any number of spatial axes."""
    size, kernel = [s + 2 * p for s, p in zip(x.shape[2:], padding)], weight.shape[2:]
    count = places(size, kernel, stride, dilation)
    if are_small(x, count):
        settings = with_depth(stride, padding, dilation)
        return shallow(conv_forward(deep(x), weight[:, :, None], bias, *settings, groups))
    parts = batches((*x.shape[:2], *kernel, *count), x.itemsize)
    return np.concatenate(
        [conv_forward(x[part], weight, bias, stride, padding, dilation, groups) for part in parts]
    )


@kernel
def convolution_input_kernel(g, weight, size, stride, padding, dilation, groups):
    """`conv_backward_input`, of any number of spatial axes."""
    if are_small(g, g.shape[2:]):
        settings = with_depth(stride, padding, dilation)
        return shallow(conv_backward_input(deep(g), weight[:, :, None], (len(g), *size), *settings, groups))
    parts = batches((len(g), groups, *weight.shape[1:], *g.shape[2:]), g.itemsize)
    return np.concatenate(
        [conv_backward_input(g[part], weight, size, stride, padding, dilation, groups) for part in parts]
    )


@kernel
def convolution_weight_kernel(g, x, kernel, stride, padding, dilation, groups):
    """`conv_backward_weight`, of any number of spatial axes."""
    if are_small(g, g.shape[2:]):
        settings = with_depth(stride, padding, dilation)
        return conv_backward_weight(deep(g), deep(x), (1, *kernel), *settings, groups).squeeze(2)
    parts = batches((*x.shape[:2], *kernel, *g.shape[2:]), x.itemsize)
    return sum(
        conv_backward_weight(g[part], x[part], kernel, stride, padding, dilation, groups) for part in parts
    )


# ---------------------------------------------------------------- the ops: each one's gradients are the other two


@op
def convolution(x, weight, bias, *, stride, padding, dilation, groups):
    """x convolved with weight, plus bias (or None)."""
    out = convolution_kernel(widened(x), widened(weight), bias, stride, padding, dilation, groups)
    return out.astype(x.dtype, copy=False)


@op
def convolution_input(g, weight, *, size, stride, padding, dilation, groups):
    """The gradient of `convolution` for its input; taken for itself, a transposed convolution."""
    out = convolution_input_kernel(widened(g), widened(weight), size, stride, padding, dilation, groups)
    return out.astype(g.dtype, copy=False)


@op
def convolution_weight(g, x, *, kernel, stride, padding, dilation, groups):
    """The gradient of `convolution` for its weight."""
    out = convolution_weight_kernel(widened(g), widened(x), kernel, stride, padding, dilation, groups)
    return out.astype(g.dtype, copy=False)


@op
@kernel
def sum_per_channel(x):
    """(N, C, ...) -> (C,): what a bias gets from all the places it was added to."""
    return np.add.reduce(x, (0, *range(2, x.ndim)))


sum_per_channel.vjps(
    x=lambda g, x_shape: ops.expand_op(
        ops.reshape_op(g, shape=(-1, *[1] * (len(x_shape) - 2))), shape=x_shape
    )
)
convolution.vjps(
    x=lambda g, weight, x_shape, stride, padding, dilation, groups: convolution_input(
        g, weight, size=x_shape[2:], stride=stride, padding=padding, dilation=dilation, groups=groups
    ),
    weight=lambda g, x, weight_shape, stride, padding, dilation, groups: convolution_weight(
        g, x, kernel=weight_shape[2:], stride=stride, padding=padding, dilation=dilation, groups=groups
    ),
    bias=lambda g: sum_per_channel(g),
)
convolution_input.vjps(
    g=lambda gg, g_shape, weight, stride, padding, dilation, groups: cropped(
        convolution(gg, weight, None, stride=stride, padding=padding, dilation=dilation, groups=groups),
        g_shape,
    ),
    weight=lambda gg, g, weight_shape, stride, padding, dilation, groups: convolution_weight(
        g, gg, kernel=weight_shape[2:], stride=stride, padding=padding, dilation=dilation, groups=groups
    ),
)
convolution_weight.vjps(
    g=lambda gg, g_shape, x, stride, padding, dilation, groups: cropped(
        convolution(x, gg, None, stride=stride, padding=padding, dilation=dilation, groups=groups), g_shape
    ),
    x=lambda gg, g, x_shape, stride, padding, dilation, groups: convolution_input(
        g, gg, size=x_shape[2:], stride=stride, padding=padding, dilation=dilation, groups=groups
    ),
)


def cropped(x, shape):
    """x without the places that a transposed convolution's output_padding adds where dilation leaves room for them."""
    return x if x.shape == shape else ops.crop_op(x, shape=shape)
