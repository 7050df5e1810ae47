"""torchvision.models: those that tinytorch has, under torchvision's names and with its state_dict keys."""

from .resnet import ResNet, resnet18, resnet34, resnet50  # 08
from .vgg import VGG, vgg11, vgg11_bn, vgg13, vgg13_bn, vgg16, vgg16_bn, vgg19, vgg19_bn  # 08

from ... import later as _later

__getattr__ = _later.missing_from(__name__)
