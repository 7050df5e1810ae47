"""torchvision.models.googlenet. Szegedy et al. (2014), arXiv:1409.4842, with batch norm."""

from __future__ import annotations

from collections import namedtuple
from functools import partial

from ... import nn
from ...nn import functional as F
from ...ops import cat
from .weights import GoogLeNet_Weights, constructor  # noqa: F401

GoogLeNetOutputs = namedtuple("GoogLeNetOutputs", ["logits", "aux_logits2", "aux_logits1"])

# Table 1: in, 1 x 1, 3 x 3 reduced and 3 x 3, "5 x 5" reduced and "5 x 5", projection of the pool.
TABLE = {
    "3a": (192, 64, 96, 128, 16, 32, 32),
    "3b": (256, 128, 128, 192, 32, 96, 64),
    "4a": (480, 192, 96, 208, 16, 48, 64),
    "4b": (512, 160, 112, 224, 24, 64, 64),
    "4c": (512, 128, 128, 256, 24, 64, 64),
    "4d": (512, 112, 144, 288, 32, 64, 64),
    "4e": (528, 256, 160, 320, 32, 128, 128),
    "5a": (832, 256, 160, 320, 32, 128, 128),
    "5b": (832, 384, 192, 384, 48, 128, 128),
}


class BasicConv2d(nn.Module):
    def __init__(self, in_channels: int, out_channels: int, **settings):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, bias=False, **settings)
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)), inplace=True)


class Inception(nn.Module):
    """Four ways side by side. The third is 3 x 3 where the paper has 5 x 5, as in the weights that are published."""

    def __init__(self, n: int, ch1: int, ch3red: int, ch3: int, ch5red: int, ch5: int, pool_proj: int):
        super().__init__()
        conv = BasicConv2d
        self.branch1 = conv(n, ch1, kernel_size=1)
        self.branch2 = nn.Sequential(
            conv(n, ch3red, kernel_size=1), conv(ch3red, ch3, kernel_size=3, padding=1)
        )
        self.branch3 = nn.Sequential(
            conv(n, ch5red, kernel_size=1), conv(ch5red, ch5, kernel_size=3, padding=1)
        )
        pool = nn.MaxPool2d(kernel_size=3, stride=1, padding=1, ceil_mode=True)
        self.branch4 = nn.Sequential(pool, conv(n, pool_proj, kernel_size=1))

    def forward(self, x):
        return cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], 1)


class InceptionAux(nn.Module):
    """A classifier halfway, for a gradient that is not faint."""

    def __init__(self, in_channels: int, num_classes: int, dropout: float = 0.7):
        super().__init__()
        self.conv = BasicConv2d(in_channels, 128, kernel_size=1)
        self.fc1 = nn.Linear(2048, 1024)
        self.fc2 = nn.Linear(1024, num_classes)
        self.dropout = nn.Dropout(p=dropout)

    def forward(self, x):
        x = self.conv(F.adaptive_avg_pool2d(x, (4, 4))).flatten(1)  # (B, 128 * 4 * 4)
        return self.fc2(self.dropout(F.relu(self.fc1(x), inplace=True)))


class GoogLeNet(nn.Module):
    """(B, 3, H, W) -> (B, num_classes); GoogLeNetOutputs in training with aux_logits."""

    def __init__(
        self, num_classes: int = 1000, aux_logits: bool = True, transform_input: bool = False,
        init_weights: bool | None = None, blocks=None, dropout: float = 0.2, dropout_aux: float = 0.7,
    ):  # fmt: skip
        super().__init__()
        conv, inception, aux = blocks or (BasicConv2d, Inception, InceptionAux)
        self.aux_logits, self.transform_input = aux_logits, transform_input
        pool = partial(nn.MaxPool2d, kernel_size=3, stride=2, ceil_mode=True)
        self.conv1 = conv(3, 64, kernel_size=7, stride=2, padding=3)
        self.maxpool1 = pool()
        self.conv2 = conv(64, 64, kernel_size=1)
        self.conv3 = conv(64, 192, kernel_size=3, padding=1)
        self.maxpool2 = pool()
        for name, row in TABLE.items():
            if name == "4a":
                self.maxpool3 = pool()
            elif name == "5a":
                self.maxpool4 = nn.MaxPool2d(kernel_size=2, stride=2, ceil_mode=True)
            setattr(self, f"inception{name}", inception(*row))
        self.aux1 = aux(512, num_classes, dropout=dropout_aux) if aux_logits else None
        self.aux2 = aux(528, num_classes, dropout=dropout_aux) if aux_logits else None
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.dropout = nn.Dropout(p=dropout)
        self.fc = nn.Linear(1024, num_classes)
        if init_weights is not False:
            for layer in self.modules():
                if isinstance(layer, (nn.Conv2d, nn.Linear)):
                    nn.init.trunc_normal_(layer.weight, mean=0.0, std=0.01, a=-2, b=2)

    def forward(self, x):
        if self.transform_input:
            x = as_half_centred(x)
        x = self.maxpool1(self.conv1(x))
        x = self.maxpool2(self.conv3(self.conv2(x)))
        x = self.maxpool3(self.inception3b(self.inception3a(x)))
        x = self.inception4a(x)
        halfway = self.training and self.aux_logits
        aux1 = self.aux1(x) if halfway else None
        x = self.inception4d(self.inception4c(self.inception4b(x)))
        aux2 = self.aux2(x) if halfway else None
        x = self.maxpool4(self.inception4e(x))
        x = self.avgpool(self.inception5b(self.inception5a(x))).flatten(1)
        x = self.fc(self.dropout(x))
        return GoogLeNetOutputs(x, aux2, aux1) if halfway else x


def as_half_centred(x):
    """Pictures normalised with ImageNet's mean and deviation, as if normalised with 0.5 and 0.5."""
    mean = x.new_tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    std = x.new_tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    return x * (std / 0.5) + (mean - 0.5) / 0.5


def without_auxiliaries(net: GoogLeNet, settings: dict) -> None:
    """The published network has classifiers halfway; with weights one has to ask for them."""
    if not settings.get("aux_logits", False):
        net.aux_logits, net.aux1, net.aux2 = False, None, None


@partial(constructor, finish=without_auxiliaries, aux_logits=True, transform_input=True, init_weights=False)
def googlenet(**settings) -> GoogLeNet:
    return GoogLeNet(**settings)
