"""torchvision.models.mobilenetv2. Sandler et al. (2018), arXiv:1801.04381."""

from __future__ import annotations

from typing import Any

from ... import nn
from ..ops.layers import Conv2dNormActivation, make_divisible
from .weights import MobileNet_V2_Weights, constructor  # noqa: F401

_make_divisible = make_divisible  # the name programs import

# Table 2: expansion, channels, repeats, stride of the first.
TABLE = [
    [1, 16, 1, 1], [6, 24, 2, 2], [6, 32, 3, 2], [6, 64, 4, 2], [6, 96, 3, 1], [6, 160, 3, 2], [6, 320, 1, 1],
]  # fmt: skip


class InvertedResidual(nn.Module):
    """1 x 1 to expand_ratio times the channels, 3 x 3 for each channel alone, 1 x 1 to few, without an activation."""

    def __init__(self, inp: int, oup: int, stride: int, expand_ratio: int, norm_layer=None):
        super().__init__()
        if stride not in (1, 2):
            raise ValueError(f"stride should be 1 or 2 instead of {stride}")
        norm_layer = norm_layer or nn.BatchNorm2d
        wide = round(inp * expand_ratio)
        options: dict[str, Any] = {"norm_layer": norm_layer, "activation_layer": nn.ReLU6}
        layers: list[nn.Module] = []
        if expand_ratio != 1:
            layers.append(Conv2dNormActivation(inp, wide, kernel_size=1, **options))
        layers.append(Conv2dNormActivation(wide, wide, stride=stride, groups=wide, **options))
        layers += [nn.Conv2d(wide, oup, 1, bias=False), norm_layer(oup)]
        self.conv = nn.Sequential(*layers)
        self.stride, self.out_channels = stride, oup
        self.use_res_connect = stride == 1 and inp == oup

    def forward(self, x):
        return x + self.conv(x) if self.use_res_connect else self.conv(x)


class MobileNetV2(nn.Module):
    def __init__(
        self, num_classes: int = 1000, width_mult: float = 1.0, inverted_residual_setting=None, round_nearest: int = 8,
        block=None, norm_layer=None, dropout: float = 0.2,
    ):  # fmt: skip
        super().__init__()
        block, norm_layer = block or InvertedResidual, norm_layer or nn.BatchNorm2d
        channels = make_divisible(32 * width_mult, round_nearest)
        self.last_channel = make_divisible(1280 * max(1.0, width_mult), round_nearest)
        options: dict[str, Any] = {"norm_layer": norm_layer, "activation_layer": nn.ReLU6}
        layers: list[nn.Module] = [Conv2dNormActivation(3, channels, stride=2, **options)]
        for t, c, n, s in inverted_residual_setting or TABLE:
            width = make_divisible(c * width_mult, round_nearest)
            for k in range(n):
                layers.append(
                    block(channels, width, s if k == 0 else 1, expand_ratio=t, norm_layer=norm_layer)
                )
                channels = width
        layers.append(Conv2dNormActivation(channels, self.last_channel, kernel_size=1, **options))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Dropout(p=dropout), nn.Linear(self.last_channel, num_classes))
        self.apply(initialize)

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


def initialize(layer) -> None:
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight, mode="fan_out")
    elif isinstance(layer, nn.Linear):
        nn.init.normal_(layer.weight, 0, 0.01)
    if isinstance(layer, (nn.Conv2d, nn.Linear)) and layer.bias is not None:
        nn.init.zeros_(layer.bias)


@constructor
def mobilenet_v2(**settings) -> MobileNetV2:
    return MobileNetV2(**settings)
