"""What prepares pictures for networks with published weights."""

from __future__ import annotations

from ... import dtypes
from ...tensor import Tensor
from . import functional as F
from .functional import InterpolationMode
from .transforms import Transform

IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}


class Preset(Transform):
    """What pictures were resized to for a network, and the mean and spread of their colours, which are taken out."""

    def __init__(
        self, *, resize_size: int | None, mean=IMAGENET["mean"], std=IMAGENET["std"],
        interpolation=InterpolationMode.BILINEAR, antialias: bool | None = True,
    ):  # fmt: skip
        self.resize_size = None if resize_size is None else [resize_size]
        self.mean, self.std = list(mean), list(std)
        self.interpolation, self.antialias = interpolation, antialias

    def change(self, img):
        if self.resize_size is not None:
            img = F.resize(img, self.resize_size, self.interpolation, antialias=self.antialias)
        img = self.cut(img)
        x = img if isinstance(img, Tensor) else F.pil_to_tensor(img)
        return F.normalize(F.convert_image_dtype(x, dtypes.float32), self.mean, self.std)

    def cut(self, img):
        return img


class ImageClassification(Preset):
    """The middle of a picture that was brought to one size."""

    def __init__(self, *, crop_size: int, resize_size: int = 256, **settings):
        super().__init__(resize_size=resize_size, **settings)
        self.crop_size = [crop_size]

    def cut(self, img):
        return F.center_crop(img, self.crop_size)

    def __repr__(self) -> str:
        shown = ("crop_size", "resize_size", "mean", "std", "interpolation")
        return "ImageClassification(" + "".join(f"\n    {n}={getattr(self, n)}" for n in shown) + "\n)"


class SemanticSegmentation(Preset):
    """A picture whose shorter side has one length."""
