"""Transforms that draw from tinytorch's generator, so that `manual_seed` decides."""

from __future__ import annotations

import math

from ... import random
from ...creation import rand, randn
from ...ops import cat
from ...tensor import Tensor
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

    def draw(self, img):
        return self.details(img) if uniform(0, 1) < self.p else None

    def details(self, img) -> tuple | None:
        """What else there is to draw."""
        return ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomHorizontalFlip(Sometimes):
    """Left and right exchanged."""

    def change(self, img):
        return self.functional.hflip(img)


class RandomVerticalFlip(Sometimes):
    """Top and bottom exchanged."""

    def change(self, img):
        return self.functional.vflip(img)


class RandomGrayscale(Sometimes):
    """Black and white, in as many channels as before."""

    def __init__(self, p: float = 0.1):
        super().__init__(p)

    def change(self, img):
        return self.functional.rgb_to_grayscale(img, F.get_dimensions(img)[0])


def place_within(H: int, W: int, size) -> tuple[int, int, int, int]:
    """Top, left, height and width of a random part of an H x W picture."""
    height, width = size
    if height > H or width > W:
        raise ValueError(f"Required crop size {(height, width)} is larger than input image size {(H, W)}")
    return whole(0, H - height), whole(0, W - width), height, width


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
        return place_within(H, W, output_size)

    def borders(self, H: int, W: int) -> list:
        """The paddings of a picture of H x W, one after another: what was asked for, then what the crop still lacks."""
        done = [] if self.padding is None else [self.padding]
        left, top, right, bottom = F.sides(self.padding or 0)
        lacks = [(0, self.size[1] - W - left - right), (1, self.size[0] - H - top - bottom)]
        more = [(n, 0) if axis == 0 else (0, n) for axis, n in lacks if n > 0]
        return done + (more if self.pad_if_needed else [])

    def draw(self, img):
        _, H, W = F.get_dimensions(img)
        borders = self.borders(H, W)
        for left, top, right, bottom in map(F.sides, borders):
            H, W = H + top + bottom, W + left + right
        return borders, place_within(H, W, self.size)

    def change(self, img, borders, place):
        for border in borders:
            img = self.functional.pad(img, border, self.fill, self.padding_mode)
        return self.functional.crop(img, *place)

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

    def draw(self, img):
        return self.get_params(img, self.scale, self.ratio)

    def change(self, img, *place):
        return self.functional.resized_crop(img, *place, self.size, self.interpolation, self.antialias)

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

    def draw(self, img):
        return (self.get_params(self.degrees),)

    def change(self, img, angle):
        return self.functional.rotate(img, angle, self.interpolation, self.expand, self.center, self.fill)

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

    @staticmethod
    def get_params(degrees, translate, scale_ranges, shears, img_size) -> tuple:
        """Angle, (x, y) in pixels, scale and (x, y) shears; img_size is (width, height)."""
        angle, share = uniform(*degrees), translate or (0.0, 0.0)
        moved = tuple(round(uniform(-part * size, part * size)) for part, size in zip(share, img_size))
        scale = 1.0 if scale_ranges is None else uniform(*scale_ranges)
        pairs = [] if shears is None else [shears[k : k + 2] for k in range(0, len(shears), 2)]
        shear = tuple(([uniform(*pair) for pair in pairs] + [0.0, 0.0])[:2])
        return angle, moved, scale, shear

    def draw(self, img):
        size = F.get_image_size(img)
        return self.get_params(self.degrees, self.translate, self.scale, self.shear, size)

    def change(self, img, *movement):
        return self.functional.affine(img, *movement, self.interpolation, self.fill, self.center)

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

    @staticmethod
    def get_params(sigma_min: float, sigma_max: float) -> float:
        return uniform(sigma_min, sigma_max)

    def draw(self, img):
        return (self.get_params(*self.sigma),)

    def change(self, img, sigma):
        return self.functional.gaussian_blur(img, self.kernel_size, [sigma, sigma])

    def __repr__(self) -> str:
        return f"GaussianBlur(kernel_size={self.kernel_size}, sigma={self.sigma})"


class RandomErasing(Sometimes):
    """A rectangle of random place and shape overwritten (Zhong et al. 2017, arXiv:1708.04896)."""

    def __init__(self, p: float = 0.5, scale=(0.02, 0.33), ratio=(0.3, 3.3), value=0, inplace: bool = False):
        super().__init__(p)
        if isinstance(value, str) and value != "random":
            raise ValueError("If value is str, it should be 'random'")
        self.scale, self.ratio, self.value, self.inplace = scale, ratio, value, inplace

    @staticmethod
    def get_params(img, scale, ratio, value=None) -> tuple:
        """Top, left, height, width and the values to write; the whole picture unchanged if ten draws do not fit."""
        C, H, W = F.get_dimensions(img)
        for _ in range(10):
            area, shape = H * W * uniform(*scale), math.exp(uniform(*map(math.log, ratio)))
            h, w = round(math.sqrt(area * shape)), round(math.sqrt(area / shape))
            if h < H and w < W:
                fill = randn(C, h, w) if value is None else as_tensor(value).float().reshape(-1, 1, 1)
                return (
                    whole(0, H - h),
                    whole(0, W - w),
                    h,
                    w,
                    fill if F.is_picture(img) else fill.to(img.dtype),
                )
        return 0, 0, H, W, img

    def details(self, img):
        C, value = (
            F.get_dimensions(img)[0],
            [self.value] if isinstance(self.value, (int, float)) else self.value,
        )
        if not isinstance(value, str) and len(value) not in (1, C):
            raise ValueError(
                f"If value is a sequence, it should have either a single value or {C} (number of input channels)"
            )
        return self.get_params(img, self.scale, self.ratio, None if isinstance(value, str) else value)

    def change(self, img, *drawn):
        return self.functional.erase(img, *drawn, self.inplace)

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

    @staticmethod
    def get_params(brightness, contrast, saturation, hue) -> tuple:
        """The order of the four, and a factor for each; None for what stays."""
        order = random.permutation(4)
        factors = (
            None if span is None else uniform(*span) for span in (brightness, contrast, saturation, hue)
        )
        return as_tensor(order), *factors

    def draw(self, img):
        return self.get_params(self.brightness, self.contrast, self.saturation, self.hue)

    def change(self, img, order, *factors):
        F = self.functional
        changes = (F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue)
        for k in order.tolist():
            img = img if factors[k] is None else changes[k](img, factors[k])
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


