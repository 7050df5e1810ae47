"""Transforms that leave nothing to chance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import dtypes
from ...nn.module import Module
from ...tensor import Tensor
from . import functional as F
from .functional import InterpolationMode


class Transform(Module):
    """A module that is called with a picture: `draw` says what is to happen, `change` does it.

    They are two so that transforms.v2 can do the same to a picture and to the boxes and masks that belong to it.
    """

    functional: Any = F  # what `change` is written with; in v2 it knows boxes and masks too

    def __new__(cls, *args, **kwargs):
        transform = super().__new__(cls)
        Module.__init__(transform)  # so that a subclass's __init__ may be about its own settings only
        return transform

    def draw(self, img) -> tuple | None:
        """What `change` needs to know besides the picture; None: nothing happens this time."""
        return ()

    def change(self, img, *drawn):
        raise NotImplementedError

    def forward(self, img):
        drawn = self.draw(img)
        return img if drawn is None else self.change(img, *drawn)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Compose(Transform):
    """One after another."""

    def __init__(self, transforms):
        self.transforms = transforms

    def forward(self, img):
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(\n" + "".join(f"    {t}\n" for t in self.transforms) + ")"


class ToTensor(Transform):
    """A picture or an array (H, W, C) as a tensor (C, H, W); bytes become 0 ... 1."""

    def change(self, pic):
        return F.to_tensor(pic)


class PILToTensor(Transform):
    """A picture as the tensor (C, H, W) of its numbers."""

    def change(self, pic):
        return F.pil_to_tensor(pic)


class ToPILImage(Transform):
    """A tensor or an array as a picture."""

    def __init__(self, mode: str | None = None):
        self.mode = mode

    def change(self, pic):
        return F.to_pil_image(pic, self.mode)

    def __repr__(self) -> str:
        return f"ToPILImage({'' if self.mode is None else f'mode={self.mode}'})"


class ConvertImageDtype(Transform):
    """Another dtype, its range scaled."""

    def __init__(self, dtype: dtypes.dtype):
        self.dtype = dtype

    def change(self, img):
        return F.convert_image_dtype(img, self.dtype)


class Normalize(Transform):
    """(x - mean) / std, channel by channel."""

    def __init__(self, mean, std, inplace: bool = False):
        self.mean, self.std, self.inplace = mean, std, inplace

    def change(self, img):
        return self.functional.normalize(img, self.mean, self.std, self.inplace)

    def __repr__(self) -> str:
        return f"Normalize(mean={self.mean}, std={self.std})"


class Lambda(Transform):
    """A function of one's own."""

    def __init__(self, lambd: Callable):
        if not callable(lambd):
            raise TypeError(f"Argument lambd should be callable, got {type(lambd).__name__!r}")
        self.lambd = lambd

    def change(self, img):
        return self.lambd(img)


class Resize(Transform):
    """Another size; one number is the length of the shorter side."""

    def __init__(
        self, size, interpolation=InterpolationMode.BILINEAR, max_size=None, antialias: bool | None = True
    ):
        if not isinstance(size, (int, list, tuple)):
            raise TypeError(f"Size should be int or sequence. Got {type(size)}")
        self.size, self.interpolation, self.max_size, self.antialias = (
            size,
            interpolation,
            max_size,
            antialias,
        )

    def change(self, img):
        return self.functional.resize(img, self.size, self.interpolation, self.max_size, self.antialias)

    def __repr__(self) -> str:
        mode = F.as_filter(self.interpolation)
        return f"Resize(size={self.size}, interpolation={mode}, max_size={self.max_size}, antialias={self.antialias})"


class CenterCrop(Transform):
    """The middle of the picture."""

    def __init__(self, size):
        self.size = F.pair(size)

    def change(self, img):
        return self.functional.center_crop(img, self.size)

    def __repr__(self) -> str:
        return f"CenterCrop(size={self.size})"


class Pad(Transform):
    """Borders."""

    def __init__(self, padding, fill=0, padding_mode: str = "constant"):
        F.sides(padding)
        self.padding, self.fill, self.padding_mode = padding, fill, padding_mode

    def change(self, img):
        return self.functional.pad(img, self.padding, self.fill, self.padding_mode)

    def __repr__(self) -> str:
        return f"Pad(padding={self.padding}, fill={self.fill}, padding_mode={self.padding_mode})"


class Grayscale(Transform):
    """Black and white, in one channel or three."""

    def __init__(self, num_output_channels: int = 1):
        self.num_output_channels = num_output_channels

    def change(self, img):
        return self.functional.rgb_to_grayscale(img, self.num_output_channels)

    def __repr__(self) -> str:
        return f"Grayscale(num_output_channels={self.num_output_channels})"


class FiveCrop(Transform):
    """The four corners and the middle: a tuple of five pictures."""

    def __init__(self, size):
        self.size = F.pair(size)

    def change(self, img):
        return F.five_crop(img, self.size)

    def __repr__(self) -> str:
        return f"FiveCrop(size={self.size})"


class TenCrop(Transform):
    """The four corners and the middle of the picture and of its mirror image: a tuple of ten."""

    def __init__(self, size, vertical_flip: bool = False):
        self.size, self.vertical_flip = F.pair(size), vertical_flip

    def change(self, img):
        return F.ten_crop(img, self.size, self.vertical_flip)

    def __repr__(self) -> str:
        return f"TenCrop(size={self.size}, vertical_flip={self.vertical_flip})"


class LinearTransformation(Transform):
    """The picture as one long vector, minus a mean, times a square matrix: whitening."""

    def __init__(self, transformation_matrix: Tensor, mean_vector: Tensor):
        rows, columns = transformation_matrix.shape
        if rows != columns:
            raise ValueError(
                f"transformation_matrix should be square. Got {tuple(transformation_matrix.shape)} rectangular matrix."
            )
        if mean_vector.size(0) != rows:
            raise ValueError(
                f"mean_vector should have the same length {mean_vector.size(0)} as any one of the dimensions of the"
                f" transformation_matrix [{(rows, columns)}]"
            )
        self.transformation_matrix, self.mean_vector = transformation_matrix, mean_vector

    def change(self, img):
        length = img.shape[-3] * img.shape[-2] * img.shape[-1]
        if length != self.transformation_matrix.size(0):
            raise ValueError(
                f"Input tensor and transformation matrix have incompatible shape. {tuple(img.shape[-3:])} is {length} numbers,"
                f" the matrix has {self.transformation_matrix.size(0)} rows"
            )
        return ((img.reshape(-1, length) - self.mean_vector) @ self.transformation_matrix).reshape(img.shape)

    def __repr__(self) -> str:
        return (
            f"LinearTransformation(transformation_matrix={self.transformation_matrix.tolist()},"
            f" mean_vector={self.mean_vector.tolist()})"
        )
