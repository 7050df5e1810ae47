"""Pretrained weights: there are none here, and asking for some says what to do."""

from __future__ import annotations

import difflib
import fnmatch
import functools
from collections.abc import Callable
from enum import Enum
from typing import Any


def refuse_weights(model: str, weights=None, pretrained: bool = False) -> None:
    if weights is not None or pretrained:
        raise NotImplementedError(
            f"{model}: tinytorch downloads no pretrained weights. Save them where PyTorch is installed, with"
            f" torch.save({model}(weights=...).state_dict(), 'weights.pt'), and load the file here: load_state_dict(torch.load('weights.pt'))"
        )


def constructor(build: Callable) -> Callable:
    """build(**settings) as torchvision's constructors are: it can be asked for weights, and says that there are none."""

    @functools.wraps(build)
    def construct(pretrained: bool = False, progress: bool = True, *, weights=None, **settings):
        refuse_weights(build.__name__, weights, pretrained)
        return build(**settings)

    BUILDERS[build.__name__] = construct
    return construct


BUILDERS: dict[str, Callable] = {}


def list_models(module=None, include=None, exclude=None) -> list[str]:
    """Names that `get_model` knows: of one file, if given, and fitting the shell patterns."""
    names = [n for n, build in BUILDERS.items() if module is None or build.__module__ == module.__name__]
    fits = lambda name, patterns: any(
        fnmatch.fnmatch(name, p) for p in ([patterns] if isinstance(patterns, str) else patterns)
    )
    return sorted(
        n for n in names if (not include or fits(n, include)) and not (exclude and fits(n, exclude))
    )


def get_model(name: str, **config):
    """The network of that name, in any case: get_model("resnet18", num_classes=10)."""
    if name.lower() not in BUILDERS:
        near = ", ".join(difflib.get_close_matches(name.lower(), BUILDERS))
        raise ValueError(f"Unknown model {name}" + (f"; near names: {near}" if near else ""))
    return BUILDERS[name.lower()](**config)


get_model_builder = BUILDERS.__getitem__


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


def published(model: str, name: str, versions: int = 1) -> type[WeightsEnum]:
    """The enum torchvision calls name: versions IMAGENET1K_V1, V2, ... of which the last is the default."""
    members = [(f"IMAGENET1K_V{v}", f"{model}-{v}") for v in range(1, versions + 1)]
    make: Any = WeightsEnum  # an enum without members makes enums
    return make(name, [*members, ("DEFAULT", members[-1][1])], module=__name__)


