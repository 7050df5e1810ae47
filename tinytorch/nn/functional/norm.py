"""Normalisation: activations shifted to mean 0 and scaled to variance 1, over a layer or a group of channels."""

from __future__ import annotations

import math

import numpy as np

from ... import ops
from ...backend import kernel
from ...op import asked, op
from .half import widened
from .pad import pad
from .pool import avg_pool2d

# ---------------------------------------------------------------- shared by all


class OnePass:
    """Gradients of several arguments that one pass computes together: the first rule to ask starts it, each takes its own."""

    def __init__(self, *kept):
        self.kept, self.parts = kept, {}

    def take(self, name: str, compute, *args):
        if name not in self.parts:
            self.parts = dict(zip(("x", "weight", "bias"), compute(*args, *self.kept)))
        return self.parts.pop(name)


@op
def scale_shift(x, scale, shift):
    """x * scale + shift."""
    out = np.multiply(x, scale)
    out += shift
    return out


scale_shift.vjps(x=lambda g, scale: g * scale, scale=lambda g, x: g * x, shift=lambda g: g)


def normalised(x, dims, eps: float):
    """x with mean 0 and variance 1 over dims, in plain ops."""
    centered = x - ops.mean(x, dim=dims, keepdim=True)
    return centered * ops.rsqrt(ops.mean(ops.square(centered), dim=dims, keepdim=True) + eps)


def affine(x, weight, bias, shape=None):
    """x * weight + bias, either of which may be None, seen in the shape that broadcasts against x."""
    weight, bias = (
        t if t is None or shape is None else ops.reshape_op(t, shape=shape) for t in (weight, bias)
    )
    if weight is None:
        return x if bias is None else x + bias
    return x * weight if bias is None else scale_shift(x, weight, bias)


def channels(x) -> tuple[int, ...]:
    """The shape of one number per channel that broadcasts against x (N, C, ...)."""
    return (-1, *[1] * (x.array.ndim - 2))


def refuse_single_values(count: int, x) -> None:
    if count == 1:
        raise ValueError(
            f"{asked()}: Expected more than 1 value per channel when training, got input size {x.shape}"
        )


# ---------------------------------------------------------------- over a layer


@kernel
def layer_norm_forward(x, weight, bias, eps, dims):
    """x with mean 0 and variance 1 over its last `dims` axes, times weight plus bias (or None); also each row's mean and 1/std."""
    rows = as_rows(x, dims)
    mean = rows.mean(axis=1, keepdims=True, dtype=np.float64).astype(x.dtype)
    out = rows - mean
    var = np.einsum("rd,rd->r", out, out) / x.dtype.type(out.shape[1])
    rstd = (1 / np.sqrt(var + x.dtype.type(eps)))[:, None]
    out *= rstd
    if weight is not None:
        out *= weight.reshape(-1)
    if bias is not None:
        out += bias.reshape(-1)
    return out.reshape(x.shape), mean, rstd


@kernel
def layer_norm_backward(g, x, weight, dims, mean, rstd):
    """The gradients of x, weight and bias.

    With y = (x - mean) * rstd and h = g * weight: gx = rstd * (h - mean(h) - y * mean(h * y)). Ba et al. (2016).
    """
    g, y = as_rows(g, dims), as_rows(x, dims) - mean
    y *= rstd
    gweight, gbias = np.einsum("rd,rd->d", g, y), g.sum(axis=0)
    gx = g.copy() if weight is None else g * weight.reshape(-1)
    y *= np.einsum("rd,rd->r", gx, y)[:, None] / x.dtype.type(y.shape[1])
    y += gx.mean(axis=1, keepdims=True)
    gx -= y
    gx *= rstd
    shape = x.shape[x.ndim - dims :]
    return gx.reshape(x.shape), gweight.reshape(shape), gbias.reshape(shape)


def as_rows(x, dims: int):
    split = x.ndim - dims
    return x.reshape(math.prod(x.shape[:split]), math.prod(x.shape[split:]))


def layer_norm_composed(x, weight, bias, *, eps, dims):
    """The same in plain ops, for second derivatives."""
    return affine(normalised(x, tuple(range(-dims, 0)), eps), weight, bias)


@op(saves=True, composed=layer_norm_composed)
def layer_norm_op(x, weight, bias, *, eps, dims):
    """x normalised over its last `dims` axes."""
    out, mean, rstd = layer_norm_forward(widened(x), weight, bias, eps, dims)
    return out.astype(x.dtype, copy=False), OnePass(dims, mean, rstd)


layer_norm_op.vjps(
    x=lambda g, x, weight, saved: saved.take("x", layer_norm_backward, widened(g), widened(x), weight),
    weight=lambda g, x, weight, saved: saved.take(
        "weight", layer_norm_backward, widened(g), widened(x), weight
    ),
    bias=lambda g, x, weight, saved: saved.take("bias", layer_norm_backward, widened(g), widened(x), weight),
)


