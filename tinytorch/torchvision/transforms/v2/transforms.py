"""v1's transforms for any nest of pictures, boxes and masks, and the ways from one kind to another."""

from __future__ import annotations

from collections.abc import Callable

from .... import dtypes, random
from ....tensor import Tensor
from ....utils._pytree import tree_map
from ...tv_tensors import BoundingBoxes, Mask, TVTensor
from .. import augment
from .. import random as r
from .. import transforms as t
from ..functional import is_picture
from ..random import uniform, whole
from . import functional as F
from .structure import OfPictures, Transform, of_structures

CenterCrop, Resize, Pad = of_structures(t.CenterCrop), of_structures(t.Resize), of_structures(t.Pad)
FiveCrop, TenCrop = of_structures(t.FiveCrop), of_structures(t.TenCrop)
Grayscale, Normalize = of_structures(t.Grayscale), of_structures(t.Normalize)
LinearTransformation = of_structures(t.LinearTransformation)
ConvertImageDtype = of_structures(t.ConvertImageDtype)
PILToTensor, ToTensor = of_structures(t.PILToTensor), of_structures(t.ToTensor)
RandomCrop, RandomResizedCrop = of_structures(r.RandomCrop), of_structures(r.RandomResizedCrop)
RandomHorizontalFlip, RandomVerticalFlip = (
    of_structures(r.RandomHorizontalFlip),
    of_structures(r.RandomVerticalFlip),
)
RandomRotation, RandomAffine = of_structures(r.RandomRotation), of_structures(r.RandomAffine)
RandomPerspective, ElasticTransform = of_structures(r.RandomPerspective), of_structures(r.ElasticTransform)
RandomErasing, RandomGrayscale = of_structures(r.RandomErasing, OfPictures), of_structures(r.RandomGrayscale)
ColorJitter, GaussianBlur = of_structures(r.ColorJitter), of_structures(r.GaussianBlur)
RandomInvert, RandomPosterize = of_structures(r.RandomInvert), of_structures(r.RandomPosterize)
RandomSolarize, RandomEqualize = of_structures(r.RandomSolarize), of_structures(r.RandomEqualize)
RandomAdjustSharpness = of_structures(r.RandomAdjustSharpness)
RandomAutocontrast = of_structures(r.RandomAutocontrast)
AutoAugment, RandAugment, TrivialAugmentWide, AugMix = (
    of_structures(kind, OfPictures)
    for kind in (augment.AutoAugment, augment.RandAugment, augment.TrivialAugmentWide, augment.AugMix)
)


class Compose(t.Compose):
    """One after another, each with what the one before gives."""

    def forward(self, *inputs):
        for transform in self.transforms:
            outputs = transform(*inputs)
            inputs = outputs if isinstance(outputs, tuple) and len(inputs) > 1 else (outputs,)
        return outputs

    def __repr__(self) -> str:
        return f"{type(self).__name__}(\n" + "\n".join(f"      {t}" for t in self.transforms) + "\n)"


class RandomApply(Compose):
    """All of them with probability p, or none."""

    def __init__(self, transforms, p: float = 0.5):
        super().__init__(transforms)
        self.p = p

    def forward(self, *inputs):
        if uniform(0, 1) < self.p:
            return super().forward(*inputs)
        return inputs if len(inputs) > 1 else inputs[0]


class RandomOrder(Compose):
    """All of them in random order."""

    def forward(self, *inputs):
        shuffled = Compose([self.transforms[k] for k in random.permutation(len(self.transforms))])
        return shuffled(*inputs)


class RandomChoice(Compose):
    """One of them, each as likely or in proportion to p."""

    def __init__(self, transforms, p=None):
        super().__init__(transforms)
        self.p = p

    def forward(self, *inputs):
        weights = [1.0] * len(self.transforms) if self.p is None else self.p
        return self.transforms[int(random.multinomial(weights, 1, True)[0])](*inputs)


class Identity(Transform):
    """Nothing happens."""

    def change(self, inpt):
        return inpt


class Lambda(Transform):
    """A function of one's own, for everything or for some kinds."""

    def __init__(self, lambd: Callable, *types: type):
        self.lambd, self.types = lambd, types or (object,)

    def forward(self, *inputs):
        change = lambda item: self.lambd(item) if isinstance(item, self.types) else item
        return tree_map(change, inputs if len(inputs) > 1 else inputs[0])


