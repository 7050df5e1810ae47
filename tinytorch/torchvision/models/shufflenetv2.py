"""torchvision.models.shufflenetv2. Ma et al. (2018), arXiv:1807.11164."""

from __future__ import annotations

from ... import nn
from ...ops import cat
from .weights import (  # noqa: F401
    ShuffleNet_V2_X0_5_Weights,
    ShuffleNet_V2_X1_0_Weights,
    ShuffleNet_V2_X1_5_Weights,
    ShuffleNet_V2_X2_0_Weights,
    constructor,
)


def channel_shuffle(x, groups: int):
    """Channels of the groups in turn: (a1 a2 b1 b2) -> (a1 b1 a2 b2)."""
    B, C, H, W = x.size()
    return x.view(B, groups, C // groups, H, W).transpose(1, 2).reshape(B, C, H, W)


def conv(n: int, m: int, kernel: int, stride: int = 1, groups: int = 1, relu: bool = True) -> list[nn.Module]:
    layers: list[nn.Module] = [
        nn.Conv2d(n, m, kernel, stride, padding=kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(m),
    ]
    return [*layers, nn.ReLU(inplace=True)] if relu else layers


class InvertedResidual(nn.Module):
    """Half the channels pass, the other half are convolved (fig. 3 c); at stride 2 both are (fig. 3 d)."""

    def __init__(self, inp: int, oup: int, stride: int):
        super().__init__()
        if not 1 <= stride <= 3:
            raise ValueError("illegal stride value")
        self.stride = stride
        half = oup // 2
        if stride == 1 and inp != 2 * half:
            raise ValueError(f"stride 1 needs {2 * half} channels to come in, not {inp}")
        self.branch1 = nn.Sequential()
        if stride > 1:
            self.branch1 = nn.Sequential(
                *conv(inp, inp, 3, stride, groups=inp, relu=False), *conv(inp, half, 1)
            )
        self.branch2 = nn.Sequential(
            *conv(inp if stride > 1 else half, half, 1),
            *conv(half, half, 3, stride, groups=half, relu=False),
            *conv(half, half, 1),
        )

    def forward(self, x):
        if self.stride == 1:
            left, right = x.chunk(2, dim=1)
            out = cat((left, self.branch2(right)), 1)
        else:
            out = cat((self.branch1(x), self.branch2(x)), 1)
        return channel_shuffle(out, 2)


class ShuffleNetV2(nn.Module):
    def __init__(
        self, stages_repeats: list[int], stages_out_channels: list[int], num_classes: int = 1000,
        inverted_residual=InvertedResidual,
    ):  # fmt: skip
        super().__init__()
        first, *stages, last = stages_out_channels
        self.conv1 = nn.Sequential(*conv(3, first, 3, 2))
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        channels = first
        for k, (repeats, width) in enumerate(zip(stages_repeats, stages), start=2):
            blocks = [inverted_residual(channels, width, 2)]
            blocks += [inverted_residual(width, width, 1) for _ in range(repeats - 1)]
            setattr(self, f"stage{k}", nn.Sequential(*blocks))
            channels = width
        self.conv5 = nn.Sequential(*conv(channels, last, 1))
        self.fc = nn.Linear(last, num_classes)

    def forward(self, x):
        x = self.maxpool(self.conv1(x))
        x = self.conv5(self.stage4(self.stage3(self.stage2(x))))
        return self.fc(x.mean([2, 3]))


@constructor
def shufflenet_v2_x0_5(**settings) -> ShuffleNetV2:
    return ShuffleNetV2([4, 8, 4], [24, 48, 96, 192, 1024], **settings)


@constructor
def shufflenet_v2_x1_0(**settings) -> ShuffleNetV2:
    return ShuffleNetV2([4, 8, 4], [24, 116, 232, 464, 1024], **settings)


@constructor
def shufflenet_v2_x1_5(**settings) -> ShuffleNetV2:
    return ShuffleNetV2([4, 8, 4], [24, 176, 352, 704, 1024], **settings)


@constructor
def shufflenet_v2_x2_0(**settings) -> ShuffleNetV2:
    return ShuffleNetV2([4, 8, 4], [24, 244, 488, 976, 2048], **settings)
