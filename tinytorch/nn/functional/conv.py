"""Convolutions: windows as the columns of a matrix, filters as the rows of another, and their product.

A convolution is linear in its input and in its weight, so each of its two gradients is linear in two things again, and the
gradients of those are the same three functions once more: nothing else is needed, to any order.
Comments write shapes for two spatial axes: N images, C channels, O filters of (kh, kw), G groups.
"""

from __future__ import annotations

import math

import numpy as np

from ... import ops
from ...backend import kernel
from ...op import op
from .conv_checks import check_filters, check_kinds, check_settings, check_transposed
from .half import widened
from .pad import pad
from .windows import add_windows, both_sides, inside, pad_with, per_axis, reach, windows

# ---------------------------------------------------------------- on arrays


@kernel
def conv_forward(x, weight, bias, stride, padding, dilation, groups):
    """Slide O filters (O, C/G, kh, kw) over (N, C, H, W): the sum of products at each place, (N, O, Ho, Wo)."""
    x = pad_with(x, both_sides(padding))
    seen = windows(x, weight.shape[2:], stride, dilation)  # (N, C, kh, kw, Ho, Wo)
    count = seen.shape[x.ndim :]
    if is_small(x, count):
        out = conv_forward(
            deep(x), weight[:, :, None], bias, (1, *stride), (0,) * (1 + len(stride)), (1, *dilation), groups
        )
        return shallow(out)
    filters = rows(weight, groups)
    out = np.empty_like(x, shape=(len(x), *filters.shape[:2], math.prod(count)), order="C")
    for part in batches(seen.shape, x.itemsize):
        np.matmul(filters, columns(seen[part], groups), out=out[part])  # (G, O/G, K) @ (n, G, K, Ho*Wo)
    if bias is not None:
        out += bias.reshape(groups, -1, 1)
    return out.reshape(len(x), len(weight), *count)


@kernel
def conv_backward_input(g, weight, size, stride, padding, dilation, groups):
    """(N, O, Ho, Wo) -> (N, C, H, W) with (H, W) = size: each place hands its g to all that it saw."""
    if is_small(g, g.shape[2:]):
        out = conv_backward_input(
            deep(g), weight[:, :, None], (len(g), *size), (1, *stride), (0, *padding), (1, *dilation), groups
        )
        return shallow(out)
    n, channels, kernel, count = len(g), groups * weight.shape[1], weight.shape[2:], g.shape[2:]
    filters = rows(weight, groups)
    padded = [s + 2 * p for s, p in zip(size, padding)]
    out = np.empty_like(g, shape=(n, channels, *size), order="C")
    g = g.reshape(n, *filters.shape[:2], math.prod(count))
    for part in batches((n, channels, *kernel, *count), g.itemsize):
        seen = np.matmul(filters.swapaxes(1, 2), g[part])  # (G, K, O/G) @ (n, G, O/G, Ho*Wo)
        seen = seen.reshape(-1, channels, *kernel, *count)
        out[part] = add_windows(seen, padded, stride, dilation)[inside(size, both_sides(padding))]
    return out