class RandomPerspective(Sometimes):
    """Seen from the side: each corner moves inwards by up to distortion_scale of half the picture."""

    def __init__(
        self, distortion_scale: float = 0.5, p: float = 0.5, interpolation=InterpolationMode.BILINEAR, fill=0
    ):
        super().__init__(p)
        self.distortion_scale, self.interpolation, self.fill = distortion_scale, interpolation, fill

    @staticmethod
    def get_params(width: int, height: int, distortion_scale: float) -> tuple[list, list]:
        """The four corners clockwise from the top left, (x, y) each, and where they go."""
        far_x, far_y = int(distortion_scale * (width // 2)), int(distortion_scale * (height // 2))
        inwards = ((1, 1), (-1, 1), (-1, -1), (1, -1))
        start = [[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]]
        end = [
            [x + dx * whole(0, far_x), y + dy * whole(0, far_y)] for (x, y), (dx, dy) in zip(start, inwards)
        ]
        return start, end

    def details(self, img):
        return self.get_params(*F.get_image_size(img), self.distortion_scale)

    def change(self, img, start, end):
        return self.functional.perspective(img, start, end, self.interpolation, self.fill)


class ElasticTransform(Transform):
    """Bent as rubber: every pixel comes from elsewhere, by a field of noise that is blurred. Simard et al. (2003)."""

    def __init__(self, alpha=50.0, sigma=5.0, interpolation=InterpolationMode.BILINEAR, fill=0):
        self.alpha, self.sigma = ([float(v) for v in both(value)] for value in (alpha, sigma))
        self.interpolation = interpolation
        self.fill = [float(fill)] if isinstance(fill, (int, float)) else fill

    @staticmethod
    def get_params(alpha, sigma, size) -> Tensor:
        """How far each pixel's source is away: (1, H, W, 2), in halves of the picture's width and height."""
        fields = []
        for strength, width, extent in zip(alpha, sigma, size):
            noise = rand(1, 1, *size) * 2 - 1
            if width > 0:
                taps = int(8 * width + 1) // 2 * 2 + 1
                noise = F.gaussian_blur(noise, [taps, taps], list(sigma))
            fields.append(noise * strength / extent)
        return cat(fields, 1).permute(0, 2, 3, 1)

    def draw(self, img):
        return (self.get_params(self.alpha, self.sigma, F.get_dimensions(img)[1:]),)

    def change(self, img, displacement):
        return self.functional.elastic_transform(img, displacement, self.interpolation, self.fill)

    def __repr__(self) -> str:
        return (
            f"ElasticTransform(alpha={self.alpha}, sigma={self.sigma}, interpolation={self.interpolation},"
            f" fill={self.fill})"
        )


def both(value) -> list:
    """Two numbers from one, or from a list of one."""
    values = [value] if isinstance(value, (int, float)) else list(value)
    return values * 2 if len(values) == 1 else values


class RandomInvert(Sometimes):
    """The negative."""

    def change(self, img):
        return self.functional.invert(img)


class RandomPosterize(Sometimes):
    """The upper bits of each byte only."""

    def __init__(self, bits: int, p: float = 0.5):
        super().__init__(p)
        self.bits = bits

    def change(self, img):
        return self.functional.posterize(img, self.bits)

    def __repr__(self) -> str:
        return f"RandomPosterize(bits={self.bits},p={self.p})"


class RandomSolarize(Sometimes):
    """The negative of the pixels from threshold on."""

    def __init__(self, threshold: float, p: float = 0.5):
        super().__init__(p)
        self.threshold = threshold

    def change(self, img):
        return self.functional.solarize(img, self.threshold)

    def __repr__(self) -> str:
        return f"RandomSolarize(threshold={self.threshold},p={self.p})"


class RandomAdjustSharpness(Sometimes):
    """0 is blurred, 1 the picture, 2 twice as sharp."""

    def __init__(self, sharpness_factor: float, p: float = 0.5):
        super().__init__(p)
        self.sharpness_factor = sharpness_factor

    def change(self, img):
        return self.functional.adjust_sharpness(img, self.sharpness_factor)

    def __repr__(self) -> str:
        return f"RandomAdjustSharpness(sharpness_factor={self.sharpness_factor},p={self.p})"


class RandomAutocontrast(Sometimes):
    """The darkest value of each channel becomes black, the brightest white."""

    def change(self, img):
        return self.functional.autocontrast(img)


class RandomEqualize(Sometimes):
    """Values spread so that each is about as frequent as the others."""

    def change(self, img):
        return self.functional.equalize(img)
