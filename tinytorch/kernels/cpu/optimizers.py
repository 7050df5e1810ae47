"""One pass over a parameter, its gradient and what the optimizer remembers: each number is read once and written once."""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from ...optim.adam import adam_step
from ...optim.sgd import sgd_step
from .compiling import compiled, entry
from .memory import in_memory

f4, FLOAT32 = np.float32, np.dtype(np.float32)
ONE = f4(1)
NONE = np.empty(0, np.float32)  # stands for a buffer that is not there


@compiled
def adam_part(p, g, m, v, v_max, lr, decay, beta1, beta2, eps, shrink, correction):
    """decay: of the gradient; shrink: the factor that weights are multiplied by. correction: √(1 - β₂ᵗ)."""
    keep1, keep2, backwards = ONE - beta1, ONE - beta2, ONE / correction
    grows = v_max.size > 0
    for i in range(p.size):
        slope = g[i] + decay * p[i]
        m[i] += keep1 * (slope - m[i])
        second = beta2 * v[i] + keep2 * slope * slope
        v[i] = second
        if grows:
            second = v_max[i] if v_max[i] > second else second
            v_max[i] = second
        p[i] = shrink * p[i] - lr * m[i] / (np.sqrt(second) * backwards + eps)


@entry
def adam_all(p, g, m, v, v_max, lr, decay, beta1, beta2, eps, shrink, correction, tasks):
    for t in prange(tasks):
        a, b = t * p.size // tasks, (t + 1) * p.size // tasks
        largest = v_max[a:b]  # empty, where there is none
        adam_part(p[a:b], g[a:b], m[a:b], v[a:b], largest, f4(lr), f4(decay), f4(beta1), f4(beta2), f4(eps), f4(shrink),
                  f4(correction))  # fmt: skip


@adam_step.register("numba")
def adam_in_one_pass(p, g, m, v, v_max, step, lr, beta1, beta2, eps, weight_decay, decoupled) -> object:
    rows = as_rows(p, g, m, v) if v_max is None else as_rows(p, g, m, v, v_max)
    if rows is None:
        return NotImplemented
    if v_max is None:
        rows.append(NONE)
    decay, shrink = (0.0, 1 - lr * weight_decay) if decoupled else (weight_decay, 1.0)
    corrected = lr / (1 - beta1**step)
    root = math.sqrt(1 - beta2**step)
    adam_all(*rows, corrected, decay, beta1, beta2, eps, shrink, root, work=4 * p.size)
    return None


@compiled
def sgd_part(p, g, buffer, lr, momentum, keep, decay, nesterov):
    if buffer.size == 0:
        for i in range(p.size):
            p[i] -= lr * (g[i] + decay * p[i])
        return
    for i in range(p.size):
        slope = g[i] + decay * p[i]
        buffer[i] = momentum * buffer[i] + keep * slope
        p[i] -= lr * (slope + momentum * buffer[i] if nesterov else buffer[i])


@entry
def sgd_all(p, g, buffer, lr, momentum, keep, decay, nesterov, tasks):
    for t in prange(tasks):
        a, b = t * p.size // tasks, (t + 1) * p.size // tasks
        sgd_part(p[a:b], g[a:b], buffer[a:b], f4(lr), f4(momentum), f4(keep), f4(decay), nesterov)


@sgd_step.register("numba")
def sgd_in_one_pass(p, g, buffer, lr, momentum, dampening, weight_decay, nesterov) -> object:
    rows = as_rows(p, g, buffer) if momentum else as_rows(p, g)
    if rows is None:
        return NotImplemented
    if not momentum:
        rows.append(NONE)
    sgd_all(*rows, lr, momentum, 1 - dampening, weight_decay, bool(nesterov), work=2 * p.size)
    return None


def as_rows(p, *others):
    """The arrays as rows of float32 with their elements in one order; None if they cannot be seen so."""
    plain = True
    for x in (p, *others):
        flags = x.flags
        if (x.dtype is not FLOAT32 and x.dtype != FLOAT32) or not flags.writeable:
            return None
        plain = plain and flags.c_contiguous
    if plain:
        return [x if x.ndim == 1 else x.reshape(-1) for x in (p, *others)]
    rows = [in_memory(x) for x in (p, *others)]
    seen = all(np.may_share_memory(row, x) for row, x in zip(rows, (p, *others)))
    return rows if seen and all(x.strides == p.strides for x in others) else None