AlexNet_Weights = published("alexnet", "AlexNet_Weights")
ConvNeXt_Tiny_Weights = published("convnext_tiny", "ConvNeXt_Tiny_Weights")
ConvNeXt_Small_Weights = published("convnext_small", "ConvNeXt_Small_Weights")
ConvNeXt_Base_Weights = published("convnext_base", "ConvNeXt_Base_Weights")
ConvNeXt_Large_Weights = published("convnext_large", "ConvNeXt_Large_Weights")
DenseNet121_Weights = published("densenet121", "DenseNet121_Weights")
DenseNet161_Weights = published("densenet161", "DenseNet161_Weights")
DenseNet169_Weights = published("densenet169", "DenseNet169_Weights")
DenseNet201_Weights = published("densenet201", "DenseNet201_Weights")
EfficientNet_B0_Weights = published("efficientnet_b0", "EfficientNet_B0_Weights")
EfficientNet_B1_Weights = published("efficientnet_b1", "EfficientNet_B1_Weights", versions=2)
EfficientNet_B2_Weights = published("efficientnet_b2", "EfficientNet_B2_Weights")
EfficientNet_B3_Weights = published("efficientnet_b3", "EfficientNet_B3_Weights")
EfficientNet_B4_Weights = published("efficientnet_b4", "EfficientNet_B4_Weights")
EfficientNet_B5_Weights = published("efficientnet_b5", "EfficientNet_B5_Weights")
EfficientNet_B6_Weights = published("efficientnet_b6", "EfficientNet_B6_Weights")
EfficientNet_B7_Weights = published("efficientnet_b7", "EfficientNet_B7_Weights")
EfficientNet_V2_S_Weights = published("efficientnet_v2_s", "EfficientNet_V2_S_Weights")
EfficientNet_V2_M_Weights = published("efficientnet_v2_m", "EfficientNet_V2_M_Weights")
EfficientNet_V2_L_Weights = published("efficientnet_v2_l", "EfficientNet_V2_L_Weights")
GoogLeNet_Weights = published("googlenet", "GoogLeNet_Weights")
Inception_V3_Weights = published("inception_v3", "Inception_V3_Weights")
MNASNet0_5_Weights = published("mnasnet0_5", "MNASNet0_5_Weights")
MNASNet0_75_Weights = published("mnasnet0_75", "MNASNet0_75_Weights")
MNASNet1_0_Weights = published("mnasnet1_0", "MNASNet1_0_Weights")
MNASNet1_3_Weights = published("mnasnet1_3", "MNASNet1_3_Weights")
MobileNet_V2_Weights = published("mobilenet_v2", "MobileNet_V2_Weights", versions=2)
MobileNet_V3_Large_Weights = published("mobilenet_v3_large", "MobileNet_V3_Large_Weights", versions=2)
MobileNet_V3_Small_Weights = published("mobilenet_v3_small", "MobileNet_V3_Small_Weights")
ResNet18_Weights = published("resnet18", "ResNet18_Weights")
ResNet34_Weights = published("resnet34", "ResNet34_Weights")
ResNet50_Weights = published("resnet50", "ResNet50_Weights", versions=2)
ResNet101_Weights = published("resnet101", "ResNet101_Weights", versions=2)
ResNet152_Weights = published("resnet152", "ResNet152_Weights", versions=2)
ResNeXt50_32X4D_Weights = published("resnext50_32x4d", "ResNeXt50_32X4D_Weights", versions=2)
ResNeXt101_32X8D_Weights = published("resnext101_32x8d", "ResNeXt101_32X8D_Weights", versions=2)
ResNeXt101_64X4D_Weights = published("resnext101_64x4d", "ResNeXt101_64X4D_Weights")
ShuffleNet_V2_X0_5_Weights = published("shufflenet_v2_x0_5", "ShuffleNet_V2_X0_5_Weights")
ShuffleNet_V2_X1_0_Weights = published("shufflenet_v2_x1_0", "ShuffleNet_V2_X1_0_Weights")
ShuffleNet_V2_X1_5_Weights = published("shufflenet_v2_x1_5", "ShuffleNet_V2_X1_5_Weights")
ShuffleNet_V2_X2_0_Weights = published("shufflenet_v2_x2_0", "ShuffleNet_V2_X2_0_Weights")
SqueezeNet1_0_Weights = published("squeezenet1_0", "SqueezeNet1_0_Weights")
SqueezeNet1_1_Weights = published("squeezenet1_1", "SqueezeNet1_1_Weights")
Swin_T_Weights = published("swin_t", "Swin_T_Weights")
Swin_S_Weights = published("swin_s", "Swin_S_Weights")
Swin_B_Weights = published("swin_b", "Swin_B_Weights")
VGG11_Weights = published("vgg11", "VGG11_Weights")
VGG11_BN_Weights = published("vgg11_bn", "VGG11_BN_Weights")
VGG13_Weights = published("vgg13", "VGG13_Weights")
VGG13_BN_Weights = published("vgg13_bn", "VGG13_BN_Weights")
VGG16_BN_Weights = published("vgg16_bn", "VGG16_BN_Weights")
VGG19_Weights = published("vgg19", "VGG19_Weights")
VGG19_BN_Weights = published("vgg19_bn", "VGG19_BN_Weights")
ViT_B_16_Weights = published("vit_b_16", "ViT_B_16_Weights")
ViT_B_32_Weights = published("vit_b_32", "ViT_B_32_Weights")
ViT_L_16_Weights = published("vit_l_16", "ViT_L_16_Weights")
ViT_L_32_Weights = published("vit_l_32", "ViT_L_32_Weights")
ViT_H_14_Weights = published("vit_h_14", "ViT_H_14_Weights")
Wide_ResNet50_2_Weights = published("wide_resnet50_2", "Wide_ResNet50_2_Weights", versions=2)
Wide_ResNet101_2_Weights = published("wide_resnet101_2", "Wide_ResNet101_2_Weights", versions=2)


class VGG16_Weights(WeightsEnum):
    IMAGENET1K_V1 = DEFAULT = "vgg16-1"
    IMAGENET1K_FEATURES = "vgg16-features"
