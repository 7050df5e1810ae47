"""Batch norm and layer norm: their statistics and what follows from them in one launch."""

from __future__ import annotations

import math

from ...backend import cupy
from ...nn.functional.batchnorm import batch_norm_backward, batch_norm_forward
from ...nn.functional.norm import layer_norm_backward, layer_norm_forward
from .launch import Source, contiguous, suits, threads_for

norm = Source("norm")
BLOCKS = 64  # rows of blocks over which the sums for a layer norm's weight are spread


@batch_norm_forward.register("cuda")
def batch_forward(x, weight, bias, eps):
    if not suits(x, weight, bias):
        return NotImplemented
    x, weight, bias = contiguous(x, weight, bias)
    N, C, P = len(x), x.shape[1], math.prod(x.shape[2:])
    xp = cupy()
    out = xp.empty(x.shape, x.dtype)
    mean, var, rstd = (xp.empty(C, x.dtype) for _ in range(3))
    block = threads_for(N * P)
    norm.run(
        "batch_norm_forward", x.dtype, C, block, x, weight, bias, out, mean, var, rstd, N, C, P, float(eps)
    )
    return out, mean, var, rstd


@batch_norm_backward.register("cuda")
def batch_backward(g, x, weight, mean, rstd):
    if not suits(g, x, weight):
        return NotImplemented
    g, x, weight = contiguous(g, x, weight)
    N, C, P = len(x), x.shape[1], math.prod(x.shape[2:])
    xp = cupy()
    gx, gweight, gbias = xp.empty(x.shape, x.dtype), xp.empty(C, x.dtype), xp.empty(C, x.dtype)
    block = threads_for(N * P)
    norm.run("batch_norm_backward", x.dtype, C, block, g, x, weight, mean, rstd, gx, gweight, gbias, N, C, P)
    return gx, gweight, gbias


@layer_norm_forward.register("cuda")
def layer_forward(x, weight, bias, eps, dims):
    if not suits(x, weight, bias):
        return NotImplemented
    x, weight, bias = contiguous(x, weight, bias)
    D = math.prod(x.shape[x.ndim - dims :])
    rows = x.size // D
    xp = cupy()
    out = xp.empty(x.shape, x.dtype)
    mean, rstd = xp.empty((rows, 1), x.dtype), xp.empty((rows, 1), x.dtype)
    norm.run(
        "layer_norm_forward", x.dtype, rows, threads_for(D), x, weight, bias, out, mean, rstd, D, float(eps)
    )
    return out, mean, rstd


@layer_norm_backward.register("cuda")
def layer_backward(g, x, weight, dims, mean, rstd):
    if not suits(g, x, weight):
        return NotImplemented
    g, x, weight = contiguous(g, x, weight)
    shape = x.shape[x.ndim - dims :]
    D = math.prod(shape)
    rows = x.size // D
    xp = cupy()
    gx = xp.empty(x.shape, x.dtype)
    norm.run("layer_norm_backward", x.dtype, rows, threads_for(D), g, x, weight, mean, rstd, gx, D)
    each = max(32, -(-rows // BLOCKS))
    parts = -(-rows // each)
    gweight, gbias = xp.empty((parts, D), x.dtype), xp.empty((parts, D), x.dtype)
    grid = (-(-D // 32), parts)
    norm.run(
        "layer_norm_backward_weight", x.dtype, grid, (32, 8), g, x, mean, rstd, gweight, gbias, rows, D, each
    )
    return gx, gweight.sum(0).reshape(shape), gbias.sum(0).reshape(shape)
