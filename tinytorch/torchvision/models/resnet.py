"""torchvision.models.resnet: residual networks with groups (ResNeXt), other widths and dilation. He et al. (2015).

tinytorch.models.resnet is the network of the paper and reads like it; this one takes what programs hand to torchvision's.
"""

from __future__ import annotations

from ... import nn
from .weights import (  # noqa: F401
    ResNet18_Weights,
    ResNet34_Weights,
    ResNet50_Weights,
    ResNet101_Weights,
    ResNet152_Weights,
    ResNeXt50_32X4D_Weights,
    ResNeXt101_32X8D_Weights,
    ResNeXt101_64X4D_Weights,
    Wide_ResNet50_2_Weights,
    Wide_ResNet101_2_Weights,
    constructor,
)


def conv3x3(
    in_planes: int, out_planes: int, stride: int = 1, groups: int = 1, dilation: int = 1
) -> nn.Conv2d:
    return nn.Conv2d(
        in_planes, out_planes, 3, stride, padding=dilation, dilation=dilation, groups=groups, bias=False
    )


def conv1x1(in_planes: int, out_planes: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(in_planes, out_planes, 1, stride, bias=False)


class BasicBlock(nn.Module):
    """x + f(x), with f two 3 x 3 convolutions."""

    expansion: int = 1

    def __init__(
        self, inplanes: int, planes: int, stride: int = 1, downsample=None, groups: int = 1, base_width: int = 64,
        dilation: int = 1, norm_layer=None,
    ):  # fmt: skip
        super().__init__()
        if groups != 1 or base_width != 64:
            raise ValueError("BasicBlock only supports groups=1 and base_width=64")
        if dilation > 1:
            raise NotImplementedError("Dilation > 1 not supported in BasicBlock")
        norm_layer = norm_layer or nn.BatchNorm2d
        self.conv1 = conv3x3(inplanes, planes, stride)
        self.bn1 = norm_layer(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = conv3x3(planes, planes)
        self.bn2 = norm_layer(planes)
        self.downsample = downsample
        self.stride = stride

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return self.relu(out + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    """x + f(x), with f a 3 x 3 convolution, in groups for ResNeXt, between two 1 x 1 that narrow and widen."""

    expansion: int = 4

    def __init__(
        self, inplanes: int, planes: int, stride: int = 1, downsample=None, groups: int = 1, base_width: int = 64,
        dilation: int = 1, norm_layer=None,
    ):  # fmt: skip
        super().__init__()
        norm_layer = norm_layer or nn.BatchNorm2d
        width = int(planes * (base_width / 64)) * groups
        self.conv1 = conv1x1(inplanes, width)
        self.bn1 = norm_layer(width)
        self.conv2 = conv3x3(width, width, stride, groups, dilation)
        self.bn2 = norm_layer(width)
        self.conv3 = conv1x1(width, planes * self.expansion)
        self.bn3 = norm_layer(planes * self.expansion)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample
        self.stride = stride

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return self.relu(out + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    """A stem, four stages of blocks, and a linear layer on the mean over all places: (B, 3, H, W) -> (B, num_classes)."""

    def __init__(
        self, block, layers: list[int], num_classes: int = 1000, zero_init_residual: bool = False, groups: int = 1,
        width_per_group: int = 64, replace_stride_with_dilation: list[bool] | None = None, norm_layer=None,
    ):  # fmt: skip
        super().__init__()
        dilate = replace_stride_with_dilation or [False, False, False]
        if len(dilate) != 3:
            raise ValueError(
                f"replace_stride_with_dilation should be None or a 3-element tuple, got {replace_stride_with_dilation}"
            )
        self._norm_layer = norm_layer or nn.BatchNorm2d
        self.inplanes, self.dilation = 64, 1
        self.groups, self.base_width = groups, width_per_group
        self.conv1 = nn.Conv2d(3, self.inplanes, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = self._norm_layer(self.inplanes)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.layer1 = self._make_layer(block, 64, layers[0])
        self.layer2 = self._make_layer(block, 128, layers[1], stride=2, dilate=dilate[0])
        self.layer3 = self._make_layer(block, 256, layers[2], stride=2, dilate=dilate[1])
        self.layer4 = self._make_layer(block, 512, layers[3], stride=2, dilate=dilate[2])
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(512 * block.expansion, num_classes)
        self.initialize(zero_init_residual)

    def _make_layer(
        self, block, planes: int, blocks: int, stride: int = 1, dilate: bool = False
    ) -> nn.Sequential:
        """Blocks of one width; the first has the stride, or else the blocks after it a wider dilation."""
        norm_layer, before = self._norm_layer, self.dilation
        if dilate:
            self.dilation *= stride
            stride = 1
        out, downsample = planes * block.expansion, None
        if stride != 1 or self.inplanes != out:
            downsample = nn.Sequential(conv1x1(self.inplanes, out, stride), norm_layer(out))
        first = block(
            self.inplanes, planes, stride, downsample, self.groups, self.base_width, before, norm_layer
        )
        self.inplanes = out
        rest = {"groups": self.groups, "base_width": self.base_width, "dilation": self.dilation}
        return nn.Sequential(
            first, *[block(out, planes, norm_layer=norm_layer, **rest) for _ in range(blocks - 1)]
        )

    def initialize(self, zero_init_residual: bool) -> None:
        """He et al. (2015), and on demand blocks that start as the identity (Goyal et al. 2017, arXiv:1706.02677)."""
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            elif zero_init_residual and isinstance(layer, BasicBlock):
                nn.init.zeros_(layer.bn2.weight)
            elif zero_init_residual and isinstance(layer, Bottleneck):
                nn.init.zeros_(layer.bn3.weight)

    def _forward_impl(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.avgpool(x).flatten(1))

    def forward(self, x):
        return self._forward_impl(x)


@constructor
def resnet18(**settings) -> ResNet:
    return ResNet(BasicBlock, [2, 2, 2, 2], **settings)


@constructor
def resnet34(**settings) -> ResNet:
    return ResNet(BasicBlock, [3, 4, 6, 3], **settings)


@constructor
def resnet50(**settings) -> ResNet:
    return ResNet(Bottleneck, [3, 4, 6, 3], **settings)


@constructor
def resnet101(**settings) -> ResNet:
    return ResNet(Bottleneck, [3, 4, 23, 3], **settings)


@constructor
def resnet152(**settings) -> ResNet:
    return ResNet(Bottleneck, [3, 8, 36, 3], **settings)


@constructor
def resnext50_32x4d(**settings) -> ResNet:
    return ResNet(Bottleneck, [3, 4, 6, 3], groups=32, width_per_group=4, **settings)


@constructor
def resnext101_32x8d(**settings) -> ResNet:
    return ResNet(Bottleneck, [3, 4, 23, 3], groups=32, width_per_group=8, **settings)


@constructor
def resnext101_64x4d(**settings) -> ResNet:
    return ResNet(Bottleneck, [3, 4, 23, 3], groups=64, width_per_group=4, **settings)


@constructor
def wide_resnet50_2(**settings) -> ResNet:
    return ResNet(Bottleneck, [3, 4, 6, 3], width_per_group=128, **settings)


@constructor
def wide_resnet101_2(**settings) -> ResNet:
    return ResNet(Bottleneck, [3, 4, 23, 3], width_per_group=128, **settings)
