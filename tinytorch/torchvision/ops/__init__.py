"""torchvision.ops: those that need nothing but tensors."""

from .boxes import (
    batched_nms, box_area, box_convert, box_iou, clip_boxes_to_image, generalized_box_iou, nms, remove_small_boxes,
)  # 08
from .deform_conv import DeformConv2d, deform_conv2d  # 08
from .layers import MLP, Conv2dNormActivation, Conv3dNormActivation, Permute, SqueezeExcitation  # 08
from .misc import FrozenBatchNorm2d, StochasticDepth, sigmoid_focal_loss, stochastic_depth  # 08

from ... import later as _later

__getattr__ = _later.missing_from(__name__)
