"""torchvision.transforms.v2.functional: for pictures what v1's functions do, and its counterpart for boxes and masks.

A kind that a function has no rule for comes back as it was: colours do not change where a box is.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .... import dtypes
from ....creation import randn_like, zeros_like
from ....ops import clamp, stack
from ....tensor import Tensor
from ....tensor_data import as_tensor, from_numpy
from ...ops.boxes import box_convert
from ...tv_tensors import BoundingBoxes, BoundingBoxFormat, Image, Mask, TVTensor, wrap
from .. import functional as F
from ..functional import InterpolationMode, pil_to_tensor, to_pil_image, to_tensor  # noqa: F401
from ..functional.warps import inverse_affine, perspective_coefficients, turned_size

# ---------------------------------------------------------------- one function, every kind


def of_every_kind(name: str, boxes: Callable | None = None, masks: Callable | None = None) -> Callable:
    """The function of v1 with rules for other kinds. boxes(xyxy, (H, W), *arguments) gives new corners and a canvas."""
    picture = getattr(F, name)
    masks = masks or (picture if boxes else None)

    @functools.wraps(picture)
    def do(inpt, *args, **kwargs):
        args = tuple(for_kind(inpt, a) for a in args)
        kwargs = {option: for_kind(inpt, a) for option, a in kwargs.items()}
        if isinstance(inpt, BoundingBoxes):
            return inpt if boxes is None else of_corners(inpt, boxes, *args, **kwargs)
        if isinstance(inpt, Mask):
            return inpt if masks is None else of_mask(inpt, masks, *args, **kwargs)
        return wrap(picture(inpt, *args, **kwargs), like=inpt)

    return do


def for_kind(inpt, argument):
    """A fill may be told kind by kind: {Image: 127, "others": 0}."""
    if not isinstance(argument, dict):
        return argument
    return argument.get(type(inpt), argument.get("others", 0))


def of_corners(inpt, rule: Callable, *args, **kwargs):
    kind = inpt.format.value.lower()
    values = inpt if inpt.is_floating_point() else inpt.float()
    corners, canvas = rule(
        box_convert(values.as_subclass(Tensor), kind, "xyxy"), inpt.canvas_size, *args, **kwargs
    )
    if inpt.clamping_mode is not None and rule not in INSIDE:
        height, width = canvas
        limits = corners.new_tensor([width, height, width, height])
        corners = clamp(corners, zeros_like(limits), limits)
    return wrap(box_convert(corners, "xyxy", kind).to(inpt.dtype), like=inpt, canvas_size=tuple(canvas))


def of_mask(inpt, rule: Callable, *args, **kwargs):
    """A mask's numbers are names: they are never mixed."""
    for option in ("interpolation", "antialias"):
        kwargs.pop(option, None)
    values = inpt.as_subclass(Tensor)
    values = values.byte() if inpt.dtype is dtypes.bool else values
    out = rule(values if values.dim() > 2 else values.unsqueeze(0), *args, **kwargs)
    return wrap((out if values.dim() > 2 else out.squeeze(0)).to(inpt.dtype), like=inpt)


# ---------------------------------------------------------------- what becomes of boxes


def boxes_hflip(corners, canvas):
    x1, y1, x2, y2 = corners.unbind(-1)
    return stack([canvas[1] - x2, y1, canvas[1] - x1, y2], -1), canvas


def boxes_vflip(corners, canvas):
    x1, y1, x2, y2 = corners.unbind(-1)
    return stack([x1, canvas[0] - y2, x2, canvas[0] - y1], -1), canvas


def boxes_resize(corners, canvas, size, interpolation=None, max_size=None, antialias=True):
    height, width = F.resized(*canvas, size, max_size)
    x, y = width / canvas[1], height / canvas[0]
    return corners * corners.new_tensor([x, y, x, y]), (height, width)


def boxes_crop(corners, canvas, top, left, height, width):
    return corners - corners.new_tensor([left, top, left, top]), (height, width)


def boxes_pad(corners, canvas, padding, fill=None, padding_mode="constant"):
    left, top, right, bottom = F.sides(padding)
    size = (canvas[0] + top + bottom, canvas[1] + left + right)
    return corners + corners.new_tensor([left, top, left, top]), size


def boxes_center_crop(corners, canvas, output_size):
    height, width = F.pair(output_size)
    top, left = round((canvas[0] - height) / 2), round((canvas[1] - width) / 2)
    return boxes_crop(corners, canvas, top, left, height, width)


def boxes_resized_crop(corners, canvas, top, left, height, width, size, *rest, **options):
    return boxes_resize(*boxes_crop(corners, canvas, top, left, height, width), F.pair(size))


def boxes_rotate(corners, canvas, angle, interpolation=None, expand=False, center=None, fill=None):
    H, W = canvas
    middle = (W * 0.5, H * 0.5) if center is None else center
    matrix = inverse_affine(middle, -np.radians(angle), 0.0, 0.0, (0, 0), 1.0)
    out = hulls(corners, forwards(matrix))
    if not expand:
        return out, canvas
    cos, sin = abs(matrix[0]), abs(matrix[1])
    x, y = (cos * W + sin * H - W) / 2, (cos * H + sin * W - H) / 2  # what the turned canvas sticks out
    return out + out.new_tensor([x, y, x, y]), turned_size(H, W, cos, sin)


