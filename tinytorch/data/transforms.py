"""Transforms of image batches, on arrays (N, C, H, W) or single images (C, H, W), always the whole batch in one go.

Random ones draw from tinytorch's default generator, which the DataLoader seeds anew for each batch: the same seed gives
the same augmentation with any number of workers. A `generator` of one's own is outside that promise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .. import random
from ..tensor import Tensor


class Transform:
    """Subclasses write `apply(x)` for arrays (N, C, H, W). A Tensor comes back as a Tensor, one image as one image."""

    def __call__(self, x):
        array = x.array if isinstance(x, Tensor) else np.asarray(x)
        if array.ndim not in (3, 4):
            raise ValueError(
                f"{type(self).__name__}: images must be (C, H, W) or (N, C, H, W), got shape {array.shape}"
            )
        out = self.apply(array) if array.ndim == 4 else self.apply(array[None])[0]
        return Tensor.wrap(np.ascontiguousarray(out)) if isinstance(x, Tensor) else out

    def apply(self, x: np.ndarray) -> np.ndarray:
        raise NotImplementedError(f"{type(self).__name__}: a Transform needs a method apply(self, x)")

    def __repr__(self) -> str:
        settings = {name: value for name, value in vars(self).items() if value is not None}
        shown = (
            f"{k}={v.astype(float).round(4).tolist() if isinstance(v, np.ndarray) else v!r}"
            for k, v in settings.items()
        )
        return f"{type(self).__name__}({', '.join(shown)})"


class Compose(Transform):
    """One after another; each is a `Transform`, so that the whole chain works on batches."""

    def __init__(self, transforms: Sequence[Transform]):
        self.transforms = list(transforms)
        for transform in self.transforms:
            if not isinstance(transform, Transform):
                raise TypeError(
                    f"Compose: {transform!r} is not a Transform; wrap a function of one image in PerImage(...)"
                )

    def apply(self, x):
        for transform in self.transforms:
            x = transform.apply(x)
        return x


class PerImage(Transform):
    """A function of one image (C, H, W), called for each image of a batch."""

    def __init__(self, function: Callable):
        self.function = function

    def apply(self, x):
        return np.stack([np.asarray(self.function(image)) for image in x])


class ToFloat(Transform):
    """uint8 0 ... 255 to float32 0 ... 1; floats only change their type."""

    def apply(self, x):
        return (
            np.multiply(x, np.float32(1 / 255), dtype=np.float32)
            if x.dtype == np.uint8
            else x.astype(np.float32, copy=False)
        )


class Normalize(Transform):
    """(x - mean) / std per channel; uint8 images are scaled to 0 ... 1 first."""

    def __init__(self, mean: Sequence[float], std: Sequence[float]):
        self.mean, self.std = (
            np.asarray(mean, np.float32).reshape(-1),
            np.asarray(std, np.float32).reshape(-1),
        )
        if (self.std == 0).any():
            raise ValueError(f"Normalize: std={self.std.tolist()} must not be zero")

    def apply(self, x):
        C = x.shape[1]
        if len(self.mean) not in (1, C) or len(self.std) not in (1, C):
            raise ValueError(
                f"Normalize: {len(self.mean)} means and {len(self.std)} stds do not fit {C} channels"
            )
        scale = 1 / 255 if x.dtype == np.uint8 else 1
        factor, shift = (scale / self.std).astype(np.float32), -self.mean / self.std
        out = np.multiply(x, factor[:, None, None], dtype=np.float32)
        out += shift[:, None, None]
        return out


class RandomCrop(Transform):
    """A window of `size` at a random place, after `padding` pixels were added on each side (`mode` as in np.pad)."""

    def __init__(self, size: int | tuple[int, int], padding: int = 0, mode: str = "constant", generator=None):
        self.size = (size, size) if isinstance(size, int) else tuple(size)
        self.padding, self.mode, self.generator = padding, mode, generator

    def apply(self, x):
        p, (h, w) = self.padding, self.size
        x = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), self.mode) if p else x
        N, _, H, W = x.shape
        if h > H or w > W:
            raise ValueError(
                f"RandomCrop: size={self.size} does not fit images of {H} x {W}, padding included"
            )
        rng = random.stream(self.generator)
        tops, lefts = rng.integers(0, H - h + 1, N), rng.integers(0, W - w + 1, N)
        # (N, C, H, W) -> (N, C, H-h+1, W-w+1, h, w)
        windows = np.lib.stride_tricks.sliding_window_view(x, (h, w), axis=(2, 3))
        return windows[np.arange(N), :, tops, lefts]  # (N, C, h, w)


class RandomHorizontalFlip(Transform):
    """Left and right swapped, for each image with probability p."""

    def __init__(self, p: float = 0.5, generator=None):
        if not 0 <= p <= 1:
            raise ValueError(f"RandomHorizontalFlip: p={p} is not between 0 and 1")
        self.p, self.generator = p, generator

    def apply(self, x):
        flipped = random.stream(self.generator).random(len(x)) < self.p
        out = x.copy()
        out[flipped] = x[flipped, :, :, ::-1]
        return out


class Cutout(Transform):
    """A square of `size` pixels set to `value`, its centre anywhere in the image. DeVries and Taylor 2017, arXiv:1708.04552."""

    def __init__(self, size: int, value: float = 0.0, generator=None):
        self.size, self.value, self.generator = size, value, generator

    def apply(self, x):
        N, _, H, W = x.shape
        rng = random.stream(self.generator)
        rows = self.covered(rng.integers(0, H, N), H)  # (N, H)
        columns = self.covered(rng.integers(0, W, N), W)  # (N, W)
        hole = rows[:, None, :, None] & columns[:, None, None, :]
        return np.where(hole, x.dtype.type(self.value), x)

    def covered(self, centres: np.ndarray, length: int) -> np.ndarray:
        start = centres - self.size // 2
        position = np.arange(length)
        return (position >= start[:, None]) & (position < start[:, None] + self.size)
