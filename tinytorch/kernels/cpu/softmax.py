"""Softmax along the last dim, and the cross-entropy that is made of it: each row is read while it is in the cache."""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from ...nn.functional.cross_entropy import (
    softmax_cross_entropy_both,
    softmax_cross_entropy_forward,
    softmax_cross_entropy_gradient,
)
from ...nn.functional.softmax import log_softmax_op, softmax_op
from .compiling import compiled, entry
from .memory import plain
from .numerics import exp, exp_below_zero, largest, log_of
from .simd import instructions

ZERO, ONE = np.float32(0), np.float32(1)
WORTH = 6  # elementwise operations that an element of a softmax costs

# ---------------------------------------------------------------- one row


@compiled
def exps(x, top, out):
    """out = exp(x - top), and its sum."""
    sum = ZERO
    for i in range(x.size):
        e = exp(x[i] - top)
        out[i] = e
        sum += e
    return sum


@compiled
def scale_row(x, factor):
    for i in range(x.size):
        x[i] *= factor


@compiled
def softmax_row(x, out):
    scale_row(out, ONE / exps(x, largest(x), out))


@compiled
def log_softmax_row(x, out):
    top = largest(x)
    shift = top + np.float32(math.log(exps(x, top, out)))
    for i in range(x.size):
        out[i] = x[i] - shift


# A loss has rows of ten classes or of 65: in vectors of up to 16 with a mask for the rest, not in those of the compiler, which
# goes through what is left of a row one by one.


@instructions
def exps_of_row(e, x, count, out, top, total):
    """out = exp(x - the largest of x), the largest and the sum."""
    highest, sum = e.variable(e.constant(-np.inf)), e.variable(e.zero())

    def look(at, mask):
        highest.set(e.max(e.choose(mask, e.load_part(mask, x, at), highest.get()), highest.get()))

    e.for_vectors(count, look)
    peak = e.over_lanes(e.max, highest.get())

    def write(at, mask):
        found = e.choose(mask, exp_below_zero(e, e.sub(e.load_part(mask, x, at), peak)), e.zero())
        sum.set(e.add(sum.get(), found))
        e.store_part(mask, found, out, at)

    e.for_vectors(count, write)
    e.store_first(peak, top)
    e.store_first(e.over_lanes(e.add, sum.get()), total)


@instructions
def shares_of_row(e, row, count, total, share):
    """row = row * share / total."""
    factor = e.div(e.spread(share), e.spread(total))
    e.for_vectors(
        count, lambda at, mask: e.store_part(mask, e.mul(e.load_part(mask, row, at), factor), row, at)
    )


@instructions
def logs(e, x, out, count):
    e.for_vectors(count, lambda at, mask: e.store_part(mask, log_of(e, e.load_part(mask, x, at)), out, at))


@compiled
def cross_entropy_gradient_row(x, top, factor, out):
    """out = exp(x - top) * factor."""
    for i in range(x.size):
        out[i] = exp(x[i] - top) * factor


# ---------------------------------------------------------------- all rows


