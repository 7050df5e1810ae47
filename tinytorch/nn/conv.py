"""Convolution layers."""

from __future__ import annotations

import math

from ..creation import empty
from ..op import asked
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter


def n_tuple(value, n: int) -> tuple:
    """A setting given once for n axes, or axis by axis."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * n


class _ConvNd(Module):
    """What convolutions over one, two and three axes share: settings, weight and bias, and how these start."""

    dims: int
    transposed = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size,
        stride=1,
        padding=0,
        dilation=1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device=None,
        dtype=None,
        output_padding=0,
    ):
        super().__init__()
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride = n_tuple(kernel_size, self.dims), n_tuple(stride, self.dims)
        self.padding = padding if isinstance(padding, str) else n_tuple(padding, self.dims)
        self.dilation, self.output_padding = n_tuple(dilation, self.dims), n_tuple(output_padding, self.dims)
        self.padding_mode = padding_mode
        self._check_settings()
        ends = (
            (in_channels, out_channels // groups)
            if self.transposed
            else (out_channels, in_channels // groups)
        )
        self.weight = Parameter(empty((*ends, *self.kernel_size), device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def _check_settings(self) -> None:
        if self.groups <= 0:
            raise ValueError(f"groups must be a positive integer, got {self.groups}")
        for name in ("in_channels", "out_channels"):
            if getattr(self, name) % self.groups:
                raise ValueError(
                    f"{asked()}: {name} must be divisible by groups, but {getattr(self, name)} is not by {self.groups}"
                )
        if isinstance(self.padding, str):
            if self.padding not in ("same", "valid"):
                raise ValueError(
                    f"{asked()}: Invalid padding string {self.padding!r}, should be one of {{'same', 'valid'}}"
                )
            if self.padding == "same" and any(s != 1 for s in self.stride):
                raise ValueError(f"{asked()}: padding='same' is not supported for strided convolutions")
        if self.padding_mode not in ("zeros", "reflect", "replicate", "circular"):
            raise ValueError(
                f"{asked()}: padding_mode must be one of {{'zeros', 'reflect', 'replicate', 'circular'}}, but got"
                f" padding_mode='{self.padding_mode}'"
            )

    def reset_parameters(self) -> None:
        """Uniform in ±1/sqrt(fan_in): what Kaiming's bound comes to with a = sqrt(5)."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            bound = 1 / math.sqrt(fan_in) if fan_in > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def _conv_forward(self, input, weight, bias):
        convolve = (F.conv1d, F.conv2d, F.conv3d)[self.dims - 1]
        padding = self.padding
        if self.padding_mode != "zeros":
            input, padding = F.pad(input, self._sides(), mode=self.padding_mode), 0
        return convolve(input, weight, bias, self.stride, padding, self.dilation, self.groups)

    def _sides(self) -> list[int]:
        """The padding as `F.pad` wants it: (before, after) from the last axis on."""
        totals: list
        if self.padding == "valid":
            totals = [0] * self.dims
        elif self.padding == "same":
            totals = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size)]
        else:
            totals = [2 * p for p in self.padding]
        return [side for t in reversed(totals) for side in (t // 2, t - t // 2)]

    def forward(self, input):
        return self._conv_forward(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        s = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        for name, usual in (("padding", 0), ("dilation", 1), ("output_padding", 0)):
            value = getattr(self, name)
            if value != (usual,) * len(value):
                s += f", {name}={value}"
        if self.groups != 1:
            s += f", groups={self.groups}"
        if self.bias is None:
            s += ", bias=False"
        if self.padding_mode != "zeros":
            s += f", padding_mode={self.padding_mode}"
        return s


class Conv1d(_ConvNd):
    """(N, in_channels, L) -> (N, out_channels, Lo): filters slid along an axis."""

    dims = 1


class Conv2d(_ConvNd):
    """(N, in_channels, H, W) -> (N, out_channels, Ho, Wo): filters slid over images. LeCun et al. (1989)."""

    dims = 2


class Conv3d(_ConvNd):
    """(N, in_channels, D, H, W) -> (N, out_channels, Do, Ho, Wo): filters slid through volumes."""

    dims = 3


class _ConvTransposeNd(_ConvNd):
    """What transposed convolutions share; see `F.conv_transpose2d`."""

    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size,
        stride=1,
        padding=0,
        output_padding=0,
        groups: int = 1,
        bias: bool = True,
        dilation=1,
        padding_mode: str = "zeros",
        device=None,
        dtype=None,
    ):
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
            output_padding,
        )

    def forward(self, input, output_size=None):
        """`output_size` tells apart the sizes that a strided convolution would make the same of."""
        spread = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[self.dims - 1]
        extra = self.output_padding if output_size is None else self._output_padding(input, list(output_size))
        return spread(
            input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation
        )

    def _output_padding(self, input, output_size: list[int]) -> list[int]:
        """How much must be added to the smallest output to reach output_size."""
        lead = input.dim() - self.dims
        if len(output_size) not in (self.dims, lead + self.dims):
            raise ValueError(
                f"ConvTranspose{self.dims}D: for {input.dim()}D input, output_size must have {self.dims} or {lead + self.dims} elements"
                f" (got {len(output_size)})"
            )
        wanted, shape = output_size[-self.dims :], input.shape[lead:]
        settings = zip(shape, self.stride, self.padding, self.dilation, self.kernel_size)
        smallest = [(n - 1) * s - 2 * p + d * (k - 1) + 1 for n, s, p, d, k in settings]
        largest = [n + s - 1 for n, s in zip(smallest, self.stride)]
        if any(not low <= n <= high for low, n, high in zip(smallest, wanted, largest)):
            raise ValueError(
                f"{asked()}: requested an output size of {wanted}, but valid sizes range from {smallest} to {largest} (for an input of {shape})"
            )
        return [n - low for n, low in zip(wanted, smallest)]


class ConvTranspose1d(_ConvTransposeNd):
    """(N, in_channels, L) -> (N, out_channels, Lo): what a Conv1d's gradient does, as a layer."""

    dims = 1


class ConvTranspose2d(_ConvTransposeNd):
    """(N, in_channels, H, W) -> (N, out_channels, Ho, Wo): what a Conv2d's gradient does, as a layer."""

    dims = 2


class ConvTranspose3d(_ConvTransposeNd):
    """(N, in_channels, D, H, W) -> (N, out_channels, Do, Ho, Wo): what a Conv3d's gradient does, as a layer."""

    dims = 3
