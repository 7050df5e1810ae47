"""torchvision.models.segmentation: the class of every pixel."""

from ..weights import (  # 10
    DeepLabV3_ResNet50_Weights, DeepLabV3_ResNet101_Weights, FCN_ResNet50_Weights, FCN_ResNet101_Weights,
)
from .deeplabv3 import DeepLabV3, deeplabv3_resnet50, deeplabv3_resnet101  # 10
from .fcn import FCN, fcn_resnet50, fcn_resnet101  # 10

from .... import later as _later

__getattr__ = _later.missing_from(__name__)
