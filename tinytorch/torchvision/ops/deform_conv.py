"""Convolution whose taps stand where offsets say. Dai et al. (2017), arXiv:1703.06211; masks: Zhu et al. (2018), arXiv:1811.11168."""

from __future__ import annotations

from ... import nn, ops
from ...creation import arange
from ...nn import functional as F
from ...tensor import Tensor


def both(value) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else tuple(value)


def deform_conv2d(
    input: Tensor, offset: Tensor, weight: Tensor, bias: Tensor | None = None, stride=(1, 1), padding=(0, 0),
    dilation=(1, 1), mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """offset (B, 2 * groups * kh * kw, H', W') moves each tap by (y, x), mask (B, groups * kh * kw, H', W') weighs it."""
    (sy, sx), (py, px), (dy, dx) = both(stride), both(padding), both(dilation)
    B, C, H, W = input.shape
    M, per_group, kh, kw = weight.shape
    taps = kh * kw
    out_h, out_w = (H + 2 * py - dy * (kh - 1) - 1) // sy + 1, (W + 2 * px - dx * (kw - 1) - 1) // sx + 1
    if offset.shape[1] % (2 * taps) or not offset.shape[1]:
        raise RuntimeError(
            f"deform_conv2d: offset needs a multiple of 2 * {kh} * {kw} channels, got {offset.shape[1]}"
        )
    if tuple(offset.shape[2:]) != (out_h, out_w):
        raise RuntimeError(
            f"deform_conv2d: offset should be {out_h} x {out_w}, the size of the result, got {list(offset.shape)}"
        )
    G = offset.shape[1] // (2 * taps)
    moved = offset.reshape(B, G, kh, kw, 2, out_h, out_w)
    at = lambda n: arange(n, dtype=input.dtype, device=input.device)
    y = (at(out_h) * sy - py).view(-1, 1) + moved[:, :, :, :, 0] + (at(kh) * dy).view(-1, 1, 1, 1)
    x = at(out_w) * sx - px + moved[:, :, :, :, 1] + (at(kw) * dx).view(-1, 1, 1)
    grid = ops.stack([scaled(x, W), scaled(y, H)], -1).reshape(B * G, taps * out_h, out_w, 2)
    sampled = F.grid_sample(input.reshape(B * G, C // G, H, W), grid, align_corners=False)
    sampled = sampled.view(B, G, C // G, taps, out_h * out_w)
    if mask is not None:
        sampled = sampled * mask.reshape(B, G, 1, taps, out_h * out_w)
    groups = C // per_group
    columns = sampled.reshape(B, groups, per_group * taps, out_h * out_w)
    out = weight.reshape(groups, M // groups, per_group * taps) @ columns  # (B, groups, M / groups, H' * W')
    out = out.reshape(B, M, out_h, out_w)
    return out if bias is None else out + bias.view(1, -1, 1, 1)


def scaled(position: Tensor, size: int) -> Tensor:
    """Pixels as grid_sample counts them: the picture's borders, half a pixel out, are -1 and 1."""
    return (2 * position + 1) / size - 1


class DeformConv2d(nn.Module):
    """deform_conv2d with a weight and a bias of its own."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size, stride=1, padding=0, dilation=1, groups: int = 1,
        bias: bool = True,
    ):  # fmt: skip
        super().__init__()
        if in_channels % groups or out_channels % groups:
            raise ValueError("in_channels and out_channels must be divisible by groups")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride = both(kernel_size), both(stride)
        self.padding, self.dilation = both(padding), both(dilation)
        like = nn.Conv2d(
            in_channels, out_channels, kernel_size, groups=groups, bias=bias
        )  # its initial values
        self.weight = like.weight
        self.register_parameter("bias", like.bias)

    def forward(self, input, offset, mask=None):
        return deform_conv2d(
            input, offset, self.weight, self.bias, self.stride, self.padding, self.dilation, mask
        )

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size},"
            f" stride={self.stride}, padding={self.padding}, dilation={self.dilation}, groups={self.groups},"
            f" bias={self.bias is not None})"
        )
