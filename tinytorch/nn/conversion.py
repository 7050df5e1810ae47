"""Moving all of a module to another device, or to another dtype."""

from __future__ import annotations

from collections.abc import Callable

from .. import dtypes
from ..creation import empty_like
from ..tensor import Tensor
from .parameter import Parameter


class Conversion:
    """to, cpu, cuda, float, double, ...: in place, and a parameter stays the same object."""

    children: Callable
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True):
        """Replace every parameter's data, gradient and every buffer by fn of it; parameters stay the same objects."""
        for child in self.children() if recurse else ():
            child._apply(fn)
        for parameter in self._parameters.values():
            if parameter is not None:
                replace_data(parameter, fn)
                if parameter.grad is not None:
                    replace_data(parameter.grad, fn)
        for name, buffer in self._buffers.items():
            if buffer is not None:
                self._buffers[name] = fn(buffer)
        return self

    def to(self, *args, dtype=None, device=None, non_blocking: bool = False, memory_format=None):
        """On another device, or floating-point tensors as another dtype: to("cuda"), to(torch.float64), to(tensor)."""
        for arg in args:
            if isinstance(arg, Tensor):
                dtype, device = arg.dtype, arg.device
            elif isinstance(arg, dtypes.dtype):
                dtype = arg
            elif not isinstance(arg, bool):
                device = arg
        if dtype is not None and not (dtype.is_floating_point or dtype.is_complex):
            raise TypeError(
                f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={dtype!r}"
            )
        return self._apply(lambda t: t.to(device=device, dtype=dtype if is_inexact(t) else None))

    def cpu(self):
        return self._apply(lambda t: t.cpu())

    def cuda(self, device=None):
        return self._apply(lambda t: t.cuda(device))

    def type(self, dst_type):
        """All parameters and buffers as this dtype."""
        return self._apply(lambda t: t.type(dst_type))

    def float(self):
        return self._apply(lambda t: t.float() if t.is_floating_point() else t)

    def double(self):
        return self._apply(lambda t: t.double() if t.is_floating_point() else t)

    def half(self):
        return self._apply(lambda t: t.half() if t.is_floating_point() else t)

    def bfloat16(self):
        return self.to(dtypes.bfloat16)

    def to_empty(self, *, device, recurse: bool = True):
        """On another device, with whatever stands in the memory there: what was made on device "meta" is to be filled."""
        return self._apply(lambda t: empty_like(t, device=device), recurse=recurse)

    def share_memory(self):
        return self._apply(lambda t: t.share_memory_())


def replace_data(tensor: Tensor, fn: Callable[[Tensor], Tensor]) -> None:
    data = fn(tensor.data)
    if data.array is not tensor.array:
        tensor.data = data


def is_inexact(tensor: Tensor) -> bool:
    return tensor.is_floating_point() or tensor.is_complex()
