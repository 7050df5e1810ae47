"""Tensors from data: numbers, lists, arrays, and PyTorch's old constructors."""

from __future__ import annotations

import functools
import warnings

import numpy as np

from . import backend, dtypes
from .op import Value, asked, counted
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
    if array.dtype is dtypes.BFLOAT16:
        array = dtypes.to_bfloat16(array)
    where = backend.device(device) if device is not None else backend.default_device()
    out = Tensor.wrap(backend.move(array, where))
    return out.requires_grad_() if requires_grad else out


def array_from(data, target=None) -> np.ndarray:
    """An array of its own: of the target dtype, or Python numbers as PyTorch's default dtypes and NumPy's as they are."""
    data = without_tensors(data)
    kind = np.dtype(typed(data)) if hasattr(first(data), "dtype") else None
    try:
        array = np.array(data)
    except ValueError as error:
        raise ragged(data, error) from None
    if array.dtype.kind in "OUS" and array.size:
        wrong = array.flat[0]
        if isinstance(wrong, str):
            in_front = isinstance(data, (list, tuple)) and isinstance(first(data), str)
            raise (ValueError if in_front else TypeError)(f"tensor: invalid data type 'str': {str(wrong)!r}")
        if isinstance(wrong, int):
            raise ValueError(f"tensor: {wrong} is no int64: Overflow when unpacking long long")
        raise RuntimeError(f"tensor: Could not infer dtype of {type(wrong).__name__}")
    if target is not None:  # at once: by way of float32, 0.1 as a float64 would not be 0.1
        if kind is None:
            check_range(array, target)
        array = array.astype(target, copy=False)
    elif kind is not None:
        array = array.astype(kind)
    elif array.dtype.kind in "fc":
        default = dtypes.get_default_dtype()
        array = array.astype(default.np if array.dtype.kind == "f" else default.to_complex().np)
    elif array.size == 0:
        array = array.astype(dtypes.default_np())
    dtypes.from_numpy(array.dtype.newbyteorder("="))
    return np.array(array, order="C") if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def check_range(array, target) -> None:
    """Python numbers that are none of the dtype's: PyTorch's error, but -1 as uint8 is 255, as in C."""
    if array.dtype.kind == "c" and target.kind != "c":
        raise TypeError("tensor: must be real number, not complex")
    if target.kind in "iu" and array.size and array.dtype.kind in "iuf":
        for extreme in (array.min(), array.max()):
            dtypes.element(extreme.item(), target)


def typed(data) -> np.dtype:
    """The dtype of arrays and numbers in nested lists."""
    if isinstance(data, (list, tuple)):
        return functools.reduce(dtypes.promote_np, map(typed, data))
    return data.dtype if hasattr(data, "dtype") else dtypes.result_np([data])


def ragged(data, error) -> Exception:
    """PyTorch's error for lists of unequal lengths, and for lists beside numbers."""
    rows = data
    while isinstance(rows, (list, tuple)) and rows:
        kinds = {isinstance(row, (list, tuple, np.ndarray)) for row in rows}
        if len(kinds) > 1:
            return TypeError("tensor: lists and numbers stand side by side: not a sequence")
        rows = rows[0]
    return ValueError(f"tensor: the nested sequences are not all of one length: {error}")


def without_tensors(data):
    """Nested lists with arrays in the place of tensors, which must be of one element."""
    if isinstance(data, (list, tuple)):
        return [
            without_tensors(d) if isinstance(d, (list, tuple)) else single(d) if isinstance(d, Value) else d
            for d in data
        ]
    return data.array if isinstance(data, Value) else data


def single(tensor) -> np.ndarray:
    if tensor.array.size != 1:
        raise ValueError(
            f"{asked()}: only one element tensors can be converted to Python scalars; stack them with torch.stack"
        )
    return tensor.array.reshape(())


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
        raise TypeError(f"{asked()}: expected np.ndarray (got {type(ndarray).__name__})")
    dtypes.from_numpy(ndarray.dtype)
    if min(ndarray.strides, default=0) < 0:
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative strides are not supported; copy it: array.copy()"
        )
    if not ndarray.flags.writeable:
        warnings.warn(
            "from_numpy: the array is not writable; writing to the tensor will raise an error", stacklevel=2
        )
    out = Tensor.wrap(ndarray)
    if not ndarray.flags.c_contiguous:
        counted(out)  # others look at this memory, so it is not to be put in another order
    return out


def legacy(dtype, args, device=None, **_) -> Tensor:
    """PyTorch's old constructors: FloatTensor(2, 3) is memory of that shape, FloatTensor([2, 3]) holds those values."""
    if (
        args
        and isinstance(args[0], (list, tuple, range, np.ndarray, Tensor))
        and not (isinstance(args[0], Size))
    ):
        return tensor(args[0], dtype=dtype, device=device)
    where = backend.default_device() if device is None else backend.device(device)
    return Tensor.wrap(backend.module_for(where).zeros(sizes(args) if args else (0,), dtype.np))
