"""Tensors handed from one library to another without copying: DLPack."""

from __future__ import annotations

import numpy as np

from ..tensor import Tensor


def to_dlpack(tensor: Tensor):
    """The capsule that holds the tensor's memory, to be taken up once."""
    return tensor.array.__dlpack__()


class Capsule:
    """What NumPy asks for: an object that hands the capsule out."""

    def __init__(self, capsule):
        self.capsule = capsule

    def __dlpack__(self, **options):
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0  # the host's memory


def from_dlpack(ext_tensor) -> Tensor:
    """A tensor on the memory of another library's array, or of a capsule."""
    if isinstance(ext_tensor, Tensor):
        return ext_tensor.detach()
    source = ext_tensor if hasattr(ext_tensor, "__dlpack__") else Capsule(ext_tensor)
    if source.__dlpack_device__()[0] == 2:
        from ..backend import cupy

        return Tensor.wrap(cupy().from_dlpack(source))
    return Tensor.wrap(np.from_dlpack(source))
