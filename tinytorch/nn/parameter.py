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


class Uninitialized:
    """A tensor whose shape is not known yet. `materialize` gives it memory; it stays the same object."""

    becomes: type[Tensor]

    def materialize(self, shape, device=None, dtype=None) -> None:
        like = self.array.dtype if dtype is None else dtype
        self.array = empty(shape, device=self.device if device is None else device, dtype=like).array
        self.__class__ = self.becomes

    @property
    def shape(self):
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in `load_state_dict` when"
            " trying to load an uninitialized parameter into an initialized one. Call `forward` to initialize the parameters"
            " before accessing their attributes."
        )

    def numel(self) -> int:
        raise ValueError(
            f"numel: Attempted to use an uninitialized parameter: {type(self).__name__} has no shape yet. This error happens when you"
            " are using a lazy layer; call `forward` with a dummy batch to initialize the parameters before"
        )

    nelement = numel

    def __repr__(self, *, tensor_contents=None) -> str:
        return f"<{type(self).__name__}>"


class UninitializedParameter(Uninitialized, Parameter):
    """A Parameter of a lazy layer, before the first input has told its shape."""

    becomes = Parameter

    def __new__(cls, requires_grad: bool = True, device=None, dtype=None):
        return Parameter.__new__(cls, empty(0, device=device, dtype=dtype), requires_grad)


class UninitializedBuffer(Uninitialized, Tensor):
    """A buffer of a lazy layer, before the first input has told its shape."""

    becomes = Tensor

    def __new__(cls, requires_grad: bool = False, device=None, dtype=None, persistent: bool = True):
        return blank(cls, empty(0, device=device, dtype=dtype).array)


def is_lazy(param) -> bool:
    return isinstance(param, Uninitialized)


def view_as_kind(cls, data: Tensor):
    """A leaf of class `cls` over the memory of `data`, sharing its count of writes."""
    source = data.detach()
    leaf = blank(cls, source.array)
    leaf._counter = source._counter
    return leaf
