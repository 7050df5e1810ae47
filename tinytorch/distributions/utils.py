"""What distributions share: broadcasting of parameters, and the way between probabilities and logits."""

from __future__ import annotations

import functools

from ..autograd.grad_mode import enable_grad
from ..creation import full, randn
from ..dtypes import finfo, get_default_dtype
from ..nn.functional.softmax import softmax
from ..op import asked
from ..ops import broadcast_tensors, log, log1p, sigmoid
from ..tensor import Tensor

NUMBERS = (int, float, bool)


def broadcast_all(*values) -> tuple[Tensor, ...]:
    """Tensors and numbers as tensors of one shape; numbers take the dtype and device of the first tensor."""
    if not all(isinstance(v, (Tensor, *NUMBERS)) for v in values):
        raise ValueError(
            f"Input arguments must all be numbers or tensors, got {', '.join(type(v).__name__ for v in values)}"
        )
    first = next((v for v in values if isinstance(v, Tensor)), None)
    kind = {"dtype": get_default_dtype()} if first is None else {"dtype": first.dtype, "device": first.device}
    return broadcast_tensors(*[v if isinstance(v, Tensor) else full((), v, **kind) for v in values])


def _standard_normal(shape, dtype, device) -> Tensor:
    """Draws from the standard normal distribution."""
    return randn(shape, dtype=dtype, device=device)


def _sum_rightmost(value: Tensor, dims: int) -> Tensor:
    """Summed over the last dims."""
    return value.reshape(*value.shape[:-dims], -1).sum(-1) if dims else value


def logits_to_probs(logits: Tensor, is_binary: bool = False) -> Tensor:
    """Probabilities: of the event 1 where logits are log odds, else along the last dim."""
    return sigmoid(logits) if is_binary else softmax(logits, dim=-1)


def clamp_probs(probs: Tensor) -> Tensor:
    """Probabilities moved off 0 and 1, so that their logarithms are finite."""
    eps = finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


def probs_to_logits(probs: Tensor, is_binary: bool = False) -> Tensor:
    """The inverse of `logits_to_probs`."""
    p = clamp_probs(probs)
    return log(p) - log1p(-p) if is_binary else log(p)


def one_of(probs, logits):
    """The parameter that was given: exactly one of the two must be."""
    if (probs is None) == (logits is None):
        raise ValueError(f"{asked()}: Either `probs` or `logits` must be specified, but not both.")
    return logits if probs is None else probs


class lazy_property(functools.cached_property):
    """An attribute computed, with its gradient, when it is first asked for."""

    def __get__(self, instance, owner=None):
        with enable_grad():
            return super().__get__(instance, owner)
