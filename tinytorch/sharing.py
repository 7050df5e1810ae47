"""Memory that several processes see: those forked from this one, and those to which a shared array is handed when they start."""

from __future__ import annotations

import mmap
import os
import weakref
from typing import Any

import numpy as np


class SharedMap(mmap.mmap):
    """Memory behind a file that has no name. It goes when the last process that has it open does."""

    fd: int | None = None  # None where the system has no such files: there only forked processes see it

    @classmethod
    def of(cls, fd: int | None, size: int) -> SharedMap:
        memory = cls(-1 if fd is None else fd, size)
        memory.fd = fd
        if fd is not None:
            weakref.finalize(memory, os.close, fd)
        return memory


def nameless_file(size: int) -> int | None:
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("tinytorch")
    elif os.name == "posix":
        import tempfile

        with tempfile.TemporaryFile() as file:
            fd = os.dup(file.fileno())
    else:
        return None
    os.ftruncate(fd, size)
    return fd


def shared_copy(array: np.ndarray) -> np.ndarray:
    """A copy in memory that other processes can see."""
    size = max(array.nbytes, 1)
    memory = SharedMap.of(nameless_file(size), size)
    shared = np.frombuffer(memory, array.dtype, array.size).reshape(array.shape)
    shared[...] = array
    return shared


def handle_of(array: np.ndarray) -> tuple[Any, ...] | None:
    """What a process that is being spawned needs to see a shared array; None if none is, or if it cannot."""
    from multiprocessing.context import get_spawning_popen

    if get_spawning_popen() is None:
        return None
    from multiprocessing.reduction import DupFd

    whole = array
    while isinstance(whole.base, np.ndarray):
        whole = whole.base
    memory: Any = getattr(whole.base, "obj", None)
    if not isinstance(memory, SharedMap) or memory.fd is None:
        return None
    start = np.frombuffer(memory, np.uint8).__array_interface__["data"][0]
    offset = array.__array_interface__["data"][0] - start
    return DupFd(memory.fd), len(memory), array.dtype, array.shape, offset, array.strides


def attach(duplicate, size: int, dtype, shape, offset: int, strides) -> np.ndarray:
    """The array of a handle, in the process that got it."""
    memory = SharedMap.of(duplicate.detach(), size)
    return np.ndarray(shape, dtype, np.frombuffer(memory, np.uint8), offset, strides)
