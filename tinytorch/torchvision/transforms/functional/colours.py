"""Colours of pictures: every pixel by itself, or by how often each value is there."""

from __future__ import annotations

import numpy as np

from .... import dtypes
from ....creation import ones_like, zeros_like
from ....ops import where
from ....tensor import Tensor
from .pictures import check_image, convert_image_dtype, is_picture, pillow


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


# ---------------------------------------------------------------- tones


def operated(img, name: str, *settings):
    from PIL import ImageOps  # here: pillow() has made sure of it

    return getattr(ImageOps, name)(img, *settings)


def top_of(img: Tensor) -> float:
    """The largest value of a picture of this dtype."""
    return 1 if img.is_floating_point() else dtypes.iinfo(img.dtype).max


def invert(img):
    """The negative."""
    check_image(img)
    return operated(img, "invert") if is_picture(img) else top_of(img) - img


def posterize(img, bits: int):
    """The upper bits of each byte only."""
    check_image(img)
    if is_picture(img):
        return operated(img, "posterize", bits)
    if img.dtype is not dtypes.uint8:
        raise TypeError(f"Only torch.uint8 image tensors are supported, but found {img.dtype}")
    return img & (256 - 2 ** (8 - bits))


def solarize(img, threshold: float):
    """The negative of the pixels from threshold on."""
    check_image(img)
    if is_picture(img):
        return operated(img, "solarize", threshold)
    if threshold > top_of(img):
        raise TypeError("Threshold should be less than bound of img.")
    return where(img >= threshold, invert(img), img)


def autocontrast(img):
    """The darkest value of each channel becomes black, the brightest white."""
    check_image(img)
    if is_picture(img):
        return operated(img, "autocontrast")
    x, top = img if img.is_floating_point() else img.float(), top_of(img)
    low, high = x.amin((-2, -1), keepdim=True), x.amax((-2, -1), keepdim=True)
    flat = low == high  # a channel of one value stays
    scale = where(flat, ones_like(low), top / (high - low))
    return ((x - where(flat, zeros_like(low), low)) * scale).clamp(0, top).to(img.dtype)


def equalize(img):
    """Values spread so that each is about as frequent as the others."""
    check_image(img)
    if is_picture(img):
        return operated(img, "equalize")
    if img.dtype is not dtypes.uint8:
        raise TypeError(f"Only torch.uint8 image tensors are supported, but found {img.dtype}")
    planes = img.array.reshape(-1, *img.shape[-2:])
    return img.wrap(np.stack([equalized(plane) for plane in planes]).reshape(img.shape))


def equalized(plane):
    """Each value replaced by the share of the pixels below it, as Pillow counts: the most frequent top value apart."""
    counts = np.bincount(plane.reshape(-1), minlength=256)
    step = (counts.sum() - counts[counts.nonzero()[0][-1]]) // 255
    if step == 0:
        return plane
    below = np.concatenate([[0], np.cumsum(counts)[:-1]])
    return np.clip((below + step // 2) // step, 0, 255).astype(np.uint8)[plane]


def adjust_gamma(img, gamma: float, gain: float = 1):
    """gain * x ** gamma, with x in 0 ... 1: darker in the shadows above 1, brighter below."""
    if gamma < 0:
        raise ValueError("Gamma should be a non-negative real number")
    check_image(img)
    if is_picture(img):
        table = [int((255 + 1 - 1e-3) * gain * (value / 255.0) ** gamma) for value in range(256)]
        return img.convert("RGB").point(table * 3).convert(img.mode)
    x = img if img.is_floating_point() else convert_image_dtype(img, dtypes.float32)
    return convert_image_dtype((gain * x**gamma).clamp(0, 1), img.dtype)
