"""Convolutions and transposed convolutions over one, two and three spatial axes."""

from __future__ import annotations

from ... import ops
from .conv_checks import check_filters, check_kinds, check_settings, check_transposed
from .convolution import convolution, convolution_input
from .pad import pad
from .windows import per_axis, reach


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
