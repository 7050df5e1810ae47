"""torchvision.models: those that tinytorch has, under torchvision's names and with its state_dict keys."""

from .resnet import ResNet, resnet18, resnet34, resnet50  # 08
from .vgg import VGG, vgg11, vgg11_bn, vgg13, vgg13_bn, vgg16, vgg16_bn, vgg19, vgg19_bn  # 08
from .weights import (  # 08
    ResNet18_Weights, ResNet34_Weights, ResNet50_Weights, VGG11_BN_Weights, VGG11_Weights, VGG13_BN_Weights, VGG13_Weights,
    VGG16_BN_Weights, VGG16_Weights, VGG19_BN_Weights, VGG19_Weights, WeightsEnum,
)

from ... import later as _later

__getattr__ = _later.missing_from(__name__)
