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
from .numerics import exp, largest

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
    for t in prange(tasks):
        scratch = np.empty(x.shape[1], np.float32)
        for r in range(t * len(x) // tasks, (t + 1) * len(x) // tasks):
            top[r] = largest(x[r])
            total[r] = exps(x[r], top[r], scratch)
            losses[r] = np.float32(math.log(total[r])) - (x[r, target[r]] - top[r])


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
    losses, wrong, part = np.empty(rows, np.float32), np.zeros(tasks, np.int64), np.float32(share)
    for t in prange(tasks):
        for r in range(t * rows // tasks, (t + 1) * rows // tasks):
            label = np.int64(target[r])
            if label < 0 or label >= classes:
                wrong[t] += 1
                continue
            top = largest(x[r])
            total = exps(x[r], top, out[r])
            losses[r] = np.float32(math.log(total)) - (x[r, label] - top)
            scale_row(out[r], part / total)
            out[r, label] -= part
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
