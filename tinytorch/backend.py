"""The floor everything stands on: which array library holds a tensor, on which device, and which kernels run."""

from __future__ import annotations

import importlib
import math
import os
import threading
import warnings
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from .later import ROOT, comes_with

ndarray = np.ndarray

# ---------------------------------------------------------------- devices and array modules


# PyTorch's other devices: programs compare with them, and nothing can be put there.
ELSEWHERE = {"hpu", "ipu", "mkldnn", "mps", "mtia", "npu", "vulkan", "xla", "xpu"}


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
            if not number.isdecimal():
                raise RuntimeError(
                    f"device: Invalid device string: '{type}:{number}'; a device is like 'cuda:0'"
                )
            index = int(number)
        if type not in ("cpu", "cuda", "meta") and type not in ELSEWHERE:
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


class Meta(np.ndarray):
    """An array of device "meta": a shape and a dtype, whose elements nobody asks for. What is computed from it is of its kind.

    Its memory is taken, but the operating system hands it over only where something is written.
    """


CPU = device("cpu")
META = device("meta")
_default_devices = [CPU]


def default_device() -> device:
    return _default_devices[-1]


def set_default_device(where) -> None:
    _default_devices[0] = device(where)


def cupy():
    """The CuPy module; a clear error where it, or a GPU, is missing."""
    try:
        import cupy
    except ModuleNotFoundError:
        raise RuntimeError(
            "device 'cuda' needs CuPy, which is not installed: pip install 'tinytorch[cuda12]'"
            " (GTX 10xx and later; 'tinytorch[cuda13]' for RTX cards with CUDA 13)"
        ) from None
    except ImportError as error:
        raise RuntimeError(f"device 'cuda': CuPy is installed, but cannot be imported: {error}") from error
    if cupy is not _started:
        start(cupy)
    return cupy


_started: Any = None


def start(xp) -> None:
    """Look for a GPU, once, and count the memory that is taken on it from here on."""
    global _started
    from .cuda.memory import allocator

    try:
        count = xp.cuda.runtime.getDeviceCount()
    except RuntimeError as error:  # CuPy's CUDARuntimeError
        raise RuntimeError(
            f"device 'cuda': CuPy {xp.__version__} is installed, but finds no GPU: {error}"
        ) from None
    if not count:
        raise RuntimeError(f"device 'cuda': CuPy {xp.__version__} is installed, but this machine has no GPU")
    allocator(xp)
    _started = xp


def use_tf32(allowed: bool) -> None:
    """Let cuBLAS round float32 factors to TF32, or not (as it is without asking)."""
    linalg = cupy()._core._routines_linalg
    kind = linalg.COMPUTE_TYPE_TF32 if allowed else linalg.COMPUTE_TYPE_FP32
    linalg.set_compute_type(np.dtype(np.float32), kind)


def cuda_available() -> bool:
    try:
        cupy()
    except RuntimeError:  # it says why not
        return False
    return True


def module_of(array):
    """numpy for a NumPy array, cupy for a CuPy array."""
    return np if isinstance(array, (np.ndarray, np.generic)) else cupy()


def module_for(where: device):
    if where.type in ELSEWHERE:
        raise RuntimeError(f"device {where.type!r}: tinytorch has no tensors there; it has 'cpu' and 'cuda'")
    return cupy() if where.type == "cuda" else np


def as_meta(result):
    """A result, or several, as arrays of device "meta"."""
    if isinstance(result, tuple):
        return tuple(as_meta(part) for part in result)
    return result.view(Meta) if isinstance(result, np.ndarray) else result


def is_array(value) -> bool:
    """Whether it is an array, on any device."""
    return isinstance(value, np.ndarray) or hasattr(type(value), "__cuda_array_interface__")


def on_host(array) -> np.ndarray:
    return move(array, CPU)


def beside(array, host: np.ndarray):
    """A small array made on the host, on the device where another one is."""
    return module_of(array).asarray(host)


def writable(array) -> bool:
    return not isinstance(array, np.ndarray) or array.flags.writeable  # CuPy's arrays always are


def device_of(array) -> device:
    if isinstance(array, np.ndarray):
        return CPU if type(array) is not Meta else META
    return device("cuda", array.device.id)


