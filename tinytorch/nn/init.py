"""How the parameters of a layer start. Each function fills the tensor it is given and returns it."""

from __future__ import annotations

import functools
import math
import warnings

import numpy as np

from .. import random
from ..autograd.grad_mode import no_grad
from ..op import asked
from ..ops import diagonal
from ..random import Generator
from ..tensor import Tensor

LINEAR = ("linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d")


# ---------------------------------------------------------------- one value, one distribution


@no_grad()
def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """From the uniform distribution on [a, b)."""
    return tensor.uniform_(a, b, generator=generator)


@no_grad()
def normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """From the normal distribution."""
    return tensor.normal_(mean, std, generator=generator)


@no_grad()
def constant_(tensor: Tensor, val: float) -> Tensor:
    """Every element becomes val."""
    return tensor.fill_(val)


def ones_(tensor: Tensor) -> Tensor:
    """Every element becomes 1."""
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """Every element becomes 0."""
    return constant_(tensor, 0.0)


@no_grad()
def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """From the normal distribution, restricted to [a, b]."""
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. The distribution of values may be incorrect.",
            stacklevel=3,
        )
    draws = truncated_normal(tensor.numel(), mean, std, a, b, random.stream(generator))
    values = draws.reshape(tensor.shape).astype(tensor.array.dtype)
    return tensor.copy_(Tensor.wrap(values))


def truncated_normal(
    count: int, mean: float, std: float, a: float, b: float, stream: np.random.Generator
) -> np.ndarray:
    """Rejection sampling: draw, and draw again where the value is not accepted."""
    cdf = lambda x: (1 + math.erf((x - mean) / std / math.sqrt(2))) / 2
    often_inside = cdf(b) - cdf(a) > 0.3
    peak = (max(a, min(mean, b)) - mean) / std  # where in [a, b] the density is highest

    def propose(n: int):
        if often_inside:
            x = mean + std * stream.standard_normal(n)
            return x, (a <= x) & (x <= b)
        x = stream.uniform(a, b, n)
        return x, np.log(stream.random(n)) <= (peak**2 - ((x - mean) / std) ** 2) / 2

    out, todo = np.empty(count), np.arange(count)
    while todo.size:
        x, accepted = propose(todo.size)
        out[todo[accepted]] = x[accepted]
        todo = todo[~accepted]
    return out


# ---------------------------------------------------------------- scaled by the size of the layer


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """How many inputs feed one output, and how many outputs one input feeds, for a weight of (out, in, *kernel)."""
    if tensor.dim() < 2:
        raise ValueError(
            f"{asked()}: Fan in and fan out can not be computed for tensor with fewer than 2 dimensions"
        )
    fan_out, fan_in, *kernel = tensor.shape
    return fan_in * math.prod(kernel), fan_out * math.prod(kernel)


def _calculate_correct_fan(tensor: Tensor, mode: str) -> int:
    if mode.lower() not in ("fan_in", "fan_out"):
        raise ValueError(f"{asked()}: Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    return fan_in if mode.lower() == "fan_in" else fan_out


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """By what factor to scale weights so that the nonlinearity behind them keeps the size of the signal."""
    if nonlinearity in LINEAR or nonlinearity == "sigmoid":
        return 1
    if nonlinearity == "tanh":
        return 5 / 3
    if nonlinearity == "relu":
        return math.sqrt(2)
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float)):
            raise ValueError(f"negative_slope {param} not a valid number")
        return math.sqrt(2 / (1 + slope**2))
    if nonlinearity == "selu":
        return 3 / 4
    raise ValueError(f"{asked()}: Unsupported nonlinearity {nonlinearity}")


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform on ±gain·√(6 / (fan_in + fan_out)): Glorot and Bengio 2010, for tanh and its like."""
    bound = math.sqrt(3) * xavier_std(tensor, gain)
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal with standard deviation gain·√(2 / (fan_in + fan_out))."""
    return normal_(tensor, 0.0, xavier_std(tensor, gain), generator)