@kernel
def conv_backward_weight(g, x, kernel, stride, padding, dilation, groups):
    """(N, O, Ho, Wo) -> (O, C/G, kh, kw) with (kh, kw) = kernel: each g times all that its place saw, summed."""
    if is_small(g, g.shape[2:]):
        return conv_backward_weight(
            deep(g), deep(x), (1, *kernel), (1, *stride), (0, *padding), (1, *dilation), groups
        ).reshape(g.shape[1], -1, *kernel)
    n, filters, count = len(g), g.shape[1], g.shape[2:]
    seen = windows(
        pad_with(x, both_sides(padding)), kernel, stride, dilation, count
    )  # (N, C, kh, kw, Ho, Wo)
    g = g.reshape(n, groups, filters // groups, math.prod(count))
    out = np.zeros_like(
        g, shape=(groups, filters // groups, math.prod(seen.shape[1 : -len(count)]) // groups)
    )
    for part in batches(seen.shape, x.itemsize):
        for gi, columns_i in zip(g[part], columns(seen[part], groups)):
            out += np.matmul(gi, columns_i.swapaxes(1, 2))  # (G, O/G, Ho*Wo) @ (G, Ho*Wo, K)
    return out.reshape(filters, x.shape[1] // groups, *kernel)


def rows(weight, groups):
    """Each filter as a row of K = C/G*kh*kw weights: (O, C/G, kh, kw) -> (G, O/G, K)."""
    return weight.reshape(groups, len(weight) // groups, math.prod(weight.shape[1:]))


def columns(seen, groups):
    """Each window as a column of K elements: (n, C, kh, kw, Ho, Wo) -> (n, G, K, Ho*Wo). Known as im2col."""
    half = seen.ndim // 2
    return seen.reshape(
        len(seen), groups, math.prod(seen.shape[1 : half + 1]) // groups, math.prod(seen.shape[half + 1 :])
    )


def batches(shape, itemsize: int):
    """Slices of the first axis, so that the columns of one of them fit into a cache."""
    each = max(1, COLUMN_BYTES // max(1, itemsize * math.prod(shape[1:])))
    return [slice(i, i + each) for i in range(0, shape[0], each)]


COLUMN_BYTES = 1 << 22  # 1 to 4 MB were equally fast, 16 MB a fifth slower (a core with 2 MB of L2)


def is_small(x, count) -> bool:
    """Whether an image gives so few columns that reading all filters for them is most of the work.

    Then the images of a batch are taken as one deep image: N becomes a spatial axis along which the filters are 1 long.
    Measured for 512 channels on 4x4 images: 55 ms in place of 71, on 1x1 images 3.5 in place of 8.9.
    """
    return len(x) > 1 and math.prod(count) < 64


def deep(x):
    """(N, C, H, W) -> (1, C, N, H, W)."""
    return x.swapaxes(0, 1)[None]


def shallow(x):
    """(1, C, N, H, W) -> (N, C, H, W)."""
    return np.ascontiguousarray(x[0].swapaxes(0, 1))


# ---------------------------------------------------------------- the ops: each one's gradients are the other two


@op
def convolution(x, weight, bias, *, stride, padding, dilation, groups):
    """x convolved with weight, plus bias (or None)."""
    out = conv_forward(widened(x), widened(weight), bias, stride, padding, dilation, groups)
    return out.astype(x.dtype, copy=False)


@op
def convolution_input(g, weight, *, size, stride, padding, dilation, groups):
    """The gradient of `convolution` for its input; taken for itself, a transposed convolution."""
    out = conv_backward_input(widened(g), widened(weight), size, stride, padding, dilation, groups)
    return out.astype(g.dtype, copy=False)


@op
def convolution_weight(g, x, *, kernel, stride, padding, dilation, groups):
    """The gradient of `convolution` for its weight."""
    out = conv_backward_weight(widened(g), widened(x), kernel, stride, padding, dilation, groups)
    return out.astype(g.dtype, copy=False)


convolution.vjps(
    x=lambda g, weight, x_shape, stride, padding, dilation, groups: convolution_input(
        g, weight, size=x_shape[2:], stride=stride, padding=padding, dilation=dilation, groups=groups
    ),
    weight=lambda g, x, weight_shape, stride, padding, dilation, groups: convolution_weight(
        g, x, kernel=weight_shape[2:], stride=stride, padding=padding, dilation=dilation, groups=groups
    ),
    bias=lambda g: ops.sum(g, dim=(0, *range(2, g.ndim))),
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


# ---------------------------------------------------------------- the functions


def conv1d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """(N, C, L) with filters (O, C/groups, k) -> (N, O, Lo); see `conv2d`."""
    return convolve("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """(N, C, H, W) with filters (O, C/groups, kh, kw) -> (N, O, Ho, Wo), Ho = (H + 2*padding - dilation*(kh-1) - 1) // stride + 1.

    padding may be "valid" (none) or "same" (Ho = H). A single image (C, H, W) needs no batch.
    """
    return convolve("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """(N, C, D, H, W) with filters (O, C/groups, kd, kh, kw) -> (N, O, Do, Ho, Wo); see `conv2d`."""
    return convolve("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """(N, C, L) with filters (C, O/groups, k) -> (N, O, Lo); see `conv_transpose2d`."""
    return spread(
        "conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding, groups, dilation
    )


def conv_transpose2d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """The gradient of a convolution as a layer: (N, C, H, W) with filters (C, O/groups, kh, kw) -> (N, O, Ho, Wo).

    Ho = (H-1)*stride - 2*padding + dilation*(kh-1) + output_padding + 1. Zeiler et al., Deconvolutional networks (2010).
    """
    return spread(
        "conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups, dilation
    )


def conv_transpose3d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """(N, C, D, H, W) with filters (C, O/groups, kd, kh, kw) -> (N, O, Do, Ho, Wo); see `conv_transpose2d`."""
    return spread(
        "conv_transpose3d", 3, input, weight, bias, stride, padding, output_padding, groups, dilation
    )


def convolve(name: str, n: int, x, weight, bias, stride, padding, dilation, groups):
    """A convolution over n spatial axes."""
    check_kinds(name, n, x, weight, bias)
    stride, dilation = per_axis(stride, n, "stride"), per_axis(dilation, n, "dilation")
    if isinstance(padding, str):
        x, padding = named_padding(x, padding, weight.array.shape[2:], stride, dilation)
    padding = per_axis(padding, n, "padding")
    check_settings(name, stride, padding, dilation, groups)
    images = x if x.array.ndim == n + 2 else ops.unsqueeze_op(x, dim=0)
    check_filters(name, images.array.shape, weight.array.shape, bias, padding, dilation, groups)
    out = convolution(images, weight, bias, stride=stride, padding=padding, dilation=dilation, groups=groups)
    return out if images is x else ops.reshape_op(out, shape=out.array.shape[1:])


def named_padding(x, padding: str, kernel, stride, dilation):
    """ "valid" or "same" in numbers. Where "same" needs one more zero behind than in front, x gets it here."""
    if padding == "valid":
        return x, 0
    if padding != "same":
        raise RuntimeError(f"Invalid padding string: {padding!r}; it must be 'same' or 'valid'")
    if any(s != 1 for s in stride):
        raise RuntimeError("padding='same' is not supported for strided convolutions")
    total = [r - 1 for r in reach(kernel, dilation)]
    if any(t % 2 for t in total):
        x = pad(x, [side for t in reversed(total) for side in (0, t % 2)])
    return x, tuple(t // 2 for t in total)


def spread(name: str, n: int, x, weight, bias, stride, padding, output_padding, groups, dilation):
    """A transposed convolution over n spatial axes."""
    check_kinds(name, n, x, weight, bias)
    stride, dilation = per_axis(stride, n, "stride"), per_axis(dilation, n, "dilation")
    padding, extra = per_axis(padding, n, "padding"), per_axis(output_padding, n, "output_padding")
    check_settings(name, stride, padding, dilation, groups)
    images = x if x.array.ndim == n + 2 else ops.unsqueeze_op(x, dim=0)
    check_transposed(name, images.array.shape, weight.array.shape, bias, stride, dilation, extra, groups)
    size = [
        (length - 1) * s - 2 * p + r + e
        for length, s, p, r, e in zip(
            images.array.shape[2:], stride, padding, reach(weight.array.shape[2:], dilation), extra
        )
    ]
    if min(size) < 1:
        raise RuntimeError(
            f"{name}: the output would have size {size} for an input of size {list(x.shape)}: padding {padding} takes it all"
        )
    out = convolution_input(
        images, weight, size=tuple(size), stride=stride, padding=padding, dilation=dilation, groups=groups
    )
    if bias is not None:
        out = ops.add(out, ops.reshape_op(bias, shape=(-1, *[1] * n)))
    return out if images is x else ops.reshape_op(out, shape=out.array.shape[1:])
