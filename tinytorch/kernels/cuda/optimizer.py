"""Optimizer steps and the norm of all gradients: one launch for all parameters that share their settings.

Inside `backend.together()`, which Optimizer.step opens, a step is only noted down; all of them start when it closes.
"""

from __future__ import annotations

import functools
import math

import numpy as np

from ...backend import cupy, noted
from ...nn.utils.clip_grad import norm_of_all
from ...optim.adam import adam_step
from ...optim.sgd import sgd_step
from .launch import Source, contiguous, suits

optimizer = Source("optimizer")
PIECE = 4096  # as in optimizer.cu


@sgd_step.register("cuda")
def sgd(p, g, buffer, lr, momentum, dampening, weight_decay, nesterov):
    arrays = (p, g) if buffer is None else (p, g, buffer)
    settings = float(lr), float(weight_decay), float(momentum), float(1 - dampening), bool(nesterov)
    return note("sgd", arrays, settings)


@adam_step.register("cuda")
def adam(p, g, m, v, v_max, step, lr, beta1, beta2, eps, weight_decay, decoupled):
    arrays = (p, g, m, v) if v_max is None else (p, g, m, v, v_max)
    decay, added = (1 - lr * weight_decay, 0.0) if decoupled else (1.0, weight_decay)
    rate, root = lr / (1 - beta1**step), math.sqrt(1 - beta2**step)
    return note("adam", arrays, (rate, root, beta1, beta2, float(eps), float(decay), float(added)))


def note(kernel: str, arrays: tuple, settings: tuple):
    """Put one parameter's step on the list, or take it at once where nobody keeps one."""
    written = arrays[:1] + arrays[2:]
    if not suits(*arrays) or not all(a.flags.c_contiguous for a in written):
        return NotImplemented
    key = kernel, len(arrays), arrays[0].dtype, settings
    noted(start, key, tuple(contiguous(*arrays)))
    return None


def start(key, rows: list) -> None:
    """One kernel over all the arrays that were noted down for it."""
    kernel, _, dtype, settings = key
    optimizer.run(kernel, dtype, *over(rows), *settings)


def over(rows: list) -> tuple:
    """Grid, block and first four arguments of a kernel over rows of arrays."""
    blocks, piece, sizes = layout(cupy(), tuple([row[0].size for row in rows]))
    tables = np.array([[array.data.ptr for array in row] for row in rows], np.int64)
    return blocks, 256, cupy().asarray(tables), tables.shape[1], piece, sizes


@functools.lru_cache(16)
def layout(xp, sizes: tuple[int, ...]):
    """How arrays of these sizes are cut into pieces; the same step after step, so it stays on the device."""
    pieces = [(row, number) for row, size in enumerate(sizes) for number in range(-(-size // PIECE))]
    return len(pieces), xp.asarray(np.array(pieces, np.int32)), xp.asarray(np.array(sizes, np.int32))


@norm_of_all.register("cuda")
def norm(first, *others):
    arrays = (first, *others)
    if not suits(*arrays):
        return NotImplemented
    given = over([(a,) for a in contiguous(*arrays)])
    parts = cupy().empty(given[0], first.dtype)
    optimizer.run("squares", first.dtype, *given, parts)
    return cupy().sqrt(parts.sum())
