"""Tensors that a Module takes note of when they are assigned to it: parameters are learned, buffers are only kept."""

from __future__ import annotations

from ..creation import empty
from ..tensor import Tensor, blank


class Parameter(Tensor):
    """A tensor that is learned. It shares memory with `data`; the results of ops on it are plain Tensors."""

    def __new__(cls, data=None, requires_grad: bool = True):
        return view_as_kind(cls, empty(0) if data is None else data).requires_grad_(requires_grad)

    def __copy__(self) -> Parameter:
        return type(self)(self.data, self._requires_grad)

    def __deepcopy__(self, memo) -> Parameter:
        memo[id(self)] = copy = type(self)(self.data.clone(), self._requires_grad)
        return copy

    def __repr__(self, *, tensor_contents=None):
        return "Parameter containing:\n" + super().__repr__()


class Buffer(Tensor):
    """A tensor that belongs to a module's state but is not learned, such as a running mean.

    A buffer that is not `persistent` is left out of the `state_dict`.
    """

    persistent = True

    def __new__(cls, data=None, *, persistent: bool = True):
        buffer = view_as_kind(cls, empty(0) if data is None else data)
        buffer._requires_grad, buffer.persistent = data is not None and data._requires_grad, persistent
        return buffer


def view_as_kind(cls, data: Tensor):
    """A leaf of class `cls` over the memory of `data`, sharing its count of writes."""
    source = data.detach()
    leaf = blank(cls, source.array)
    leaf._counter = source._counter
    return leaf
