"""Variable: what a Tensor was called before PyTorch 0.4. Old programs still wrap their tensors in it."""

from __future__ import annotations

import warnings

from ..tensor import Tensor


class VariableType(type):
    def __instancecheck__(cls, x) -> bool:
        return isinstance(x, Tensor)


class Variable(metaclass=VariableType):
    """`Variable(x)` is a tensor over the memory of x, without its history."""

    def __new__(cls, data: Tensor, requires_grad: bool = False, volatile: bool = False):
        if volatile:
            warnings.warn(
                "volatile was removed and now has no effect. Use `with torch.no_grad():` instead.",
                stacklevel=2,
            )
        if volatile and requires_grad:
            raise ValueError("Variable can't be volatile and require_grad at the same time!")
        return data.detach().requires_grad_(requires_grad)
