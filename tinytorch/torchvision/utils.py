"""torchvision.utils: many pictures as one, saving them, and drawing on them."""

from __future__ import annotations

import math

import numpy as np

from ..autograd.grad_mode import no_grad
from ..dtypes import bool as boolean
from ..dtypes import uint8
from ..ops import cat, stack
from ..tensor import Tensor
from ..tensor_data import from_numpy
from .transforms.functional import pillow


@no_grad()
def make_grid(
    tensor, nrow: int = 8, padding: int = 2, normalize: bool = False, value_range: tuple | None = None, scale_each: bool = False,
    pad_value: float = 0.0,
) -> Tensor:  # fmt: skip
    """Pictures (B, C, H, W), or a list of (C, H, W), in rows of nrow with borders: (C, height, width)."""
    images = as_batch(tensor)
    if normalize:
        parts = list(images) if scale_each else [images]
        parts = [scaled(part, value_range) for part in parts]
        images = stack(parts) if scale_each else parts[0]
    if images.size(0) == 1:
        return images.squeeze(0)
    B, C, H, W = images.shape
    columns = min(nrow, B)
    rows, height, width = math.ceil(B / columns), H + padding, W + padding
    grid = images.new_full((C, height * rows + padding, width * columns + padding), pad_value)
    for k in range(B):
        top, left = k // columns * height + padding, k % columns * width + padding
        grid[:, top : top + H, left : left + W] = images[k]
    return grid


def as_batch(tensor) -> Tensor:
    """(B, C, H, W) with three channels where there was one."""
    if isinstance(tensor, list):
        for t in tensor:
            if not isinstance(t, Tensor):
                raise TypeError(f"tensor or list of tensors expected, got a list containing {type(t)}")
        tensor = stack(tensor, dim=0)
    if not isinstance(tensor, Tensor):
        raise TypeError(f"tensor or list of tensors expected, got {type(tensor)}")
    while tensor.dim() < 4:
        tensor = tensor.unsqueeze(0)
    return cat([tensor] * 3, 1) if tensor.size(1) == 1 else tensor


def scaled(images: Tensor, value_range: tuple | None) -> Tensor:
    """The range, by default that of the pictures, moved to 0 ... 1."""
    if value_range is not None and not isinstance(value_range, tuple):
        raise TypeError("value_range has to be a tuple (min, max) if specified. min and max are numbers")
    low, high = (float(images.min()), float(images.max())) if value_range is None else value_range
    return (images.clamp(min=low, max=high) - low) / max(high - low, 1e-5)


@no_grad()
def save_image(tensor, fp, format: str | None = None, **kwargs) -> None:
    """Write one picture, or a grid of them, to a file; kwargs are `make_grid`'s."""
    grid = make_grid(tensor, **kwargs)
    pixels = (grid * 255 + 0.5).clamp(0, 255).permute(1, 2, 0).to("cpu", uint8).contiguous().numpy()
    pillow().fromarray(pixels).save(fp, format=format)


# ---------------------------------------------------------------- drawing


def as_pixels(image, what: str, channels=(3,)) -> np.ndarray:
    """A uint8 or float picture (C, H, W) as bytes (H, W, 3)."""
    if not isinstance(image, Tensor):
        raise TypeError(f"Tensor expected, got {type(image)}")
    if not (image.dtype is uint8 or image.is_floating_point()):
        raise ValueError(f"The image dtype must be uint8 or float, got {image.dtype}")
    if image.dim() != 3 or image.size(0) not in channels:
        raise ValueError(
            f"{what}: one picture is expected, of channels {channels},, got {tuple(image.shape)}"
        )
    values = image.detach().cpu()
    values = (values * 255).clamp(0, 255).to(uint8) if image.is_floating_point() else values
    return np.ascontiguousarray(values.expand(3, -1, -1).permute(1, 2, 0).numpy())


def as_given(pixels: np.ndarray, image: Tensor) -> Tensor:
    """Bytes (H, W, 3) as a picture (3, H, W) of the same dtype."""
    out = from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))
    return out.to(image.dtype) / 255 if image.is_floating_point() else out


def colours_of(colors, count: int) -> list[tuple[int, ...]]:
    """A colour for each of count things: names, "#rrggbb", triples, one for all, or by default some that differ."""
    if colors is None:
        steps = (2**25 - 1, 2**15 - 1, 2**21 - 1)
        return [tuple(k * step % 255 for step in steps) for k in range(count)]
    listed = colors if isinstance(colors, list) else [colors] * count
    if len(listed) < count:
        raise ValueError(
            f"Number of colors must be equal or larger than the number of objects, but got {len(listed)} < {count}."
        )
    from PIL import ImageColor  # here: pillow is asked for when something is drawn

    return [ImageColor.getrgb(c) if isinstance(c, str) else tuple(c) for c in listed[:count]]


