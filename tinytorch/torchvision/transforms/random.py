"""Transforms that draw from tinytorch's generator, so that `manual_seed` decides."""

from __future__ import annotations

import math

from ... import random
from ...creation import randn
from ...tensor_data import as_tensor
from . import functional as F
from .functional import InterpolationMode
from .transforms import Compose, Transform


def uniform(low: float, high: float) -> float:
    return float(random.stream(None).uniform(low, high))


def whole(low: int, high: int) -> int:
    """A whole number from low to high, both included."""
    return int(random.stream(None).integers(low, high + 1))


class Sometimes(Transform):
    """With probability p."""

    def __init__(self, p: float = 0.5):
        self.p = p

    def forward(self, img):
        return self.change(img) if uniform(0, 1) < self.p else img

    def change(self, img):
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomHorizontalFlip(Sometimes):
    """Left and right exchanged."""

    def change(self, img):
        return F.hflip(img)


class RandomVerticalFlip(Sometimes):
    """Top and bottom exchanged."""

    def change(self, img):
        return F.vflip(img)


class RandomGrayscale(Sometimes):
    """Black and white, in as many channels as before."""

    def __init__(self, p: float = 0.1):
        super().__init__(p)

    def change(self, img):
        return F.rgb_to_grayscale(img, F.get_dimensions(img)[0])


class RandomCrop(Transform):
    """A part of the picture at a random place, after padding."""

    def __init__(
        self, size, padding=None, pad_if_needed: bool = False, fill=0, padding_mode: str = "constant"
    ):
        self.size, self.padding, self.pad_if_needed = F.pair(size), padding, pad_if_needed
        self.fill, self.padding_mode = fill, padding_mode

    @staticmethod
    def get_params(img, output_size) -> tuple[int, int, int, int]:
        """Top, left, height and width of a random part."""
        _, H, W = F.get_dimensions(img)
        height, width = output_size
        if height > H or width > W:
            raise ValueError(f"Required crop size {(height, width)} is larger than input image size {(H, W)}")
        return whole(0, H - height), whole(0, W - width), height, width

    def forward(self, img):
        if self.padding is not None:
            img = F.pad(img, self.padding, self.fill, self.padding_mode)
        _, H, W = F.get_dimensions(img)
        if self.pad_if_needed and self.size[1] > W:
            img = F.pad(img, (self.size[1] - W, 0), self.fill, self.padding_mode)
        if self.pad_if_needed and self.size[0] > H:
            img = F.pad(img, (0, self.size[0] - H), self.fill, self.padding_mode)
        return F.crop(img, *self.get_params(img, self.size))

    def __repr__(self) -> str:
        return f"RandomCrop(size={self.size}, padding={self.padding})"


class RandomResizedCrop(Transform):
    """A part of random area and shape, brought to one size (Szegedy et al. 2014, section 6)."""

    def __init__(
        self, size, scale=(0.08, 1.0), ratio=(3.0 / 4.0, 4.0 / 3.0), interpolation=InterpolationMode.BILINEAR, antialias=True,
    ):  # fmt: skip
        self.size, self.scale, self.ratio, self.interpolation, self.antialias = (
            F.pair(size),
            scale,
            ratio,
            interpolation,
            antialias,
        )

    @staticmethod
    def get_params(img, scale, ratio) -> tuple[int, int, int, int]:
        """Top, left, height and width; the middle of the picture if ten draws do not fit."""
        _, H, W = F.get_dimensions(img)
        for _ in range(10):
            area = H * W * uniform(*scale)
            shape = math.exp(uniform(math.log(ratio[0]), math.log(ratio[1])))
            w, h = round(math.sqrt(area * shape)), round(math.sqrt(area / shape))
            if 0 < w <= W and 0 < h <= H:
                return whole(0, H - h), whole(0, W - w), h, w
        h = round(W / min(ratio)) if min(ratio) > W / H else H
        w = round(H * max(ratio)) if max(ratio) < W / H else W
        return (H - h) // 2, (W - w) // 2, h, w

    def forward(self, img):
        where = self.get_params(img, self.scale, self.ratio)
        return F.resized_crop(img, *where, self.size, self.interpolation, self.antialias)

    def __repr__(self) -> str:
        shown = [tuple(round(v, 4) for v in pair) for pair in (self.scale, self.ratio)]
        mode = F.as_filter(self.interpolation)
        return f"RandomResizedCrop(size={self.size}, scale={shown[0]}, ratio={shown[1]}, interpolation={mode}, antialias={self.antialias})"