def xavier_std(tensor: Tensor, gain: float) -> float:
    return gain * math.sqrt(2 / sum(_calculate_fan_in_and_fan_out(tensor)))


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Uniform on ±gain·√(3 / fan): He et al. 2015, for ReLU and its like (`a` is the slope below zero)."""
    if 0 in tensor.shape:
        return left_empty(tensor)
    bound = math.sqrt(3) * kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Normal with standard deviation gain / √fan."""
    if 0 in tensor.shape:
        return left_empty(tensor)
    return normal_(tensor, 0.0, kaiming_std(tensor, a, mode, nonlinearity), generator)


def kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    return calculate_gain(nonlinearity, a) / math.sqrt(_calculate_correct_fan(tensor, mode))


def left_empty(tensor: Tensor) -> Tensor:
    warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
    return tensor


# ---------------------------------------------------------------- with a structure


@no_grad()
def eye_(tensor: Tensor) -> Tensor:
    """The identity matrix."""
    if tensor.dim() != 2:
        raise ValueError(f"{asked()}: Only tensors with 2 dimensions are supported")
    diagonal(tensor.zero_()).fill_(1)
    return tensor


@no_grad()
def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """A convolution that hands on as many channels as it can, unchanged; in groups, each of them."""
    if tensor.dim() not in (3, 4, 5):
        raise ValueError(f"{asked()}: Only tensors with 3, 4, or 5 dimensions are supported")
    if tensor.shape[0] % groups:
        raise ValueError("dim 0 must be divisible by groups")
    outputs = tensor.shape[0] // groups
    centre = tuple(size // 2 for size in tensor.shape[2:])
    tensor.zero_()
    for group in range(groups):
        for channel in range(min(outputs, tensor.shape[1])):
            tensor[(group * outputs + channel, channel, *centre)] = 1
    return tensor


@no_grad()
def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """Rows (or columns, whichever are fewer) that are orthonormal, times gain: Saxe et al. 2013."""
    if tensor.dim() < 2:
        raise ValueError(f"{asked()}: Only tensors with 2 or more dimensions are supported")
    if not tensor.numel():
        return tensor
    rows = tensor.shape[0]
    columns = tensor.numel() // rows
    noise = random.normal((max(rows, columns), min(rows, columns)), tensor.array.dtype, generator)
    q, r = np.linalg.qr(noise)
    q *= np.sign(np.diagonal(r))  # makes Q uniform: Mezzadri 2007, https://arxiv.org/abs/math-ph/0609050
    q = (q if rows >= columns else q.T) * gain
    return tensor.copy_(Tensor.wrap(np.ascontiguousarray(q, tensor.array.dtype).reshape(tensor.shape)))


@no_grad()
def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """Normal, with the fraction `sparsity` of each column set to zero: Martens 2010."""
    if tensor.dim() != 2:
        raise ValueError(f"{asked()}: Only tensors with 2 dimensions are supported")
    rows, columns = tensor.shape
    zeros = math.ceil(sparsity * rows)
    tensor.normal_(0, std, generator=generator)
    for column in range(columns):
        tensor[random.permutation(rows, generator)[:zeros], column] = 0
    return tensor


# ---------------------------------------------------------------- their names before PyTorch 0.4


def deprecated(function):
    old, new = function.__name__[:-1], function.__name__

    @functools.wraps(function)
    def renamed(*args, **kwargs):
        warnings.warn(
            f"`nn.init.{old}` is now deprecated in favor of `nn.init.{new}`.", FutureWarning, stacklevel=2
        )
        return function(*args, **kwargs)

    renamed.__name__ = old
    return renamed


uniform, normal, constant = map(deprecated, (uniform_, normal_, constant_))
eye, dirac, orthogonal, sparse = map(deprecated, (eye_, dirac_, orthogonal_, sparse_))
xavier_uniform, xavier_normal = map(deprecated, (xavier_uniform_, xavier_normal_))
kaiming_uniform, kaiming_normal = map(deprecated, (kaiming_uniform_, kaiming_normal_))
