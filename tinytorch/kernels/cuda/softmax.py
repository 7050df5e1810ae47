"""Softmax along the last dim, and the cross-entropy on top of it."""

from __future__ import annotations

import numpy as np

from ...backend import cupy
from ...nn.functional.cross_entropy import softmax_cross_entropy_forward, softmax_cross_entropy_gradient
from ...nn.functional.softmax import log_softmax_op, softmax_op
from .launch import Source, contiguous, suits, threads_for

softmax = Source("softmax")


@softmax_op.forward.register("cuda")
def forward(x, *, dim):
    return along_rows("softmax_forward", x, dim)


@log_softmax_op.forward.register("cuda")
def log_forward(x, *, dim):
    return along_rows("log_softmax_forward", x, dim)


def along_rows(kernel: str, x, dim: int):
    if dim % max(x.ndim, 1) != x.ndim - 1 or not suits(x):
        return NotImplemented
    (x,) = contiguous(x)
    out = cupy().empty(x.shape, x.dtype)
    softmax.run(kernel, x.dtype, x.size // x.shape[-1], threads_for(x.shape[-1]), x, out, x.shape[-1])
    return out


@softmax_cross_entropy_forward.register("cuda")
def cross_entropy_forward(logits, target):
    if not suits(logits):
        return NotImplemented
    logits, target = contiguous(logits, target.astype(np.int64, copy=False))
    N, C = logits.shape
    xp = cupy()
    losses, top, total = (xp.empty(shape, logits.dtype) for shape in (N, (N, 1), (N, 1)))
    softmax.run(
        "cross_entropy_forward", logits.dtype, N, threads_for(C), logits, target, losses, top, total, C
    )
    return losses, top, total


@softmax_cross_entropy_gradient.register("cuda")
def cross_entropy_gradient(logits, top, total, target, g):
    if not suits(logits, g):
        return NotImplemented
    logits, g, target = contiguous(logits, g, target.astype(np.int64, copy=False))
    out = cupy().empty(logits.shape, logits.dtype)
    softmax.each(
        "cross_entropy_gradient", logits.dtype, out.size, logits, top, total, target, g, out, out.size, logits.shape[1]
    )  # fmt: skip
    return out
