"""torchvision.io: pictures in files, as uint8 tensors (C, H, W). Videos are not read."""

from __future__ import annotations

import io
import os
from enum import Enum

import numpy as np

from ..compat.absent import refusing
from ..dtypes import uint8
from ..tensor import Tensor
from ..tensor_data import from_numpy
from .transforms.functional import pil_to_tensor, pillow


class ImageReadMode(Enum):
    """The channels that are wanted; UNCHANGED takes what the file has."""

    UNCHANGED = 0
    GRAY = 1
    GRAY_ALPHA = 2
    RGB = 3
    RGB_ALPHA = 4


PILLOWS = {
    ImageReadMode.GRAY: "L",
    ImageReadMode.GRAY_ALPHA: "LA",
    ImageReadMode.RGB: "RGB",
    ImageReadMode.RGB_ALPHA: "RGBA",
}


read_video, write_video, read_video_timestamps, VideoReader = refusing(
    "tinytorch reads no videos",
    "torchvision.io.read_video",
    "torchvision.io.write_video",
    "torchvision.io.read_video_timestamps",
    "torchvision.io.VideoReader",
)


def read_file(path) -> Tensor:
    """A file's bytes."""
    return from_numpy(np.fromfile(path, np.uint8))


def write_file(filename, data: Tensor) -> None:
    """The bytes as a file."""
    data.numpy().tofile(filename)


def decode_image(
    input, mode: ImageReadMode | str = ImageReadMode.UNCHANGED, apply_exif_orientation: bool = False
) -> Tensor:
    """The picture in a file, or in the bytes of one: uint8 (C, H, W)."""
    mode = ImageReadMode[mode.upper()] if isinstance(mode, str) else mode
    source = io.BytesIO(input.numpy().tobytes()) if isinstance(input, Tensor) else os.fspath(input)
    with pillow().open(source) as picture:
        if apply_exif_orientation:
            from PIL import ImageOps  # here: pillow() has made sure of it

            picture = ImageOps.exif_transpose(picture)
        if picture.mode == "P" and mode is ImageReadMode.UNCHANGED:  # a palette is no picture
            mode = ImageReadMode.RGB
        return pil_to_tensor(picture.convert(PILLOWS[mode]) if mode in PILLOWS else picture)


def decode_png(input: Tensor, mode=ImageReadMode.UNCHANGED, apply_exif_orientation: bool = False) -> Tensor:
    return decode_image(input, mode, apply_exif_orientation)


def decode_jpeg(
    input: Tensor, mode=ImageReadMode.UNCHANGED, device="cpu", apply_exif_orientation: bool = False
) -> Tensor:
    return decode_image(input, mode, apply_exif_orientation).to(device)


def read_image(path, mode=ImageReadMode.UNCHANGED, apply_exif_orientation: bool = False) -> Tensor:
    """The picture in a file: uint8 (C, H, W)."""
    return decode_image(path, mode, apply_exif_orientation)


def encoded(input: Tensor, **settings) -> Tensor:
    if input.dtype is not uint8 or input.dim() != 3 or input.size(0) not in (1, 3):
        raise RuntimeError(
            f"a picture to write is uint8 (1 or 3, H, W), got {input.dtype!r} {tuple(input.shape)}"
        )
    pixels, file = input.permute(1, 2, 0).contiguous().numpy(), io.BytesIO()
    pillow().fromarray(pixels[:, :, 0] if input.size(0) == 1 else pixels).save(file, **settings)
    return from_numpy(np.frombuffer(file.getvalue(), np.uint8).copy())


def encode_png(input: Tensor, compression_level: int = 6) -> Tensor:
    """The bytes of a PNG file."""
    return encoded(input, format="PNG", compress_level=compression_level)


def encode_jpeg(input: Tensor, quality: int = 75) -> Tensor:
    """The bytes of a JPEG file."""
    return encoded(input, format="JPEG", quality=quality)


def write_png(input: Tensor, filename, compression_level: int = 6) -> None:
    write_file(filename, encode_png(input, compression_level))


def write_jpeg(input: Tensor, filename, quality: int = 75) -> None:
    write_file(filename, encode_jpeg(input, quality))
