"""Images rearranged: windows as columns and back, pixels to channels and back."""

from __future__ import annotations

import math

from ... import ops
from ...op import op
from .windows import add_windows, both_sides, inside, pad_with, per_axis, places, windows

# ---------------------------------------------------------------- windows as columns


@op
def unfold_op(x, *, kernel, dilation, padding, stride):
    """(N, C, H, W) -> (N, C*kh*kw, Ho*Wo): each window as a column."""
    seen = windows(pad_with(x, both_sides(padding)), kernel, stride, dilation)
    return seen.reshape(len(x), math.prod(seen.shape[1:4]), math.prod(seen.shape[4:]))


@op
def fold_op(g, *, size, kernel, dilation, padding, stride):
    """The transpose of `unfold_op`: what each window holds, added up where it came from, (N, C, H, W)."""
    padded = [s + 2 * p for s, p in zip(size, padding)]
    count = places(padded, kernel, stride, dilation)
    seen = g.reshape(len(g), g.shape[1] // math.prod(kernel), *kernel, *count)
    return add_windows(seen, padded, stride, dilation)[inside(size, both_sides(padding))]


unfold_op.vjps(
    x=lambda g, x_shape, kernel, dilation, padding, stride: fold_op(
        g, size=x_shape[2:], kernel=kernel, dilation=dilation, padding=padding, stride=stride
    )
)
fold_op.vjps(
    g=lambda g, kernel, dilation, padding, stride: unfold_op(
        g, kernel=kernel, dilation=dilation, padding=padding, stride=stride
    )
)


def unfold(input, kernel_size, dilation=1, padding=0, stride=1):
    """Each window of an image as a column: (N, C, H, W) -> (N, C*kh*kw, number of windows)."""
    x = input if input.array.ndim == 4 else ops.unsqueeze_op(input, dim=0)
    if input.array.ndim not in (3, 4) or 0 in x.array.shape[1:]:
        raise RuntimeError(
            f"unfold: Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, but got: {list(input.shape)}"
        )
    settings = window_settings("unfold", kernel_size, dilation, padding, stride)
    count = window_count(x.array.shape[2:], **settings)
    if min(count) < 1:
        raise RuntimeError(
            f"unfold: given input with spatial size {list(x.array.shape[2:])} and {settings}, the array of sliding blocks would have shape {count}, which is too small"
        )
    out = unfold_op(x, **settings)
    return out if x is input else ops.reshape_op(out, shape=out.array.shape[1:])


def fold(input, output_size, kernel_size, dilation=1, padding=0, stride=1):
    """Columns added up to an image, the transpose of `unfold`: (N, C*kh*kw, number of windows) -> (N, C, *output_size)."""
    x = input if input.array.ndim == 3 else ops.unsqueeze_op(input, dim=0)
    size = per_axis(output_size, 2, "output_size")
    settings = window_settings("fold", kernel_size, dilation, padding, stride)
    if input.array.ndim not in (2, 3) or x.array.shape[1] % math.prod(settings["kernel"]):
        raise RuntimeError(
            f"fold: expected a 2D or 3D input whose dimension 1 is divisible by the product of kernel_size={settings['kernel']}, but got input"
            f" of size {list(input.shape)}"
        )
    count = window_count(size, **settings)
    if math.prod(count) != x.array.shape[2] or min(count) < 1:
        raise RuntimeError(
            f"fold: given output_size={size} and {settings}, expected the last dimension of input to be {' * '.join(map(str, count))},"
            f" the number of sliding blocks, but got input of size {list(input.shape)}"
        )
    out = fold_op(x, size=size, **settings)
    return out if x is input else ops.reshape_op(out, shape=out.array.shape[1:])


def window_settings(name: str, kernel_size, dilation, padding, stride) -> dict:
    settings = dict(
        kernel=per_axis(kernel_size, 2, "kernel_size"),
        dilation=per_axis(dilation, 2, "dilation"),
        padding=per_axis(padding, 2, "padding"),
        stride=per_axis(stride, 2, "stride"),
    )
    for setting, value in settings.items():
        if min(value) < (setting != "padding"):
            raise RuntimeError(
                f"{name}: {setting} should be {'non-negative' if setting == 'padding' else 'greater than zero'}, but got {value}"
            )
    return settings


def window_count(size, kernel, dilation, padding, stride):
    return places([s + 2 * p for s, p in zip(size, padding)], kernel, stride, dilation)


# ---------------------------------------------------------------- pixels as channels


def pixel_shuffle(input, upscale_factor):
    """(..., C*r*r, H, W) -> (..., C, H*r, W*r): each pixel's channels become a block of pixels. Shi et al. (2016)."""
    *lead, channels, h, w = at_least_three("pixel_shuffle", input)
    r = upscale_factor
    if r < 1:
        raise RuntimeError(f"pixel_shuffle expects a positive upscale_factor, but got {r}")
    if channels % (r * r):
        raise RuntimeError(
            f"pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but {channels} is not by {r}**2"
        )
    x = ops.reshape_op(input, shape=(*lead, channels // (r * r), r, r, h, w))
    x = ops.permute_op(x, dims=last_axes(x, 0, 3, 1, 4, 2))  # (C, r, r, H, W) -> (C, H, r, W, r)
    return ops.apart(ops.reshape_op(x, shape=(*lead, channels // (r * r), h * r, w * r)), input)


def pixel_unshuffle(input, downscale_factor):
    """(..., C, H*r, W*r) -> (..., C*r*r, H, W): the inverse of `pixel_shuffle`."""
    *lead, channels, h, w = at_least_three("pixel_unshuffle", input)
    r = downscale_factor
    if r < 1:
        raise RuntimeError(f"pixel_unshuffle expects a positive downscale_factor, but got {r}")
    if h % r or w % r:
        raise RuntimeError(
            f"pixel_unshuffle expects height and width to be divisible by downscale_factor, but ({h}, {w}) are not by {r}"
        )
    x = ops.reshape_op(input, shape=(*lead, channels, h // r, r, w // r, r))
    x = ops.permute_op(x, dims=last_axes(x, 0, 2, 4, 1, 3))  # (C, H, r, W, r) -> (C, r, r, H, W)
    return ops.reshape_op(x, shape=(*lead, channels * r * r, h // r, w // r))


def channel_shuffle(input, groups):
    """(N, C, ...) with the channels of `groups` groups dealt out in turn. Zhang et al., ShuffleNet (2017)."""
    n, channels, *rest = at_least_three("channel_shuffle", input)
    if groups < 1 or channels % groups:
        raise RuntimeError(
            f"Number of channels must be divisible by groups. Got {channels} channels and {groups} groups."
        )
    x = ops.reshape_op(input, shape=(n, groups, channels // groups, *rest))
    return ops.reshape_op(ops.transpose_op(x, dim0=1, dim1=2), shape=input.array.shape)


def at_least_three(name: str, x):
    if x.array.ndim < 3:
        raise RuntimeError(
            f"{name} expects input to have at least 3 dimensions, but got input with {x.array.ndim} dimension(s)"
        )
    return x.array.shape


def last_axes(x, *order):
    """The permutation that orders the last axes so and leaves those in front alone."""
    lead = x.array.ndim - len(order)
    return (*range(lead), *[lead + d for d in order])
