"""torchvision.models.segmentation.deeplabv3: taps of several distances side by side. Chen et al. (2017), arXiv:1706.05587."""

from __future__ import annotations

from collections.abc import Sequence

from .... import nn
from ....nn import functional as F
from ....ops import cat
from ....tensor import Tensor
from ..weights import DeepLabV3_ResNet50_Weights, DeepLabV3_ResNet101_Weights  # noqa: F401
from ._utils import _SimpleSegmentationModel, on_a_resnet, with_weights


class DeepLabV3(_SimpleSegmentationModel):
    """A body and a head."""


def normed(in_channels: int, out_channels: int, kernel_size: int = 1, dilation: int = 1) -> list[nn.Module]:
    padding = dilation if kernel_size == 3 else 0
    conv = nn.Conv2d(in_channels, out_channels, kernel_size, padding=padding, dilation=dilation, bias=False)
    return [conv, nn.BatchNorm2d(out_channels), nn.ReLU()]


class ASPPConv(nn.Sequential):
    """3 x 3 whose taps are dilation pixels apart."""

    def __init__(self, in_channels: int, out_channels: int, dilation: int):
        super().__init__(*normed(in_channels, out_channels, 3, dilation))


class ASPPPooling(nn.Sequential):
    """The mean of the whole picture, at every place."""

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__(nn.AdaptiveAvgPool2d(1), *normed(in_channels, out_channels))

    def forward(self, x: Tensor) -> Tensor:
        return F.interpolate(super().forward(x), size=x.shape[-2:], mode="bilinear", align_corners=False)


class ASPP(nn.Module):
    """1 x 1, taps of each distance and the picture's mean side by side, then mixed (fig. 5)."""

    def __init__(self, in_channels: int, atrous_rates: Sequence[int], out_channels: int = 256):
        super().__init__()
        branches: list[nn.Module] = [nn.Sequential(*normed(in_channels, out_channels))]
        branches += [ASPPConv(in_channels, out_channels, rate) for rate in atrous_rates]
        branches.append(ASPPPooling(in_channels, out_channels))
        self.convs = nn.ModuleList(branches)
        self.project = nn.Sequential(*normed(len(branches) * out_channels, out_channels), nn.Dropout(0.5))

    def forward(self, x: Tensor) -> Tensor:
        return self.project(cat([branch(x) for branch in self.convs], dim=1))


class DeepLabHead(nn.Sequential):
    """ASPP, 3 x 3, and a score for each class."""

    def __init__(self, in_channels: int, num_classes: int, atrous_rates: Sequence[int] = (12, 24, 36)):
        super().__init__(
            ASPP(in_channels, atrous_rates), *normed(256, 256, 3), nn.Conv2d(256, num_classes, 1)
        )


@with_weights
def deeplabv3_resnet50(**settings) -> nn.Module:
    return on_a_resnet(DeepLabV3, DeepLabHead, "resnet50", settings)


@with_weights
def deeplabv3_resnet101(**settings) -> nn.Module:
    return on_a_resnet(DeepLabV3, DeepLabHead, "resnet101", settings)