@no_grad()
def draw_bounding_boxes(
    image: Tensor, boxes: Tensor, labels: list[str | None] | None = None, colors=None, fill: bool | None = False,
    width: int = 1, font: str | None = None, font_size: int | None = None, label_colors=None,
    label_background_colors=None, fill_labels: bool = False,
) -> Tensor:  # fmt: skip
    """The picture (C, H, W) with boxes (N, 4) of corners on it, and what they are called."""
    pixels, corners = as_pixels(image, "draw_bounding_boxes", (1, 3)), boxes.detach().cpu().numpy()
    count = len(corners)
    if labels is not None and len(labels) != count:
        raise ValueError(
            f"The number of boxes ({count}) and labels ({len(labels)}) mismatch. Please specify labels for each box."
        )
    if (corners[:, 0] > corners[:, 2]).any() or (corners[:, 1] > corners[:, 3]).any():
        raise ValueError(
            "Boxes need to be in (xmin, ymin, xmax, ymax) format. Use torchvision.ops.box_convert to convert them"
        )
    lines, words = colours_of(colors, count), colours_of(label_colors or colors, count)
    behind = (
        colours_of(label_background_colors or colors, count)
        if fill_labels or label_background_colors
        else None
    )
    picture = pillow().fromarray(pixels)
    draw = canvas_of(picture, "RGBA" if fill else None)
    letters = font_of(font, font_size)
    for k, box in enumerate(corners.tolist()):
        draw.rectangle(box, width=width, outline=lines[k], fill=(*lines[k], 100) if fill else None)
        if labels is not None and labels[k] is not None:
            place = (box[0] + width + 1, box[1] + width + 1)
            if behind is not None:
                draw.rectangle(draw.textbbox(place, labels[k], font=letters), fill=behind[k])
            draw.text(place, labels[k], fill=words[k], font=letters)
    return as_given(np.asarray(picture), image)


def canvas_of(picture, mode: str | None = None):
    """What draws on a picture; with the mode RGBA it mixes colours that let some light through."""
    from PIL import ImageDraw

    return ImageDraw.Draw(picture, mode)


def font_of(font: str | None, size: int | None):
    from PIL import ImageFont

    return ImageFont.load_default() if font is None else ImageFont.truetype(font, size or 10)


@no_grad()
def draw_segmentation_masks(image: Tensor, masks: Tensor, alpha: float = 0.8, colors=None) -> Tensor:
    """The picture with each mask (N, H, W) in a colour on it; alpha 1 hides what is under them."""
    as_pixels(image, "draw_segmentation_masks")  # whether it can be drawn on
    masks = masks if masks.dim() == 3 else masks.unsqueeze(0)
    if masks.dtype is not boolean:
        raise ValueError(f"The masks must be of dtype bool. Got {masks.dtype}")
    if masks.shape[-2:] != image.shape[-2:]:
        raise ValueError("The image and the masks must have the same height and width")
    painted, white = image.detach().clone(), 255 if image.is_floating_point() else 1
    for mask, colour in zip(masks, colours_of(colors, masks.size(0))):
        painted[:, mask] = (image.new_tensor(colour) / white).to(image.dtype).unsqueeze(1)
    painted[:, masks.sum(0) > 1] = 0  # where masks lie on each other
    return (image * (1 - alpha) + painted * alpha).to(image.dtype)


@no_grad()
def draw_keypoints(
    image: Tensor, keypoints: Tensor, connectivity: list[tuple[int, int]] | None = None, colors=None, radius: int = 2,
    width: int = 3, visibility: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The picture with points (N, K, 2) on it, and lines between those that connectivity pairs."""
    pixels = as_pixels(image, "draw_keypoints")
    if keypoints.dim() != 3:
        raise ValueError("keypoints must be of shape (num_instances, K, 2)")
    places = keypoints.detach().cpu().numpy()[..., :2].astype(np.int64)
    seen = np.ones(places.shape[:2], bool) if visibility is None else visibility.cpu().numpy().astype(bool)
    colour = None if colors is None else colours_of(colors, 1)[0]
    picture = pillow().fromarray(pixels)
    draw = canvas_of(picture)
    for points, visible in zip(places.tolist(), seen.reshape(places.shape[:2])):
        for (x, y), shown in zip(points, visible):
            if shown:
                draw.ellipse(
                    [x - radius, y - radius, x + radius, y + radius], fill=colour, outline=None, width=0
                )
        for start, end in connectivity or []:
            if visible[start] and visible[end]:
                draw.line([tuple(points[start]), tuple(points[end])], width=width)
    return as_given(np.asarray(picture), image)