class RandomRotation(Transform):
    """Turned by a random angle between degrees, or between -degrees and degrees."""

    def __init__(
        self, degrees, interpolation=InterpolationMode.NEAREST, expand: bool = False, center=None, fill=0
    ):
        self.degrees = both_ways(degrees, "degrees")
        self.interpolation, self.expand, self.center, self.fill = interpolation, expand, center, fill

    @staticmethod
    def get_params(degrees) -> float:
        return uniform(*degrees)

    def forward(self, img):
        return F.rotate(
            img, self.get_params(self.degrees), self.interpolation, self.expand, self.center, self.fill
        )

    def __repr__(self) -> str:
        extra = "" if self.center is None else f", center={self.center}"
        mode = F.as_filter(self.interpolation)
        return f"RandomRotation(degrees={self.degrees}, interpolation={mode}, expand={self.expand}{extra}, fill={self.fill})"


class RandomAffine(Transform):
    """Turned, moved, enlarged and sheared at random."""

    def __init__(
        self, degrees, translate=None, scale=None, shear=None, interpolation=InterpolationMode.NEAREST, fill=0, center=None,
    ):  # fmt: skip
        self.degrees = both_ways(degrees, "degrees")
        self.shear = None if shear is None else both_ways(shear, "shear")
        self.translate, self.scale = translate, scale
        self.interpolation, self.fill, self.center = interpolation, fill, center

    def forward(self, img):
        _, H, W = F.get_dimensions(img)
        angle = uniform(*self.degrees)
        share = self.translate or (0.0, 0.0)
        translate = [round(uniform(-part * size, part * size)) for part, size in zip(share, (W, H))]
        scale = 1.0 if self.scale is None else uniform(*self.scale)
        pairs = [] if self.shear is None else [self.shear[k : k + 2] for k in range(0, len(self.shear), 2)]
        shear = ([uniform(*pair) for pair in pairs] + [0.0, 0.0])[:2]
        return F.affine(img, angle, translate, scale, shear, self.interpolation, self.fill, self.center)

    def __repr__(self) -> str:
        given = {"translate": self.translate, "scale": self.scale, "shear": self.shear}
        shown = "".join(f", {name}={value}" for name, value in given.items() if value is not None)
        mode = (
            ""
            if self.interpolation is InterpolationMode.NEAREST
            else f", interpolation={F.as_filter(self.interpolation)}"
        )
        return (
            f"RandomAffine(degrees={self.degrees}{shown}{mode}{f', fill={self.fill}' if self.fill else ''})"
        )


def both_ways(value, name: str) -> list[float]:
    """[-value, value] from one number."""
    if isinstance(value, (int, float)):
        if value < 0:
            raise ValueError(f"If {name} is a single number, it must be positive.")
        return [-float(value), float(value)]
    return [float(v) for v in value]


class GaussianBlur(Transform):
    """Blurred, with a sigma drawn from a range."""

    def __init__(self, kernel_size, sigma=(0.1, 2.0)):
        self.kernel_size = F.pair(kernel_size, "kernel_size")
        if any(k <= 0 or k % 2 == 0 for k in self.kernel_size):
            raise ValueError("Kernel size value should be an odd and positive number.")
        self.sigma = (float(sigma), float(sigma)) if isinstance(sigma, (int, float)) else tuple(sigma)

    def forward(self, img):
        sigma = uniform(*self.sigma)
        return F.gaussian_blur(img, self.kernel_size, [sigma, sigma])

    def __repr__(self) -> str:
        return f"GaussianBlur(kernel_size={self.kernel_size}, sigma={self.sigma})"