def boxes_affine(corners, canvas, angle, translate, scale, shear, interpolation=None, fill=None, center=None):
    H, W = canvas
    middle = (W * 0.5, H * 0.5) if center is None else center
    sheared = (shear, 0.0) if isinstance(shear, (int, float)) else (*shear, 0.0)[:2]
    turns = (float(np.radians(a)) for a in (angle, *sheared))
    return hulls(corners, forwards(inverse_affine(middle, *turns, translate, scale))), canvas


def boxes_perspective(corners, canvas, startpoints, endpoints, interpolation=None, fill=None):
    matrix = perspective_coefficients(endpoints, startpoints)  # the other way round: where a place goes
    return hulls(corners, np.array([*matrix, 1.0]).reshape(3, 3)), canvas


def forwards(matrix) -> np.ndarray:
    """Where a place goes, from where a pixel comes from."""
    return np.linalg.inv(np.array([*matrix, 0.0, 0.0, 1.0]).reshape(3, 3))


def hulls(corners: Tensor, matrix: np.ndarray) -> Tensor:
    """The upright boxes around boxes whose four corners have moved."""
    x1, y1, x2, y2 = corners.detach().cpu().numpy().astype(np.float64).T
    points = np.stack([np.stack(p, -1) for p in ((x1, y1), (x2, y1), (x2, y2), (x1, y2))], 1)  # (N, 4, 2)
    x, y, depth = np.moveaxis(np.concatenate([points, np.ones_like(points[..., :1])], -1) @ matrix.T, -1, 0)
    x, y = x / depth, y / depth
    return as_tensor(np.stack([x.min(1), y.min(1), x.max(1), y.max(1)], -1)).to(corners)


INSIDE = (boxes_hflip, boxes_vflip, boxes_resize)  # what they do to a box inside its picture leaves it inside
NEAREST = InterpolationMode.NEAREST

# ---------------------------------------------------------------- what becomes of masks


def mask_resize(mask, size, interpolation=None, max_size=None, antialias=True):
    return F.resize(mask, size, NEAREST, max_size)


def mask_resized_crop(mask, top, left, height, width, size, *rest, **options):
    return F.resized_crop(mask, top, left, height, width, size, NEAREST)


def mask_rotate(mask, angle, interpolation=None, expand=False, center=None, fill=None):
    return F.rotate(mask, angle, NEAREST, expand, center, fill)


def mask_affine(mask, angle, translate, scale, shear, interpolation=None, fill=None, center=None):
    return F.affine(mask, angle, translate, scale, shear, NEAREST, fill, center)


def mask_perspective(mask, startpoints, endpoints, interpolation=None, fill=None):
    return F.perspective(mask, startpoints, endpoints, NEAREST, fill)


def mask_elastic(mask, displacement, interpolation=None, fill=None):
    return F.elastic_transform(mask, displacement, NEAREST, fill)


# ---------------------------------------------------------------- the functions

hflip = horizontal_flip = of_every_kind("hflip", boxes_hflip)
vflip = vertical_flip = of_every_kind("vflip", boxes_vflip)
pad, crop = of_every_kind("pad", boxes_pad), of_every_kind("crop", boxes_crop)
center_crop = of_every_kind("center_crop", boxes_center_crop)
resize = of_every_kind("resize", boxes_resize, mask_resize)
resized_crop = of_every_kind("resized_crop", boxes_resized_crop, mask_resized_crop)
rotate = of_every_kind("rotate", boxes_rotate, mask_rotate)
affine = of_every_kind("affine", boxes_affine, mask_affine)
perspective = of_every_kind("perspective", boxes_perspective, mask_perspective)
elastic = elastic_transform = of_every_kind("elastic_transform", None, mask_elastic)
five_crop, ten_crop = of_every_kind("five_crop"), of_every_kind("ten_crop")
gaussian_blur, normalize = of_every_kind("gaussian_blur"), of_every_kind("normalize")
adjust_brightness, adjust_contrast = of_every_kind("adjust_brightness"), of_every_kind("adjust_contrast")
adjust_saturation, adjust_hue = of_every_kind("adjust_saturation"), of_every_kind("adjust_hue")
adjust_gamma, adjust_sharpness = of_every_kind("adjust_gamma"), of_every_kind("adjust_sharpness")
invert, solarize = of_every_kind("invert"), of_every_kind("solarize")
autocontrast = of_every_kind("autocontrast")
rgb_to_grayscale = to_grayscale = of_every_kind("rgb_to_grayscale")
convert_image_dtype = of_every_kind("convert_image_dtype")


def erase(inpt, i: int, j: int, h: int, w: int, v, inplace: bool = False):
    """The rectangle at row i and column j, h high and w wide, overwritten with v."""
    if F.is_picture(inpt):
        return to_pil_image(F.erase(pil_to_tensor(inpt), i, j, h, w, v), inpt.mode)
    return wrap(F.erase(inpt, i, j, h, w, v, inplace), like=inpt)


