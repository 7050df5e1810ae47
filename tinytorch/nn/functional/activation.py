"""The nonlinearities of today's networks: relu and the smooth curves around it."""

from __future__ import annotations

import math

import numpy as np

from ... import ops
from ...backend import kernel
from ...op import Value, method, not_a_tensor, op
from ...ops import erf, sigmoid, tanh, where_between
from ...ops.choosing import choose
from ...tensor_inplace import inplace
from .half import widened

# ---------------------------------------------------------------- relu


@op
@kernel
def relu_op(x):
    """max(x, 0)."""
    if x.dtype == bool:
        raise ValueError("Boolean inputs not supported for relu")
    return np.maximum(x, 0)


@op
@kernel
def relu_gradient(g, y):
    """g where y, the result of relu, is above 0, and 0 elsewhere."""
    return choose(y <= 0, 0.0, g, g.dtype)


relu_op.vjps(x=lambda g, out: relu_gradient(g, out))
relu_gradient.vjps(g=lambda g, y: relu_gradient(g, y), y=None)


@method
def relu(input, inplace=False):
    """max(input, 0): what is negative is cut off. Nair and Hinton (2010)."""
    if not isinstance(input, Value):
        raise not_a_tensor("input", input)
    return relu_(input) if inplace else relu_op(input)


relu_ = method(inplace(relu_op))


@op(dtypes="floats")
def leaky_relu_op(x, *, negative_slope=0.01):
    """x where it is positive, negative_slope * x elsewhere."""
    if negative_slope <= 1:  # then it is the larger of the two
        return np.maximum(x, x * negative_slope)
    return np.where(x > 0, x, x * negative_slope)


leaky_relu_op.vjps(x=lambda g, x, negative_slope: where_between(x > 0, g, g * negative_slope))


def leaky_relu(input, negative_slope=0.01, inplace=False):
    """input where it is positive, negative_slope * input elsewhere: no unit is ever without a gradient."""
    return (leaky_relu_ if inplace else leaky_relu_op)(input, negative_slope=negative_slope)


leaky_relu_ = inplace(leaky_relu_op)


# ---------------------------------------------------------------- gelu, silu, mish


def gelu_formula(x, approximate="none"):
    """x times the probability that a standard normal number is below x. Hendrycks and Gimpel (2016)."""
    if approximate == "tanh":
        return 0.5 * x * (1 + tanh(GELU_SCALE * (x + GELU_CUBIC * (x * x * x))))
    return 0.5 * x * (1 + erf(x * math.sqrt(0.5)))


# The paper's fit of tanh to the normal distribution.
GELU_SCALE, GELU_CUBIC = math.sqrt(2 / math.pi), 0.044715


@kernel
def gelu_forward(x, approximate="none"):
    """`gelu_formula` of an array."""
    return gelu_formula(x, approximate)


@kernel
def gelu_gradient(x, g, approximate="none"):
    """g times the slope of `gelu_formula` at x."""
    if approximate == "tanh":
        t = np.tanh(GELU_SCALE * (x + GELU_CUBIC * (x * x * x)))
        return g * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * GELU_SCALE * (1 + 3 * GELU_CUBIC * (x * x)))
    return g * (0.5 * (1 + erf(x * math.sqrt(0.5))) + x * np.exp(-0.5 * (x * x)) / math.sqrt(2 * math.pi))


@op(dtypes="floats", composed=gelu_formula)
def gelu_op(x, *, approximate="none"):
    """x * P(normal <= x)."""
    return gelu_forward(widened(x), approximate).astype(x.dtype, copy=False)


gelu_op.vjps(x=lambda g, x, approximate: gelu_gradient(widened(x), g, approximate))


def gelu(input, *, approximate="none"):
    """input * P(normal <= input), exactly or with approximate="tanh" (BERT's and GPT-2's formula)."""
    if approximate not in ("none", "tanh"):
        raise RuntimeError(f"gelu: approximate argument must be either none or tanh, got {approximate!r}")
    return gelu_op(input, approximate=approximate)


@op(dtypes="floats")
def silu_op(x):
    """x * sigmoid(x)."""
    return x * sigmoid(x)


def silu_slope(x):
    s = sigmoid(x)
    return s * (1 + x * (1 - s))


silu_op.vjps(x=lambda g, x: g * silu_slope(x))


def silu(input, inplace=False):
    """input * sigmoid(input), also called swish. Elfwing, Uchibe and Doya (2017)."""
    return silu_(input) if inplace else silu_op(input)


silu_ = inplace(silu_op)


def mish(input, inplace=False):
    """input * tanh(softplus(input)). Misra (2019)."""
    return mish_(input) if inplace else input * tanh(softplus(input))


mish_ = inplace(mish)


# ---------------------------------------------------------------- sigmoids and their integrals


@op(dtypes="floats")
def softplus_op(x, *, beta, threshold):
    """log(1 + exp(beta * x)) / beta, and x itself where beta * x is above the threshold."""
    z = x * beta
    return choose(z > threshold, x, (np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))) / beta, x.dtype)


softplus_op.vjps(
    x=lambda g, x, beta, threshold: where_between(x * beta > threshold, g, g * sigmoid(x * beta))
)


def softplus(input, beta=1, threshold=20):
    """log(1 + exp(beta * input)) / beta, a smooth relu; above the threshold, where it makes no difference, input itself."""
    return softplus_op(input, beta=beta, threshold=threshold)


@op(dtypes="floats")
def logsigmoid_op(x):
    """log(sigmoid(x)): exp(-|x|) is never above 1, so nothing overflows, and nothing is rounded to log(0)."""
    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))


logsigmoid_op.vjps(x=lambda g, x: g * sigmoid(-x))


def logsigmoid(input):
    """log(sigmoid(input)), without the detour over a sigmoid that is rounded to 0."""
    return logsigmoid_op(input)


def glu(input, dim=-1):
    """The first half of input along dim, gated by the sigmoid of the second. Dauphin et al. (2016)."""
    if input.ndim == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    dim = ops.normal_dim(dim, input.ndim)
    if input.shape[dim] % 2:
        raise RuntimeError(
            f"glu: Halving dimension must be even, but dimension {dim} is size {input.shape[dim]}: {list(input.shape)}"
        )
    value, gate = ops.chunk(input, 2, dim)
    return value * sigmoid(gate)


def softsign(input):
    """input / (1 + |input|)."""
    return input / (ops.abs(input) + 1)


def tanhshrink(input):
    """input - tanh(input)."""
    return input - tanh(input)