def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5):
    """x with mean 0 and variance 1 over its last axes, normalized_shape, times weight plus bias."""
    dims = check_normalized("layer_norm", input, normalized_shape, weight=weight, bias=bias)
    return layer_norm_op(input, weight, bias, eps=eps, dims=dims)


def rms_norm(input, normalized_shape, weight=None, eps=None):
    """x over the root of its mean square along its last axes, normalized_shape, times weight. Zhang and Sennrich (2019)."""
    dims = check_normalized("rms_norm", input, normalized_shape, weight=weight)
    eps = float(np.finfo(input.array.dtype).eps) if eps is None else eps
    half = input.array.dtype == np.float16
    x = ops.cast(input, dtype=np.dtype(np.float32)) if half else input
    mean_square = ops.mean(ops.square(x), dim=tuple(range(-dims, 0)), keepdim=True)
    out = affine(x * ops.rsqrt(mean_square + eps), weight, None)
    return ops.cast(out, dtype=input.array.dtype) if half else out


def check_floats(name: str, x, **parameters) -> None:
    """Means and deviations are of floats, and weights of the input's dtype; a float16 or bfloat16 input may have float32 ones."""
    if x.array.dtype.kind not in "fc":
        raise NotImplementedError(
            f"{name}: not implemented for input of {x.dtype!r}; convert it first, input.float()"
        )
    for argument, t in parameters.items():
        if (
            t is not None
            and t.array.dtype != x.array.dtype
            and (t.array.itemsize < 4 or x.array.itemsize > 2)
        ):
            raise RuntimeError(
                f"{name}: expected input and {argument} to have the same dtype, but got {x.dtype!r} and {t.dtype!r}"
            )


def check_normalized(name: str, x, normalized_shape, **parameters) -> int:
    """How many axes normalized_shape is; they must be the last of x and all of each parameter."""
    if not isinstance(normalized_shape, (int, tuple, list)):
        raise TypeError(
            f"{name}(): argument 'normalized_shape' must be tuple of ints, not {type(normalized_shape).__name__}"
        )
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    check_floats(name, x, **parameters)
    if not shape:
        raise RuntimeError(
            f"{asked()}: Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got []"
        )
    for parameter, t in parameters.items():
        if t is not None and t.array.shape != shape:
            raise RuntimeError(
                f"{asked()}: Expected {parameter} to be of same shape as normalized_shape, but got {parameter} of shape {list(t.shape)} and"
                f" normalized_shape = {list(shape)}"
            )
    if x.array.shape[-len(shape) :] != shape:
        wanted = ", ".join(["*", *map(str, shape)])
        raise RuntimeError(
            f"{name}: Given normalized_shape={list(shape)}, expected input with shape [{wanted}], but got input of size{list(x.shape)}"
        )
    return len(shape)


# ---------------------------------------------------------------- over groups of channels


def group_norm(input, num_groups, weight=None, bias=None, eps=1e-5):
    """(N, C, ...) normalised over each of num_groups groups of channels, times weight plus bias per channel. Wu and He (2018)."""
    shape = input.array.shape
    if len(shape) < 2:
        raise RuntimeError(
            f"group_norm: Expected at least 2 dimensions for input tensor but received {len(shape)}"
        )
    if num_groups <= 0:
        raise RuntimeError(f"group_norm: Expected num_groups to be greater than 0, got {num_groups}")
    check_floats("group_norm", input, weight=weight, bias=bias)
    refuse_single_values(shape[0] * (shape[1] // num_groups) * math.prod(shape[2:]), input)
    if shape[1] % num_groups:
        raise RuntimeError(
            f"group_norm: Expected number of channels in input to be divisible by num_groups, but got input of shape {list(shape)} and num_groups={num_groups}"
        )
    for name, t in (("weight", weight), ("bias", bias)):
        if t is not None and t.array.shape != shape[1:2]:
            raise RuntimeError(
                f"group_norm: Expected {name} to be a vector of size equal to the number of channels in input, but got {name} of shape {list(t.shape)} and input of shape {list(shape)}"
            )
    groups = ops.reshape_op(input, shape=(shape[0], num_groups, math.prod(shape[1:]) // num_groups))
    normed = ops.reshape_op(layer_norm_op(groups, None, None, eps=eps, dims=1), shape=shape)
    return affine(normed, weight, bias, channels(input))


def local_response_norm(input, size, alpha=1e-4, beta=0.75, k=1.0):
    """x / (k + alpha * mean of x**2 over `size` neighbouring channels) ** beta. Krizhevsky et al. (2012)."""
    shape = input.array.shape
    if len(shape) < 3:
        raise ValueError(
            f"{asked()}: Expected 3D or higher dimensionality input (got {len(shape)} dimensions)"
        )
    if input.array.size == 0:
        return input
    planes = ops.reshape_op(ops.square(input), shape=(shape[0], 1, shape[1], math.prod(shape[2:])))
    around = avg_pool2d(pad(planes, (0, 0, size // 2, (size - 1) // 2)), (size, 1), stride=1)
    return input / (ops.reshape_op(around, shape=shape) * alpha + k) ** beta
