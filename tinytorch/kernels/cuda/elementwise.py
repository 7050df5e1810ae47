"""GELU, a layer's bias and dropout: chains of elementwise operations in one pass over memory."""

from __future__ import annotations

import numpy as np

from ...backend import cupy
from ...nn.functional.activation import gelu_forward, gelu_gradient
from ...nn.functional.dropout import dropout_forward
from ...nn.functional.linear import linear_forward
from ...random import fill_random
from .launch import Source, contiguous, suits

elementwise = Source("elementwise")


@gelu_forward.register("cuda")
def gelu(x, approximate="none"):
    if not suits(x):
        return NotImplemented
    (x,) = contiguous(x)
    out = cupy().empty(x.shape, x.dtype)
    name = "gelu_tanh_forward" if approximate == "tanh" else "gelu_forward"
    elementwise.each(name, x.dtype, x.size, x, out, x.size)
    return out


@gelu_gradient.register("cuda")
def gelu_backward(x, g, approximate="none"):
    if not suits(x, g):
        return NotImplemented
    x, g = contiguous(x, g)
    out = cupy().empty(x.shape, x.dtype)
    name = "gelu_tanh_gradient" if approximate == "tanh" else "gelu_gradient"
    elementwise.each(name, x.dtype, x.size, x, g, out, x.size)
    return out


@linear_forward.register("cuda")
def linear(x, weight, bias=None):
    if bias is None or bias.ndim != 1 or len(bias) != len(weight) or not suits(x, weight, bias):
        return NotImplemented
    out = cupy().matmul(x, weight.T)  # cuBLAS
    (bias,) = contiguous(bias)
    elementwise.each("add_bias", out.dtype, out.size, out, bias, out.size, len(bias))
    return out


@dropout_forward.register("cuda")
def dropout(x, p: float, rng):
    if not suits(x):
        return NotImplemented
    (x,) = contiguous(x)
    xp = cupy()
    out, kept = xp.empty(x.shape, x.dtype), xp.empty(x.shape, np.bool_)
    scale = float(1 / (1 - p))
    elementwise.each(
        "dropout_forward", x.dtype, -(-x.size // 4), x, out, kept, x.size, float(p), scale, *key(rng)
    )
    return out, kept


def key(rng) -> tuple[np.uint32, np.uint32]:
    """Two numbers from the host's generator, from which the GPU's numbers follow: one seed governs all, and nobody waits."""
    return tuple(rng.integers(0, 2**32, 2, np.uint32))


@fill_random.register("cuda")
def fill(out, kind: str, a: float, b: float, rng):
    if not suits(out):
        return NotImplemented
    second = float(b - a) if kind == "uniform" else float(b)
    elementwise.each(
        f"random_{kind}", out.dtype, -(-out.size // 4), out, out.size, float(a), second, *key(rng)
    )
    return None
