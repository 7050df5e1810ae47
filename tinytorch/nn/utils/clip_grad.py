"""Gradient clipping: by the norm of all gradients together, or each element by itself."""

from __future__ import annotations

import types
import warnings
from collections.abc import Iterable

import numpy as np

from ...autograd.grad_mode import no_grad
from ...backend import kernel
from ...linalg import vector_norm
from ...ops import stack
from ...tensor import Tensor
from ...tensor_data import tensor


@no_grad()
def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients by one factor, so that their common norm is at most max_norm; returns what it was before."""
    parameters = listed(parameters)
    grads = [p.grad for p in parameters if p.grad is not None]
    total_norm = get_total_norm(grads, norm_type, error_if_nonfinite)
    clip_grads_with_norm_(parameters, max_norm, total_norm)
    return total_norm


@no_grad()
def get_total_norm(
    tensors: Tensor | Iterable[Tensor],
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The norm of all tensors as if they were one vector."""
    norm_type = float(norm_type)
    tensors = listed(tensors)
    if not tensors:
        return tensor(0.0)
    if norm_type == 2 and all(t.is_cuda and t.dtype is tensors[0].dtype for t in tensors):
        total_norm = tensors[0].wrap(
            norm_of_all(*[t.array for t in tensors])
        )  # in one launch, not three for each
    else:
        total_norm = vector_norm(stack([vector_norm(t, norm_type) for t in tensors]), norm_type)
    if error_if_nonfinite and not total_norm.isfinite():
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, so it cannot be clipped. To"
            " disable this error and scale the gradients by the non-finite norm anyway, set `error_if_nonfinite=False`"
        )
    return total_norm


@no_grad()
def clip_grads_with_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Scale all gradients by max_norm / total_norm, if that is less than 1."""
    scale = (float(max_norm) / (total_norm + 1e-6)).clamp(max=1.0)
    for p in listed(parameters):
        if p.grad is not None:
            p.grad.mul_(scale)


@no_grad()
def clip_grad_value_(
    parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None
) -> None:
    """Cut every element of every gradient off at ±clip_value."""
    clip_value = float(clip_value)
    for p in listed(parameters):
        if p.grad is not None:
            p.grad.clamp_(-clip_value, clip_value)


@kernel
def norm_of_all(first, *others):
    """The Euclidean norm of all the arrays as if they were one vector."""
    return np.sqrt(sum(np.square(np.abs(a)).sum() for a in (first, *others)))


def clip_grad_norm(*args, **kwargs) -> Tensor:
    """`clip_grad_norm_` under its old name."""
    warnings.warn(
        "`torch.nn.utils.clip_grad_norm` is now deprecated in favor of `torch.nn.utils.clip_grad_norm_`.",
        FutureWarning,
        stacklevel=2,
    )
    return clip_grad_norm_(*args, **kwargs)


def listed(tensors: Tensor | Iterable[Tensor]) -> list[Tensor]:
    if isinstance(tensors, Tensor):
        return [tensors]
    items = list(tensors)
    if not items and isinstance(tensors, types.GeneratorType):
        warnings.warn("`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=4)
    return items
