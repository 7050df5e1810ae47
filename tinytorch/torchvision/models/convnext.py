"""torchvision.models.convnext. Liu et al. (2022), arXiv:2201.03545."""

from __future__ import annotations

from functools import partial

from ... import nn
from ...creation import ones
from ...nn import functional as F
from ..ops.layers import Conv2dNormActivation, Permute
from ..ops.misc import StochasticDepth
from .weights import (  # noqa: F401
    ConvNeXt_Base_Weights,
    ConvNeXt_Large_Weights,
    ConvNeXt_Small_Weights,
    ConvNeXt_Tiny_Weights,
    constructor,
)


class LayerNorm2d(nn.LayerNorm):
    """Layer norm over the channels of (B, C, H, W)."""

    def forward(self, x):
        x = F.layer_norm(x.permute(0, 2, 3, 1), self.normalized_shape, self.weight, self.bias, self.eps)
        return x.permute(0, 3, 1, 2)


class CNBlock(nn.Module):
    """7 x 7 for each channel alone, a norm, and an MLP over the channels (fig. 4)."""

    def __init__(self, dim: int, layer_scale: float, stochastic_depth_prob: float):
        super().__init__()
        self.block = nn.Sequential(
            nn.Conv2d(dim, dim, kernel_size=7, padding=3, groups=dim),
            Permute([0, 2, 3, 1]),
            nn.LayerNorm(dim, eps=1e-6),
            nn.Linear(dim, 4 * dim),
            nn.GELU(),
            nn.Linear(4 * dim, dim),
            Permute([0, 3, 1, 2]),
        )
        self.layer_scale = nn.Parameter(ones(dim, 1, 1) * layer_scale)
        self.stochastic_depth = StochasticDepth(stochastic_depth_prob, "row")

    def forward(self, input):
        return input + self.stochastic_depth(self.layer_scale * self.block(input))


class ConvNeXt(nn.Module):
    """widths and depths of the four stages: (B, 3, H, W) -> (B, num_classes)."""

    def __init__(
        self, widths: list[int], depths: list[int], stochastic_depth_prob: float = 0.0, layer_scale: float = 1e-6,
        num_classes: int = 1000,
    ):  # fmt: skip
        super().__init__()
        norm = partial(LayerNorm2d, eps=1e-6)
        stem = Conv2dNormActivation(3, widths[0], 4, 4, 0, norm_layer=norm, activation_layer=None, bias=True)
        layers: list[nn.Module] = [stem]
        done, last = 0, sum(depths) - 1  # the chance to leave a block out grows with its depth
        for k, (width, depth) in enumerate(zip(widths, depths)):
            chances = [stochastic_depth_prob * (done + i) / last for i in range(depth)]
            layers.append(nn.Sequential(*[CNBlock(width, layer_scale, p) for p in chances]))
            done += depth
            if k + 1 < len(widths):
                half = nn.Conv2d(width, widths[k + 1], kernel_size=2, stride=2)
                layers.append(nn.Sequential(norm(width), half))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(norm(widths[-1]), nn.Flatten(1), nn.Linear(widths[-1], num_classes))
        for layer in self.modules():
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                nn.init.trunc_normal_(layer.weight, std=0.02)
                nn.init.zeros_(layer.bias)

    def forward(self, x):
        return self.classifier(self.avgpool(self.features(x)))


@constructor
def convnext_tiny(stochastic_depth_prob: float = 0.1, **settings) -> ConvNeXt:
    return ConvNeXt([96, 192, 384, 768], [3, 3, 9, 3], stochastic_depth_prob, **settings)


@constructor
def convnext_small(stochastic_depth_prob: float = 0.4, **settings) -> ConvNeXt:
    return ConvNeXt([96, 192, 384, 768], [3, 3, 27, 3], stochastic_depth_prob, **settings)


@constructor
def convnext_base(stochastic_depth_prob: float = 0.5, **settings) -> ConvNeXt:
    return ConvNeXt([128, 256, 512, 1024], [3, 3, 27, 3], stochastic_depth_prob, **settings)


@constructor
def convnext_large(stochastic_depth_prob: float = 0.5, **settings) -> ConvNeXt:
    return ConvNeXt([192, 384, 768, 1536], [3, 3, 27, 3], stochastic_depth_prob, **settings)