def move(array, where: device, non_blocking: bool = False):
    """The array on that device; the same object if it is there already.

    To a GPU, a pinned array is read by the GPU itself, while the host goes on. Others are first copied to where it can.
    """
    here = device_of(array)
    if here.type == where.type and where.index in (None, here.index):
        return array
    if where.type == "meta":
        return np.empty(array.shape, array.dtype).view(Meta)
    if here.type == "meta":
        raise NotImplementedError(
            "Cannot copy out of meta tensor; no data! Please use torch.nn.Module.to_empty() instead of"
            " torch.nn.Module.to() when moving module from meta to a different device."
        )
    if where.type == "cpu":
        return array.get()
    xp = module_for(where)
    with xp.cuda.Device(where.index or 0):
        if not is_pinned(array) or not array.flags.c_contiguous:
            return xp.asarray(array)
        out = xp.empty(array.shape, array.dtype)
        stream = xp.cuda.get_current_stream()
        out.set(array, stream=stream)
        being_read.append((stream.record(), array))
        if not non_blocking:
            stream.synchronize()
        being_read[:] = [pair for pair in being_read if not pair[0].done]
        return out


being_read: list = []  # (event, array) of copies under way: the memory must not be used for anything else until they are done


def pinned_copy(array: np.ndarray) -> np.ndarray:
    """A copy in memory that the operating system leaves where it is, so that a GPU can read it by itself."""
    pinned = np.frombuffer(cupy().cuda.alloc_pinned_memory(max(array.nbytes, 1)), array.dtype, array.size)
    pinned = pinned.reshape(array.shape)
    pinned[...] = array
    return pinned


def is_pinned(array) -> bool:
    return owner_name(array) == "PinnedMemoryPointer"


def may_look(array) -> bool:
    """Whether to check values before they are used. On a GPU the host would have to wait for them, so there it is done only
    under CUDA_LAUNCH_BLOCKING=1: look for a wrong index with that.
    """
    return isinstance(array, np.ndarray) or os.environ.get("CUDA_LAUNCH_BLOCKING") == "1"


def is_shared(array) -> bool:
    return owner_name(array) == "SharedMap"  # see sharing.py


def owner_name(array) -> str:
    """The class of what owns an array's memory, where that is no array: by name, so that nobody pays for an import."""
    while isinstance(array, np.ndarray):
        array = array.base
    return type(getattr(array, "obj", None)).__name__


# ---------------------------------------------------------------- memory order


def is_channels_last(array) -> bool:
    """Whether it is a kernel's result with its channels last in memory, or was computed from one element by element.

    That order is the framework's own affair: to the user such an array is contiguous. A view that the user permuted is not
    meant; it has a base.
    """
    return (
        array.ndim == 4
        and not array.flags.c_contiguous
        and (array.base is None or is_channels_last_flat(array.base))
        and array.transpose(0, 2, 3, 1).flags.c_contiguous
    )


def is_channels_last_flat(array) -> bool:
    """The same of images whose places stand in one row, (N, C, H * W), as batch norm computes them."""
    return (
        is_array(array)
        and array.ndim == 3
        and array.base is None
        and not array.flags.c_contiguous
        and array.transpose(0, 2, 1).flags.c_contiguous
    )


def in_order(array):
    """The array, or a copy with its elements in row-major order where a kernel chose another one."""
    return array.copy("C") if is_channels_last(array) else array


def chosen_order(array) -> bool:
    """Whether the array, or what it is a view of, lies in an order that a kernel chose."""
    return is_channels_last(array if array.base is None else array.base)


# ---------------------------------------------------------------- kernels


