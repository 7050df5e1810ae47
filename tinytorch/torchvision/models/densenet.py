"""torchvision.models.densenet. Huang, Liu, van der Maaten and Weinberger (2016), arXiv:1608.06993."""

from __future__ import annotations

import re
from collections import OrderedDict

from ... import nn
from ...nn import functional as F
from ...ops import cat
from ...utils.checkpoint import checkpoint
from .weights import (  # noqa: F401
    DenseNet121_Weights,
    DenseNet161_Weights,
    DenseNet169_Weights,
    DenseNet201_Weights,
    constructor,
)


class _DenseLayer(nn.Module):
    """growth_rate new channels from all that stand before: norm, ReLU, 1 x 1, norm, ReLU, 3 x 3."""

    def __init__(
        self, num_input_features: int, growth_rate: int, bn_size: int, drop_rate: float, memory_efficient: bool = False
    ):  # fmt: skip
        super().__init__()
        narrow = bn_size * growth_rate
        self.norm1 = nn.BatchNorm2d(num_input_features)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv1 = nn.Conv2d(num_input_features, narrow, kernel_size=1, bias=False)
        self.norm2 = nn.BatchNorm2d(narrow)
        self.relu2 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(narrow, growth_rate, kernel_size=3, padding=1, bias=False)
        self.drop_rate = float(drop_rate)
        self.memory_efficient = memory_efficient

    def bn_function(self, inputs):
        return self.conv1(self.relu1(self.norm1(cat(inputs, 1))))

    def forward(self, input):
        inputs = [input] if not isinstance(input, (list, tuple)) else list(input)
        if self.memory_efficient and any(x.requires_grad for x in inputs):
            narrow = checkpoint(lambda *xs: self.bn_function(xs), *inputs, use_reentrant=False)
        else:
            narrow = self.bn_function(inputs)
        new = self.conv2(self.relu2(self.norm2(narrow)))
        return F.dropout(new, p=self.drop_rate, training=self.training) if self.drop_rate > 0 else new


class _DenseBlock(nn.ModuleDict):
    def __init__(
        self, num_layers: int, num_input_features: int, bn_size: int, growth_rate: int, drop_rate: float,
        memory_efficient: bool = False,
    ):  # fmt: skip
        super().__init__()
        for k in range(num_layers):
            channels = num_input_features + k * growth_rate
            layer = _DenseLayer(channels, growth_rate, bn_size, drop_rate, memory_efficient)
            self.add_module(f"denselayer{k + 1}", layer)

    def forward(self, init_features):
        features = [init_features]
        for layer in self.values():
            features.append(layer(features))
        return cat(features, 1)


class _Transition(nn.Sequential):
    """Half the height and the width between two blocks."""

    def __init__(self, num_input_features: int, num_output_features: int):
        super().__init__()
        self.norm = nn.BatchNorm2d(num_input_features)
        self.relu = nn.ReLU(inplace=True)
        self.conv = nn.Conv2d(num_input_features, num_output_features, kernel_size=1, bias=False)
        self.pool = nn.AvgPool2d(kernel_size=2, stride=2)


class DenseNet(nn.Module):
    """A stem, dense blocks with transitions between them, a linear layer: (B, 3, H, W) -> (B, num_classes)."""

    def __init__(
        self, growth_rate: int = 32, block_config: tuple[int, ...] = (6, 12, 24, 16), num_init_features: int = 64,
        bn_size: int = 4, drop_rate: float = 0, num_classes: int = 1000, memory_efficient: bool = False,
    ):  # fmt: skip
        super().__init__()
        channels = num_init_features
        layers: list[tuple[str, nn.Module]] = [
            ("conv0", nn.Conv2d(3, channels, kernel_size=7, stride=2, padding=3, bias=False)),
            ("norm0", nn.BatchNorm2d(channels)),
            ("relu0", nn.ReLU(inplace=True)),
            ("pool0", nn.MaxPool2d(kernel_size=3, stride=2, padding=1)),
        ]
        for k, depth in enumerate(block_config, start=1):
            block = _DenseBlock(depth, channels, bn_size, growth_rate, drop_rate, memory_efficient)
            layers.append((f"denseblock{k}", block))
            channels += depth * growth_rate
            if k < len(block_config):
                layers.append((f"transition{k}", _Transition(channels, channels // 2)))
                channels //= 2
        layers.append(("norm5", nn.BatchNorm2d(channels)))
        self.features = nn.Sequential(OrderedDict(layers))
        self.classifier = nn.Linear(channels, num_classes)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight)
            elif isinstance(layer, nn.Linear):
                nn.init.zeros_(layer.bias)

    def forward(self, x):
        x = F.relu(self.features(x), inplace=True)
        return self.classifier(F.adaptive_avg_pool2d(x, (1, 1)).flatten(1))

    def _load_from_state_dict(self, state_dict, prefix, *rest) -> None:
        """The published weights were saved under names with one dot more: denselayer1.norm.1.weight."""
        for key in [k for k in state_dict if k.startswith(prefix)]:
            name = re.sub(r"(denselayer\d+\.(?:norm|relu|conv))\.([12]\.)", r"\1\2", key)
            if name != key:
                state_dict[name] = state_dict.pop(key)
        super()._load_from_state_dict(state_dict, prefix, *rest)


@constructor
def densenet121(**settings) -> DenseNet:
    return DenseNet(32, (6, 12, 24, 16), 64, **settings)


@constructor
def densenet161(**settings) -> DenseNet:
    return DenseNet(48, (6, 12, 36, 24), 96, **settings)


@constructor
def densenet169(**settings) -> DenseNet:
    return DenseNet(32, (6, 12, 32, 32), 64, **settings)


@constructor
def densenet201(**settings) -> DenseNet:
    return DenseNet(32, (6, 12, 48, 32), 64, **settings)
