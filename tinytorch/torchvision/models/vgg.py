"""torchvision.models.vgg."""

from __future__ import annotations

from collections.abc import Callable

from ...models import vgg
from ...models.vgg import VGG
from .weights import (  # noqa: F401
    VGG11_BN_Weights,
    VGG11_Weights,
    VGG13_BN_Weights,
    VGG13_Weights,
    VGG16_BN_Weights,
    VGG16_Weights,
    VGG19_BN_Weights,
    VGG19_Weights,
    refuse_weights,
)

make_layers = vgg.convolutions  # torchvision's name


def constructor(name: str, make: Callable[..., VGG], batch_norm: bool) -> Callable[..., VGG]:
    def build(
        *,
        weights=None,
        pretrained: bool = False,
        progress: bool = True,
        num_classes: int = 1000,
        dropout: float = 0.5,
    ) -> VGG:
        refuse_weights(name, weights, pretrained)
        return make(num_classes, batch_norm=batch_norm, dropout=dropout)

    build.__name__ = build.__qualname__ = name
    return build


vgg11, vgg13, vgg16, vgg19 = (
    constructor(f.__name__, f, False) for f in (vgg.vgg11, vgg.vgg13, vgg.vgg16, vgg.vgg19)
)
vgg11_bn, vgg13_bn, vgg16_bn, vgg19_bn = (
    constructor(f"{f.__name__}_bn", f, True) for f in (vgg.vgg11, vgg.vgg13, vgg.vgg16, vgg.vgg19)
)
