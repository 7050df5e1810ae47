"""Pretrained weights: there are none here, and asking for some says what to do."""

from __future__ import annotations

from enum import Enum


def refuse_weights(model: str, weights=None, pretrained: bool = False) -> None:
    if weights is not None or pretrained:
        raise NotImplementedError(
            f"{model}: tinytorch downloads no pretrained weights. Save them where PyTorch is installed, with"
            f" torch.save({model}(weights=...).state_dict(), 'weights.pt'), and load the file here: load_state_dict(torch.load('weights.pt'))"
        )


class WeightsEnum(Enum):
    """Which published weights a program asks for. They can be named; what is in them is not here."""

    def get_state_dict(self, *args, **kwargs):
        refuse_weights(type(self).__name__.removesuffix("_Weights").lower(), self)

    def transforms(self, **kwargs):
        self.get_state_dict()

    @property
    def url(self):
        self.get_state_dict()

    @property
    def meta(self):
        self.get_state_dict()


class ResNet18_Weights(WeightsEnum):
    IMAGENET1K_V1 = DEFAULT = "resnet18-1"


class ResNet34_Weights(WeightsEnum):
    IMAGENET1K_V1 = DEFAULT = "resnet34-1"


class ResNet50_Weights(WeightsEnum):
    IMAGENET1K_V1 = "resnet50-1"
    IMAGENET1K_V2 = DEFAULT = "resnet50-2"


class VGG11_Weights(WeightsEnum):
    IMAGENET1K_V1 = DEFAULT = "vgg11-1"


class VGG11_BN_Weights(WeightsEnum):
    IMAGENET1K_V1 = DEFAULT = "vgg11_bn-1"


class VGG13_Weights(WeightsEnum):
    IMAGENET1K_V1 = DEFAULT = "vgg13-1"


class VGG13_BN_Weights(WeightsEnum):
    IMAGENET1K_V1 = DEFAULT = "vgg13_bn-1"


class VGG16_Weights(WeightsEnum):
    IMAGENET1K_V1 = DEFAULT = "vgg16-1"
    IMAGENET1K_FEATURES = "vgg16-features"


class VGG16_BN_Weights(WeightsEnum):
    IMAGENET1K_V1 = DEFAULT = "vgg16_bn-1"


class VGG19_Weights(WeightsEnum):
    IMAGENET1K_V1 = DEFAULT = "vgg19-1"


class VGG19_BN_Weights(WeightsEnum):
    IMAGENET1K_V1 = DEFAULT = "vgg19_bn-1"
