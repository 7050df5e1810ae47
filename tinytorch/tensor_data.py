"""Tensors from data: numbers, lists, arrays, and PyTorch's old constructors."""

from __future__ import annotations

import warnings

import numpy as np

from . import backend, dtypes
from .op import Value
from .ops.shape import sizes
from .tensor import Size, Tensor


def tensor(data, *, dtype=None, device=None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor:
    """A tensor from numbers, nested lists, arrays or tensors; always a copy."""
    if isinstance(data, Tensor):
        array = data.detach().clone().array
    else:
        array = array_from(data, dtypes.to_numpy(dtype))
    target = dtypes.to_numpy(dtype)
    if target is not None:
        array = array.astype(target, copy=False)
    where = backend.device(device) if device is not None else backend.default_device()
    out = Tensor.wrap(backend.move(array, where))
    return out.requires_grad_() if requires_grad else out


def array_from(data, target=None) -> np.ndarray:
    """An array of its own: of the target dtype, or Python numbers as PyTorch's default dtypes and NumPy's as they are."""
    data = without_tensors(data)
    kind = getattr(first(data), "dtype", None)
    try:
        array = np.array(data)
    except ValueError as error:
        raise ValueError(f"tensor: the nested sequences are not all of one length: {error}") from None
    if array.dtype == object and array.size and array.flat[0] is None:
        raise RuntimeError("Could not infer dtype of NoneType")
    if array.dtype == object or array.dtype.kind in "US":
        raise TypeError(f"tensor: cannot make a tensor from {type(data).__name__} with elements such as {first(data)!r}")
    if kind is not None and isinstance(data, (list, tuple)) and kind.kind == array.dtype.kind:
        array = array.astype(kind)
    if target is not None:  # at once: by way of float32, 0.1 as a float64 would not be 0.1
        array = array.astype(target, copy=False)
    elif array.dtype.kind in "fc" and kind is None:
        default = dtypes.get_default_dtype()
        array = array.astype(default.np if array.dtype.kind == "f" else default.to_complex().np)
    elif array.size == 0 and not hasattr(data, "dtype"):
        array = array.astype(dtypes.default_np())
    dtypes.from_numpy(array.dtype)
    return np.array(array, order="C") if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def without_tensors(data):
    if isinstance(data, (list, tuple)):
        return [without_tensors(d) for d in data]
    return data.array if isinstance(data, Value) else data


def first(data):
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
    return data


def as_tensor(data, dtype=None, device=None) -> Tensor:
    """A tensor that shares memory with the data where it can."""
    if isinstance(data, Tensor):
        return data.to(dtype=dtype, device=device)
    if isinstance(data, np.ndarray):
        return from_numpy(data).to(dtype=dtype, device=device)
    return tensor(data, dtype=dtype, device=device)


def from_numpy(ndarray) -> Tensor:
    """A tensor over the same memory as the NumPy array."""
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    dtypes.from_numpy(ndarray.dtype)
    if not ndarray.flags.writeable:
        warnings.warn("from_numpy: the array is not writable; writing to the tensor will raise an error", stacklevel=2)
    return Tensor.wrap(ndarray)

def legacy(dtype, args, device=None, **_) -> Tensor:
    """PyTorch's old constructors: FloatTensor(2, 3) is memory of that shape, FloatTensor([2, 3]) holds those values."""
    if args and isinstance(args[0], (list, tuple, np.ndarray, Tensor)) and not (isinstance(args[0], Size)):
        return tensor(args[0], dtype=dtype, device=device)
    where = backend.default_device() if device is None else backend.device(device)
    return Tensor.wrap(backend.module_for(where).zeros(sizes(args) if args else (0,), dtype.np))
