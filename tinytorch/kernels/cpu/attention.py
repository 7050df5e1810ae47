"""Attention without its (T, S) weights in memory: a block of queries meets one block of keys after the other.

The forward pass keeps, for each query, the largest score so far and the sum of the exps relative to it; when a larger score
turns up, what was summed is scaled down (the online softmax of Milakov and Gimelshein 2018, arXiv:1805.02867). The backward
pass makes the weights again from the logarithms of the denominators: Dao et al. 2022, FlashAttention, arXiv:2205.14135.

All products are the tiles of tiles.py. Arrays come as addresses (in bytes) and steps (in floats), so that heads may lie in
memory wherever a projection put them, and there is one compiled form for all.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from ...nn.functional.attention import attention_backward, attention_forward
from .compiling import compiled, entry
from .copying import clear, copy, transpose
from .numerics import exp_below_zero, log_of
from .simd import WIDTH, flush_subnormals, instructions, restore
from .tiles import VECTORS, rows

f4 = np.float32
QUERIES = 16  # to a block: in causal attention, half of the last block's scores are for nothing
KEYS = 2 * VECTORS * WIDTH
LOWEST = f4(-3e38)

call_rows = rows.call

# ---------------------------------------------------------------- products and copies


@compiled
def vectors_in(columns):
    return (columns + WIDTH - 1) // WIDTH


@compiled
def times(run, a, a_row, a_step, b, b_row, c, c_row, start, start_row, depth, vectors, count):
    """C = start + A @ B for `count` rows and whole vectors of columns."""
    panels = (vectors + VECTORS - 1) // VECTORS
    for p in range(panels):
        first, last = p * vectors // panels, (p + 1) * vectors // panels
        at = first * WIDTH * 4
        call_rows(run, a, a_row, 0, a_step, b + at, b_row, c + at, c_row, start + at, start_row, 1, depth, WIDTH,
                  last - first, count)  # fmt: skip


@compiled
def pack_columns(x, step, count, features, target):
    """Rows (count, features) as blocks of KEYS columns, (features, KEYS) each, with zeros behind the last."""
    for k in range(0, count, KEYS):
        here, to = min(KEYS, count - k), target + k * features * 4
        if here < KEYS:
            clear(to, features * KEYS)
        transpose(x + k * step * 4, step, to, KEYS, here, features)


@compiled
def pack_rows(x, step, count, features, target):
    """Rows (count, features) as rows of whole vectors, with zeros behind."""
    width = vectors_in(features) * WIDTH
    for i in range(count):
        if features < width:
            clear(target + i * width * 4, width)
        copy(x + i * step * 4, target + i * width * 4, features)


# ---------------------------------------------------------------- one row of scores


# The scale comes as the address of a float; `here` counts the scores that the products after it read, whole vectors of them.


@instructions
def soften(e, scores, seen, here, scale, top, total, out, vectors):
    """Scores become exps relative to the largest so far; what was summed in total and out is scaled to match the new top."""
    factor, before = e.spread(scale), e.spread(top)
    highest, sum = e.variable(before), e.variable(e.zero())

    def look(at, mask):
        score = e.mul(e.load_part(mask, scores, at), factor)
        highest.set(e.max(e.choose(mask, score, before), highest.get()))

    e.for_vectors(seen, look)
    higher = e.over_lanes(e.max, highest.get())
    below = e.sub(e.zero(), higher)

    def weigh(at, mask):
        part = exp_below_zero(e, e.fma(e.load_part(mask, scores, at), factor, below))
        part = e.choose(mask, part, e.zero())
        sum.set(e.add(sum.get(), part))
        e.store(part, scores, at)

    e.for_vectors(seen, weigh)
    clear_behind(e, scores, seen, here)
    shrink = exp_below_zero(e, e.add(before, below))
    e.store_first(higher, top)
    e.store_first(e.fma(e.spread(total), shrink, e.over_lanes(e.add, sum.get())), total)
    with e.loop(vectors) as v:
        at = e.times(v, e.width)
        e.store(e.mul(e.load(out, at), shrink), out, at)


@instructions
def logarithms(e, top, total, denominators, count):
    """The logarithms of sums of exps, which were taken relative to top. A row that saw nothing has infinity."""

    def write(at, mask):
        sum = e.load_part(mask, total, at)
        found = e.add(e.load_part(mask, top, at), log_of(e, sum))
        e.store_part(mask, e.choose(e.equal(sum, e.zero()), e.constant(np.inf), found), denominators, at)

    e.for_vectors(count, write)


@instructions
def divide(e, row, total, out, count):
    """out = row / total, or zeros where there was nothing to sum."""
    sum = e.spread(total)
    factor = e.choose(e.equal(sum, e.zero()), e.zero(), e.div(e.constant(1), sum))
    e.for_vectors(count, lambda at, mask: e.store_part(mask, e.mul(e.load(row, at), factor), out, at))


@instructions
def dot(e, x, y, count, out):
    """The sum of the products of two rows."""
    sum = e.variable(e.zero())
    e.for_vectors(
        count, lambda at, mask: sum.set(e.fma(e.load_part(mask, x, at), e.load_part(mask, y, at), sum.get()))
    )
    e.store_first(e.over_lanes(e.add, sum.get()), out)


@instructions
def slopes(e, scores, gradients, seen, here, scale, denominator, shared):
    """Scores become weights, gradients of weights those of scores."""
    factor, below, share = e.spread(scale), e.sub(e.zero(), e.spread(denominator)), e.spread(shared)

    def turn(at, mask):
        weight = exp_below_zero(e, e.fma(e.load_part(mask, scores, at), factor, below))
        weight = e.choose(mask, weight, e.zero())
        slope = e.mul(e.mul(weight, factor), e.sub(e.load_part(mask, gradients, at), share))
        e.store(weight, scores, at)
        e.store(slope, gradients, at)

    e.for_vectors(seen, turn)
    clear_behind(e, scores, seen, here)
    clear_behind(e, gradients, seen, here)


def clear_behind(e, row, seen, here):
    """Zeros in the whole vectors of a row from the first that holds nothing seen."""
    first, last = (e.divided(e.plus(n, e.width - 1), e.width) for n in (seen, here))
    with e.loop(e.minus(last, first)) as v:
        e.store(e.zero(), row, e.times(e.plus(first, v), e.width))


@compiled
def keys_seen(query, first_key, keys, is_causal):
    """How many keys of a block, which begins with first_key, this query looks at."""
    return max(0, min(keys, query + 1 - first_key)) if is_causal else keys


# ---------------------------------------------------------------- all heads


@entry
def attend(run, q, k, v, out, steps, sizes, scale, is_causal, denominators, tasks):
    """`steps` has a row for q, k, v and out: from one sequence, head and token to the next. `sizes` are B, H, T, S, D, Dv."""
    B, H, T, S, D, Dv = sizes
    width, blocks = vectors_in(Dv) * WIDTH, (S + KEYS - 1) // KEYS
    for t in prange(tasks):
        before = flush_subnormals()
        keys, values = np.empty(blocks * KEYS * D, f4), np.empty(S * width, f4)
        scores, o = np.empty((QUERIES, KEYS), f4), np.empty((QUERIES, width), f4)
        nothing = np.zeros(KEYS, f4)
        top, total = np.empty(QUERIES, f4), np.empty(QUERIES, f4)
        for u in range(t * B * H // tasks, (t + 1) * B * H // tasks):
            b, h = u // H, u % H
            pack_columns(k + (b * steps[1, 0] + h * steps[1, 1]) * 4, steps[1, 2], S, D, keys.ctypes.data)
            pack_rows(v + (b * steps[2, 0] + h * steps[2, 1]) * 4, steps[2, 2], S, Dv, values.ctypes.data)
            for i in range(0, T, QUERIES):
                count = min(QUERIES, T - i)
                query = q + (b * steps[0, 0] + h * steps[0, 1] + i * steps[0, 2]) * 4
                top[:], total[:], o[:] = LOWEST, f4(0), f4(0)
                for j in range(0, min(S, i + count) if is_causal else S, KEYS):
                    here = min(KEYS, S - j, i + count - j if is_causal else KEYS)
                    times(run, query, steps[0, 2], 1, keys.ctypes.data + j * D * 4, KEYS, scores.ctypes.data, KEYS,
                          nothing.ctypes.data, 0, D, vectors_in(here), count)  # fmt: skip
                    for r in range(count):
                        soften(scores.ctypes.data + r * KEYS * 4, keys_seen(i + r, j, here, is_causal), here, scale.ctypes.data,
                               top.ctypes.data + r * 4, total.ctypes.data + r * 4, o.ctypes.data + r * width * 4,
                               width // WIDTH)  # fmt: skip
                    times(run, scores.ctypes.data, KEYS, 1, values.ctypes.data + j * width * 4, width, o.ctypes.data, width,
                          o.ctypes.data, width, here, width // WIDTH, count)  # fmt: skip
                logarithms(
                    top.ctypes.data, total.ctypes.data, denominators.ctypes.data + (u * T + i) * 4, count
                )
                for r in range(count):
                    to = out + (b * steps[3, 0] + h * steps[3, 1] + (i + r) * steps[3, 2]) * 4
                    divide(o.ctypes.data + r * width * 4, total.ctypes.data + r * 4, to, Dv)
        restore(before)


@entry
def attend_backward(run, q, k, v, out, g, dq, dk, dv, steps, sizes, scale, is_causal, denominators, tasks):
    """`steps` as in `attend`, then rows for g, dq, dk and dv."""
    B, H, T, S, D, Dv = sizes
    wide, wide_v = vectors_in(D) * WIDTH, vectors_in(Dv) * WIDTH
    blocks = (S + KEYS - 1) // KEYS
    for t in prange(tasks):
        before = flush_subnormals()
        keys, values = np.empty(blocks * KEYS * D, f4), np.empty(blocks * KEYS * Dv, f4)  # as columns
        key_rows, sum_k, sum_v = np.empty(S * wide, f4), np.empty((S, wide), f4), np.empty((S, wide_v), f4)
        query, gradient = np.empty((QUERIES, wide), f4), np.empty((QUERIES, wide_v), f4)
        weights, slope, sum_q = (
            np.empty((QUERIES, KEYS), f4),
            np.empty((QUERIES, KEYS), f4),
            np.empty((QUERIES, wide), f4),
        )
        nothing, shared = np.zeros(KEYS, f4), np.empty(QUERIES, f4)
        for u in range(t * B * H // tasks, (t + 1) * B * H // tasks):
            b, h = u // H, u % H
            k_head = k + (b * steps[1, 0] + h * steps[1, 1]) * 4
            pack_columns(k_head, steps[1, 2], S, D, keys.ctypes.data)
            pack_rows(k_head, steps[1, 2], S, D, key_rows.ctypes.data)
            pack_columns(v + (b * steps[2, 0] + h * steps[2, 1]) * 4, steps[2, 2], S, Dv, values.ctypes.data)
            sum_k[:], sum_v[:] = f4(0), f4(0)
            for i in range(0, T, QUERIES):
                count = min(QUERIES, T - i)
                pack_rows(
                    q + (b * steps[0, 0] + h * steps[0, 1] + i * steps[0, 2]) * 4,
                    steps[0, 2],
                    count,
                    D,
                    query.ctypes.data,
                )
                pack_rows(
                    g + (b * steps[4, 0] + h * steps[4, 1] + i * steps[4, 2]) * 4,
                    steps[4, 2],
                    count,
                    Dv,
                    gradient.ctypes.data,
                )
                for r in range(count):  # what a softmax takes off all its scores' gradients
                    output = out + (b * steps[3, 0] + h * steps[3, 1] + (i + r) * steps[3, 2]) * 4
                    dot(gradient.ctypes.data + r * wide_v * 4, output, Dv, shared.ctypes.data + r * 4)
                sum_q[:] = f4(0)
                for j in range(0, min(S, i + count) if is_causal else S, KEYS):
                    here = min(KEYS, S - j, i + count - j if is_causal else KEYS)
                    times(run, query.ctypes.data, wide, 1, keys.ctypes.data + j * D * 4, KEYS, weights.ctypes.data, KEYS,
                          nothing.ctypes.data, 0, D, vectors_in(here), count)  # fmt: skip
                    times(run, gradient.ctypes.data, wide_v, 1, values.ctypes.data + j * Dv * 4, KEYS, slope.ctypes.data, KEYS,
                          nothing.ctypes.data, 0, Dv, vectors_in(here), count)  # fmt: skip
                    for r in range(count):
                        slopes(weights.ctypes.data + r * KEYS * 4, slope.ctypes.data + r * KEYS * 4,
                               keys_seen(i + r, j, here, is_causal), here, scale.ctypes.data,
                               denominators.ctypes.data + (u * T + i + r) * 4, shared.ctypes.data + r * 4)  # fmt: skip
                    to_v, to_k = sum_v.ctypes.data + j * wide_v * 4, sum_k.ctypes.data + j * wide * 4
                    times(run, weights.ctypes.data, 1, KEYS, gradient.ctypes.data, wide_v, to_v, wide_v, to_v, wide_v, count,
                          wide_v // WIDTH, here)  # fmt: skip
                    times(run, slope.ctypes.data, 1, KEYS, query.ctypes.data, wide, to_k, wide, to_k, wide, count,
                          wide // WIDTH, here)  # fmt: skip
                    times(run, slope.ctypes.data, KEYS, 1, key_rows.ctypes.data + j * wide * 4, wide, sum_q.ctypes.data, wide,
                          sum_q.ctypes.data, wide, here, wide // WIDTH, count)  # fmt: skip
                for r in range(count):
                    to = dq + (b * steps[5, 0] + h * steps[5, 1] + (i + r) * steps[5, 2]) * 4
                    copy(sum_q.ctypes.data + r * wide * 4, to, D)
            for r in range(S):
                to = dk + (b * steps[6, 0] + h * steps[6, 1] + r * steps[6, 2]) * 4
                copy(sum_k.ctypes.data + r * wide * 4, to, D)
                to = dv + (b * steps[7, 0] + h * steps[7, 1] + r * steps[7, 2]) * 4
                copy(sum_v.ctypes.data + r * wide_v * 4, to, Dv)
        restore(before)


# ---------------------------------------------------------------- bodies


def suits(q, k, v, mask, scale: float) -> bool:
    """No mask, something to attend to, vectors to do it with, and a scale that leaves the largest score the largest."""
    floats = q.dtype == k.dtype == v.dtype == np.float32
    return floats and mask is None and scale >= 0 and 0 not in (q.size, k.size, v.size) and WIDTH > 1


def by_tokens(x):
    """x, or a copy of it, in which each token's features lie side by side."""
    return x if x.strides[-1] == 4 else x.copy("C")


