"""From a `.cu` file to a running kernel: each source is compiled for the card and the element type when it is first used.

CuPy keeps what was compiled in ~/.cupy/kernel_cache, so a program's second run compiles nothing.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from ...backend import cupy

FOLDER = Path(__file__).parent
C_NAMES = {np.dtype(np.float32): "float", np.dtype(np.float64): "double"}
NULL = np.uintp(0)
LARGEST = 2**31 - 1  # kernels count elements in an int: half the instructions of a long long


def source(name: str, element: str, **constants: int) -> str:
    """The text that is compiled: the element type T and the constants, what all kernels share, and one file of them."""
    given = [f"typedef {element} T;", *[f"const int {key} = {value};" for key, value in constants.items()]]
    shared, kernels = ((FOLDER / file).read_text(encoding="utf-8") for file in ("common.cuh", f"{name}.cu"))
    return "\n".join([*given, shared, kernels])


class Source:
    """A file of kernels. `pooling["max_pool_forward"](x.dtype, grid, block, ...)` runs one of them."""

    def __init__(self, name: str, **constants: int):
        self.name, self.constants = name, constants
        self.modules: dict = {}

    def module(self, dtype: np.dtype):
        """The compiled file, for elements of that dtype, from the CuPy in use."""
        xp = cupy()
        key = xp, dtype
        if key not in self.modules:
            code = source(self.name, C_NAMES[dtype], **self.constants)
            self.modules[key] = xp.RawModule(code=code, options=("--std=c++14",))
        return self.modules[key]

    def __getitem__(self, kernel: str):
        return functools.partial(self.run, kernel)

    def run(self, kernel: str, dtype: np.dtype, grid, block: int | tuple[int, int], *args) -> None:
        """Start a kernel. Python's integers are passed as int, its floats as elements, None as a null pointer."""
        blocks = (grid,) if isinstance(grid, int) else grid
        threads = (block,) if isinstance(block, int) else block
        if 0 not in blocks:
            given = tuple([argument(a, dtype) for a in args])
            self.module(dtype).get_function(kernel)(blocks, threads, given)

    def each(self, kernel: str, dtype: np.dtype, count: int, *args) -> None:
        """Start a kernel with a thread for each of `count` elements."""
        self.run(kernel, dtype, -(-count // 256), 256, *args)


def argument(value, dtype: np.dtype):
    if value is None:
        return NULL
    if isinstance(value, bool) or type(value) is int:
        return np.int32(value)
    if isinstance(value, float):
        return dtype.type(value)
    return value


def contiguous(*arrays):
    """The arrays (or None) with their elements in order, as the kernels want them; copied only where they are not."""
    return [a if a is None or a.flags.c_contiguous else cupy().ascontiguousarray(a) for a in arrays]


def suits(*arrays) -> bool:
    """Whether the kernels take these arrays: float32 or float64, all of one dtype, none empty or too large to count."""
    given = [a for a in arrays if a is not None]
    dtype = given[0].dtype
    return dtype in C_NAMES and all(a.dtype == dtype and 0 < a.size <= LARGEST for a in given)


def threads_for(count: int, most: int = 512) -> int:
    """A block for a row of that many elements: a power of two from 32 on, so that each thread gets about four."""
    return min(most, max(32, 1 << max(0, (count - 1) // 4).bit_length()))
