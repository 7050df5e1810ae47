"""torchvision.models.segmentation.fcn: convolutions all the way. Long et al. (2014), arXiv:1411.4038."""

from __future__ import annotations

from .... import nn
from ..weights import FCN_ResNet50_Weights, FCN_ResNet101_Weights  # noqa: F401
from ._utils import FCNHead, _SimpleSegmentationModel, on_a_resnet, with_weights


class FCN(_SimpleSegmentationModel):
    """A body and a head."""


@with_weights
def fcn_resnet50(**settings) -> nn.Module:
    return on_a_resnet(FCN, FCNHead, "resnet50", settings)


@with_weights
def fcn_resnet101(**settings) -> nn.Module:
    return on_a_resnet(FCN, FCNHead, "resnet101", settings)
