"""torchvision.ops: those that need nothing but tensors."""

from .boxes import (  # 08
    batched_nms, box_area, box_convert, box_iou, clip_boxes_to_image, complete_box_iou, distance_box_iou, generalized_box_iou,
    masks_to_boxes, nms, remove_small_boxes,
)
from .deform_conv import DeformConv2d, deform_conv2d  # 08
from .feature_pyramid_network import FeaturePyramidNetwork  # 08
from .layers import MLP, Conv2dNormActivation, Conv3dNormActivation, Permute, SqueezeExcitation  # 08
from .losses import complete_box_iou_loss, distance_box_iou_loss, generalized_box_iou_loss  # 08
from .misc import (  # 08
    DropBlock2d, DropBlock3d, FrozenBatchNorm2d, StochasticDepth, drop_block2d, drop_block3d, sigmoid_focal_loss,
    stochastic_depth,
)
from .rois import (  # 08
    MultiScaleRoIAlign, PSRoIAlign, RoIAlign, RoIPool, ps_roi_align, roi_align, roi_pool,
)

from ... import later as _later

__getattr__ = _later.missing_from(__name__)
