"""Pixels computed from their neighbours, and parts overwritten."""

from __future__ import annotations

import numpy as np

from ....nn.functional.conv import conv2d
from ....nn.functional.pad import pad as pad_tensor
from ....tensor import Tensor
from ....tensor_data import as_tensor
from .colours import blend, enhanced
from .pictures import check_image, is_picture, pil_to_tensor, to_pil_image
from .sizes import pair


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


def adjust_sharpness(img, sharpness_factor: float):
    """0 is blurred, 1 the picture, 2 twice as sharp. The border of one pixel stays as it is."""
    if sharpness_factor < 0:
        raise ValueError(f"sharpness_factor ({sharpness_factor}) is not non-negative.")
    check_image(img)
    if is_picture(img):
        return enhanced(img, "Sharpness", sharpness_factor)
    return img if min(img.shape[-2:]) <= 2 else blend(img, softened(img), sharpness_factor)


def softened(img: Tensor) -> Tensor:
    """The mean of a pixel, counted five times, and its eight neighbours."""
    kernel = np.ones((1, 1, 3, 3), np.float32)
    kernel[..., 1, 1] = 5
    batch = (img if img.is_floating_point() else img.float()).reshape(-1, 1, *img.shape[-2:])
    inner = conv2d(batch, as_tensor(kernel / kernel.sum()).to(batch))
    out = img.clone()
    out[..., 1:-1, 1:-1] = (inner if img.is_floating_point() else inner.round()).reshape(
        *img.shape[:-2], *inner.shape[-2:]
    )
    return out
