"""torchvision.transforms.v2: the same transforms, and its way to make tensors of pictures."""

from __future__ import annotations

from ... import dtypes
from ...tensor import Tensor
from ...tensor_data import from_numpy
from . import functional as F
from .random import (  # noqa: F401
    ColorJitter,
    GaussianBlur,
    RandomAffine,
    RandomApply,
    RandomChoice,
    RandomCrop,
    RandomErasing,
    RandomGrayscale,
    RandomHorizontalFlip,
    RandomOrder,
    RandomResizedCrop,
    RandomRotation,
    RandomVerticalFlip,
)  # fmt: skip
from .transforms import (  # noqa: F401
    CenterCrop,
    Compose,
    Grayscale,
    Lambda,
    Normalize,
    Pad,
    PILToTensor,
    Resize,
    ToPILImage,
    ToTensor,
    Transform,
)  # fmt: skip


class ToImage(Transform):
    """A picture or an array (H, W, C) as the tensor (C, H, W) of its numbers."""

    def forward(self, img):
        if isinstance(img, Tensor):
            return img
        return F.pil_to_tensor(img) if F.is_picture(img) else from_numpy(F.channels_first(img))


class ToDtype(Transform):
    """Another dtype; with scale=True the range is scaled too, as 0 ... 255 to 0 ... 1."""

    def __init__(self, dtype: dtypes.dtype, scale: bool = False):
        self.dtype, self.scale = dtype, scale

    def forward(self, img):
        return F.convert_image_dtype(img, self.dtype) if self.scale else img.to(self.dtype)

    def __repr__(self) -> str:
        return f"ToDtype(scale={self.scale})"
