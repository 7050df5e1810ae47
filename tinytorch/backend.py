"""The floor everything stands on: which array library holds a tensor, on which device, and which kernels run."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import Any

import numpy as np

# ---------------------------------------------------------------- devices and array modules


class device:
    """Where a tensor lives: `device("cpu")`, `device("cuda:0")`."""

    __slots__ = ("index", "type")

    type: str
    index: int | None

    def __init__(self, type: Any = "cpu", index: int | None = None):
        if isinstance(type, device):
            type, index = type.type, type.index
        elif isinstance(type, int):
            type, index = "cuda", type
        elif ":" in type:
            type, _, number = type.partition(":")
            index = int(number)
        if type not in ("cpu", "cuda"):
            raise RuntimeError(f"device: unknown type {type!r}; tinytorch has 'cpu' and 'cuda'")
        self.type, self.index = type, index

    def __repr__(self) -> str:
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type='{self.type}'{index})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __enter__(self):
        _default_devices.append(self)
        return self

    def __exit__(self, *error) -> None:
        _default_devices.pop()


CPU = device("cpu")
_default_devices = [CPU]


def default_device() -> device:
    return _default_devices[-1]


def set_default_device(where) -> None:
    _default_devices[0] = device(where)


def cupy():
    """The CuPy module; a clear error where it, or a GPU, is missing."""
    try:
        import cupy
    except ImportError:
        raise RuntimeError(
            "device 'cuda' needs CuPy, which is not installed: pip install 'tinytorch[cuda12]'"
            " (GTX 10xx and later; 'tinytorch[cuda13]' for RTX cards with CUDA 13)"
        ) from None
    return cupy


def cuda_available() -> bool:
    try:
        return cupy().cuda.runtime.getDeviceCount() > 0
    except Exception:  # CuPy raises errors of its own classes when there is no driver: all of them mean "no"
        return False


def module_of(array):
    """numpy for a NumPy array, cupy for a CuPy array."""
    return np if isinstance(array, (np.ndarray, np.generic)) else cupy()


def module_for(where: device):
    return np if where.type == "cpu" else cupy()


def device_of(array) -> device:
    return CPU if isinstance(array, np.ndarray) else device("cuda", array.device.id)


def move(array, where: device):
    """The array on that device; the same object if it is there already."""
    if device_of(array).type == where.type and where.index in (None, device_of(array).index):
        return array
    if where.type == "cpu":
        return array.get()
    xp = cupy()
    with xp.cuda.Device(where.index or 0):
        return xp.asarray(array)


def shared_copy(array: np.ndarray) -> np.ndarray:
    """A copy in memory that processes forked from here on see too."""
    import mmap

    memory = mmap.mmap(-1, max(array.nbytes, 1))
    shared = np.frombuffer(memory, array.dtype, array.size).reshape(array.shape)
    shared[...] = array
    return shared


def is_shared(array) -> bool:
    while isinstance(array, np.ndarray):
        array = array.base
    return type(getattr(array, "obj", None)).__name__ == "mmap"  # by name, so that nobody pays for the import


# ---------------------------------------------------------------- kernels


class Kernel:
    """An array function with a NumPy body and, where module 13 registered them, faster ones."""

    def __init__(self, reference):
        self.reference = reference
        self.bodies: dict[str, object] = {}
        self.__name__, self.__doc__ = reference.__name__, reference.__doc__

    def register(self, backend: str):
        """`@conv2d_forward.register("numba")`: this body runs on that backend from now on."""

        def remember(body):
            self.bodies[backend] = body
            return body

        return remember

    def __call__(self, array, *args, **kwargs):
        body = self.bodies.get(_choice(array), self.reference) if self.bodies else self.reference
        return body(array, *args, **kwargs)


def kernel(reference) -> Kernel:
    """Mark an array function as worth a faster body; the decorated function is its reference."""
    return Kernel(reference)


_chosen = [os.environ.get("TINYTORCH_KERNELS", "numba")]


def _choice(array) -> str:
    return _chosen[-1] if isinstance(array, np.ndarray) else "cuda"


@contextmanager
def kernels(name: str):
    """`with kernels("reference"):` runs the NumPy bodies, `"numba"` the compiled ones where they are registered."""
    if name not in ("reference", "numba"):
        raise ValueError(f"kernels: {name!r} is neither 'reference' nor 'numba'")
    _chosen.append(name)
    try:
        yield
    finally:
        _chosen.pop()
