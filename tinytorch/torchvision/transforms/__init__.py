"""torchvision.transforms: from Pillow images to tensors, and random changes on the way."""

from . import functional  # 07
from .functional import InterpolationMode  # 07
from .random import (  # 07
    ColorJitter, GaussianBlur, RandomAffine, RandomApply, RandomChoice, RandomCrop, RandomErasing, RandomGrayscale,
    RandomHorizontalFlip, RandomOrder, RandomResizedCrop, RandomRotation, RandomVerticalFlip,
)
from .transforms import (  # 07
    CenterCrop, Compose, ConvertImageDtype, Grayscale, Lambda, Normalize, Pad, PILToTensor, Resize, ToPILImage, ToTensor,
)

from ... import later as _later

__getattr__ = _later.missing_from(__name__)
