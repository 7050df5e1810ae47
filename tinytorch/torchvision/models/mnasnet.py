"""torchvision.models.mnasnet. Tan et al. (2018), arXiv:1807.11626."""

from __future__ import annotations

from ... import nn
from ..ops.layers import make_divisible
from .weights import (  # noqa: F401
    MNASNet0_5_Weights,
    MNASNet0_75_Weights,
    MNASNet1_0_Weights,
    MNASNet1_3_Weights,
    constructor,
)

MOMENTUM = 1 - 0.9997  # TensorFlow's decay of running statistics, as PyTorch counts it
# Fig. 7 (a): channels, kernel, stride, expansion, repeats.
TABLE = [
    (24, 3, 2, 3, 3),
    (40, 5, 2, 3, 3),
    (80, 5, 2, 6, 3),
    (96, 3, 1, 6, 2),
    (192, 5, 2, 6, 4),
    (320, 3, 1, 6, 1),
]


def conv(n: int, m: int, kernel: int, stride: int = 1, groups: int = 1, relu: bool = True) -> list[nn.Module]:
    layers: list[nn.Module] = [
        nn.Conv2d(n, m, kernel, stride, padding=kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(m, momentum=MOMENTUM),
    ]
    return [*layers, nn.ReLU(inplace=True)] if relu else layers


class _InvertedResidual(nn.Module):
    def __init__(self, n: int, m: int, kernel: int, stride: int, expansion: int):
        super().__init__()
        wide = n * expansion
        self.apply_residual = n == m and stride == 1
        self.layers = nn.Sequential(
            *conv(n, wide, 1), *conv(wide, wide, kernel, stride, groups=wide), *conv(wide, m, 1, relu=False)
        )

    def forward(self, x):
        return self.layers(x) + x if self.apply_residual else self.layers(x)


class MNASNet(nn.Module):
    """alpha scales the channels: (B, 3, H, W) -> (B, num_classes)."""

    def __init__(self, alpha: float, num_classes: int = 1000, dropout: float = 0.2):
        super().__init__()
        if alpha <= 0.0:
            raise ValueError(f"alpha should be greater than 0.0 instead of {alpha}")
        size = lambda channels: make_divisible(channels * alpha, 8)
        first, channels = size(32), size(16)
        layers = [
            *conv(3, first, 3, 2),
            *conv(first, first, 3, groups=first),
            *conv(first, channels, 1, relu=False),
        ]
        for width, kernel, stride, expansion, repeats in TABLE:
            m = size(width)
            blocks = [_InvertedResidual(channels, m, kernel, stride, expansion)]
            blocks += [_InvertedResidual(m, m, kernel, 1, expansion) for _ in range(repeats - 1)]
            layers.append(nn.Sequential(*blocks))
            channels = m
        self.layers = nn.Sequential(*layers, *conv(channels, 1280, 1))
        self.classifier = nn.Sequential(nn.Dropout(p=dropout, inplace=True), nn.Linear(1280, num_classes))
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(layer, nn.Linear):
                nn.init.kaiming_uniform_(layer.weight, mode="fan_out", nonlinearity="sigmoid")
                nn.init.zeros_(layer.bias)

    def forward(self, x):
        return self.classifier(self.layers(x).mean([2, 3]))


@constructor
def mnasnet0_5(**settings) -> MNASNet:
    return MNASNet(0.5, **settings)


@constructor
def mnasnet0_75(**settings) -> MNASNet:
    return MNASNet(0.75, **settings)


@constructor
def mnasnet1_0(**settings) -> MNASNet:
    return MNASNet(1.0, **settings)


@constructor
def mnasnet1_3(**settings) -> MNASNet:
    return MNASNet(1.3, **settings)