class Kernel:
    """An array function with a NumPy body, its reference, and faster bodies where module 13 has them.

    A body is brought in by the first array that is large enough for it to pay, so that small programs never load a compiler.
    It may decline a case by returning NotImplemented; the reference then runs.
    """

    def __init__(self, reference):
        self.reference = reference
        self.bodies: dict[str, Any] = {}
        # per backend: elements from which its body runs
        self.least: dict[str, float] = {"reference": math.inf}
        self.small: float = 0  # NumPy arrays of fewer elements are for the reference, whatever is chosen
        self.__name__, self.__doc__ = reference.__name__, reference.__doc__

    def __call__(self, *args, **kwargs):
        array = args[0]
        if type(array) is ndarray and array.size < self.small:
            return self.reference(*args, **kwargs)
        return self.for_size(array.size, *args, **kwargs)

    def for_size(self, size: int, /, *args, **kwargs):
        """Call it with the body for arrays of that many elements: of one of many small arrays, it is what all of them have together."""
        array = args[0]
        if type(array) is Meta:
            return as_meta(self.reference(*args, **kwargs))
        name = choice.name if isinstance(array, (np.ndarray, np.generic)) else "cuda"
        least = self.least[name] if name in self.least else self.look_up(name)
        if size >= least:
            body = self.bodies[name] if name in self.bodies else self.bring(name)
            result = body(*args, **kwargs)
            if result is not NotImplemented:
                return result
        return self.reference(*args, **kwargs)

    def register(self, backend: str):
        """`@convolution_kernel.register("numba")`: this is the body for that backend."""

        def remember(body):
            self.bodies[backend] = body
            self.look_up(backend)
            return body

        return remember

    def look_up(self, backend: str) -> float:
        """How many elements an array needs for that backend's body; infinitely many where there is none."""
        _, self.least[backend] = table_of(backend).get(
            self.__name__, ("", 0 if backend in self.bodies else math.inf)
        )
        if backend == "numba":
            self.small = self.least[backend]
        return self.least[backend]

    def bring(self, backend: str):
        """Import the file that registers the body. Where its compiler is not installed, the reference is the body."""
        try:
            importlib.import_module(f"{PACKAGES[backend]}.{table_of(backend)[self.__name__][0]}")
        except ImportError as error:
            if (error.name or "").startswith(ROOT):
                raise
            if not isinstance(error, ModuleNotFoundError):  # it is there, and refuses
                warnings.warn(f"NumPy computes {self.__name__}: {error}", stacklevel=3)
            self.bodies[backend] = self.reference
        return self.bodies[backend]


class together(threading.local):
    """`with together():` bodies may note down what they are asked to do and do it all at once, when the block closes.

    For many small changes that do not build on each other: the steps of an optimizer, parameter by parameter.
    """

    lists: Any = None

    def __enter__(self):
        self.lists = {}

    def __exit__(self, *error) -> None:
        lists, self.lists = self.lists, None
        for (start, key), arguments in lists.items():
            start(key, arguments)


in_one_go = together()


def noted(start, key, arguments) -> None:
    """Call start(key, [arguments, ...]) with the arguments of all that was noted under the key; at once outside `together`."""
    if in_one_go.lists is None:
        start(key, [arguments])
    else:
        in_one_go.lists.setdefault((start, key), []).append(arguments)


def kernel(reference) -> Kernel:
    """Mark an array function as worth a faster body; the decorated function is its reference."""
    return Kernel(reference)


# Where the bodies of a backend are: packages of module 13. Their tables, BODIES, say {kernel: (file, least size)}. The size alone
# decides, never what ran before: the same seed gives the same bits, in the first run of a process and in a resumed one.
PACKAGES = {"numba": f"{ROOT}.kernels.cpu", "cuda": f"{ROOT}.kernels.cuda"}


@cache
def table_of(backend: str) -> dict[str, Any]:
    """The table of a backend's bodies; empty at a level that has none yet."""
    package = PACKAGES.get(backend, "")
    if not package or comes_with(package.removeprefix(f"{ROOT}.")):
        return {}
    return importlib.import_module(package).BODIES


def checked(name: str, source: str) -> str:
    if name not in ("reference", "numba"):
        raise ValueError(f"{source}: {name!r} is neither 'reference' nor 'numba'")
    return name


class Choice(threading.local):
    """Which bodies run in this thread."""

    name = checked(os.environ.get("TINYTORCH_KERNELS", "numba"), "TINYTORCH_KERNELS")
    exact = False  # whether sums of products are to be computed as such, not through Winograd's identities


choice = Choice()


@contextmanager
def kernels(name: str, *, exact: bool = False):
    """`with kernels("reference"):` runs the NumPy bodies, `"numba"` the compiled ones from the size on where they pay.

    exact: convolutions without Winograd's algorithm, which is faster and rounds more.
    """
    before = choice.name, choice.exact
    choice.name, choice.exact = checked(name, "kernels"), exact
    try:
        yield
    finally:
        choice.name, choice.exact = before
