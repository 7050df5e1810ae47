"""torchvision.transforms.functional: functions of one picture, a Pillow image or a tensor (..., C, H, W)."""

from .colours import (  # 07
    adjust_brightness, adjust_contrast, adjust_gamma, adjust_hue, adjust_saturation, autocontrast, equalize, invert,
    posterize, rgb_to_grayscale, solarize, to_grayscale,
)
from .filters import adjust_sharpness, erase, gaussian_blur  # 07
from .pictures import (  # 07
    InterpolationMode, as_filter, channels_first, convert_image_dtype, get_dimensions, get_image_num_channels, get_image_size,
    is_picture, normalize, pil_to_tensor, pillow, to_pil_image, to_tensor,
)
from .sizes import (  # 07
    center_crop, crop, five_crop, hflip, pad, pair, resize, resized, resized_crop, sides, ten_crop, vflip,
)
from .warps import affine, elastic_transform, perspective, rotate  # 07

from .... import later as _later

__getattr__ = _later.missing_from(__name__)
