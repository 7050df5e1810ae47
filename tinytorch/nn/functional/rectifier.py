"""The relatives of relu: exponential, learned, random and clipped ones."""

from __future__ import annotations

import numpy as np

from ...creation import rand_like
from ...op import Value, method, not_a_tensor, op
from ...ops import clamp, exp, reshape, where, where_between
from ...ops.choosing import choose
from ...tensor_inplace import inplace
from .activation import leaky_relu

# ---------------------------------------------------------------- elu and its two scaled forms


@op(dtypes="floats")
def elu_op(x, *, alpha=1.0, scale=1.0, input_scale=1.0):
    """scale * x where x is positive, scale * alpha * (exp(input_scale * x) - 1) elsewhere."""
    return choose(x <= 0, (scale * alpha) * np.expm1(input_scale * np.minimum(x, 0)), x * scale, x.dtype)


elu_op.vjps(
    x=lambda g, x, alpha, scale, input_scale: where_between(
        x <= 0, g * (scale * alpha * input_scale * exp(input_scale * clamp(x, max=0))), g * scale
    )
)


def elu(input, alpha=1.0, inplace=False):
    """input where it is positive, alpha * (exp(input) - 1) elsewhere. Clevert et al. (2015)."""
    return elu_(input, alpha) if inplace else elu_op(input, alpha=alpha)


def celu(input, alpha=1.0, inplace=False):
    """elu with a slope that is continuous for every alpha: alpha * (exp(input / alpha) - 1). Barron (2017)."""
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return (elu_ if inplace else elu_op)(input, alpha=alpha, input_scale=1 / alpha)


def selu(input, inplace=False):
    """elu, scaled so that mean 0 and variance 1 are kept from layer to layer. Klambauer et al. (2017)."""
    return (elu_ if inplace else elu_op)(input, alpha=SELU_ALPHA, scale=SELU_SCALE)


SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946
elu_ = inplace(elu_op)


def celu_(input, alpha=1.0):
    """In-place `celu`."""
    return celu(input, alpha, inplace=True)


def selu_(input):
    """In-place `selu`."""
    return selu(input, inplace=True)


# ---------------------------------------------------------------- with another slope below 0


@method
def prelu(input, weight):
    """input where it is positive, weight * input elsewhere; one weight, or one for each channel (dim 1). He et al. (2015)."""
    channels = input.shape[1] if input.ndim > 1 else 1
    if weight.ndim > 1:
        raise RuntimeError(
            f"prelu: weight must be a scalar or 1D tensor, got {weight.ndim}D with shape {list(weight.shape)}"
        )
    if weight.numel() != 1 and weight.numel() != channels:
        raise RuntimeError(
            f"prelu: {weight.numel()} weights for {channels} channels: input has shape {list(input.shape)}"
        )
    if input.dtype != weight.dtype:
        raise RuntimeError(f"prelu: type promoting not supported, got {input.dtype!r} and {weight.dtype!r}")
    if weight.ndim and input.ndim != 1:  # (C,) -> (C, 1, 1): along dim 1
        weight = reshape(weight, (-1,) + (1,) * (input.ndim - 2)) if input.ndim else reshape(weight, ())
    return where(input > 0, input, weight * input)


def rrelu(input, lower=1.0 / 8, upper=1.0 / 3, training=False, inplace=False):
    """leaky_relu with slopes drawn from [lower, upper] in training, and their mean otherwise. Xu et al. (2015)."""
    if lower > upper:
        raise RuntimeError(
            f"rrelu: Lower bound should be less than or equal to the upper bound, got {lower} and {upper}"
        )
    if inplace:
        return rrelu_(input, lower, upper, training)
    if not training:
        return leaky_relu(input, (lower + upper) / 2)
    slopes = lower + (upper - lower) * rand_like(input)
    return where(input > 0, input, slopes * input)


rrelu_ = inplace(rrelu)


def threshold(input, threshold, value, inplace=False):
    """input where it is above the threshold, value elsewhere."""
    return threshold_(input, threshold, value) if inplace else where(input <= threshold, value, input)


threshold_ = inplace(threshold)


# ---------------------------------------------------------------- clipped


@op
def hardtanh_op(x, *, min_val=-1.0, max_val=1.0):
    """x moved into [min_val, max_val]; unlike clamp's, its slope at the bounds is 0."""
    if x.dtype == bool:
        raise ValueError("Bool inputs not supported for hardtanh")
    return np.clip(x, x.dtype.type(min_val), x.dtype.type(max_val))


hardtanh_op.vjps(
    x=lambda g, out, min_val, max_val: where_between((out <= min_val) | (out >= max_val), 0.0, g)
)


def hardtanh(input, min_val=-1.0, max_val=1.0, inplace=False):
    """input moved into [min_val, max_val]."""
    if min_val > max_val:
        raise ValueError(f"hardtanh: min_val cannot be greater than max_val, got {min_val} and {max_val}")
    return (hardtanh_ if inplace else hardtanh_op)(input, min_val=min_val, max_val=max_val)


def relu6(input, inplace=False):
    """min(max(input, 0), 6)."""
    if not isinstance(input, Value):
        raise not_a_tensor("input", input)
    return (hardtanh_ if inplace else hardtanh_op)(input, min_val=0.0, max_val=6.0)


hardtanh_ = inplace(hardtanh_op)


@op(dtypes="floats")
def hardsigmoid_op(x):
    """min(max(x + 3, 0), 6) / 6."""
    return np.clip(x + 3, 0, 6) / 6


ONE_SIXTH = float(np.float32(1 / 6))  # PyTorch's slope: a float32 for float64 too
hardsigmoid_op.vjps(x=lambda g, x: where_between((x > -3) & (x < 3), g * ONE_SIXTH, 0.0))


def hardsigmoid(input, inplace=False):
    """relu6(input + 3) / 6, a sigmoid of straight lines."""
    return hardsigmoid_(input) if inplace else hardsigmoid_op(input)


hardsigmoid_ = inplace(hardsigmoid_op)


def hardswish(input, inplace=False):
    """input * relu6(input + 3) / 6, a silu of straight lines. Howard et al. (2019)."""
    return hardswish_(input) if inplace else input * relu6(input + 3) / 6


hardswish_ = inplace(hardswish)


# ---------------------------------------------------------------- with a dead zone around 0


@method
def hardshrink(input, lambd=0.5):
    """0 in [-lambd, lambd], input elsewhere."""
    return where((input >= -lambd) & (input <= lambd), 0.0, input)


def softshrink(input, lambd=0.5):
    """input moved towards 0 by lambd, and no further than 0."""
    if lambd < 0:
        raise RuntimeError(f"softshrink: lambda must be greater or equal to 0, but found to be {lambd}")
    return input - clamp(input, -lambd, lambd)
