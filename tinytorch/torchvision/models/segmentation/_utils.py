"""What the networks that class every pixel have in common: a body, a head, and the result as large as the picture."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial

from .... import nn
from ....nn import functional as F
from ....tensor import Tensor
from .._api import chosen, constructor
from .._utils import IntermediateLayerGetter
from ..resnet import resnet50, resnet101


class _SimpleSegmentationModel(nn.Module):
    """(B, 3, H, W) -> {"out": (B, classes, H, W)}, and "aux" from a stage before the last if there is a head for it."""

    def __init__(self, backbone: nn.Module, classifier: nn.Module, aux_classifier: nn.Module | None = None):
        super().__init__()
        self.backbone, self.classifier, self.aux_classifier = backbone, classifier, aux_classifier

    def forward(self, x: Tensor) -> OrderedDict[str, Tensor]:
        size, features = x.shape[-2:], self.backbone(x)
        full = lambda v: F.interpolate(v, size=size, mode="bilinear", align_corners=False)
        result = OrderedDict(out=full(self.classifier(features["out"])))
        if self.aux_classifier is not None:
            result["aux"] = full(self.aux_classifier(features["aux"]))
        return result


class FCNHead(nn.Sequential):
    """3 x 3 to a quarter of the channels, and a score for each class."""

    def __init__(self, in_channels: int, channels: int):
        inner = in_channels // 4
        super().__init__(
            nn.Conv2d(in_channels, inner, 3, padding=1, bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Conv2d(inner, channels, 1),
        )


# the published networks were trained with a head halfway, and their body's weights are in the same file
with_weights = partial(constructor, aux_loss=True, weights_backbone=None)


def resnet_body(name: str, weights_backbone, aux: bool) -> nn.Module:
    """A residual network that stays at an eighth of the picture: its last two stages have wider taps instead of strides."""
    build = {"resnet50": resnet50, "resnet101": resnet101}[name]
    net = build(weights=chosen(name, weights_backbone), replace_stride_with_dilation=[False, True, True])
    return IntermediateLayerGetter(net, {"layer3": "aux", "layer4": "out"} if aux else {"layer4": "out"})


def on_a_resnet(kind: Callable, head: Callable, name: str, settings: dict) -> nn.Module:
    """The network kind with head on that body."""
    classes = settings.pop("num_classes", None) or 21
    aux = bool(settings.pop("aux_loss", None))
    body = resnet_body(name, settings.pop("weights_backbone", None), aux)
    return kind(body, head(2048, classes), FCNHead(1024, classes) if aux else None, **settings)
