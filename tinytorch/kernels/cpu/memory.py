"""How an array lies in memory, and the simplest shape in which compiled code can walk over it.

Compiled code exists per kind of array, so bodies hand it few kinds: contiguous, writable, of one or two or three dims.
"""

from __future__ import annotations

import math

import numpy as np

from .compiling import compiled

LINE = 16  # floats in a line of the cache


@compiled
def scratch(count):
    """Room for so many floats that begins with a line of the cache: a vector that lies in two of them is read and written twice."""
    room = np.empty(count + LINE, np.float32)
    skip = (-room.ctypes.data // 4) % LINE
    return room[skip : skip + count]


LARGE = 1 << 21  # floats: 8 MB, so that little of it would still be in a cache when it is read again


@compiled
def is_large(x):
    """1 where the array is so large that it is best written past the cache, else 0."""
    return 1 if x.size >= LARGE else 0


def is_plain(x) -> bool:
    """Whether x lies in memory in the order of its indices."""
    return x.flags.c_contiguous and x.flags.writeable


def plain(x):
    """x, or a copy of it, that lies in memory in the order of its indices."""
    return x if is_plain(x) else x.copy("C")


def channels_at_end(x):
    """x (N, C, ...) as (N, ..., C); a view. (`np.moveaxis` takes 3 us where this takes 0.2.)"""
    return x.transpose(AT_END[x.ndim])


AT_END = {n: (0, *range(2, n), 1) for n in range(2, 65)}


def is_channels_last(x) -> bool:
    """Whether x (N, C, ...) has the channels of one place side by side in memory, and is more than one channel wide."""
    return not x.flags.c_contiguous and x.ndim > 2 and x.shape[1] > 1 and is_plain(channels_at_end(x))


def same_layout(x, other):
    """x, or a copy of it, in the memory order of an array of the same shape."""
    if x.strides == other.strides and x.flags.writeable:
        return x
    copy = np.empty_like(other, dtype=x.dtype)
    copy[...] = x
    return copy


def in_memory(x):
    """The elements of x in the order in which they lie in memory, as one row: a view, if there are no gaps."""
    if x.flags.c_contiguous:
        return x.reshape(-1)
    return channels_at_end(x).reshape(-1) if is_channels_last(x) else x.ravel("K")


def is_gapless(x) -> bool:
    """Whether `in_memory` can show the elements of x without a copy."""
    return x.flags.writeable and (x.flags.c_contiguous or np.may_share_memory(in_memory(x), x))


def gapless(x):
    """x, or a copy of it, whose elements `in_memory` can show without a copy."""
    return x if is_gapless(x) else x.copy("C")


def channels_and_places(x):
    """x (N, C, ...) as (N, C, P); a view."""
    return x.reshape(*x.shape[:2], math.prod(x.shape[2:]))


def rows_of_channels(x):
    """x (N, C, ...), channels last in memory, as (N * P, C); a view."""
    return channels_at_end(x).reshape(-1, x.shape[1])
