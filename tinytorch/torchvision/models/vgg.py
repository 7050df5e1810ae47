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
    constructor,
)

make_layers = vgg.convolutions  # torchvision's name


def named(name: str, make: Callable[..., VGG], batch_norm: bool) -> Callable[..., VGG]:
    def build(num_classes: int = 1000, dropout: float = 0.5) -> VGG:
        return make(num_classes, batch_norm=batch_norm, dropout=dropout)

    build.__name__ = build.__qualname__ = name
    return constructor(build)


vgg11, vgg13, vgg16, vgg19 = (
    named(f.__name__, f, False) for f in (vgg.vgg11, vgg.vgg13, vgg.vgg16, vgg.vgg19)
)
vgg11_bn, vgg13_bn, vgg16_bn, vgg19_bn = (
    named(f"{f.__name__}_bn", f, True) for f in (vgg.vgg11, vgg.vgg13, vgg.vgg16, vgg.vgg19)
)
