"""What prepares pictures for networks with published weights."""

from __future__ import annotations

from ... import dtypes
from ...tensor import Tensor
from . import functional as F
from .functional import InterpolationMode
from .transforms import Transform

IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}


class ImageClassification(Transform):
    """The middle of a picture, brought to one size, with the colours of ImageNet's mean picture taken away."""

    def __init__(
        self, *, crop_size: int, resize_size: int = 256, mean=IMAGENET["mean"], std=IMAGENET["std"],
        interpolation=InterpolationMode.BILINEAR, antialias: bool | None = True,
    ):  # fmt: skip
        self.crop_size, self.resize_size = [crop_size], [resize_size]
        self.mean, self.std, self.interpolation, self.antialias = (
            list(mean),
            list(std),
            interpolation,
            antialias,
        )

    def change(self, img):
        img = F.resize(img, self.resize_size, self.interpolation, antialias=self.antialias)
        return normalized(F.center_crop(img, self.crop_size), self.mean, self.std)

    def __repr__(self) -> str:
        shown = ("crop_size", "resize_size", "mean", "std", "interpolation")
        return "ImageClassification(" + "".join(f"\n    {n}={getattr(self, n)}" for n in shown) + "\n)"


class SemanticSegmentation(Transform):
    """A picture whose shorter side has one length."""

    def __init__(
        self, *, resize_size: int | None, mean=IMAGENET["mean"], std=IMAGENET["std"],
        interpolation=InterpolationMode.BILINEAR, antialias: bool | None = True,
    ):  # fmt: skip
        self.resize_size = None if resize_size is None else [resize_size]
        self.mean, self.std, self.interpolation, self.antialias = (
            list(mean),
            list(std),
            interpolation,
            antialias,
        )

    def change(self, img):
        if self.resize_size is not None:
            img = F.resize(img, self.resize_size, self.interpolation, antialias=self.antialias)
        return normalized(img, self.mean, self.std)


def normalized(img, mean, std):
    x = img if isinstance(img, Tensor) else F.pil_to_tensor(img)
    return F.normalize(F.convert_image_dtype(x, dtypes.float32), mean, std)