class RandomErasing(Sometimes):
    """A rectangle of random place and shape overwritten (Zhong et al. 2017, arXiv:1708.04896)."""

    def __init__(self, p: float = 0.5, scale=(0.02, 0.33), ratio=(0.3, 3.3), value=0, inplace: bool = False):
        super().__init__(p)
        if isinstance(value, str) and value != "random":
            raise ValueError("If value is str, it should be 'random'")
        self.scale, self.ratio, self.value, self.inplace = scale, ratio, value, inplace

    def change(self, img):
        C, H, W = img.shape[-3:]
        value = [self.value] if isinstance(self.value, (int, float)) else self.value
        if not isinstance(value, str) and len(value) not in (1, C):
            raise ValueError(
                f"If value is a sequence, it should have either a single value or {C} (number of input channels)"
            )
        for _ in range(10):
            area, shape = H * W * uniform(*self.scale), math.exp(uniform(*map(math.log, self.ratio)))
            h, w = round(math.sqrt(area * shape)), round(math.sqrt(area / shape))
            if h < H and w < W:
                fill = (
                    randn(C, h, w)
                    if isinstance(value, str)
                    else as_tensor([float(v) for v in value]).reshape(-1, 1, 1)
                )
                return F.erase(img, whole(0, H - h), whole(0, W - w), h, w, fill.to(img.dtype), self.inplace)
        return img

    def __repr__(self) -> str:
        return f"RandomErasing(p={self.p}, scale={self.scale}, ratio={self.ratio}, value={self.value}, inplace={self.inplace})"


class ColorJitter(Transform):
    """Brightness, contrast, saturation and hue changed at random, in random order."""

    def __init__(self, brightness=0, contrast=0, saturation=0, hue=0):
        self.brightness, self.contrast = (
            jitter_range(brightness, "brightness"),
            jitter_range(contrast, "contrast"),
        )
        self.saturation = jitter_range(saturation, "saturation")
        self.hue = jitter_range(hue, "hue", center=0.0, bounds=(-0.5, 0.5))

    def forward(self, img):
        changes = [
            (F.adjust_brightness, self.brightness),
            (F.adjust_contrast, self.contrast),
            (F.adjust_saturation, self.saturation),
            (F.adjust_hue, self.hue),
        ]
        for k in random.permutation(4):
            change, span = changes[k]
            img = img if span is None else change(img, uniform(*span))
        return img

    def __repr__(self) -> str:
        names = ("brightness", "contrast", "saturation", "hue")
        shown = ", ".join(f"{name}={getattr(self, name)}" for name in names)
        return f"ColorJitter({shown})"


def jitter_range(value, name: str, center: float = 1.0, bounds=(0.0, math.inf)) -> tuple[float, float] | None:
    """(low, high) from one number or two; None where nothing would change."""
    if isinstance(value, (int, float)):
        if value < 0:
            raise ValueError(f"If {name} is a single number, it must be non negative.")
        low, high = center - value, center + value
        low = max(low, 0.0) if center else low
    elif isinstance(value, (tuple, list)) and len(value) == 2:
        low, high = map(float, value)
    else:
        raise TypeError(f"{name} should be a single number or a list/tuple with length 2.")
    if not bounds[0] <= low <= high <= bounds[1]:
        raise ValueError(f"{name} values should be between {bounds}, but got {[low, high]}.")
    return None if low == high == center else (low, high)


class RandomApply(Compose):
    """All of them with probability p, or none."""

    def __init__(self, transforms, p: float = 0.5):
        super().__init__(transforms)
        self.p = p

    def forward(self, img):
        return super().forward(img) if uniform(0, 1) < self.p else img

    def __repr__(self) -> str:
        return f"RandomApply(\n    p={self.p}\n" + "".join(f"    {t}\n" for t in self.transforms) + ")"


class RandomOrder(Compose):
    """All of them in random order."""

    def forward(self, img):
        for k in random.permutation(len(self.transforms)):
            img = self.transforms[k](img)
        return img


class RandomChoice(Compose):
    """One of them, each as likely or in proportion to p."""

    def __init__(self, transforms, p=None):
        super().__init__(transforms)
        self.p = p

    def forward(self, img):
        weights = [1.0] * len(self.transforms) if self.p is None else self.p
        return self.transforms[int(random.multinomial(weights, 1, True)[0])](img)

    def __repr__(self) -> str:
        return f"{super().__repr__()}(p={self.p})"