class ToImage(Transform):
    """A picture, an array (H, W, C) or a tensor as an Image."""

    def forward(self, *inputs):
        sample = inputs if len(inputs) > 1 else inputs[0]
        if type(sample).__name__ == "ndarray":
            return F.to_image(sample)
        arrays = lambda item: F.to_image(item) if type(item).__name__ == "ndarray" else item
        return super().forward(tree_map(arrays, sample))

    def change(self, inpt):
        return F.to_image(inpt) if is_picture(inpt) or F.is_plain(inpt) else inpt


class ToPILImage(Transform):
    """A tensor or an array as a picture."""

    def __init__(self, mode: str | None = None):
        self.mode = mode

    def change(self, inpt):
        stays = is_picture(inpt) or isinstance(inpt, (BoundingBoxes, Mask))
        return inpt if stays else F.to_pil_image(inpt.as_subclass(Tensor), self.mode)

    def forward(self, *inputs):
        single = len(inputs) == 1 and type(inputs[0]).__name__ == "ndarray"
        return F.to_pil_image(inputs[0], self.mode) if single else super().forward(*inputs)


class ToPureTensor(Transform):
    """Tensors that no longer say what they are."""

    def change(self, inpt):
        return inpt.as_subclass(Tensor) if isinstance(inpt, TVTensor) else inpt


class ToDtype(Transform):
    """Another dtype, one for all or {kind: dtype}; with scale=True a picture's range is scaled too, as 0 ... 255 to 0 ... 1."""

    def __init__(self, dtype: dtypes.dtype | dict, scale: bool = False):
        self.dtype, self.scale = dtype, scale

    def wanted(self, inpt):
        if not isinstance(self.dtype, dict):
            return None if isinstance(inpt, (BoundingBoxes, Mask)) else self.dtype
        kind = type(inpt) if type(inpt) in self.dtype or "others" not in self.dtype else "others"
        return self.dtype.get(kind)

    def change(self, inpt):
        dtype = None if is_picture(inpt) else self.wanted(inpt)
        return inpt if dtype is None else F.to_dtype(inpt, dtype, self.scale)


class RGB(Transform):
    """Three channels."""

    def change(self, inpt):
        return inpt if isinstance(inpt, (BoundingBoxes, Mask)) else F.grayscale_to_rgb(inpt)


class GaussianNoise(Transform):
    """Noise added to a picture of floats."""

    def __init__(self, mean: float = 0.0, sigma: float = 0.1, clip: bool = True):
        self.mean, self.sigma, self.clip = mean, sigma, clip

    def change(self, inpt):
        return F.gaussian_noise(inpt, self.mean, self.sigma, self.clip)


class RandomChannelPermutation(Transform):
    """The channels in another order."""

    def draw(self, img):
        return (random.permutation(F.get_num_channels(img)).tolist(),)

    def change(self, inpt, order):
        return inpt if isinstance(inpt, (BoundingBoxes, Mask)) else F.permute_channels(inpt, order)


class RandomPhotometricDistort(Transform):
    """Brightness, contrast, saturation, hue and the order of the channels, each changed or not. Liu et al. (2015)."""

    def __init__(
        self, brightness=(0.875, 1.125), contrast=(0.5, 1.5), saturation=(0.5, 1.5), hue=(-0.05, 0.05), p: float = 0.5
    ):  # fmt: skip
        self.brightness, self.contrast, self.saturation, self.hue, self.p = (
            brightness,
            contrast,
            saturation,
            hue,
            p,
        )

    def draw(self, img):
        maybe = lambda span: uniform(*span) if uniform(0, 1) < self.p else None
        channels = random.permutation(F.get_num_channels(img)).tolist() if uniform(0, 1) < self.p else None
        factors = [maybe(v) for v in (self.brightness, self.contrast, self.saturation, self.hue)]
        return bool(whole(0, 1)), channels, *factors

    def change(self, inpt, contrast_first, channels, brightness, contrast, saturation, hue):
        contrast_step = (F.adjust_contrast, contrast)
        steps = [(F.adjust_saturation, saturation), (F.adjust_hue, hue)]
        steps = [contrast_step, *steps] if contrast_first else [*steps, contrast_step]
        for change, factor in [(F.adjust_brightness, brightness), *steps]:
            inpt = inpt if factor is None else change(inpt, factor)
        kept = channels is None or isinstance(inpt, (BoundingBoxes, Mask))
        return inpt if kept else F.permute_channels(inpt, channels)
