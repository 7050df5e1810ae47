"""torchvision.models.regnet: networks whose widths grow on a line. Radosavovic et al. (2020), arXiv:2003.13678."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from functools import partial

import numpy as np

from ... import nn
from ...tensor import Tensor
from ..ops.layers import Conv2dNormActivation, SqueezeExcitation, make_divisible
from .weights import constructor


class BottleneckTransform(nn.Sequential):
    """1 x 1, 3 x 3 in groups, a squeeze-and-excitation, 1 x 1 (fig. 4)."""

    def __init__(
        self, width_in: int, width_out: int, stride: int, norm_layer, activation_layer, group_width: int,
        bottleneck_multiplier: float, se_ratio: float | None,
    ):  # fmt: skip
        width = round(width_out * bottleneck_multiplier)
        look = {"norm_layer": norm_layer, "activation_layer": activation_layer}
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        layers["a"] = Conv2dNormActivation(width_in, width, kernel_size=1, **look)
        layers["b"] = Conv2dNormActivation(
            width, width, kernel_size=3, stride=stride, groups=width // group_width, **look
        )
        if se_ratio:
            layers["se"] = SqueezeExcitation(width, round(se_ratio * width_in), activation=activation_layer)
        layers["c"] = Conv2dNormActivation(
            width, width_out, kernel_size=1, norm_layer=norm_layer, activation_layer=None
        )
        super().__init__(layers)


class ResBottleneckBlock(nn.Module):
    """x + f(x)."""

    def __init__(
        self, width_in: int, width_out: int, stride: int, norm_layer, activation_layer, group_width: int = 1,
        bottleneck_multiplier: float = 1.0, se_ratio: float | None = None,
    ):  # fmt: skip
        super().__init__()
        self.proj = None
        if width_in != width_out or stride != 1:
            self.proj = Conv2dNormActivation(
                width_in,
                width_out,
                kernel_size=1,
                stride=stride,
                norm_layer=norm_layer,
                activation_layer=None,
            )
        self.f = BottleneckTransform(
            width_in,
            width_out,
            stride,
            norm_layer,
            activation_layer,
            group_width,
            bottleneck_multiplier,
            se_ratio,
        )
        self.activation = activation_layer(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.activation((x if self.proj is None else self.proj(x)) + self.f(x))


class BlockParams:
    """Width, depth, group width and stride of each stage."""

    def __init__(self, depths, widths, group_widths, bottleneck_multipliers, strides, se_ratio=None):
        self.depths, self.widths, self.group_widths = depths, widths, group_widths
        self.bottleneck_multipliers, self.strides, self.se_ratio = bottleneck_multipliers, strides, se_ratio

    @classmethod
    def from_init_params(
        cls, depth: int, w_0: int, w_a: float, w_m: float, group_width: int, bottleneck_multiplier: float = 1.0,
        se_ratio: float | None = None,
    ) -> BlockParams:  # fmt: skip
        """Block k of depth would be w_0 + w_a * k wide; it gets the nearest w_0 * w_m ** n, a multiple of 8 (section 3.3)."""
        if w_a < 0 or w_0 <= 0 or w_m <= 1 or w_0 % 8 != 0:
            raise ValueError("Invalid RegNet settings")
        wished = np.arange(depth) * w_a + w_0
        power = np.round(np.log(wished / w_0) / math.log(w_m))
        block_widths = (np.round(w_0 * w_m**power / 8) * 8).astype(int).tolist()
        widths = sorted(set(block_widths))
        depths = [block_widths.count(width) for width in widths]
        # groups are no wider than their stage, and a stage holds whole groups
        groups = [min(group_width, int(width * bottleneck_multiplier)) for width in widths]
        inner = [make_divisible(int(w * bottleneck_multiplier), g) for w, g in zip(widths, groups)]
        widths = [int(w / bottleneck_multiplier) for w in inner]
        stages = len(widths)
        return cls(depths, widths, groups, [bottleneck_multiplier] * stages, [2] * stages, se_ratio)


class RegNet(nn.Module):
    """A stem, stages of equal blocks, and a linear layer on the mean over all places: (B, 3, H, W) -> (B, num_classes)."""

    def __init__(
        self, block_params: BlockParams, num_classes: int = 1000, stem_width: int = 32, stem_type=None, block_type=None,
        norm_layer: Callable[..., nn.Module] | None = None, activation: Callable[..., nn.Module] | None = None,
    ):  # fmt: skip
        super().__init__()
        norm, act = norm_layer or nn.BatchNorm2d, activation or nn.ReLU
        stem, block = stem_type or self.stem_of, block_type or ResBottleneckBlock
        self.stem = stem(3, stem_width, norm, act)
        width, stages, p = stem_width, OrderedDict(), block_params
        for k, (depth, out) in enumerate(zip(p.depths, p.widths)):
            settings = {
                "group_width": p.group_widths[k],
                "bottleneck_multiplier": p.bottleneck_multipliers[k],
                "se_ratio": p.se_ratio,
            }
            blocks: OrderedDict[str, nn.Module] = OrderedDict()
            for n in range(depth):
                stride = p.strides[k] if n == 0 else 1
                blocks[f"block{k + 1}-{n}"] = block(width, out, stride, norm, act, **settings)
                width = out
            stages[f"block{k + 1}"] = nn.Sequential(blocks)
        self.trunk_output = nn.Sequential(stages)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(width, num_classes)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                fan_out = layer.kernel_size[0] * layer.kernel_size[1] * layer.out_channels
                nn.init.normal_(layer.weight, mean=0.0, std=math.sqrt(2.0 / fan_out))
            elif isinstance(layer, nn.Linear):
                nn.init.normal_(layer.weight, mean=0.0, std=0.01)
                nn.init.zeros_(layer.bias)

    @staticmethod
    def stem_of(width_in: int, width_out: int, norm_layer, activation_layer) -> nn.Module:
        return Conv2dNormActivation(
            width_in,
            width_out,
            kernel_size=3,
            stride=2,
            norm_layer=norm_layer,
            activation_layer=activation_layer,
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.trunk_output(self.stem(x))
        return self.fc(self.avgpool(x).flatten(start_dim=1))


# depth, w_0, w_a, w_m and the groups' width (tables 7 and 8); Y has squeeze-and-excitation, X has not
SIZES = {
    "x_400mf": (22, 24, 24.48, 2.54, 16),
    "x_800mf": (16, 56, 35.73, 2.28, 16),
    "x_1_6gf": (18, 80, 34.01, 2.25, 24),
    "x_3_2gf": (25, 88, 26.31, 2.25, 48),
    "x_8gf": (23, 80, 49.56, 2.88, 120),
    "x_16gf": (22, 216, 55.59, 2.1, 128),
    "x_32gf": (23, 320, 69.86, 2.0, 168),
    "y_400mf": (16, 48, 27.89, 2.09, 8),
    "y_800mf": (14, 56, 38.84, 2.4, 16),
    "y_1_6gf": (27, 48, 20.71, 2.65, 24),
    "y_3_2gf": (21, 80, 42.63, 2.66, 24),
    "y_8gf": (17, 192, 76.82, 2.19, 56),
    "y_16gf": (18, 200, 106.23, 2.48, 112),
    "y_32gf": (20, 232, 115.89, 2.53, 232),
    "y_128gf": (27, 456, 160.83, 2.52, 264),
}


def named(name: str) -> Callable[..., RegNet]:
    def build(**settings) -> RegNet:
        params = BlockParams.from_init_params(*SIZES[name], se_ratio=0.25 if name.startswith("y") else None)
        norm = settings.pop("norm_layer", partial(nn.BatchNorm2d, eps=1e-05, momentum=0.1))
        return RegNet(params, norm_layer=norm, **settings)

    build.__name__ = build.__qualname__ = f"regnet_{name}"
    return constructor(build)


regnet_x_400mf, regnet_x_800mf, regnet_x_1_6gf, regnet_x_3_2gf = map(
    named, ("x_400mf", "x_800mf", "x_1_6gf", "x_3_2gf")
)
regnet_x_8gf, regnet_x_16gf, regnet_x_32gf = map(named, ("x_8gf", "x_16gf", "x_32gf"))
regnet_y_400mf, regnet_y_800mf, regnet_y_1_6gf, regnet_y_3_2gf = map(
    named, ("y_400mf", "y_800mf", "y_1_6gf", "y_3_2gf")
)
regnet_y_8gf, regnet_y_16gf, regnet_y_32gf, regnet_y_128gf = map(
    named, ("y_8gf", "y_16gf", "y_32gf", "y_128gf")
)
