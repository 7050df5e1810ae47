"""One pass over a parameter, its gradient and what the optimizer remembers: each number is read once and written once.

Adam takes all parameters of a group in one launch, cut into parts of one length as if they were one long row.
"""

from __future__ import annotations

import ctypes
import math

import numpy as np
from numba import prange

from ...optim.adam import adam_group, adam_step
from ...optim.sgd import sgd_step
from .compiling import compiled, entry
from .memory import in_memory
from .simd import floats_at, load_number

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


# ---------------------------------------------------------------- a whole group

# An array's object begins with Python's header, and the address of its numbers stands behind that: compiled code reads it there.
# To ask NumPy for it would take longer than the step of a small parameter.
HEADER = object.__basicsize__


def layout_is_known() -> bool:
    """Whether NumPy's arrays are as said above."""
    probe = np.empty(1)
    return ctypes.c_void_p.from_address(id(probe) + HEADER).value == probe.ctypes.data


LAYOUT_IS_KNOWN = layout_is_known()


@compiled
def part_of(arrays, row, column, a, b):
    """The elements from a to b of an array in the table."""
    return floats_at(load_number(arrays[row, column] + HEADER) + 4 * a, b - a)


@compiled
def threads_for(arrays, sizes, tasks):
    """One thread alone where two parameters share memory: the second step begins where the first one ends."""
    for r in range(len(sizes)):
        here = load_number(arrays[r, 0] + HEADER)
        for other in range(r):
            there = load_number(arrays[other, 0] + HEADER)
            if here < there + 4 * sizes[other] and there < here + 4 * sizes[r]:
                return 1
    return tasks


@entry
def adam_of_all(arrays, sizes, lr, decay, beta1, beta2, eps, shrink, tasks):
    """`arrays` has a row of objects for each parameter: p, g, m, v and the number of steps so far, which goes up by one."""
    rates, roots = np.empty(len(sizes)), np.empty(len(sizes))
    for r in range(len(sizes)):
        steps = part_of(arrays, r, 4, 0, 1)
        steps[0] += ONE
        rates[r], roots[r] = lr / (1 - beta1 ** steps[0]), math.sqrt(1 - beta2 ** steps[0])
    total, parts = sizes.sum(), threads_for(arrays, sizes, tasks)
    for t in prange(parts):
        start, first, last = 0, t * total // parts, (t + 1) * total // parts
        for r in range(len(sizes)):
            a, b = max(first - start, 0), min(last - start, sizes[r])
            start += sizes[r]
            if a < b:
                p, g = part_of(arrays, r, 0, a, b), part_of(arrays, r, 1, a, b)
                m, v = part_of(arrays, r, 2, a, b), part_of(arrays, r, 3, a, b)
                adam_part(p, g, m, v, v[:0], f4(rates[r]), f4(decay), f4(beta1), f4(beta2), f4(eps), f4(shrink), f4(roots[r]))  # fmt: skip


@adam_group.register("numba")
def adam_in_one_launch(first, optimizer, parameters, group) -> object:
    if group["amsgrad"] or group["maximize"] or not LAYOUT_IS_KNOWN:
        return NotImplemented
    rows = []
    for p in parameters:
        state = optimizer.state.get(p)
        if not state:  # its first step
            return NotImplemented
        steps = state["step"].array
        row = as_rows(p.array, p._grad.array, state["exp_avg"].array, state["exp_avg_sq"].array)
        if row is None or steps.dtype != FLOAT32 or not steps.flags.writeable:
            return NotImplemented
        rows.append((*row, steps))
    arrays = np.array([id(x) for row in rows for x in row]).reshape(-1, 5)
    sizes = np.array([row[0].size for row in rows])
    lr, (beta1, beta2), weight_decay = (
        float(group["lr"]),
        map(float, group["betas"]),
        float(group["weight_decay"]),
    )
    decay, shrink = (0.0, 1 - lr * weight_decay) if group["decoupled_weight_decay"] else (weight_decay, 1.0)
    adam_of_all(
        arrays, sizes, lr, decay, beta1, beta2, float(group["eps"]), shrink, work=4 * int(sizes.sum())
    )
    for p in parameters:
        p._wrote()
    return None


# ---------------------------------------------------------------- SGD


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


# ---------------------------------------------------------------- arrays as rows


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
