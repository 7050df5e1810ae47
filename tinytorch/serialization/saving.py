"""`save` and `load`, with PyTorch's signatures and without its pickle."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

from .. import backend, dtypes
from ..tensor import Tensor
from .files import SerializationError, atomic_write

# Each format is imported by the function that needs it: `import tinytorch` does not pay for zipfile and its like.

# Tensors have no unsigned types above 8 bits; these hold the same numbers.
WIDER = {"uint16": "int32", "uint32": "int64", "uint64": "int64"}

# What `load` takes for map_location; programs name it in annotations.
MAP_LOCATION = Callable[[Tensor, str], Tensor] | backend.device | str | dict[str, str] | None


def save(
    obj: Any, f, pickle_module=None, pickle_protocol: int = 2, _use_new_zipfile_serialization: bool = True
) -> None:
    """Write tensors, modules and the plain data around them (dicts, lists, tuples, numbers, text) to a path or a binary file.

    Of a module the file has its attributes and the name of its class, which the program that loads it must have too.
    A name ending in .safetensors makes a safetensors file, which holds one flat dict of tensors; any other an npz file.
    A path is replaced only when everything is written. The pickle arguments are there for PyTorch programs and do nothing.
    """
    from .container import write_container
    from .safetensors import write_safetensors

    if not is_path(f):
        write_container(f, obj)
        return
    arrays = flat_arrays(obj, f) if os.fspath(f).endswith(".safetensors") else None
    with atomic_write(f) as file:
        if arrays is not None:
            write_safetensors(file, arrays)
        else:
            write_container(file, obj)


def load(
    f,
    map_location=None,
    pickle_module=None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_args,
) -> Any:
    """Read what `save` wrote, a safetensors or npz file, or a state_dict saved by PyTorch; the content decides which.

    `map_location`: a device, a dict of devices, or a function (tensor, location) -> tensor or None. Nothing in a file is
    ever run, whatever `weights_only` says. Raises SerializationError for a file that is damaged or holds anything else.
    """
    place = placer(map_location)
    if is_path(f):
        with open(f, "rb") as file:
            return read(file, os.fspath(f), place)
    return read(seekable(f), str(getattr(f, "name", "file")), place)


def is_path(f) -> bool:
    if isinstance(f, (str, os.PathLike)):
        return True
    if not hasattr(f, "write") and not hasattr(f, "read"):
        raise TypeError(f"f must be a path or a binary file, got {type(f).__name__}")
    if isinstance(f, io.TextIOBase):
        raise TypeError("f is open as text; open it with mode 'wb' or 'rb'")
    return False


def seekable(file: BinaryIO) -> BinaryIO:
    """The file from where it stands, as something that starts at 0 and can be sought in."""
    if file.seekable() and file.tell() == 0:
        return file
    return io.BytesIO(file.read())


def flat_arrays(obj, f) -> dict[str, np.ndarray]:
    """The arrays of a flat dict of tensors, which is all that a safetensors file can hold."""
    if not isinstance(obj, dict):
        raise TypeError(
            f"save: {f} can only hold a dict of tensors, got a {type(obj).__name__}; use a name ending in .pt"
        )
    for key, value in obj.items():
        if not isinstance(key, str) or not isinstance(value, (Tensor, np.ndarray)):
            kind = type(value).__name__
            raise TypeError(
                f"save: {f} can only hold tensors by name, but obj[{key!r}] is a {kind}; use a name ending in .pt"
            )
    return {key: backend.move(getattr(value, "array", value), backend.CPU) for key, value in obj.items()}


# ---------------------------------------------------------------- reading


def read(file: BinaryIO, what: str, place):
    """Find out which format this is, and read it."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    start = file.read(9)
    file.seek(0)
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return read_zip(file, size, what, place)
    if start[8:] == b"{":
        from .safetensors import read_safetensors

        return {
            name: place(array, "cpu", False) for name, array in read_safetensors(file, size, what).items()
        }
    raise SerializationError(f"{what}: {what_else(start, size)}")


def read_zip(file: BinaryIO, size: int, what: str, place):
    from .container import STRUCTURE, open_archive, read_container, read_npy
    from .pytorch import read_pytorch

    with open_archive(file, size, what) as archive:
        names = archive.namelist()
        if STRUCTURE in names:
            return read_container(archive, what, place)
        if any(name.endswith("/data.pkl") for name in names):
            return read_pytorch(archive, what, place)
        if names and all(name.endswith(".npy") for name in names):
            return {name[:-4]: place(read_npy(archive, name, what), "cpu", False) for name in names}
    raise SerializationError(
        f"{what}: a zip file, but not one by tinytorch, NumPy or PyTorch (members: {', '.join(names[:5]) or 'none'})"
    )


def what_else(start: bytes, size: int) -> str:
    if size == 0:
        return "the file is empty"
    if start.startswith(b"\x80\x02\x8a\nl\xfc\x9cF\xf9"):
        return "written by PyTorch before 1.6; load it there and save it again"
    if start.startswith(b"\x80"):
        return "a pickle, which is refused: loading one can run any code"
    return "truncated, or no file of tensors (known are tinytorch's own, safetensors, npz and PyTorch's state_dicts)"


def placer(map_location):
    """The function that makes a Tensor of an array and puts it where it belongs."""

    def place(array: np.ndarray, location: str, requires_grad: bool) -> Tensor:
        tensor = Tensor.wrap(supported(array))
        tensor = relocate(tensor, location, map_location)
        return tensor.requires_grad_() if requires_grad and array.dtype.kind in "fc" else tensor

    return place


def relocate(tensor: Tensor, location: str, map_location) -> Tensor:
    """The tensor on the device that the caller asks for, or else on the one it was saved from."""
    if callable(map_location):
        moved = map_location(tensor, location)
        if moved is not None:
            return moved
    elif isinstance(map_location, dict):
        location = str(map_location.get(location, location))
    elif map_location is not None:
        location = str(map_location)
    if location == "cpu":
        return tensor
    where = backend.device(location)
    if map_location is None and not backend.cuda_available():
        raise RuntimeError(
            f"load: the file holds tensors of device '{location}', and there is no CUDA here; load with map_location='cpu'"
        )
    return tensor.to(where)


def supported(array: np.ndarray) -> np.ndarray:
    """The array in a dtype that tensors have."""
    if array.dtype.name in WIDER:
        wider = WIDER[array.dtype.name]
        if array.size and array.max() > np.iinfo(wider).max:
            raise SerializationError(
                f"load: {array.dtype} values above {np.iinfo(wider).max} fit no tensor dtype"
            )
        return array.astype(wider)
    try:
        dtypes.from_numpy(array.dtype)
    except TypeError as error:
        raise SerializationError(f"load: {error}") from None
    return array
