"""Attention without its weights in memory, for heads of up to 128 features in float32."""

from __future__ import annotations

import numpy as np

from ...backend import cupy
from ...nn.functional.attention import attention_backward, attention_forward
from .launch import Source, contiguous, suits

HEADS = {size: Source("attention", D=size) for size in (32, 64, 128)}


def kernels_for(q, k, v, mask):
    """The kernels compiled for the smallest size that holds the heads; None where the reference has to do."""
    widest = max(q.shape[-1], v.shape[-1])
    if q.dtype != np.float32 or widest > 128 or not suits(q, k, v, mask) or q.shape[0] * q.shape[1] > 65535:
        return None
    return HEADS[next(size for size in HEADS if size >= widest)]


def settings(q, k, v, mask, scale: float, is_causal: bool) -> tuple:
    """What the kernels call heads, Tq, S, d, dv, scale, causal and the mask's strides."""
    strides = (0, 0, 0, 0) if mask is None else [step // mask.itemsize for step in mask.strides]
    sizes = q.shape[1], q.shape[2], k.shape[2], q.shape[3], v.shape[3]
    return (*sizes, float(scale), bool(is_causal), *map(np.int64, strides))


def whole(mask):
    """The memory behind a mask, which may be broadcast: the kernels find its elements by its strides."""
    return None if mask is None else cupy().ascontiguousarray(unrepeated(mask))


def unrepeated(mask):
    return mask[tuple(slice(1) if step == 0 else slice(None) for step in mask.strides)]


def strided(mask):
    """The mask's elements in order, each once, seen again with all its repetitions."""
    if mask is None:
        return None, None
    memory = whole(mask)
    steps = [0 if have == 1 else step for have, step in zip(memory.shape, memory.strides)]
    return memory, cupy().lib.stride_tricks.as_strided(memory, mask.shape, steps)


@attention_forward.register("cuda")
def forward(q, k, v, mask, scale: float, is_causal: bool):
    kernels = kernels_for(q, k, v, mask)
    if kernels is None:
        return NotImplemented
    q, k, v = contiguous(q, k, v)
    memory, seen = strided(mask)
    xp = cupy()
    out = xp.empty((*q.shape[:3], v.shape[3]), q.dtype)
    denominators = xp.empty((*q.shape[:3], 1), q.dtype)
    rows = 32 if kernels.constants["D"] > 64 else 64
    grid = (-(-q.shape[2] // rows), q.shape[0] * q.shape[1])
    kernels.run(
        "attention_forward", q.dtype, grid, 256, q, k, v, memory, out, denominators,
        *settings(q, k, v, seen, scale, is_causal),
    )  # fmt: skip
    return out, denominators


@attention_backward.register("cuda")
def backward(g, q, k, v, mask, out, denominators, scale: float, is_causal: bool):
    kernels = kernels_for(q, k, v, mask)
    if kernels is None:
        return NotImplemented
    shared = (g * out).sum(-1)
    g, q, k, v, denominators, shared = contiguous(g, q, k, v, denominators, shared)
    memory, seen = strided(mask)
    xp = cupy()
    dq, dk, dv = xp.empty(q.shape, q.dtype), xp.empty(k.shape, q.dtype), xp.empty(v.shape, q.dtype)
    rows, stack = 16 if kernels.constants["D"] > 64 else 32, q.shape[0] * q.shape[1]
    given = (g, q, k, v, memory, denominators, shared)
    numbers = settings(q, k, v, seen, scale, is_causal)
    kernels.run(
        "attention_backward_keys", q.dtype, (-(-k.shape[2] // rows), stack), 256, *given, dk, dv, *numbers
    )
    kernels.run(
        "attention_backward_queries", q.dtype, (-(-q.shape[2] // rows), stack), 256, *given, dq, *numbers
    )
    return dq, dk, dv
