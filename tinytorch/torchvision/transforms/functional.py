"""Functions of one picture, a Pillow image or a tensor (..., C, H, W)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import Enum

import numpy as np

from ... import dtypes
from ...nn.functional.conv import conv2d
from ...nn.functional.pad import pad as pad_tensor
from ...nn.functional.resize import interpolate
from ...ops import flip
from ...tensor import Tensor
from ...tensor_data import as_tensor, from_numpy


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


def convert_image_dtype(image: Tensor, dtype=dtypes.float32) -> Tensor:
    """Another dtype, its range scaled: bytes 0 ... 255 are floats 0 ... 1."""
    if image.dtype is dtype:
        return image
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


# ---------------------------------------------------------------- sizes and places


def pair(size, what: str = "size") -> tuple[int, int]:
    """(height, width) from one number or two."""
    if isinstance(size, Sequence):
        if len(size) not in (1, 2):
            raise ValueError(f"Please provide only two dimensions (h, w) for {what}.")
        return (int(size[0]), int(size[-1]))
    return (int(size), int(size))


def resized(height: int, width: int, size, max_size=None) -> tuple[int, int]:
    """What `resize` makes of (height, width): one number is for the shorter side."""
    if isinstance(size, Sequence) and len(size) == 2:
        return pair(size)
    short = size[0] if isinstance(size, Sequence) else size
    if max_size is not None and max_size <= short:
        raise ValueError(
            f"max_size = {max_size} must be strictly greater than the requested size for the smaller edge size = {size}"
        )
    long = int(short * max(height, width) / min(height, width))
    if max_size is not None and long > max_size:
        short, long = int(max_size * short / long), max_size
    return (short, long) if height <= width else (long, short)


def resize(img, size, interpolation=InterpolationMode.BILINEAR, max_size=None, antialias: bool | None = True):
    """Another size; one number is the length of the shorter side."""
    _, height, width = get_dimensions(img)
    target, mode = resized(height, width, size, max_size), as_filter(interpolation)
    if target == (height, width):
        return img
    if is_picture(img):
        return img.resize(target[::-1], FILTERS[mode])
    batch = img if img.dim() == 4 else img.reshape(1, -1, height, width)
    options = (
        {"antialias": bool(antialias), "align_corners": False} if mode in ("bilinear", "bicubic") else {}
    )
    out = interpolate(
        batch.float() if not img.is_floating_point() else batch, size=target, mode=mode, **options
    )
    if not img.is_floating_point():
        out = out.round().clamp(0, dtypes.iinfo(img.dtype).max).to(img.dtype)
    return out.reshape(*img.shape[:-2], *target)


def sides(padding) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) from one number, two or four."""
    values = [padding] if isinstance(padding, int) else list(padding)
    if len(values) not in (1, 2, 4):
        raise ValueError(
            f"Padding must be an int or a 1, 2, or 4 element tuple, not a {len(values)} element tuple"
        )
    return tuple((values * 4)[:4]) if len(values) < 4 else tuple(values)  # type: ignore[return-value]


def pad(img, padding, fill=0, padding_mode: str = "constant"):
    """Borders: of one colour, or the picture's edge, or its mirror image."""
    check_image(img)
    if padding_mode not in ("constant", "edge", "reflect", "symmetric"):
        raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")
    left, top, right, bottom = sides(padding)
    if is_picture(img) and padding_mode == "constant":
        from PIL import ImageOps

        return ImageOps.expand(img, border=(left, top, right, bottom), fill=colour_of(fill, img))
    if isinstance(img, Tensor) and padding_mode == "constant":
        return pad_tensor(
            img, (left, right, top, bottom), value=fill[0] if isinstance(fill, Sequence) else fill
        )
    array = np.asarray(img) if is_picture(img) else img.array
    rows, columns = (array.ndim - 2, array.ndim - 1) if isinstance(img, Tensor) else (0, 1)
    widths = [(0, 0)] * array.ndim
    widths[rows], widths[columns] = (top, bottom), (left, right)
    out = np.pad(array, widths, mode=padding_mode)  # type: ignore[call-overload]
    return from_numpy(out) if isinstance(img, Tensor) else pillow().fromarray(out)


def colour_of(fill, img):
    """A colour as Pillow wants it for this picture: one number is for every channel."""
    bands = len(img.getbands())
    if isinstance(fill, Sequence):
        return tuple(int(f) for f in fill) * (bands if len(fill) == 1 else 1)
    return fill if bands == 1 else (int(fill),) * bands


def crop(img, top: int, left: int, height: int, width: int):
    """A part of the picture; what lies outside is black."""
    _, H, W = get_dimensions(img)
    if is_picture(img):
        return img.crop((left, top, left + width, top + height))
    before_x, before_y = max(-left, 0), max(-top, 0)
    after_x, after_y = max(left + width - W, 0), max(top + height - H, 0)
    inside = img[..., max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)]
    return (
        pad(inside, (before_x, before_y, after_x, after_y))
        if before_x or before_y or after_x or after_y
        else inside
    )