@entry
def softmax_rows(x, out, logarithm, tasks):
    for t in prange(tasks):
        for r in range(t * len(x) // tasks, (t + 1) * len(x) // tasks):
            if logarithm:
                log_softmax_row(x[r], out[r])
            else:
                softmax_row(x[r], out[r])


@entry
def cross_entropy_rows(x, target, losses, top, total, tasks):
    classes = x.shape[1]
    for t in prange(tasks):
        scratch, first, last = np.empty(classes, np.float32), t * len(x) // tasks, (t + 1) * len(x) // tasks
        for r in range(first, last):
            exps_of_row(x.ctypes.data + r * classes * 4, classes, scratch.ctypes.data, top.ctypes.data + r * 4,
                        total.ctypes.data + r * 4)  # fmt: skip
        logs(total.ctypes.data + first * 4, losses.ctypes.data + first * 4, last - first)
        for r in range(first, last):
            losses[r] -= x[r, target[r]] - top[r]


@entry
def cross_entropy_gradient_rows(x, top, total, target, g, out, tasks):
    for t in prange(tasks):
        for r in range(t * len(x) // tasks, (t + 1) * len(x) // tasks):
            cross_entropy_gradient_row(x[r], top[r], g[r] / total[r], out[r])
            out[r, target[r]] -= g[r]


@entry
def cross_entropy_both_rows(x, target, share, loss, out, tasks):
    """Whether all targets are classes; if so, loss is the sum of the losses times share, and out its gradient."""
    rows, classes = x.shape
    losses, top, total = np.zeros(rows, np.float32), np.empty(rows, np.float32), np.empty(rows, np.float32)
    wrong, part = np.zeros(tasks, np.int64), np.full(1, share, np.float32)
    for t in prange(tasks):
        first, last = t * rows // tasks, (t + 1) * rows // tasks
        for r in range(first, last):
            here, to = total.ctypes.data + r * 4, out.ctypes.data + r * classes * 4
            exps_of_row(x.ctypes.data + r * classes * 4, classes, to, top.ctypes.data + r * 4, here)
            shares_of_row(to, classes, here, part.ctypes.data)
        logs(total.ctypes.data + first * 4, losses.ctypes.data + first * 4, last - first)
        for r in range(first, last):
            label = np.int64(target[r])
            if label < 0 or label >= classes:
                wrong[t] += 1
                continue
            losses[r] -= x[r, label] - top[r]
            out[r, label] -= part[0]
    sum = 0.0  # in an order that the number of tasks does not change
    for r in range(rows):
        sum += losses[r]
    loss[()] = sum * share
    return wrong.sum() == 0


# ---------------------------------------------------------------- bodies


def along_rows(x, dim: int, logarithm: bool):
    if x.dtype != np.float32 or dim not in (-1, x.ndim - 1) or x.size == 0:
        return NotImplemented
    x = plain(x)
    out = np.empty_like(x)
    softmax_rows(x.reshape(-1, x.shape[-1]), out.reshape(-1, x.shape[-1]), logarithm, work=WORTH * x.size)
    return out


@softmax_op.forward.register("numba")
def softmax_by_rows(x, *, dim):
    return along_rows(x, dim, False)


@log_softmax_op.forward.register("numba")
def log_softmax_by_rows(x, *, dim):
    return along_rows(x, dim, True)


@softmax_cross_entropy_forward.register("numba")
def cross_entropy_by_rows(logits, target):
    if logits.dtype != np.float32 or logits.size == 0:
        return NotImplemented
    losses = np.empty(len(logits), np.float32)
    top, total = np.empty_like(losses), np.empty_like(losses)
    target = plain(target.astype(np.int64, copy=False))
    cross_entropy_rows(plain(logits), target, losses, top, total, work=WORTH * logits.size)
    return losses, top[:, None], total[:, None]


@softmax_cross_entropy_gradient.register("numba")
def cross_entropy_gradient_by_rows(logits, top, total, target, g):
    if logits.dtype != np.float32 or logits.size == 0 or g.dtype != np.float32:
        return NotImplemented
    logits, g = plain(logits), plain(g)
    out = np.empty_like(logits)
    target = plain(target.astype(np.int64, copy=False))
    top, total = plain(top).reshape(-1), plain(total).reshape(-1)
    cross_entropy_gradient_rows(logits, top, total, target, g, out, work=WORTH * logits.size)
    return out


@softmax_cross_entropy_both.register("numba")
def cross_entropy_both_by_rows(logits, target, share):
    if logits.dtype != np.float32 or logits.size == 0:
        return NotImplemented
    logits = plain(logits)
    loss, out = np.empty((), np.float32), np.empty(logits.shape, np.float32)
    if not cross_entropy_both_rows(logits, plain(target), share, loss, out, work=WORTH * logits.size):
        return None
    return loss, out
