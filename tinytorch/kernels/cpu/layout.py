<<<<<<< HEAD
"""Channels-last memory: (N, C, H, W) to the user, N, H, W, C in memory.

The channels of one pixel then lie side by side, which is what a vector instruction reads, and every filter tap is a row of a
matrix. NumPy's strides carry it through views and elementwise ops; kernels take and give it.
=======
"""How an array lies in memory, and the simplest shape in which compiled code can walk over it.

Compiled code exists per kind of array, so bodies hand it few kinds: contiguous, writable, of one or two or three dims.
>>>>>>> 7a2a1a1 (Compiled bodies: activations, pooling, norms, softmax and cross-entropy, dropout, embeddings, sums, optimizers)
"""

from __future__ import annotations

<<<<<<< HEAD
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
=======
import math

import numpy as np


def is_plain(x) -> bool:
    """Whether x lies in memory in the order of its indices."""
    return x.flags.c_contiguous and x.flags.writeable


def plain(x):
    """x, or a copy of it, that lies in memory in the order of its indices."""
    return x if is_plain(x) else x.copy("C")


def is_channels_last(x) -> bool:
    """Whether x (N, C, ...) has the channels of one place side by side in memory, and is more than one channel wide."""
    return x.ndim > 2 and x.shape[1] > 1 and not x.flags.c_contiguous and is_plain(np.moveaxis(x, 1, -1))


def same_layout(x, other):
    """x, or a copy of it, in the memory order of an array of the same shape."""
    if x.strides == other.strides and x.flags.writeable:
        return x
    copy = np.empty_like(other, dtype=x.dtype)
    copy[...] = x
    return copy


def in_memory(x):
    """The elements of x in the order in which they lie in memory, as one row: a view, if there are no gaps."""
    return x.reshape(-1) if x.flags.c_contiguous else x.ravel("K")


def gapless(x):
    """x, or a copy of it, whose elements `in_memory` can show without a copy."""
    return x if x.flags.writeable and np.may_share_memory(in_memory(x), x) else x.copy("C")


def channels_and_places(x):
    """x (N, C, ...) as (N, C, P); a view."""
    return x.reshape(*x.shape[:2], math.prod(x.shape[2:]))


def rows_of_channels(x):
    """x (N, C, ...), channels last in memory, as (N * P, C); a view."""
    return np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])
>>>>>>> 7a2a1a1 (Compiled bodies: activations, pooling, norms, softmax and cross-entropy, dropout, embeddings, sums, optimizers)
