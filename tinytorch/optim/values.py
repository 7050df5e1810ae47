"""What the update rules are made of: pieces of state, and checks of settings."""

from __future__ import annotations

import numpy as np

from .. import dtypes
from ..op import asked
from ..tensor import Tensor


def real(array: np.ndarray) -> np.ndarray:
    """A complex array as one of twice as many real numbers: to an optimizer, that is what it is."""
    return np.atleast_1d(array).view(array.real.dtype) if array.dtype.kind == "c" else array


def zeros_like(p: Tensor) -> Tensor:
    return Tensor.wrap(np.zeros_like(p.array))


def scalar(value: float) -> Tensor:
    """A number that is kept in the state, as PyTorch keeps it: a 0-dim float tensor on the CPU."""
    dtype = np.float64 if dtypes.get_default_dtype() is dtypes.float64 else np.float32
    return Tensor.wrap(np.array(value, dtype))


def count(state: dict) -> float:
    """One more step: the new number of steps."""
    step = state["step"].array
    step += 1
    return step.item()


def check(lr, **settings) -> None:
    """Refuse a negative learning rate, and any other setting that is negative, with PyTorch's words."""
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    for name, value in {"lr": lr, **settings}.items():
        if not isinstance(value, (int, float, Tensor)):
            raise TypeError(f"{asked()}: {name} must be a number, got {value!r}")
    if not lr >= 0:
        raise ValueError(f"{asked()}: Invalid learning rate: {lr}")
    for name, value in settings.items():
        if not value >= 0:
            raise ValueError(f"{asked()}: Invalid {LABELS.get(name, name)} value: {value}")


LABELS = {"eps": "epsilon"}


def check_betas(betas) -> None:
    for i, beta in enumerate(betas):
        if not 0 <= beta < 1:
            raise ValueError(f"{asked()}: Invalid beta parameter at index {i}: {beta}")
