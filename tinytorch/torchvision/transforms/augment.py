"""Several changes of a picture, chosen and measured by a policy."""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import Enum
from typing import Any

import numpy as np

from ... import random
from ...tensor import Tensor
from . import functional as F
from .functional import InterpolationMode
from .functional.colours import top_of
from .random import uniform, whole
from .transforms import Transform

# The changes that a policy may choose, written with a magnitude m: how strong. A shear is an angle's tangent.
CHANGES: dict[str, Callable[..., Any]] = {
    "Identity": lambda F, img, m, **look: img,
    "ShearX": lambda F, img, m, **look: F.affine(
        img, 0.0, [0, 0], 1.0, [slant(m), 0.0], center=[0, 0], **look
    ),
    "ShearY": lambda F, img, m, **look: F.affine(
        img, 0.0, [0, 0], 1.0, [0.0, slant(m)], center=[0, 0], **look
    ),
    "TranslateX": lambda F, img, m, **look: F.affine(img, 0.0, [int(m), 0], 1.0, [0.0, 0.0], **look),
    "TranslateY": lambda F, img, m, **look: F.affine(img, 0.0, [0, int(m)], 1.0, [0.0, 0.0], **look),
    "Rotate": lambda F, img, m, **look: F.rotate(img, m, **look),
    "Brightness": lambda F, img, m, **look: F.adjust_brightness(img, 1.0 + m),
    "Color": lambda F, img, m, **look: F.adjust_saturation(img, 1.0 + m),
    "Contrast": lambda F, img, m, **look: F.adjust_contrast(img, 1.0 + m),
    "Sharpness": lambda F, img, m, **look: F.adjust_sharpness(img, 1.0 + m),
    "Posterize": lambda F, img, m, **look: F.posterize(img, int(m)),
    "Solarize": lambda F, img, m, **look: F.solarize(img, m / 255 * white(img)),
    "AutoContrast": lambda F, img, m, **look: F.autocontrast(img),
    "Equalize": lambda F, img, m, **look: F.equalize(img),
    "Invert": lambda F, img, m, **look: F.invert(img),
}
SIGNED = {
    "ShearX",
    "ShearY",
    "TranslateX",
    "TranslateY",
    "Rotate",
    "Brightness",
    "Color",
    "Contrast",
    "Sharpness",
}


def white(img) -> float:
    return top_of(img) if isinstance(img, Tensor) else 255


def slant(tangent: float) -> float:
    return math.degrees(math.atan(tangent))


def strengths(
    bins: int, height: int, width: int, shear=0.3, move=150 / 331, turn=30.0, colour=0.9, bits=4, of=8
) -> dict:
    """Each change's magnitudes from nothing to most; a move is a share of the picture's side. Cubuk et al. (2018), table 6."""
    up_to = lambda most: np.linspace(0.0, most, bins)
    return {
        **dict.fromkeys(("ShearX", "ShearY"), up_to(shear)),
        "TranslateX": up_to(move * width),
        "TranslateY": up_to(move * height),
        "Rotate": up_to(turn),
        **dict.fromkeys(("Brightness", "Color", "Contrast", "Sharpness"), up_to(colour)),
        "Posterize": of - np.round(np.arange(bins) / ((bins - 1) / bits)),
        "Solarize": np.linspace(255.0, 0.0, bins),
    }


class Policy(Transform):
    """What the policies have in common: how a changed picture is sampled, and the color around it."""

    def __init__(self, interpolation=InterpolationMode.NEAREST, fill=None):
        self.interpolation, self.fill = interpolation, fill

    def change(self, img, *steps):
        look = {"interpolation": self.interpolation, "fill": self.fill}
        for name, magnitude in steps:
            img = CHANGES[name](self.functional, img, magnitude, **look)
        return img

    def one_of(self, table: dict, level: int | None, names) -> tuple[str, float]:
        """A change and how strong: of the level, of a random one if there is none, or fixed; half of them backwards."""
        name = names[whole(0, len(names) - 1)]
        if name not in table:
            return name, 0.0
        magnitude = float(table[name][whole(0, len(table[name]) - 1) if level is None else level])
        return name, -magnitude if name in SIGNED and whole(0, 1) else magnitude


class AutoAugmentPolicy(Enum):
    """The data set that a policy was learned on."""

    IMAGENET = "imagenet"
    CIFAR10 = "cifar10"
    SVHN = "svhn"