def center_crop(img, output_size):
    """The middle of the picture, with black borders where it is too small."""
    height, width = pair(output_size)
    _, H, W = get_dimensions(img)
    if width > W or height > H:
        left, top = max((width - W) // 2, 0), max((height - H) // 2, 0)
        img = pad(img, (left, top, max((width - W + 1) // 2, 0), max((height - H + 1) // 2, 0)))
        _, H, W = get_dimensions(img)
    return crop(img, round((H - height) / 2.0), round((W - width) / 2.0), height, width)


def resized_crop(
    img, top, left, height, width, size, interpolation=InterpolationMode.BILINEAR, antialias=True
):
    """`crop`, then `resize`."""
    return resize(crop(img, top, left, height, width), size, interpolation, antialias=antialias)


def hflip(img):
    """Left and right exchanged."""
    check_image(img)
    return flip(img, (-1,)) if isinstance(img, Tensor) else img.transpose(0)  # Pillow's FLIP_LEFT_RIGHT


def vflip(img):
    """Top and bottom exchanged."""
    check_image(img)
    return flip(img, (-2,)) if isinstance(img, Tensor) else img.transpose(1)


def rotate(
    img, angle: float, interpolation=InterpolationMode.NEAREST, expand: bool = False, center=None, fill=None
):
    """Turned by an angle in degrees, counter-clockwise."""
    check_image(img)
    mode = FILTERS[as_filter(interpolation)]
    if is_picture(img):
        return img.rotate(
            angle, mode, expand, center, fillcolor=None if fill is None else colour_of(fill, img)
        )
    return plane_by_plane(
        img, lambda plane, colour: plane.rotate(angle, mode, expand, center, fillcolor=colour), fill
    )


def plane_by_plane(img: Tensor, change, fill) -> Tensor:
    """What Pillow does to a picture done to a tensor, each channel as a picture of floats."""
    planes = img.detach().cpu().float().reshape(-1, *img.shape[-2:]).numpy()
    colour = float((fill[0] if isinstance(fill, Sequence) else fill) or 0)
    changed = [np.asarray(change(pillow().fromarray(plane), colour)) for plane in planes]
    return as_tensor(np.stack(changed)).reshape(*img.shape[:-2], *changed[0].shape).to(img.dtype)


def affine(
    img,
    angle: float,
    translate,
    scale: float,
    shear,
    interpolation=InterpolationMode.NEAREST,
    fill=None,
    center=None,
):
    """Turned, sheared and enlarged around the center, then moved: angles in degrees, clockwise."""
    _, H, W = get_dimensions(img)
    middle = (W * 0.5, H * 0.5) if center is None else center
    sheared = (shear, 0.0) if isinstance(shear, (int, float)) else (*shear, 0.0)[:2]
    turn, shear_x, shear_y = (math.radians(a) for a in (angle, *sheared))
    matrix = inverse_affine(middle, turn, shear_x, shear_y, translate, scale)
    mode = FILTERS[as_filter(interpolation)]
    if is_picture(img):
        return img.transform(
            img.size, 0, matrix, mode, fillcolor=None if fill is None else colour_of(fill, img)
        )
    return plane_by_plane(
        img, lambda plane, colour: plane.transform(plane.size, 0, matrix, mode, fillcolor=colour), fill
    )


def inverse_affine(
    center, angle: float, shear_x: float, shear_y: float, translate, scale: float
) -> list[float]:
    """Where a pixel of the result comes from: the inverse of move(translate) turn-and-shear move(-center), row by row."""
    (cx, cy), (tx, ty) = center, translate
    a = math.cos(angle - shear_y) / math.cos(shear_y)
    b = -math.cos(angle - shear_y) * math.tan(shear_x) / math.cos(shear_y) - math.sin(angle)
    c = math.sin(angle - shear_y) / math.cos(shear_y)
    d = -math.sin(angle - shear_y) * math.tan(shear_x) / math.cos(shear_y) + math.cos(angle)
    m = [d / scale, -b / scale, 0.0, -c / scale, a / scale, 0.0]
    m[2] = m[0] * (-cx - tx) + m[1] * (-cy - ty) + cx
    m[5] = m[3] * (-cx - tx) + m[4] * (-cy - ty) + cy
    return m


def gaussian_blur(img, kernel_size, sigma=None):
    """Every pixel the mean of its neighbours with Gaussian weights; sizes and sigmas are (x, y)."""
    width, height = pair(kernel_size, "kernel_size")
    if sigma is None:
        sigma = [0.15 * k + 0.35 for k in (width, height)]
    sigma_x, sigma_y = (sigma, sigma) if isinstance(sigma, (int, float)) else (sigma[0], sigma[-1])
    x = pil_to_tensor(img) if is_picture(img) else img
    rows, columns = gaussian(height, sigma_y), gaussian(width, sigma_x)
    kernel = as_tensor(np.outer(rows, columns).astype(np.float32))
    batch = x.float().reshape(-1, 1, *x.shape[-2:])
    border = (width // 2, width // 2, height // 2, height // 2)
    out = conv2d(pad_tensor(batch, border, mode="reflect"), kernel.reshape(1, 1, height, width)).reshape(
        x.shape
    )
    out = out.to(x.dtype) if x.is_floating_point() else out.round().to(x.dtype)
    return to_pil_image(out, img.mode) if is_picture(img) else out


def gaussian(size: int, sigma: float) -> np.ndarray:
    places = np.linspace(-(size - 1) / 2, (size - 1) / 2, size)
    weights = np.exp(-0.5 * (places / sigma) ** 2)
    return weights / weights.sum()


def erase(img: Tensor, i: int, j: int, h: int, w: int, v, inplace: bool = False) -> Tensor:
    """The rectangle at row i and column j, h high and w wide, overwritten with v."""
    if not isinstance(img, Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(img)}")
    img = img if inplace else img.clone()
    img[..., i : i + h, j : j + w] = v
    return img


# ---------------------------------------------------------------- colours


def rgb_to_grayscale(img, num_output_channels: int = 1):
    """Lightness: 0.299 red, 0.587 green, 0.114 blue; the same in all channels if three are wanted."""
    if num_output_channels not in (1, 3):
        raise ValueError("num_output_channels should be either 1 or 3")
    check_image(img)
    if is_picture(img):
        gray = img.convert("L")
        return gray if num_output_channels == 1 else pillow().merge("RGB", [gray] * 3)
    gray = lightness(img).to(img.dtype)
    return gray if num_output_channels == 1 else gray.expand(*gray.shape[:-3], 3, *gray.shape[-2:])


to_grayscale = rgb_to_grayscale


def lightness(img: Tensor) -> Tensor:
    if img.shape[-3] == 1:
        return img
    return 0.2989 * img[..., 0:1, :, :] + 0.587 * img[..., 1:2, :, :] + 0.114 * img[..., 2:3, :, :]


def blend(img: Tensor, other, ratio: float) -> Tensor:
    top = 1.0 if img.is_floating_point() else float(dtypes.iinfo(img.dtype).max)
    return (ratio * img + (1.0 - ratio) * other).clamp(0, top).to(img.dtype)


def enhanced(img, kind: str, factor: float):
    from PIL import ImageEnhance

    return getattr(ImageEnhance, kind)(img).enhance(factor)


def adjust_brightness(img, brightness_factor: float):
    """0 is black, 1 the picture, 2 twice as bright."""
    check_image(img)
    return (
        enhanced(img, "Brightness", brightness_factor)
        if is_picture(img)
        else blend(img, 0.0, brightness_factor)
    )


def adjust_contrast(img, contrast_factor: float):
    """0 is gray, 1 the picture."""
    check_image(img)
    if is_picture(img):
        return enhanced(img, "Contrast", contrast_factor)
    gray = lightness(img)
    mean = (gray if img.is_floating_point() else gray.floor()).float().mean((-3, -2, -1), keepdim=True)
    return blend(img, mean, contrast_factor)


def adjust_saturation(img, saturation_factor: float):
    """0 is black and white, 1 the picture."""
    check_image(img)
    if is_picture(img):
        return enhanced(img, "Color", saturation_factor)
    return img if img.shape[-3] == 1 else blend(img, rgb_to_grayscale(img), saturation_factor)


def adjust_hue(img, hue_factor: float):
    """Colours turned around the wheel, by -0.5 to 0.5 of it."""
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"hue_factor ({hue_factor}) is not in [-0.5, 0.5].")
    check_image(img)
    if is_picture(img):
        if img.mode in ("L", "1", "I", "F"):
            return img
        hue, saturation, value = img.convert("HSV").split()
        turned = np.array(hue, np.uint8) + np.int32(hue_factor * 255).astype(
            np.uint8
        )  # bytes wrap around, as colours do
        return pillow().merge("HSV", (pillow().fromarray(turned), saturation, value)).convert(img.mode)
    if img.shape[-3] == 1:
        return img
    unit = convert_image_dtype(img, dtypes.float32)
    return convert_image_dtype(turned_hue(unit, hue_factor), img.dtype)


def turned_hue(img: Tensor, factor: float) -> Tensor:
    """RGB in 0 ... 1 with its hue moved. Foley and van Dam's hexcone: value, saturation and hue, and back."""
    red, green, blue = img.array[..., 0, :, :], img.array[..., 1, :, :], img.array[..., 2, :, :]
    value, low = np.max(img.array, axis=-3), np.min(img.array, axis=-3)
    spread = value - low
    divisor = np.where(spread == 0, 1, spread)
    corner = [(value - channel) / divisor for channel in (red, green, blue)]
    hue = np.where(
        value == red,
        corner[2] - corner[1],
        np.where(value == green, 2 + corner[0] - corner[2], 4 + corner[1] - corner[0]),
    )
    hue = (np.where(spread == 0, 0, hue) / 6 + 1 + factor) % 1
    parts = [
        value - spread * np.clip(np.minimum(k, 4 - k), 0, 1) for k in ((n + hue * 6) % 6 for n in (5, 3, 1))
    ]
    return img.wrap(np.stack(parts, axis=-3).astype(img.array.dtype))
