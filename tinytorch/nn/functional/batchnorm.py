"""Normalisation of channels by their statistics over a batch, or over each image of it."""

from __future__ import annotations

import math

import numpy as np

from ... import ops
from ...backend import kernel
from ...op import asked, op
from .half import widened
from .norm import OnePass, affine, channels, check_floats, layer_norm_op, normalised, refuse_single_values

# ---------------------------------------------------------------- over the batch


@kernel
def batch_norm_forward(x, weight, bias, eps):
    """(N, C, ...) with each channel's mean 0 and variance 1, times weight plus bias (or None); also its mean, variance and 1/std."""
    flat = x.reshape(*x.shape[:2], math.prod(x.shape[2:]))  # (N, C, P)
    mean = flat.mean(axis=(0, 2), dtype=np.float64).astype(x.dtype)  # rounded once: see test_norms
    out = flat - mean[:, None]
    var = np.einsum("ncp,ncp->c", out, out) / x.dtype.type(x.size // len(mean))
    rstd = 1 / np.sqrt(var + x.dtype.type(eps))
    out *= (rstd if weight is None else rstd * weight)[:, None]
    if bias is not None:
        out += bias[:, None]
    return out.reshape(x.shape), mean, var, rstd


@kernel
def batch_norm_backward(g, x, weight, mean, rstd):
    """The gradients of x, weight and bias.

    With y = (x - mean) * rstd: gx = weight * rstd * (g - mean(g) - y * mean(g * y)). Ioffe and Szegedy (2015).
    """
    shape, count = x.shape, x.dtype.type(x.size // len(mean))
    g, x = (t.reshape(*shape[:2], math.prod(shape[2:])) for t in (g, x))  # (N, C, P)
    gx = x - mean[:, None]
    gbias = g.sum(axis=(0, 2))
    gweight = np.einsum("ncp,ncp->c", g, gx) * rstd
    gx *= (rstd * gweight / count)[:, None]
    gx += (gbias / count)[:, None]
    np.subtract(g, gx, out=gx)
    gx *= (rstd if weight is None else rstd * weight)[:, None]
    return gx.reshape(shape), gweight, gbias


def batch_norm_composed(x, weight, bias, *, eps, running, momentum):
    """The same in plain ops, for second derivatives."""
    shape = (1, x.shape[1], *[1] * (x.ndim - 2))
    return affine(normalised(x, (0, *range(2, x.ndim)), eps), weight, bias, shape)


@op(saves=True, composed=batch_norm_composed)
def batch_norm_op(x, weight, bias, *, eps, running=None, momentum=0.1):
    """x normalised with its own statistics, of which `running` (mean and variance arrays, or None) takes a share."""
    out, mean, var, rstd = batch_norm_forward(widened(x), weight, bias, eps)
    if running is not None:
        count = x.size // len(mean)
        move(running[0], mean, momentum)
        move(running[1], var * var.dtype.type(count / max(count - 1, 1)), momentum)
    return out.astype(x.dtype, copy=False), OnePass(mean, rstd)


batch_norm_op.vjps(
    x=lambda g, x, weight, saved: saved.take("x", batch_norm_backward, widened(g), widened(x), weight),
    weight=lambda g, x, weight, saved: saved.take(
        "weight", batch_norm_backward, widened(g), widened(x), weight
    ),
    bias=lambda g, x, weight, saved: saved.take("bias", batch_norm_backward, widened(g), widened(x), weight),
)


def move(running, value, momentum: float) -> None:
    """A running mean (an array, in place) takes a step towards a value."""
    running *= 1 - momentum
    running += momentum * value


def batch_norm(
    input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5
):
    """(N, C, ...) normalised per channel, times weight plus bias: in training by the batch's mean and variance, which the
    running ones follow in steps of `momentum`; otherwise by the running ones.
    """
    if input.array.size == 0:
        return affine(ops.clone(input), weight, bias, channels(input) if input.array.ndim > 1 else None)
    check_channels(
        "batch_norm", input, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias
    )
    if not training:
        if running_mean is None or running_var is None:
            raise RuntimeError(
                "batch_norm: Expected running_mean and running_var to be defined when training=False"
            )
        return by_running_stats(input, running_mean, running_var, weight, bias, eps)
    refuse_single_values(input.array.size // max(input.array.shape[1], 1), input)
    running = None if running_mean is None or running_var is None else (running_mean.array, running_var.array)
    out = batch_norm_op(input, weight, bias, eps=eps, running=running, momentum=momentum)
    for buffer in (running_mean, running_var) if running else ():
        buffer._wrote()
    return out


def by_running_stats(x, mean, var, weight, bias, eps: float):
    """x * scale + shift with what the running statistics, weight and bias come to."""
    scale = ops.rsqrt(var + eps) if weight is None else ops.rsqrt(var + eps) * weight
    shift = -mean * scale if bias is None else bias - mean * scale
    return affine(x, scale, shift, channels(x))


def check_channels(name: str, x, **per_channel) -> None:
    if x.array.ndim < 2:
        raise RuntimeError(
            f"{name}: expected an input of at least 2 dimensions (N, C, ...), got {list(x.shape)}"
        )
    check_floats(name, x, **per_channel)
    for argument, t in per_channel.items():
        if t is not None and t.array.shape != x.array.shape[1:2]:
            raise RuntimeError(
                f"{name}: {argument} should contain {x.array.shape[1]} elements not {t.array.size}:"
                f" one for each channel of the input {list(x.array.shape)}"
            )


# ---------------------------------------------------------------- over each image


def instance_norm(
    input,
    running_mean=None,
    running_var=None,
    weight=None,
    bias=None,
    use_input_stats=True,
    momentum=0.1,
    eps=1e-5,
):
    """(N, C, ...) normalised over each image's channel by itself, times weight plus bias; or by the running statistics."""
    check_channels(
        "instance_norm", input, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias
    )
    if not use_input_stats:
        if running_mean is None or running_var is None:
            raise RuntimeError(
                f"{asked()}: Expected running_mean and running_var to be defined when use_input_stats is false"
            )
        return by_running_stats(input, running_mean, running_var, weight, bias, eps)
    count = math.prod(input.array.shape[2:])
    if count == 1:
        raise ValueError(
            f"{asked()}: Expected more than 1 spatial element when training, got input size {input.shape}"
        )
    if running_mean is not None and running_var is not None:
        planes = input.array.reshape(*input.array.shape[:2], count)
        move(running_mean.array, planes.mean(axis=(0, 2)), momentum)
        move(running_var.array, planes.var(axis=2, ddof=1).mean(axis=0), momentum)
        for buffer in (running_mean, running_var):
            buffer._wrote()
    return affine(
        layer_norm_op(input, None, None, eps=eps, dims=input.array.ndim - 2), weight, bias, channels(input)
    )
