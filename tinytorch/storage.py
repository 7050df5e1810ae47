"""The memory under a tensor, under PyTorch's names. Views of one tensor have one storage."""

from __future__ import annotations

import numpy as np

from . import backend, dtypes


class UntypedStorage:
    """The bytes in which a tensor and its views lie."""

    def __init__(self, array):
        while isinstance(array.base, type(array)):
            array = array.base
        self.array = array

    def data_ptr(self) -> int:
        return (
            self.array.__array_interface__["data"][0]
            if isinstance(self.array, np.ndarray)
            else self.array.data.ptr
        )

    def nbytes(self) -> int:
        return self.array.nbytes

    def element_size(self) -> int:
        return 1

    def size(self) -> int:
        """How many elements."""
        return self.nbytes() // self.element_size()

    __len__ = size

    @property
    def device(self) -> backend.device:
        return backend.device_of(self.array)


class TypedStorage(UntypedStorage):
    """The same, counted in elements of the tensor's dtype."""

    @property
    def dtype(self) -> dtypes.dtype:
        return dtypes.of(self.array)

    def element_size(self) -> int:
        return self.array.itemsize

    def tolist(self) -> list:
        return self.array.ravel(order="K").tolist()

    def untyped(self) -> UntypedStorage:
        return UntypedStorage(self.array)
