"""torchvision.transforms: from Pillow images to tensors, and random changes on the way."""

from . import functional  # 07
from .augment import AugMix, AutoAugment, AutoAugmentPolicy, RandAugment, TrivialAugmentWide  # 07
from .functional import InterpolationMode  # 07
from .random import (  # 07
    ColorJitter, ElasticTransform, GaussianBlur, RandomAdjustSharpness, RandomAffine, RandomApply, RandomAutocontrast,
    RandomChoice, RandomCrop, RandomEqualize, RandomErasing, RandomGrayscale, RandomHorizontalFlip, RandomInvert,
    RandomOrder, RandomPerspective, RandomPosterize, RandomResizedCrop, RandomRotation, RandomSolarize, RandomVerticalFlip,
)
from .transforms import (  # 07
    CenterCrop, Compose, ConvertImageDtype, FiveCrop, Grayscale, Lambda, LinearTransformation, Normalize, Pad, PILToTensor,
    Resize, TenCrop, ToPILImage, ToTensor,
)

from ... import later as _later

__getattr__ = _later.missing_from(__name__)
