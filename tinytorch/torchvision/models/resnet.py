"""torchvision.models.resnet."""

from __future__ import annotations

from ...models import resnet
from ...models.resnet import BasicBlock, Bottleneck, ResNet  # noqa: F401
from .weights import (  # noqa: F401
    ResNet18_Weights,
    ResNet34_Weights,
    ResNet50_Weights,
    refuse_weights,
)


def resnet18(
    *, weights=None, pretrained: bool = False, progress: bool = True, num_classes: int = 1000
) -> ResNet:
    refuse_weights("resnet18", weights, pretrained)
    return resnet.resnet18(num_classes)


def resnet34(
    *, weights=None, pretrained: bool = False, progress: bool = True, num_classes: int = 1000
) -> ResNet:
    refuse_weights("resnet34", weights, pretrained)
    return resnet.resnet34(num_classes)


def resnet50(
    *, weights=None, pretrained: bool = False, progress: bool = True, num_classes: int = 1000
) -> ResNet:
    refuse_weights("resnet50", weights, pretrained)
    return resnet.resnet50(num_classes)
