"""Sizes and places of pictures: Pillow's images or tensors (..., C, H, W)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .... import dtypes
from ....nn.functional.pad import pad as pad_tensor
from ....nn.functional.resize import interpolate
from ....ops import flip
from ....tensor import Tensor
from ....tensor_data import from_numpy
from .pictures import FILTERS, InterpolationMode, as_filter, check_image, get_dimensions, is_picture, pillow


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


def five_crop(img, size) -> tuple:
    """The four corners, row by row, and the middle."""
    height, width = pair(size)
    _, H, W = get_dimensions(img)
    if height > H or width > W:
        raise ValueError(f"Requested crop size {(height, width)} is bigger than input size {(H, W)}")
    corners = [(top, left) for top in (0, H - height) for left in (0, W - width)]
    return (
        *(crop(img, top, left, height, width) for top, left in corners),
        center_crop(img, (height, width)),
    )


def ten_crop(img, size, vertical_flip: bool = False) -> tuple:
    """`five_crop` of the picture, then of its mirror image."""
    return five_crop(img, size) + five_crop(vflip(img) if vertical_flip else hflip(img), size)
