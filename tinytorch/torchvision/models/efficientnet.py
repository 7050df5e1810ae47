"""torchvision.models.efficientnet. Tan and Le (2019), arXiv:1905.11946; the second version (2021), arXiv:2104.00298."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from ... import nn
from ..ops.layers import Conv2dNormActivation, SqueezeExcitation, make_divisible
from ..ops.misc import StochasticDepth
from .weights import (  # noqa: F401
    EfficientNet_B0_Weights,
    EfficientNet_B1_Weights,
    EfficientNet_B2_Weights,
    EfficientNet_B3_Weights,
    EfficientNet_B4_Weights,
    EfficientNet_B5_Weights,
    EfficientNet_B6_Weights,
    EfficientNet_B7_Weights,
    EfficientNet_V2_L_Weights,
    EfficientNet_V2_M_Weights,
    EfficientNet_V2_S_Weights,
    constructor,
)


class MBConv(nn.Module):
    """MobileNetV2's block with squeeze-and-excitation before the last convolution."""

    def __init__(self, n: int, m: int, expansion: int, kernel: int, stride: int, drop: float, norm_layer):
        super().__init__()
        wide = make_divisible(n * expansion, 8)
        options: dict[str, Any] = {"norm_layer": norm_layer, "activation_layer": nn.SiLU}
        layers: list[nn.Module] = []
        if wide != n:
            layers.append(Conv2dNormActivation(n, wide, kernel_size=1, **options))
        layers.append(Conv2dNormActivation(wide, wide, kernel, stride, groups=wide, **options))
        excite = partial(nn.SiLU, inplace=True)
        layers.append(SqueezeExcitation(wide, max(1, n // 4), activation=excite))
        layers.append(
            Conv2dNormActivation(wide, m, kernel_size=1, norm_layer=norm_layer, activation_layer=None)
        )
        self.block = nn.Sequential(*layers)
        self.stochastic_depth = StochasticDepth(drop, "row")
        self.use_res_connect = stride == 1 and n == m

    def forward(self, x):
        out = self.block(x)
        return self.stochastic_depth(out) + x if self.use_res_connect else out


class FusedMBConv(MBConv):
    """One convolution over all channels in place of the first two, without squeeze-and-excitation."""

    def __init__(self, n: int, m: int, expansion: int, kernel: int, stride: int, drop: float, norm_layer):
        nn.Module.__init__(self)
        wide = make_divisible(n * expansion, 8)
        options: dict[str, Any] = {"norm_layer": norm_layer, "activation_layer": nn.SiLU}
        if wide == n:
            self.block = nn.Sequential(Conv2dNormActivation(n, m, kernel, stride, **options))
        else:
            first = Conv2dNormActivation(n, wide, kernel, stride, **options)
            last = Conv2dNormActivation(wide, m, kernel_size=1, norm_layer=norm_layer, activation_layer=None)
            self.block = nn.Sequential(first, last)
        self.stochastic_depth = StochasticDepth(drop, "row")
        self.use_res_connect = stride == 1 and n == m


# Rows: block, expansion, kernel, stride of the first, channels that come in and go out, repeats.
B0 = [
    (MBConv, 1, 3, 1, 32, 16, 1), (MBConv, 6, 3, 2, 16, 24, 2), (MBConv, 6, 5, 2, 24, 40, 2), (MBConv, 6, 3, 2, 40, 80, 3),
    (MBConv, 6, 5, 1, 80, 112, 3), (MBConv, 6, 5, 2, 112, 192, 4), (MBConv, 6, 3, 1, 192, 320, 1),
]  # fmt: skip
V2_S = [
    (FusedMBConv, 1, 3, 1, 24, 24, 2), (FusedMBConv, 4, 3, 2, 24, 48, 4), (FusedMBConv, 4, 3, 2, 48, 64, 4),
    (MBConv, 4, 3, 2, 64, 128, 6), (MBConv, 6, 3, 1, 128, 160, 9), (MBConv, 6, 3, 2, 160, 256, 15),
]  # fmt: skip
V2_M = [
    (FusedMBConv, 1, 3, 1, 24, 24, 3), (FusedMBConv, 4, 3, 2, 24, 48, 5), (FusedMBConv, 4, 3, 2, 48, 80, 5),
    (MBConv, 4, 3, 2, 80, 160, 7), (MBConv, 6, 3, 1, 160, 176, 14), (MBConv, 6, 3, 2, 176, 304, 18),
    (MBConv, 6, 3, 1, 304, 512, 5),
]  # fmt: skip
V2_L = [
    (FusedMBConv, 1, 3, 1, 32, 32, 4), (FusedMBConv, 4, 3, 2, 32, 64, 7), (FusedMBConv, 4, 3, 2, 64, 96, 7),
    (MBConv, 4, 3, 2, 96, 192, 10), (MBConv, 6, 3, 1, 192, 224, 19), (MBConv, 6, 3, 2, 224, 384, 25),
    (MBConv, 6, 3, 1, 384, 640, 7),
]  # fmt: skip


class EfficientNet(nn.Module):
    """rows of blocks between a stem and a head: (B, 3, H, W) -> (B, num_classes)."""

    def __init__(
        self, rows, dropout: float, stochastic_depth_prob: float = 0.2, num_classes: int = 1000, norm_layer=None,
        last_channel: int | None = None,
    ):  # fmt: skip
        super().__init__()
        norm_layer = norm_layer or nn.BatchNorm2d
        options: dict[str, Any] = {"norm_layer": norm_layer, "activation_layer": nn.SiLU}
        first, last = rows[0][4], rows[-1][5]
        layers: list[nn.Module] = [Conv2dNormActivation(3, first, stride=2, **options)]
        done, total = 0, sum(row[-1] for row in rows)  # the chance to leave a block out grows with its depth
        for block, expansion, kernel, stride, n, m, repeats in rows:
            stage = []
            for k in range(repeats):
                drop = stochastic_depth_prob * done / total
                start = (n, stride) if k == 0 else (m, 1)
                stage.append(block(start[0], m, expansion, kernel, start[1], drop, norm_layer))
                done += 1
            layers.append(nn.Sequential(*stage))
        last_channel = last_channel or 4 * last
        layers.append(Conv2dNormActivation(last, last_channel, kernel_size=1, **options))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(
            nn.Dropout(p=dropout, inplace=True), nn.Linear(last_channel, num_classes)
        )
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out")
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)
            elif isinstance(layer, nn.Linear):
                bound = 1.0 / math.sqrt(layer.out_features)
                nn.init.uniform_(layer.weight, -bound, bound)
                nn.init.zeros_(layer.bias)

    def forward(self, x):
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


def scaled(width: float, depth: float, dropout: float, settings) -> EfficientNet:
    """The network B0 with its channels times width and its repeats times depth (section 3.3 of the first paper)."""
    size = lambda channels: make_divisible(channels * width, 8)
    rows = [(*row[:4], size(row[4]), size(row[5]), math.ceil(row[6] * depth)) for row in B0]
    return EfficientNet(rows, settings.pop("dropout", dropout), **settings)


def second_version(rows, dropout: float, settings) -> EfficientNet:
    settings.setdefault("norm_layer", partial(nn.BatchNorm2d, eps=1e-3))
    return EfficientNet(rows, settings.pop("dropout", dropout), last_channel=1280, **settings)


@constructor
def efficientnet_b0(**settings) -> EfficientNet:
    return scaled(1.0, 1.0, 0.2, settings)


@constructor
def efficientnet_b1(**settings) -> EfficientNet:
    return scaled(1.0, 1.1, 0.2, settings)


@constructor
def efficientnet_b2(**settings) -> EfficientNet:
    return scaled(1.1, 1.2, 0.3, settings)


@constructor
def efficientnet_b3(**settings) -> EfficientNet:
    return scaled(1.2, 1.4, 0.3, settings)


@constructor
def efficientnet_b4(**settings) -> EfficientNet:
    return scaled(1.4, 1.8, 0.4, settings)


@constructor
def efficientnet_b5(**settings) -> EfficientNet:
    settings.setdefault("norm_layer", partial(nn.BatchNorm2d, eps=0.001, momentum=0.01))
    return scaled(1.6, 2.2, 0.4, settings)


@constructor
def efficientnet_b6(**settings) -> EfficientNet:
    settings.setdefault("norm_layer", partial(nn.BatchNorm2d, eps=0.001, momentum=0.01))
    return scaled(1.8, 2.6, 0.5, settings)


@constructor
def efficientnet_b7(**settings) -> EfficientNet:
    settings.setdefault("norm_layer", partial(nn.BatchNorm2d, eps=0.001, momentum=0.01))
    return scaled(2.0, 3.1, 0.5, settings)


@constructor
def efficientnet_v2_s(**settings) -> EfficientNet:
    return second_version(V2_S, 0.2, settings)


@constructor
def efficientnet_v2_m(**settings) -> EfficientNet:
    return second_version(V2_M, 0.3, settings)


@constructor
def efficientnet_v2_l(**settings) -> EfficientNet:
    return second_version(V2_L, 0.4, settings)
