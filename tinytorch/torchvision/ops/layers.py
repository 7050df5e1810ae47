"""Layers that several of torchvision's networks are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ... import nn


class ConvNormActivation(nn.Sequential):
    """A convolution that keeps the size at stride 1, a norm, an activation; the last two can be left out with None."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size=3, stride=1, padding=None, groups: int = 1,
        norm_layer: Callable[..., nn.Module] | None = nn.BatchNorm2d,
        activation_layer: Callable[..., nn.Module] | None = nn.ReLU, dilation=1, inplace: bool | None = True,
        bias: bool | None = None, conv_layer: Callable[..., nn.Module] = nn.Conv2d,
    ):  # fmt: skip
        if padding is None:
            padding = same_padding(kernel_size, dilation)
        bias = norm_layer is None if bias is None else bias
        conv = conv_layer(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation=dilation,
            groups=groups,
            bias=bias,
        )
        layers = [conv]
        if norm_layer is not None:
            layers.append(norm_layer(out_channels))
        if activation_layer is not None:
            layers.append(activation_layer(**({} if inplace is None else {"inplace": inplace})))
        super().__init__(*layers)
        self.out_channels = out_channels


def same_padding(kernel_size, dilation):
    if isinstance(kernel_size, int) and isinstance(dilation, int):
        return (kernel_size - 1) // 2 * dilation
    dims = len(kernel_size) if isinstance(kernel_size, Sequence) else len(dilation)
    sizes, steps = (v if isinstance(v, Sequence) else [v] * dims for v in (kernel_size, dilation))
    return tuple((size - 1) // 2 * step for size, step in zip(sizes, steps))


class Conv2dNormActivation(ConvNormActivation):
    pass


class Conv3dNormActivation(ConvNormActivation):
    def __init__(self, *args, norm_layer=nn.BatchNorm3d, conv_layer=nn.Conv3d, **settings):
        super().__init__(*args, norm_layer=norm_layer, conv_layer=conv_layer, **settings)


class SqueezeExcitation(nn.Module):
    """Channels weighted by what their means say. Hu et al. (2017), arXiv:1709.01507."""

    def __init__(
        self, input_channels: int, squeeze_channels: int, activation: Callable[..., nn.Module] = nn.ReLU,
        scale_activation: Callable[..., nn.Module] = nn.Sigmoid,
    ):  # fmt: skip
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(input_channels, squeeze_channels, 1)
        self.fc2 = nn.Conv2d(squeeze_channels, input_channels, 1)
        self.activation = activation()
        self.scale_activation = scale_activation()

    def forward(self, input):
        weights = self.fc2(self.activation(self.fc1(self.avgpool(input))))
        return self.scale_activation(weights) * input


class MLP(nn.Sequential):
    """Linear layers with norms, activations and dropout between them."""

    def __init__(
        self, in_channels: int, hidden_channels: list[int], norm_layer: Callable[..., nn.Module] | None = None,
        activation_layer: Callable[..., nn.Module] | None = nn.ReLU, inplace: bool | None = None, bias: bool = True,
        dropout: float = 0.0,
    ):  # fmt: skip
        params: dict[str, Any] = {} if inplace is None else {"inplace": inplace}
        layers: list[nn.Module] = []
        for width in hidden_channels[:-1]:
            layers.append(nn.Linear(in_channels, width, bias=bias))
            if norm_layer is not None:
                layers.append(norm_layer(width))
            if activation_layer is not None:
                layers.append(activation_layer(**params))
            layers.append(nn.Dropout(dropout, **params))
            in_channels = width
        layers += [nn.Linear(in_channels, hidden_channels[-1], bias=bias), nn.Dropout(dropout, **params)]
        super().__init__(*layers)


class Permute(nn.Module):
    """permute as a layer."""

    def __init__(self, dims: list[int]):
        super().__init__()
        self.dims = dims

    def forward(self, x):
        return x.permute(self.dims)


def make_divisible(v: float, divisor: int, min_value: int | None = None) -> int:
    """v rounded to a multiple of divisor, never by more than a tenth down."""
    rounded = max(min_value or divisor, int(v + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * v else rounded
