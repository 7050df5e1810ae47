"""IDX, the format of MNIST: two zero bytes, a type, the number of dimensions, each size as a big-endian int, then the values."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
CHUNK = 1 << 24


def read_idx(path) -> np.ndarray:
    """The array in an IDX file, gzipped or not."""
    path = Path(path)
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path, "rb") if packed else path.open("rb") as file:
            dtype, shape = read_header(file, path)
            size = math.prod(shape) * dtype.itemsize
            content = read_up_to(file, size)
            if len(content) < size:
                raise ValueError(
                    f"{path}: truncated: shape {shape} needs {size} bytes of values, there are {len(content)}"
                )
            if file.read(1):
                raise ValueError(f"{path}: bytes are left after the {size} that shape {shape} needs")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{path}: damaged gzip file ({error})") from error
    return np.frombuffer(content, dtype).reshape(shape).astype(dtype.newbyteorder("="))


def read_up_to(file, size: int) -> bytes:
    """In pieces: a damaged header may announce more than any memory holds."""
    pieces, left = [], size
    while left and (piece := file.read(min(left, CHUNK))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def read_header(file, path: Path) -> tuple[np.dtype, tuple[int, ...]]:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in TYPES:
        raise ValueError(
            f"{path}: not an IDX file: it starts with {magic.hex(' ')}, not with 00 00, a type and the number of dimensions"
        )
    sizes = file.read(4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        raise ValueError(f"{path}: truncated inside its header of {magic[3]} dimensions")
    return np.dtype(TYPES[magic[2]]), tuple(np.frombuffer(sizes, ">u4").tolist())
