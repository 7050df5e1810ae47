"""torchvision.utils: many pictures as one, and saving them."""

from __future__ import annotations

import math

from ..autograd.grad_mode import no_grad
from ..dtypes import uint8
from ..ops import cat, stack
from ..tensor import Tensor
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