# Cubuk et al. (2018), arXiv:1805.09501, tables 7, 8 and 9: two changes, each with its probability and its magnitude 0 ... 9
LEARNED = {
    AutoAugmentPolicy.IMAGENET: """
        Posterize 0.4 8, Rotate 0.6 9; Solarize 0.6 5, AutoContrast 0.6; Equalize 0.8, Equalize 0.6;
        Posterize 0.6 7, Posterize 0.6 6; Equalize 0.4, Solarize 0.2 4; Equalize 0.4, Rotate 0.8 8;
        Solarize 0.6 3, Equalize 0.6; Posterize 0.8 5, Equalize 1.0; Rotate 0.2 3, Solarize 0.6 8;
        Equalize 0.6, Posterize 0.4 6; Rotate 0.8 8, Color 0.4 0; Rotate 0.4 9, Equalize 0.6;
        Equalize 0.0, Equalize 0.8; Invert 0.6, Equalize 1.0; Color 0.6 4, Contrast 1.0 8;
        Rotate 0.8 8, Color 1.0 2; Color 0.8 8, Solarize 0.8 7; Sharpness 0.4 7, Invert 0.6;
        ShearX 0.6 5, Equalize 1.0; Color 0.4 0, Equalize 0.6; Equalize 0.4, Solarize 0.2 4;
        Solarize 0.6 5, AutoContrast 0.6; Invert 0.6, Equalize 1.0; Color 0.6 4, Contrast 1.0 8;
        Equalize 0.8, Equalize 0.6""",
    AutoAugmentPolicy.CIFAR10: """
        Invert 0.1, Contrast 0.2 6; Rotate 0.7 2, TranslateX 0.3 9; Sharpness 0.8 1, Sharpness 0.9 3;
        ShearY 0.5 8, TranslateY 0.7 9; AutoContrast 0.5, Equalize 0.9; ShearY 0.2 7, Posterize 0.3 7;
        Color 0.4 3, Brightness 0.6 7; Sharpness 0.3 9, Brightness 0.7 9; Equalize 0.6, Equalize 0.5;
        Contrast 0.6 7, Sharpness 0.6 5; Color 0.7 7, TranslateX 0.5 8; Equalize 0.3, AutoContrast 0.4;
        TranslateY 0.4 3, Sharpness 0.2 6; Brightness 0.9 6, Color 0.2 8; Solarize 0.5 2, Invert 0.0;
        Equalize 0.2, AutoContrast 0.6; Equalize 0.2, Equalize 0.6; Color 0.9 9, Equalize 0.6;
        AutoContrast 0.8, Solarize 0.2 8; Brightness 0.1 3, Color 0.7 0; Solarize 0.4 5, AutoContrast 0.9;
        TranslateY 0.9 9, TranslateY 0.7 9; AutoContrast 0.9, Solarize 0.8 3; Equalize 0.8, Invert 0.1;
        TranslateY 0.7 9, AutoContrast 0.9""",
    AutoAugmentPolicy.SVHN: """
        ShearX 0.9 4, Invert 0.2; ShearY 0.9 8, Invert 0.7; Equalize 0.6, Solarize 0.6 6;
        Invert 0.9, Equalize 0.6; Equalize 0.6, Rotate 0.9 3; ShearX 0.9 4, AutoContrast 0.8;
        ShearY 0.9 8, Invert 0.4; ShearY 0.9 5, Solarize 0.2 6; Invert 0.9, AutoContrast 0.8;
        Equalize 0.6, Rotate 0.9 3; ShearX 0.9 4, Solarize 0.3 3; ShearY 0.8 8, Invert 0.7;
        Equalize 0.9, TranslateY 0.6 6; Invert 0.9, Equalize 0.6; Contrast 0.3 3, Rotate 0.8 4;
        Invert 0.8, TranslateY 0.0 2; ShearY 0.7 6, Solarize 0.4 8; Invert 0.6, Rotate 0.8 4;
        ShearY 0.3 7, TranslateX 0.9 3; ShearX 0.1 6, Invert 0.6; Solarize 0.7 2, TranslateY 0.6 7;
        ShearY 0.8 4, Invert 0.8; ShearX 0.7 9, TranslateY 0.8 3; ShearY 0.8 5, AutoContrast 0.7;
        ShearX 0.7 2, Invert 0.1""",
}  # fmt: skip


def pairs_of(text: str) -> list:
    """The table as [((name, probability, magnitude or None), (...)), ...]."""
    parts = [[step.split() for step in pair.split(",")] for pair in text.split(";")]
    return [
        tuple((name, float(p), int(level[0]) if level else None) for name, p, *level in pair)
        for pair in parts
    ]


