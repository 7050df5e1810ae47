"""CUDA C kernels on the CPU: each source is compiled as C++ behind `host.h` and called with NumPy arrays.

Stricter than a GPU where that finds mistakes: an argument of the wrong type is an error, and so is a write outside an
array; what is read outside one is NaN.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

HOST = Path(__file__).with_name("host.h")
COMPILER = shutil.which("g++")
KERNEL = re.compile(
    r'extern "C" __global__ void (?:__launch_bounds__\([^)]*\)\s*)?(\w+)\(([^)]*)\)\s*\{', re.S
)
GUARD = 64  # elements around each array
TYPES = {
    "float": np.float32, "double": np.float64, "int": np.int32, "unsigned": np.uint32, "byte": np.uint8,
    "bool": np.bool_, "long long": np.int64,
}  # fmt: skip


thread_order = [
    0
]  # 1: a block's threads run from the last to the first; what depends on that lacks a barrier


class RawModule:
    """What `cupy.RawModule` is to a GPU."""

    def __init__(self, *, code: str, options: tuple[str, ...] = ()):
        types = TYPES | {
            name: TYPES[kind] for kind, name in re.findall(r"typedef (float|double) (\w+);", code)
        }
        self.functions = {
            name: [parameter(p, types) for p in arguments.split(",")]
            for name, arguments in KERNEL.findall(code)
        }
        self.library = ctypes.CDLL(str(compiled(code + launchers(code))))

    def get_function(self, name: str) -> RawFunction:
        return RawFunction(self, name)


class RawFunction:
    def __init__(self, module: RawModule, name: str):
        self.module, self.name, self.parameters = module, name, module.functions[name]
        self.launch = getattr(module.library, f"launch_{name}")

    def __call__(self, grid, block, args, *, shared_mem: int = 0):
        assert not shared_mem, "kernels here use static shared memory alone"
        assert 0 < np.prod(block) <= 1024, f"{self.name}: a block of {block} threads"
        assert all(0 < g < 2 ** (31 if i == 0 else 16) for i, g in enumerate(grid)), (
            f"{self.name}: grid {grid}"
        )
        assert len(args) == len(self.parameters), f"{self.name} takes {len(self.parameters)}, got {len(args)}"
        values = [Argument(self.name, p, a) for p, a in zip(self.parameters, args)]
        pointers = (ctypes.c_void_p * len(values))(*[v.address for v in values])
        three = lambda sizes: (ctypes.c_uint * 3)(*sizes, *[1] * (3 - len(sizes)))
        self.module.library.set_thread_order(thread_order[-1])
        self.launch(three(grid), three(block), pointers)
        for value in values:
            value.put_back(self.name)


class Argument:
    """A kernel's argument, checked; an array in a copy with guards around it."""

    def __init__(self, kernel: str, parameter: tuple[str, bool, type, bool], given):
        self.name, pointer, kind, self.constant = parameter
        self.array = getattr(given, "_a", None)
        if pointer and self.array is None:  # a null pointer
            assert isinstance(given, np.uintp) and given == 0, (
                f"{kernel}: {self.name} is {given!r}, not an array"
            )
            self.value = np.array(given)
        elif pointer:
            assert self.array.dtype == kind, (
                f"{kernel}: {self.name} is {self.array.dtype}, not {kind.__name__}"
            )
            assert self.array.flags.c_contiguous, f"{kernel}: {self.name} is not contiguous"
            raw = np.full((self.array.size + 2 * GUARD) * self.array.itemsize, 255, np.uint8)
            self.guarded = raw.view(self.array.dtype)  # all bits set is a NaN
            self.inside = self.guarded[GUARD : GUARD + self.array.size]
            self.inside[...] = self.array.reshape(-1)
            self.value = np.array(self.inside.ctypes.data, np.uintp)
        else:
            assert type(given) is kind, (
                f"{kernel}: {self.name} is a {type(given).__name__}, not {kind.__name__}"
            )
            self.value = np.array(given)
        self.address = self.value.ctypes.data

    def put_back(self, kernel: str) -> None:
        if self.array is None:
            return
        for side in (self.guarded[:GUARD], self.guarded[GUARD + self.array.size :]):
            assert (side.view(np.uint8) == 255).all(), f"{kernel} writes outside {self.name}"
        if not self.constant:
            self.array.reshape(-1)[...] = self.inside


def parameter(text: str, types: dict) -> tuple[str, bool, type, bool]:
    """ "const T *x" -> its name, whether it is a pointer, the type of its elements, whether they are constant."""
    words = text.replace("*", " * ").replace("__restrict__", "").replace("const", "").split()
    kind = " ".join(w for w in words[:-1] if w != "*")
    return words[-1], "*" in words, types[kind], "const" in text


def launchers(code: str) -> str:
    """For each kernel a C function that runs it for every thread of every block."""
    text = ""
    for match in KERNEL.finditer(code):
        name, arguments = match.groups()
        kinds = [
            p.rsplit("*", 1)[0] + "*" if "*" in p else p.rsplit(None, 1)[0] for p in arguments.split(",")
        ]
        call = ", ".join(f"*({kind} *)args[{i}]" for i, kind in enumerate(kinds))
        end = code.find("\n}", match.end())
        barriers = bool(re.search(r"__sync|__shfl|block_|warp_|tile_", code[match.end() : end]))
        text += f"""
static void run_{name}() {{ void **args = arguments; {name}({call}); }}
extern "C" void launch_{name}(unsigned *grid, unsigned *block, void **args) {{
    arguments = args; body = run_{name};
    gridDim = {{grid[0], grid[1], grid[2]}}; blockDim = {{block[0], block[1], block[2]}};
    for (unsigned z = 0; z < grid[2]; z++) for (unsigned y = 0; y < grid[1]; y++) for (unsigned x = 0; x < grid[0]; x++) {{
        blockIdx = {{x, y, z}};
        run_block({int(barriers)});
    }}
}}
"""
    return "\nstatic void **arguments;\n" + text


def compiled(code: str) -> Path:
    """A shared library, kept from run to run under a name that says what it was made from."""
    key = hashlib.sha256("\0".join([code, HOST.read_text()]).encode()).hexdigest()[:20]
    folder = Path(tempfile.gettempdir()) / f"tinytorch-emulated-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    library = folder / f"{key}.so"
    if not library.exists():
        source = folder / f"{key}.{os.getpid()}.cpp"
        source.write_text(f'#include "{HOST}"\n{code}')
        unfinished = source.with_suffix(".so")
        command = [COMPILER, "-O2", "-g0", "-std=c++17", "-shared", "-fPIC", "-w", "-U_FORTIFY_SOURCE"]
        command += ["-ffp-contract=off", str(source), "-o", str(unfinished)]
        run = subprocess.run(command, capture_output=True, text=True)
        assert run.returncode == 0, f"g++ refuses a kernel:\n{run.stderr[-4000:]}"
        unfinished.replace(library)
        source.unlink()
    return library
