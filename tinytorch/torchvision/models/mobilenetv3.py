"""torchvision.models.mobilenetv3. Howard et al. (2019), arXiv:1905.02244."""

from __future__ import annotations

from functools import partial
from typing import Any

from ... import nn
from ..ops.layers import Conv2dNormActivation, SqueezeExcitation, make_divisible
from .mobilenetv2 import initialize
from .weights import MobileNet_V3_Large_Weights, MobileNet_V3_Small_Weights, constructor  # noqa: F401

# Tables 1 and 2: kernel, expanded channels, channels, squeeze-and-excitation, hard swish in place of ReLU, stride.
LARGE = [
    (3, 16, 16, 0, 0, 1), (3, 64, 24, 0, 0, 2), (3, 72, 24, 0, 0, 1), (5, 72, 40, 1, 0, 2), (5, 120, 40, 1, 0, 1),
    (5, 120, 40, 1, 0, 1), (3, 240, 80, 0, 1, 2), (3, 200, 80, 0, 1, 1), (3, 184, 80, 0, 1, 1), (3, 184, 80, 0, 1, 1),
    (3, 480, 112, 1, 1, 1), (3, 672, 112, 1, 1, 1), (5, 672, 160, 1, 1, 2), (5, 960, 160, 1, 1, 1),
    (5, 960, 160, 1, 1, 1),
]  # fmt: skip
SMALL = [
    (3, 16, 16, 1, 0, 2), (3, 72, 24, 0, 0, 2), (3, 88, 24, 0, 0, 1), (5, 96, 40, 1, 1, 2), (5, 240, 40, 1, 1, 1),
    (5, 240, 40, 1, 1, 1), (5, 120, 48, 1, 1, 1), (5, 144, 48, 1, 1, 1), (5, 288, 96, 1, 1, 2), (5, 576, 96, 1, 1, 1),
    (5, 576, 96, 1, 1, 1),
]  # fmt: skip
norm = partial(nn.BatchNorm2d, eps=0.001, momentum=0.01)


class InvertedResidual(nn.Module):
    """MobileNetV2's block with larger kernels and squeeze-and-excitation before the last convolution (fig. 4)."""

    def __init__(self, n: int, kernel: int, wide: int, m: int, excite: int, hard: int, stride: int):
        super().__init__()
        options: dict[str, Any] = {"norm_layer": norm, "activation_layer": nn.Hardswish if hard else nn.ReLU}
        layers: list[nn.Module] = []
        if wide != n:
            layers.append(Conv2dNormActivation(n, wide, kernel_size=1, **options))
        layers.append(Conv2dNormActivation(wide, wide, kernel, stride, groups=wide, **options))
        if excite:
            squeezed = make_divisible(wide // 4, 8)
            layers.append(SqueezeExcitation(wide, squeezed, scale_activation=nn.Hardsigmoid))
        layers.append(Conv2dNormActivation(wide, m, kernel_size=1, norm_layer=norm, activation_layer=None))
        self.block = nn.Sequential(*layers)
        self.use_res_connect = stride == 1 and n == m

    def forward(self, x):
        return x + self.block(x) if self.use_res_connect else self.block(x)


class MobileNetV3(nn.Module):
    """rows as in the tables, last_channel the width of the hidden linear layer."""

    def __init__(
        self, rows, last_channel: int, num_classes: int = 1000, dropout: float = 0.2, width_mult: float = 1.0
    ):
        super().__init__()
        size = lambda channels: make_divisible(channels * width_mult, 8)
        options: dict[str, Any] = {"norm_layer": norm, "activation_layer": nn.Hardswish}
        channels = size(16)
        layers: list[nn.Module] = [Conv2dNormActivation(3, channels, stride=2, **options)]
        for kernel, wide, m, excite, hard, stride in rows:
            layers.append(InvertedResidual(channels, kernel, size(wide), size(m), excite, hard, stride))
            channels = size(m)
        layers.append(Conv2dNormActivation(channels, 6 * channels, kernel_size=1, **options))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        hidden = size(last_channel)
        self.classifier = nn.Sequential(
            nn.Linear(6 * channels, hidden),
            nn.Hardswish(inplace=True),
            nn.Dropout(p=dropout, inplace=True),
            nn.Linear(hidden, num_classes),
        )
        self.apply(initialize)

    def forward(self, x):
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


@constructor
def mobilenet_v3_large(**settings) -> MobileNetV3:
    return MobileNetV3(LARGE, 1280, **settings)


@constructor
def mobilenet_v3_small(**settings) -> MobileNetV3:
    return MobileNetV3(SMALL, 1024, **settings)
