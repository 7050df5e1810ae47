"""Channels-last memory: (N, C, H, W) to the user, N, H, W, C in memory.

The channels of one pixel then lie side by side, which is what a vector instruction reads, and every filter tap is a row of a
matrix. NumPy's strides carry it through views and elementwise ops; kernels take and give it.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from .compiling import entry
from .copying import transpose

PATTERN = np.empty((2, 2, 2, 2), np.float32).transpose(
    0, 3, 1, 2
)  # its strides are in the order that we want


def new_images(n: int, channels: int, height: int, width: int):
    """An array (N, C, H, W) for a result, channels last in memory."""
    return np.empty_like(PATTERN, shape=(n, channels, height, width))


def pixels(x):
    """(N, C, H, W) -> (N, H, W, C) as contiguous memory: a view where x already lies so, a copy otherwise."""
    seen = x.transpose(0, 2, 3, 1)
    if seen.flags.c_contiguous and x.flags.writeable:
        return seen
    if not x.flags.c_contiguous or not x.flags.writeable:
        return seen.copy("C")
    n, channels, height, width = x.shape
    if channels == 1 or height * width == 1:  # the same memory either way
        return x.reshape(n, height, width, channels)
    out = np.empty((n, height, width, channels), np.float32)
    to_pixels(x.reshape(n, channels, height * width), out, work=x.size)
    return out


@entry
def to_pixels(x, out, tasks):
    """(N, C, H*W) -> (N, H*W, C)."""
    n, channels, places = x.shape
    source, target = x.ctypes.data, out.ctypes.data
    for i in prange(n):
        at = i * channels * places * 4
        transpose(source + at, places, target + at, channels, channels, places)