def address(x) -> int:
    return x.__array_interface__["data"][0]


def steps_of(*arrays):
    return np.array([x.strides[:3] for x in arrays]) // 4


def heads_inside(B: int, H: int, T: int, D: int):
    """An array (B, H, T, D) that lies in memory as (B, T, H, D), as the reference's; no view, which would be copied to become a `.grad`."""
    return np.empty_like(INSIDE, shape=(B, H, T, D))


def parts_of_one(q, k, v):
    """Arrays for the gradients of q, k and v that lie side by side as these do, if one projection made them: then their gradients are
    that of the projection, and nobody has to join them."""
    B, H, T, D = q.shape
    width, places = H * D * 4, [address(x) for x in (q, k, v)]
    side_by_side = [place - min(places) for place in places]
    alike = q.shape == k.shape == v.shape and q.strides == k.strides == v.strides
    if not alike or sorted(side_by_side) != [0, width, 2 * width]:
        return None
    if q.strides != (T * 3 * width, D * 4, 3 * width, 4):
        return None
    whole = np.empty((B, T, 3, H, D), f4)
    return tuple(whole[:, :, place // width].swapaxes(1, 2) for place in side_by_side)


INSIDE = np.empty((2, 2, 2, 2), f4).swapaxes(1, 2)


@attention_forward.register("numba")
def attention_by_tiles(q, k, v, mask, scale: float, is_causal: bool):
    if not suits(q, k, v, mask, scale):
        return NotImplemented
    q, k, v = map(by_tokens, (q, k, v))
    sizes = (*q.shape[:3], k.shape[2], q.shape[3], v.shape[3])
    B, H, T, S, D, Dv = sizes
    out, denominators = heads_inside(B, H, T, Dv), np.empty((B * H, T), f4)
    attend(rows.address, *map(address, (q, k, v, out)), steps_of(q, k, v, out), sizes, np.array([scale], f4), bool(is_causal),
           denominators, work=B * H * T * S * (D + Dv) // 16)  # fmt: skip
    return out, denominators.reshape(B, H, T, 1)


@attention_backward.register("numba")
def attention_backward_by_tiles(g, q, k, v, mask, out, denominators, scale: float, is_causal: bool):
    if not suits(q, k, v, mask, scale) or g.dtype != np.float32:
        return NotImplemented
    q, k, v, g, out = map(by_tokens, (q, k, v, g, out))
    sizes = (*q.shape[:3], k.shape[2], q.shape[3], v.shape[3])
    B, H, T, S, D, Dv = sizes
    found = parts_of_one(q, k, v) or (
        heads_inside(B, H, T, D),
        heads_inside(B, H, S, D),
        heads_inside(B, H, S, Dv),
    )
    arrays = q, k, v, out, g, *found
    attend_backward(rows.address, *map(address, arrays), steps_of(*arrays), sizes, np.array([scale], f4), bool(is_causal),
                    denominators.reshape(B * H, T), work=B * H * T * S * (D + Dv) // 6)  # fmt: skip
    return found
