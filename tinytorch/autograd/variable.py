"""Variable: what a Tensor was called before PyTorch 0.4. Old programs still wrap their tensors in it."""

from __future__ import annotations

from ..tensor import Tensor


class VariableType(type):
    def __instancecheck__(cls, x) -> bool:
        return isinstance(x, Tensor)


class Variable(metaclass=VariableType):
    """`Variable(x)` is a tensor over the memory of x, without its history."""

    def __new__(cls, data: Tensor, requires_grad: bool = False):
        return data.detach().requires_grad_(requires_grad)
