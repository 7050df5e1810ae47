"""Tensors on memory that is there already: a buffer, a file."""

from __future__ import annotations

import numpy as np

from . import dtypes
from .tensor import Tensor
from .tensor_data import from_numpy


def frombuffer(buffer, *, dtype, count: int = -1, offset: int = 0, requires_grad: bool = False) -> Tensor:
    """A 1-D tensor on the memory of an object with the buffer interface, from byte `offset` on."""
    kind = dtypes.to_numpy(dtype)
    size = memoryview(buffer).nbytes
    if size == 0:
        raise ValueError("both buffer length (0) and count (-1) must not be 0")
    if not 0 <= offset < size:
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length ({size} bytes) - 1"
        )
    if count < 0 and (size - offset) % kind.itemsize:
        raise ValueError(
            f"buffer length ({size - offset} bytes) after offset ({offset} bytes) must be a multiple of element size ({kind.itemsize})"
        )
    return from_numpy(np.frombuffer(buffer, kind, count, offset)).requires_grad_(requires_grad)


def from_file(filename: str, shared: bool | None = None, size: int = 0, dtype=None) -> Tensor:
    """A 1-D tensor on the memory of a file; with `shared`, writes go to the file, which is made or lengthened if need be."""
    kind = dtypes.default_np() if dtype is None else dtypes.to_numpy(dtype)
    if shared:
        with open(filename, "ab") as file:
            file.truncate(max(file.tell(), size * kind.itemsize))
    return from_numpy(np.asarray(np.memmap(filename, kind, "r+" if shared else "c", shape=(size,))))
