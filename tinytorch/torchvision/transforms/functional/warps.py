"""Pictures turned, sheared, seen from the side and bent."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ....nn.functional.grid import grid_sample
from ....tensor import Tensor
from ....tensor_data import as_tensor
from .pictures import (
    FILTERS,
    InterpolationMode,
    as_filter,
    check_image,
    get_dimensions,
    is_picture,
    pil_to_tensor,
    to_pil_image,
)
from .sizes import colour_of


def rotate(
    img, angle: float, interpolation=InterpolationMode.NEAREST, expand: bool = False, center=None, fill=None
):
    """Turned by an angle in degrees, counter-clockwise; with expand the result is as large as it has to be."""
    _, H, W = get_dimensions(img)
    if is_picture(img):
        mode = FILTERS[as_filter(interpolation)]
        colour = None if fill is None else colour_of(fill, img)
        return img.rotate(angle, mode, expand, center, fillcolor=colour)
    middle = (W * 0.5, H * 0.5) if center is None else center
    a, b, c, d, e, f = inverse_affine(middle, -math.radians(angle), 0.0, 0.0, (0, 0), 1.0)
    height, width = turned_size(H, W, a, b) if expand else (H, W)
    x, y = places(height, width, (W - width) / 2, (H - height) / 2)
    return taken_from(img, a * x + b * y + c, d * x + e * y + f, interpolation, fill)


def turned_size(H: int, W: int, cos: float, sin: float) -> tuple[int, int]:
    """What a turned picture of H x W needs: from the floor of its first corner to the ceiling of its last."""
    far = lambda side, extent: (
        math.ceil(round((side + extent) / 2, 4)) - math.floor(round((side - extent) / 2, 4))
    )
    return far(H, abs(sin) * W + abs(cos) * H), far(W, abs(cos) * W + abs(sin) * H)


def places(height: int, width: int, left: float = 0.0, top: float = 0.0) -> tuple[np.ndarray, ...]:
    """The x and the y of every pixel's middle, each (height, width)."""
    return np.meshgrid(np.arange(width) + 0.5 + left, np.arange(height) + 0.5 + top)


def taken_from(img: Tensor, x, y, interpolation, fill) -> Tensor:
    """Pixels of img (..., C, H, W) at the places (x, y), in pixels from its corner; what lies outside has the colour fill.

    What a picture of ones gives says how much of a pixel is inside. As in torchvision, it counts twice at the border.
    """
    *lead, H, W = img.shape
    mode = as_filter(interpolation)
    grid = as_tensor(np.stack([2 * x / W - 1, 2 * y / H - 1], -1).astype(np.float32), device=img.device)
    values = (img if img.is_floating_point() else img.float()).reshape(1, -1, H, W)
    sample = lambda v: grid_sample(v, grid.to(v.dtype).unsqueeze(0), mode, "zeros", False)
    out = sample(values).reshape(*lead, *x.shape)
    if fill is not None:
        inside = sample(values.new_ones((1, 1, H, W)))[0]
        colour = values.new_tensor(fill if isinstance(fill, Sequence) else [fill]).reshape(-1, 1, 1)
        out = out * inside + (1 - inside) * colour
    return out if img.is_floating_point() else out.round().to(img.dtype)


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
    a, b, c, d, e, f = matrix = inverse_affine(middle, turn, shear_x, shear_y, translate, scale)
    if is_picture(img):
        return transformed(img, 0, matrix, interpolation, fill)
    x, y = places(H, W)
    return taken_from(img, a * x + b * y + c, d * x + e * y + f, interpolation, fill)


def transformed(img, kind: int, matrix, interpolation, fill):
    """Pillow's transform: kind 0 is affine, 2 perspective."""
    colour = None if fill is None else colour_of(fill, img)
    return img.transform(img.size, kind, matrix, FILTERS[as_filter(interpolation)], fillcolor=colour)


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


def perspective(img, startpoints, endpoints, interpolation=InterpolationMode.BILINEAR, fill=None):
    """The picture whose corners, or other four places (x, y), move from startpoints to endpoints."""
    _, H, W = get_dimensions(img)
    a, b, c, d, e, f, g, h = matrix = perspective_coefficients(startpoints, endpoints)
    if is_picture(img):
        return transformed(img, 2, matrix, interpolation, fill)
    x, y = places(H, W)
    depth = g * x + h * y + 1
    return taken_from(img, (a * x + b * y + c) / depth, (d * x + e * y + f) / depth, interpolation, fill)


def perspective_coefficients(startpoints, endpoints) -> list[float]:
    """(a ... h) that say where a place comes from: x' = (ax + by + c) / (gx + hy + 1), y' = (dx + ey + f) / (gx + hy + 1)."""
    rows = []
    for (x, y), (u, v) in zip(endpoints, startpoints):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    places = np.array(startpoints, np.float64).reshape(8)
    return np.linalg.lstsq(np.array(rows, np.float64), places, rcond=None)[0].tolist()


def elastic_transform(img, displacement: Tensor, interpolation=InterpolationMode.BILINEAR, fill=None):
    """Every pixel taken from elsewhere: displacement (1, H, W, 2) says how far, in halves of the picture's (width, height)."""
    check_image(img)
    _, H, W = get_dimensions(img)
    if tuple(displacement.shape) != (1, H, W, 2):
        raise ValueError(
            f"Argument displacement shape should be {(1, H, W, 2)}, got {tuple(displacement.shape)}"
        )
    moved = displacement[0].detach().cpu().numpy()
    x, y = places(H, W)
    source = pil_to_tensor(img) if is_picture(img) else img
    out = taken_from(source, x + moved[..., 0] * W / 2, y + moved[..., 1] * H / 2, interpolation, fill)
    return to_pil_image(out, img.mode) if is_picture(img) else out
