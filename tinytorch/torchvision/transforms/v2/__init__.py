"""torchvision.transforms.v2: the transforms for any nest of pictures, boxes and masks."""

from . import functional  # 08
from .boxes import (  # 08
    ClampBoundingBoxes, ConvertBoundingBoxFormat, RandomIoUCrop, RandomResize, RandomShortestSize, RandomZoomOut,
    SanitizeBoundingBoxes, ScaleJitter,
)
from .functional import InterpolationMode  # 08
from .mixing import CutMix, MixUp  # 08
from .structure import Transform  # 08
from .transforms import (  # 08
    AugMix, AutoAugment, CenterCrop, ColorJitter, Compose, ConvertImageDtype, ElasticTransform, FiveCrop, GaussianBlur,
    GaussianNoise, Grayscale, Identity, Lambda, LinearTransformation, Normalize, Pad, PILToTensor, RandAugment,
    RandomAdjustSharpness, RandomAffine, RandomApply, RandomAutocontrast, RandomChannelPermutation, RandomChoice, RandomCrop,
    RandomEqualize, RandomErasing, RandomGrayscale, RandomHorizontalFlip, RandomInvert, RandomOrder, RandomPerspective,
    RandomPhotometricDistort, RandomPosterize, RandomResizedCrop, RandomRotation, RandomSolarize, RandomVerticalFlip,
    Resize, RGB, TenCrop, ToDtype, ToImage, ToPILImage, ToPureTensor, ToTensor, TrivialAugmentWide,
)
from ..augment import AutoAugmentPolicy  # 08

from .... import later as _later

__getattr__ = _later.missing_from(__name__)
