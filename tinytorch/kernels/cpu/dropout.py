"""Dropout: the random number of a place is computed where it is needed, so that threads share the work and nothing is drawn."""

from __future__ import annotations

import numpy as np
from numba import prange

from ...nn.functional.dropout import dropout_forward, where_kept
from ...random import key
from .compiling import compiled, entry
from .memory import gapless, in_memory, is_channels_last, plain, rows_of_channels, same_layout

u4 = np.uint32
ZERO = np.float32(0)
M1, M2, S15, S16 = u4(0x21F0AAAD), u4(0xD35A2D97), u4(15), u4(16)


@compiled
def mixed(h):
    """`random.mixed` of one number. Products of uint32 are uint64 to Numba, hence the conversions back."""
    h = u4((h ^ (h >> S16)) * M1)
    h = u4((h ^ (h >> S15)) * M2)
    return h ^ (h >> S15)


@compiled
def drop_row(x, out, kept, place, step, first, second, threshold, scale):
    """Element i of this row is number place + i * step of the array."""
    for i in range(x.size):
        h = mixed(mixed(u4(place + i * step) ^ first) ^ second)
        keep = h >= threshold
        kept[i] = keep
        out[i] = x[i] * scale if keep else x[i] * ZERO  # NaN and infinity stay seen, as in the reference


@entry
def drop_plain(x, out, kept, first, second, threshold, scale, tasks):
    for t in prange(tasks):
        a, b = t * x.size // tasks, (t + 1) * x.size // tasks
        drop_row(x[a:b], out[a:b], kept[a:b], a, 1, first, second, threshold, scale)


@entry
def drop_channels_last(x, out, kept, places, first, second, threshold, scale, tasks):
    """(N * P, C): row r is place r % P of image r // P, whose channels are P apart in (N, C, P)."""
    rows, channels = x.shape
    for t in prange(tasks):
        for r in range(t * rows // tasks, (t + 1) * rows // tasks):
            place = (r // places * channels) * places + r % places
            drop_row(x[r], out[r], kept[r], place, places, first, second, threshold, scale)


@dropout_forward.register("numba")
def dropout_by_counters(x, p: float, rng):
    if x.dtype != np.float32:
        return NotImplemented
    first, second = key(rng)
    settings = u4(first), u4(second), u4(int(p * 2**32)), np.float32(1 / (1 - p))
    if is_channels_last(x):
        out, kept = np.empty_like(x), np.empty_like(x, dtype=bool)
        places = x.size // (x.shape[0] * x.shape[1])
        drop_channels_last(*map(rows_of_channels, (x, out, kept)), places, *settings, work=4 * x.size)
        return out, kept
    x = plain(x)
    out, kept = np.empty_like(x), np.empty(x.shape, bool)
    drop_plain(x.reshape(-1), out.reshape(-1), kept.reshape(-1), *settings, work=4 * x.size)
    return out, kept


@compiled
def where_kept_part(g, kept, out, scale):
    for i in range(g.size):
        out[i] = g[i] * scale if kept[i] else g[i] * ZERO


@entry
def where_kept_all(g, kept, out, scale, tasks):
    for t in prange(tasks):
        a, b = t * g.size // tasks, (t + 1) * g.size // tasks
        where_kept_part(g[a:b], kept[a:b], out[a:b], scale)


@where_kept.forward.register("numba")
def where_kept_in_one_pass(g, *, kept, p):
    if g.dtype != np.float32 or g.shape != kept.shape:
        return NotImplemented
    g = same_layout(g, np.empty_like(kept, dtype=np.float32)) if not is_like(g, kept) else gapless(g)
    out = np.empty_like(g)
    where_kept_all(in_memory(g), in_memory(kept), in_memory(out), np.float32(1 / (1 - p)), work=g.size)
    return out


def is_like(x, other) -> bool:
    """Whether two arrays of one shape have their elements in the same order in memory."""
    sizes = x.itemsize, other.itemsize
    return tuple(s // sizes[0] for s in x.strides) == tuple(s // sizes[1] for s in other.strides)
