"""What a tensor turns into: arrays, Python numbers, other dtypes and devices, new tensors of its kind."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

import numpy as np

from . import backend, dtypes, ops
from .op import Value
from .ops.shape import shape_of

if TYPE_CHECKING:
    from .tensor import Tensor

TYPE_NAMES = {
    "float32": "Float", "float64": "Double", "float16": "Half", "bfloat16": "BFloat16", "int64": "Long", "int32": "Int", "int16": "Short",
    "int8": "Char", "uint8": "Byte", "bool": "Bool", "complex64": "ComplexFloat", "complex128": "ComplexDouble",
}  # fmt: skip
UFUNCS = {
    "multiply": "mul",
    "subtract": "sub",
    "true_divide": "div",
    "divide": "div",
    "power": "pow",
    "negative": "neg",
    "absolute": "abs",
}
UFUNCS |= {
    "equal": "eq",
    "not_equal": "ne",
    "less": "lt",
    "less_equal": "le",
    "greater": "gt",
    "greater_equal": "ge",
}


class Converting(Value):
    """The methods of Tensor that convert."""

    __slots__ = ()

    def numpy(self, *, force: bool = False) -> np.ndarray:
        """The array itself (memory is shared)."""
        if self._requires_grad and not force:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead"
            )
        if self.is_cuda and not force:
            raise TypeError(
                "can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first"
            )
        if self.array.dtype is dtypes.BFLOAT16:
            raise TypeError(
                "Got unsupported ScalarType BFloat16: NumPy has no such type; use .float().numpy()"
            )
        return backend.move(ops.settle(self).array, backend.CPU)

    def __array__(self, dtype=None, copy=None):
        return (
            np.array(self.numpy(), dtype=dtype, copy=copy)
            if copy is not None
            else np.asarray(self.numpy(), dtype)
        )

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        """np.exp(tensor) and array * tensor answer with tensors."""
        from .tensor_data import as_tensor

        if method != "__call__":
            return NotImplemented
        plain = [
            as_tensor(x) if isinstance(x, np.ndarray) else x.item() if isinstance(x, np.generic) else x
            for x in inputs
        ]
        ours = getattr(ops, UFUNCS.get(ufunc.__name__, ufunc.__name__), None)
        if ours is not None and not kwargs:
            return ours(*plain)
        out = ufunc(*[x.numpy() if isinstance(x, Value) else x for x in plain], **kwargs)
        return tuple(map(as_tensor, out)) if isinstance(out, tuple) else as_tensor(out)

    def item(self):
        """The one element as a Python number."""
        if self.array.size != 1:
            raise RuntimeError(
                f"item: a Tensor with {self.array.size} elements cannot be converted to Scalar; its shape is {list(self.shape)}"
            )
        if self.is_meta:
            raise RuntimeError("Tensor.item() cannot be called on meta tensors")
        return self.array.item()

    def tolist(self):
        """Nested lists of Python numbers."""
        return self.array.tolist()

    def to(self, *args, dtype=None, device=None, non_blocking=False, copy=False, memory_format=None):
        """On another device or as another dtype: to("cuda"), to(torch.float64), to(other_tensor)."""
        for arg in args:
            if isinstance(arg, Value):
                dtype, device = arg.dtype, arg.device
            elif isinstance(arg, (str, backend.device, int)) and not isinstance(arg, bool):
                device = arg
            elif isinstance(arg, dtypes.dtype) or arg in (float, int, bool, complex):
                dtype = arg
        out = self
        target = dtypes.to_numpy(dtype)
        if target is not None and dtypes.differ(target, self.array.dtype):
            source = self if target.kind in "fc" else self.detach()
            out = ops.cast(source, dtype=target)
        if device is not None:
            there = backend.device(device)
            here = backend.device_of(out.array)
            if (here.type, there.index in (None, here.index)) != (there.type, True):
                out = ops.transfer(out, device=there, non_blocking=non_blocking)
        return ops.clone(out) if copy and out is self else out

    def cpu(self, memory_format=None) -> Tensor:
        return self.to("cpu")

    def cuda(self, device=None, non_blocking=False) -> Tensor:
        return self.to("cuda" if device is None else device, non_blocking=non_blocking)

    def type(self, dtype=None, non_blocking=False):
        """The name of the tensor type, or the tensor as another dtype."""
        if dtype is None:
            return f"torch.{TYPE_NAMES[self.dtype.name]}Tensor"
        if isinstance(dtype, str):
            device = "cuda" if "cuda." in dtype else "cpu"
            kind = dtype.removeprefix("torch.").removeprefix("cuda.").removesuffix("Tensor")
            found = [d for d in dtypes.ALL if TYPE_NAMES.get(d.name) == kind]
            if not found:
                raise ValueError(f"type: invalid type: {dtype!r}; a name is like 'torch.FloatTensor'")
            dtype = found[0]
            return self.to(device, dtype)
        return self.to(getattr(dtype, "device", None), getattr(dtype, "element_type", dtype))

    def type_as(self, other) -> Tensor:
        return self.to(other.dtype)

    def float(self, memory_format=None):
        return self.to(dtypes.float32)

    def double(self, memory_format=None):
        return self.to(dtypes.float64)

    def half(self, memory_format=None):
        return self.to(dtypes.float16)

    def bfloat16(self, memory_format=None):
        return self.to(dtypes.bfloat16)

    def long(self, memory_format=None):
        return self.to(dtypes.int64)

    def int(self, memory_format=None):
        return self.to(dtypes.int32)

    def short(self, memory_format=None):
        return self.to(dtypes.int16)

    def char(self, memory_format=None):
        return self.to(dtypes.int8)

    def byte(self, memory_format=None):
        return self.to(dtypes.uint8)

    def bool(self, memory_format=None):
        return self.to(dtypes.bool)

    def cfloat(self):
        return self.to(dtypes.complex64)

    def cdouble(self):
        return self.to(dtypes.complex128)

    def resolve_conj(self):
        return self

    def resolve_neg(self):
        return self

    def is_conj(self) -> builtins.bool:
        return False

    def pin_memory(self, device=None):
        """A copy that a GPU can read by itself; without a GPU, the tensor as it is."""
        if self.is_cuda:
            raise RuntimeError("cannot pin 'torch.cuda' memory: only dense CPU tensors can be pinned")
        if self.is_pinned() or not backend.cuda_available():
            return self
        return self.wrap(backend.pinned_copy(self.array))

    def share_memory_(self):
        """Move to memory that processes started from here on share: forked ones, and spawned ones that are given the tensor."""
        if not (self.is_cuda or self.is_shared()):
            from .sharing import shared_copy  # here: few programs share

            self.array = shared_copy(self.array)
        return self

    def new_tensor(self, data, *, dtype=None, device=None, requires_grad=False) -> Tensor:
        from .tensor_data import tensor

        return tensor(
            data, dtype=dtype or self.dtype, device=device or self.device, requires_grad=requires_grad
        )

    def _new_of(self, make, shape, dtype, device, requires_grad, *fill) -> Tensor:
        where = backend.device(device) if device is not None else self.device
        array = getattr(backend.module_for(where), make)(
            shape, *fill, dtype=dtypes.to_numpy(dtype) or self.array.dtype
        )
        return self.wrap(array).requires_grad_(requires_grad)

    def new_zeros(
        self, *size, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False, **named
    ) -> Tensor:
        return self._new_of("zeros", shape_of(size, named), dtype, device, requires_grad)

    def new_ones(
        self, *size, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False, **named
    ) -> Tensor:
        return self._new_of("ones", shape_of(size, named), dtype, device, requires_grad)

    def new_empty(
        self, *size, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False, **named
    ) -> Tensor:
        return self._new_of("empty", shape_of(size, named), dtype, device, requires_grad)

    def new_full(
        self, size, fill_value, *, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False
    ) -> Tensor:
        shape = shape_of((size,), {})
        return self._new_of("full", shape, dtype, device, requires_grad, fill_value)

    def new(self, *args) -> Tensor:
        from .tensor_data import legacy

        return legacy(self.dtype, args)
