"""One pass over a parameter, its gradient and what the optimizer remembers: each number is read once and written once.

Adam takes all parameters of a group in one launch, cut into parts of one length as if they were one long row. Averages that fade away
would be subnormal numbers after some hundred steps without a gradient, and a step take three times as long: they are flushed to zero.
"""

from __future__ import annotations

import ctypes
import math
from weakref import WeakKeyDictionary

import numpy as np
from numba import prange

from ...optim.adam import adam_group, adam_step
from ...optim.sgd import sgd_step
from .compiling import compiled, entry
from .memory import in_memory
from .simd import floats_at, flush_subnormals, load_number, restore

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
        before, a, b = flush_subnormals(), t * p.size // tasks, (t + 1) * p.size // tasks
        largest = v_max[a:b]  # empty, where there is none
        adam_part(p[a:b], g[a:b], m[a:b], v[a:b], largest, f4(lr), f4(decay), f4(beta1), f4(beta2), f4(eps), f4(shrink),
                  f4(correction))  # fmt: skip
        restore(before)


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
        before = flush_subnormals()
        start, first, last = 0, t * total // parts, (t + 1) * total // parts
        for r in range(len(sizes)):
            a, b = max(first - start, 0), min(last - start, sizes[r])
            start += sizes[r]
            if a < b:
                p, g = part_of(arrays, r, 0, a, b), part_of(arrays, r, 1, a, b)
                m, v = part_of(arrays, r, 2, a, b), part_of(arrays, r, 3, a, b)
                adam_part(p, g, m, v, v[:0], f4(rates[r]), f4(decay), f4(beta1), f4(beta2), f4(eps), f4(shrink), f4(roots[r]))  # fmt: skip
        restore(before)


class Table:
    """The arrays of a group's parameters, as compiled code reads them. What stays the same from step to step is looked up once."""

    def __init__(self, rows):
        self.rows = rows  # for each parameter itself, its array, and the arrays m, v and step of its state
        self.sizes = np.array([array.size for _, array, *_ in rows])
        self.count = int(self.sizes.sum())
        self.objects = np.array([[id(p), 0, id(m), id(v), id(steps)] for _, p, m, v, steps in rows])

    def is_of(self, parameters, states) -> bool:
        """Whether these parameters and their state still are what the rows hold."""
        if len(parameters) != len(self.rows):
            return False
        for p, (own, array, m, v, steps) in zip(parameters, self.rows):
            state = states.get(p)
            if (
                p is not own
                or p.array is not array
                or not state
                or state["exp_avg"].array is not m
                or state["exp_avg_sq"].array is not v
                or state["step"].array is not steps
            ):
                return False
        return True

    def take_gradients(self) -> bool:
        """Whether all gradients are float32 that lie in memory in order, as the parameters do; they are in the table then."""
        objects = []
        for p, *_ in self.rows:
            g = p._grad.array
            if (g.dtype is not FLOAT32 and g.dtype != FLOAT32) or not g.flags.c_contiguous:
                return False
            objects.append(id(g))
        self.objects[:, 1] = objects
        return True


tables: WeakKeyDictionary = WeakKeyDictionary()  # {optimizer: {number of a group: its table}}


def table_of(optimizer, parameters, group):
    """The group's table; None if compiled code cannot walk over all of its arrays in one order."""
    own = tables.setdefault(optimizer, {})
    table = own.get(id(group))
    if table is None or not table.is_of(parameters, optimizer.state):
        rows = [row_of(p, optimizer.state.get(p)) for p in parameters]
        table = own[id(group)] = None if None in rows else Table(rows)
    return table if table is not None and table.take_gradients() else None


def row_of(p, state):
    if not state:  # before its first step
        return None
    arrays = p.array, state["exp_avg"].array, state["exp_avg_sq"].array, state["step"].array
    fit = all(x.dtype == FLOAT32 and x.flags.c_contiguous and x.flags.writeable for x in arrays)
    return (p, *arrays) if fit else None


@adam_group.register("numba")
def adam_in_one_launch(first, optimizer, parameters, group) -> object:
    if group["amsgrad"] or group["maximize"] or not LAYOUT_IS_KNOWN:
        return NotImplemented
    table = table_of(optimizer, parameters, group)
    if table is None:
        return NotImplemented
    lr, (beta1, beta2), weight_decay = float(group["lr"]), group["betas"], float(group["weight_decay"])
    decay, shrink = (0.0, 1 - lr * weight_decay) if group["decoupled_weight_decay"] else (weight_decay, 1.0)
    adam_of_all(table.objects, table.sizes, lr, decay, float(beta1), float(beta2), float(group["eps"]), shrink,
                work=4 * table.count)  # fmt: skip
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
        before, a, b = flush_subnormals(), t * p.size // tasks, (t + 1) * p.size // tasks
        sgd_part(p[a:b], g[a:b], buffer[a:b], f4(lr), f4(momentum), f4(keep), f4(decay), nesterov)
        restore(before)


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
