"""GELU, a layer's bias and dropout: chains of elementwise operations in one pass over memory."""

from __future__ import annotations

import numpy as np

from ... import random
from ...backend import cupy
from ...nn.functional.activation import gelu_forward, gelu_gradient, relu_gradient
from ...nn.functional.dropout import dropout_forward, where_kept
from ...nn.functional.linear import linear_forward
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


@relu_gradient.forward.register("cuda")
def relu_backward(g, y):
    if not suits(g, y) or g.shape != y.shape:
        return NotImplemented
    g, y = contiguous(g, y)
    out = cupy().empty(g.shape, g.dtype)
    elementwise.each("relu_gradient", g.dtype, g.size, g, y, out, g.size)
    return out


@dropout_forward.register("cuda")
def dropout(x, p: float, rng):
    if not suits(x):
        return NotImplemented
    (x,) = contiguous(x)
    xp = cupy()
    out, kept = xp.empty(x.shape, x.dtype), xp.empty(x.shape, np.bool_)
    threshold, scale = np.uint32(int(p * 2**32)), float(1 / (1 - p))
    elementwise.each("dropout_forward", x.dtype, x.size, x, out, kept, x.size, threshold, scale, *keys(rng))
    return out, kept


@where_kept.forward.register("cuda")
def dropout_backward(g, *, kept, p):
    if not suits(g):
        return NotImplemented
    g, kept = contiguous(g, kept)
    out = cupy().empty(g.shape, g.dtype)
    elementwise.each("dropout_backward", g.dtype, g.size, g, kept, out, g.size, float(1 / (1 - p)))
    return out


@random.fill.register("cuda")
def fill(out, kind: str, a: float, b: float, rng):
    if not suits(out) or not out.flags.c_contiguous:
        return NotImplemented
    second = float(b - a) if kind == "uniform" else float(b)
    threads = out.size if kind == "uniform" else -(-out.size // 2)
    elementwise.each(f"random_{kind}", out.dtype, threads, out, out.size, float(a), second, *keys(rng))


def keys(rng) -> tuple[np.uint32, ...]:
    """A key from the host's generator, so that one seed governs all numbers and nobody waits for them."""
    return tuple(map(np.uint32, random.key(rng)))