class AutoAugment(Policy):
    """One pair of changes of the 25 that were learned on a data set."""

    def __init__(
        self, policy: AutoAugmentPolicy = AutoAugmentPolicy.IMAGENET, interpolation=InterpolationMode.NEAREST, fill=None
    ):  # fmt: skip
        super().__init__(interpolation, fill)
        if policy not in LEARNED:
            raise ValueError(f"The provided policy {policy} is not recognized.")
        self.policy, self.policies = policy, pairs_of(LEARNED[policy])

    def draw(self, img):
        table = strengths(10, *F.get_dimensions(img)[1:])
        pair = self.policies[whole(0, len(self.policies) - 1)]
        return tuple(self.one_of(table, level, [name]) for name, p, level in pair if uniform(0, 1) <= p)

    def __repr__(self) -> str:
        return f"AutoAugment(policy={self.policy}, fill={self.fill})"


class RandAugment(Policy):
    """num_ops changes, all of the same magnitude. Cubuk et al. (2019), arXiv:1909.13719."""

    def __init__(
        self, num_ops: int = 2, magnitude: int = 9, num_magnitude_bins: int = 31,
        interpolation=InterpolationMode.NEAREST, fill=None,
    ):  # fmt: skip
        super().__init__(interpolation, fill)
        self.num_ops, self.magnitude, self.num_magnitude_bins = num_ops, magnitude, num_magnitude_bins

    def draw(self, img):
        table = strengths(self.num_magnitude_bins, *F.get_dimensions(img)[1:])
        names = [name for name in CHANGES if name != "Invert"]
        return tuple(self.one_of(table, self.magnitude, names) for _ in range(self.num_ops))

    def __repr__(self) -> str:
        return (
            f"RandAugment(num_ops={self.num_ops}, magnitude={self.magnitude}, num_magnitude_bins={self.num_magnitude_bins},"
            f" interpolation={self.interpolation}, fill={self.fill})"
        )


class TrivialAugmentWide(Policy):
    """One change of any magnitude, some of them extreme. Müller and Hutter (2021), arXiv:2103.10158."""

    def __init__(self, num_magnitude_bins: int = 31, interpolation=InterpolationMode.NEAREST, fill=None):
        super().__init__(interpolation, fill)
        self.num_magnitude_bins = num_magnitude_bins

    def draw(self, img):
        table = strengths(
            self.num_magnitude_bins, 1, 1, shear=0.99, move=32.0, turn=135.0, colour=0.99, bits=6
        )
        return (self.one_of(table, None, [name for name in CHANGES if name != "Invert"]),)

    def __repr__(self) -> str:
        return (
            f"TrivialAugmentWide(num_magnitude_bins={self.num_magnitude_bins}, interpolation={self.interpolation},"
            f" fill={self.fill})"
        )


class AugMix(Policy):
    """The picture mixed with chains of changes of it. Hendrycks et al. (2019), arXiv:1912.02781."""

    GEOMETRY = (
        "ShearX",
        "ShearY",
        "TranslateX",
        "TranslateY",
        "Rotate",
        "Posterize",
        "Solarize",
        "AutoContrast",
        "Equalize",
    )

    def __init__(
        self, severity: int = 3, mixture_width: int = 3, chain_depth: int = -1, alpha: float = 1.0, all_ops: bool = True,
        interpolation=InterpolationMode.BILINEAR, fill=None,
    ):  # fmt: skip
        super().__init__(interpolation, fill)
        if not 1 <= severity <= 10:
            raise ValueError(f"The severity must be between [1, 10]. Got {severity} instead.")
        self.severity, self.mixture_width, self.chain_depth = severity, mixture_width, chain_depth
        self.alpha, self.all_ops = alpha, all_ops

    def draw(self, img):
        height, width = F.get_dimensions(img)[1:]
        table = strengths(10, height, width, move=1 / 3, of=4)
        names = self.GEOMETRY + (("Brightness", "Color", "Contrast", "Sharpness") if self.all_ops else ())
        chains = []
        for _ in range(self.mixture_width):
            depth = self.chain_depth if self.chain_depth > 0 else whole(1, 3)
            chains.append([self.one_of(table, whole(0, self.severity - 1), names) for _ in range(depth)])
        share = random.stream(None).beta(self.alpha, self.alpha)
        shares = random.stream(None).dirichlet([self.alpha] * self.mixture_width) * (1 - share)
        return chains, share, shares

    def change(self, img, chains, share, shares):
        x = F.pil_to_tensor(img) if F.is_picture(img) else img
        mix = share * x.float()
        for chain, weight in zip(chains, shares):
            mix = mix + weight * super().change(x, *chain).float()
        out = mix.to(x.dtype)
        return F.to_pil_image(out, img.mode) if F.is_picture(img) else out

    def __repr__(self) -> str:
        return (
            f"AugMix(severity={self.severity}, mixture_width={self.mixture_width}, chain_depth={self.chain_depth},"
            f" alpha={self.alpha}, all_ops={self.all_ops}, interpolation={self.interpolation}, fill={self.fill})"
        )