def posterize(inpt, bits: int):
    """The upper bits of each byte only; floats have as many steps."""
    if not is_float(inpt):
        return posterize_bytes(inpt, bits)
    levels = 1 << bits
    return wrap((inpt * levels).floor().clamp(0, levels - 1) / levels, like=inpt)


def equalize(inpt):
    """Values spread so that each is about as frequent as the others; floats are taken as bytes."""
    if not is_float(inpt):
        return equalize_bytes(inpt)
    return convert_image_dtype(equalize_bytes(convert_image_dtype(inpt, dtypes.uint8)), inpt.dtype)


posterize_bytes, equalize_bytes = of_every_kind("posterize"), of_every_kind("equalize")


def is_float(inpt) -> bool:
    return (
        isinstance(inpt, Tensor) and inpt.is_floating_point() and not isinstance(inpt, (BoundingBoxes, Mask))
    )


def get_size(inpt) -> list[int]:
    """[height, width]."""
    return list(inpt.canvas_size) if isinstance(inpt, BoundingBoxes) else F.get_dimensions(inpt)[1:]


def get_dimensions(inpt) -> list[int]:
    return [0, *inpt.canvas_size] if isinstance(inpt, BoundingBoxes) else F.get_dimensions(inpt)


def get_image_size(inpt) -> list[int]:
    return get_size(inpt)[::-1]


def get_num_channels(inpt) -> int:
    return get_dimensions(inpt)[0]


get_image_num_channels = get_num_channels


def to_image(inpt) -> Any:
    """A picture, an array (H, W, C) or a tensor as an Image."""
    if isinstance(inpt, np.ndarray):
        return Image(from_numpy(F.channels_first(inpt)))
    return inpt if isinstance(inpt, Image) else Image(inpt)


def to_dtype(inpt, dtype=dtypes.float32, scale: bool = False):
    """Another dtype; with scale a picture's range is scaled too, as 0 ... 255 to 0 ... 1."""
    picture = not isinstance(inpt, (BoundingBoxes, Mask))
    return convert_image_dtype(inpt, dtype) if scale and picture else wrap(inpt.to(dtype), like=inpt)


def grayscale_to_rgb(inpt):
    """Three equal channels from one."""
    if F.is_picture(inpt):
        return inpt.convert("RGB")
    return inpt if inpt.shape[-3] == 3 else wrap(inpt.repeat_interleave(3, -3), like=inpt)


def permute_channels(inpt, permutation):
    if F.is_picture(inpt):
        return to_pil_image(permute_channels(pil_to_tensor(inpt), permutation))
    return wrap(inpt[..., list(permutation), :, :], like=inpt)


def gaussian_noise(inpt, mean: float = 0.0, sigma: float = 0.1, clip: bool = True):
    """Noise added to a picture of floats."""
    if isinstance(inpt, (BoundingBoxes, Mask)):
        return inpt
    noisy = inpt + mean + randn_like(inpt) * sigma
    return wrap(noisy.clamp(0, 1) if clip else noisy, like=inpt)


def clamp_bounding_boxes(inpt, format=None, canvas_size=None, clamping_mode="soft"):
    """Boxes inside their picture."""
    boxes = (
        inpt
        if isinstance(inpt, BoundingBoxes)
        else BoundingBoxes(inpt, format=format, canvas_size=canvas_size)
    )
    out = of_corners(boxes, lambda corners, canvas: (corners, canvas))
    return out if isinstance(inpt, BoundingBoxes) else out.as_subclass(Tensor)


def convert_bounding_box_format(inpt, old_format=None, new_format=None, inplace: bool = False):
    """Boxes told another way: "XYXY", "XYWH", "CXCYWH"."""
    name = lambda format: format.value if isinstance(format, BoundingBoxFormat) else format.upper()
    old = name(inpt.format if isinstance(inpt, BoundingBoxes) else old_format)
    out = box_convert(inpt.as_subclass(Tensor), old.lower(), name(new_format).lower())
    return wrap(out, like=inpt, format=BoundingBoxFormat[name(new_format)])


def sanitize_bounding_boxes(
    bounding_boxes, format=None, canvas_size=None, min_size: float = 1.0, min_area: float = 1.0
):
    """The boxes that are inside their picture and not too small, and which those are."""
    if isinstance(bounding_boxes, BoundingBoxes):
        format, canvas_size = bounding_boxes.format, bounding_boxes.canvas_size
    corners = convert_bounding_box_format(bounding_boxes, format, "XYXY").as_subclass(Tensor)
    width, height = corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]
    limit = corners.new_tensor([canvas_size[1], canvas_size[0]] * 2)
    valid = (width >= min_size) & (height >= min_size) & (width * height >= min_area)
    valid = valid & (corners >= 0).all(-1) & (corners <= limit).all(-1)
    return wrap(bounding_boxes[valid], like=bounding_boxes), valid


def is_plain(inpt) -> bool:
    """A tensor of no kind."""
    return isinstance(inpt, Tensor) and not isinstance(inpt, TVTensor)
