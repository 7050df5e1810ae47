"""What a picture is, Pillow's image or a tensor (..., C, H, W), and the ways between them."""

from __future__ import annotations

from enum import Enum

import numpy as np

from .... import dtypes
from ....tensor import Tensor
from ....tensor_data import as_tensor, from_numpy


class InterpolationMode(Enum):
    """Ways to compute a pixel that lies between pixels."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"


FILTERS = {
    "nearest": 0,
    "nearest-exact": 0,
    "lanczos": 1,
    "bilinear": 2,
    "bicubic": 3,
    "box": 4,
    "hamming": 5,
}  # Pillow's numbers


def pillow():
    """Pillow's Image module; it is imported when a picture is first handled."""
    try:
        from PIL import Image
    except ImportError:
        raise ImportError("pictures need Pillow, which is not installed: pip install pillow") from None
    return Image


def is_picture(img) -> bool:
    return hasattr(img, "getbands") and hasattr(img, "size")


def check_image(img) -> None:
    if not isinstance(img, Tensor) and not is_picture(img):
        raise TypeError(f"img should be PIL Image or Tensor. Got {type(img)}")


def as_filter(interpolation) -> str:
    """The mode's name; Pillow's numbers are understood too."""
    if isinstance(interpolation, int):
        return next(name for name, number in FILTERS.items() if number == interpolation)
    return InterpolationMode(interpolation).value


def get_dimensions(img) -> list[int]:
    """[channels, height, width]."""
    check_image(img)
    if isinstance(img, Tensor):
        return [1 if img.dim() == 2 else img.shape[-3], *img.shape[-2:]]
    return [len(img.getbands()), img.size[1], img.size[0]]


def get_image_size(img) -> list[int]:
    """[width, height]."""
    return get_dimensions(img)[:0:-1]


def get_image_num_channels(img) -> int:
    return get_dimensions(img)[0]


# ---------------------------------------------------------------- between pictures, arrays and tensors


def pil_to_tensor(pic) -> Tensor:
    """A picture as the tensor (C, H, W) of its numbers."""
    if not is_picture(pic):
        raise TypeError(f"pic should be PIL Image. Got {type(pic)}")
    return from_numpy(channels_first(np.asarray(pic)))


def channels_first(array: np.ndarray) -> np.ndarray:
    """(H, W) or (H, W, C) as (C, H, W), a copy."""
    return np.array((array[:, :, None] if array.ndim == 2 else array).transpose(2, 0, 1), order="C")


def to_tensor(pic) -> Tensor:
    """A picture, or an array (H, W, C), as (C, H, W); bytes become 0 ... 1."""
    if isinstance(pic, np.ndarray):
        if pic.ndim not in (2, 3):
            raise ValueError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
        out = from_numpy(channels_first(pic))
    elif is_picture(pic):
        out = pil_to_tensor(pic)
        if pic.mode == "1":
            return out.to(dtypes.get_default_dtype())
    else:
        raise TypeError(f"pic should be PIL Image or ndarray. Got {type(pic)}")
    return out.to(dtypes.get_default_dtype()) / 255 if out.dtype is dtypes.uint8 else out


def to_pil_image(pic, mode: str | None = None):
    """A tensor (C, H, W) or an array (H, W, C) as a picture; floating-point numbers are taken as 0 ... 1."""
    if not isinstance(pic, (Tensor, np.ndarray)):
        raise TypeError(f"pic should be Tensor or ndarray. Got {type(pic)}.")
    if pic.ndim not in (2, 3):
        raise ValueError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
    if isinstance(pic, Tensor):
        pic = pic.mul(255).byte() if pic.is_floating_point() and mode != "F" else pic
        pic = pic.detach().cpu().numpy()
        pic = pic.transpose(1, 2, 0) if pic.ndim == 3 else pic
    pic = pic[:, :, 0] if pic.ndim == 3 and pic.shape[2] == 1 else pic
    if pic.ndim == 3 and pic.shape[2] > 4:
        raise ValueError(f"pic should not have > 4 channels. Got {pic.shape[2]} channels.")
    image = pillow().fromarray(np.ascontiguousarray(pic))
    return image if mode in (None, image.mode) else image.convert(mode)


TOO_FINE = {  # the floats have fewer digits than the whole numbers
    (dtypes.float32, dtypes.int32),
    (dtypes.float32, dtypes.int64),
    (dtypes.float64, dtypes.int64),
}


def convert_image_dtype(image: Tensor, dtype=dtypes.float32) -> Tensor:
    """Another dtype, its range scaled: bytes 0 ... 255 are floats 0 ... 1."""
    if not isinstance(image, Tensor):
        raise TypeError("Input img should be Tensor Image")
    if image.dtype is dtype:
        return image
    if (image.dtype, dtype) in TOO_FINE:
        raise RuntimeError(f"The cast from {image.dtype} to {dtype} cannot be performed safely.")
    if image.is_floating_point():
        return (
            image.to(dtype)
            if dtype.is_floating_point
            else (image * (dtypes.iinfo(dtype).max + 1 - 1e-3)).to(dtype)
        )
    top = dtypes.iinfo(image.dtype).max
    if dtype.is_floating_point:
        return image.to(dtype) / top
    ratio = (dtypes.iinfo(dtype).max + 1) // (top + 1)
    return (
        image.to(dtype) * ratio
        if ratio
        else (image // ((top + 1) // (dtypes.iinfo(dtype).max + 1))).to(dtype)
    )


def normalize(tensor: Tensor, mean, std, inplace: bool = False) -> Tensor:
    """(x - mean) / std, channel by channel."""
    if not isinstance(tensor, Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(tensor)}")
    if not tensor.is_floating_point():
        raise TypeError(f"Input tensor should be a float tensor. Got {tensor.dtype}.")
    if tensor.ndim < 3:
        raise ValueError(
            f"Expected tensor to be a tensor image of size (..., C, H, W). Got tensor.size() = {tensor.size()}"
        )
    mean, std = (as_tensor(v, dtype=tensor.dtype, device=tensor.device) for v in (mean, std))
    if (std == 0).any():
        raise ValueError(
            f"std evaluated to zero after conversion to {tensor.dtype}, leading to division by zero."
        )
    mean, std = (v.reshape(-1, 1, 1) if v.ndim == 1 else v for v in (mean, std))
    return tensor.sub_(mean).div_(std) if inplace else (tensor - mean) / std
