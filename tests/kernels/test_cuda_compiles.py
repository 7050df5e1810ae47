"""Every CUDA source compiles for the cards tinytorch is for, the GTX 10xx (sm_61) first, and fits them: no GPU is needed for that.

NVRTC is what CuPy compiles with. It makes machine code ("cubin", an ELF file), which says what each kernel needs of a
multiprocessor in the attributes of its section .nv.info and in the names and sizes of others.
"""

from __future__ import annotations

import ctypes
import importlib.util
import struct
from pathlib import Path

import pytest

from tinytorch.kernels.cuda.attention import HEADS
from tinytorch.kernels.cuda.launch import FOLDER, source

CARDS = ("sm_61", "sm_75", "sm_86", "sm_90")
SHARED_MEMORY = 48 << 10  # static shared memory of a block, on all of them
REGISTERS = 65536  # of a multiprocessor, on all of them
SPILLED = {
    "sm_61": 0,
    "sm_75": 0,
    "sm_86": 0,
    "sm_90": 64,
}  # bytes of a thread's registers that may go to memory

# Each source with the element type and the constants it is compiled with. Attention is written for float32 alone.
FILES = [path.stem for path in sorted(FOLDER.glob("*.cu")) if path.stem != "attention"]
BUILDS = [(name, kind, {}) for name in FILES for kind in ("float", "double")]
BUILDS += [("attention", "float", {"D": size}) for size in HEADS]
LABELS = ["-".join([name, kind, *map(str, constants.values())]) for name, kind, constants in BUILDS]


@pytest.fixture(scope="module")
def nvrtc():
    """NVRTC's C library, from the nvidia-cuda-nvrtc-cu12 package."""
    spec = importlib.util.find_spec("nvidia.cuda_nvrtc") if importlib.util.find_spec("nvidia") else None
    places = [Path(p) for p in spec.submodule_search_locations] if spec else []
    found = [file for place in places for file in sorted(place.rglob("*nvrtc*")) if is_library(file.name)]
    if not found:
        pytest.skip("NVRTC is not installed: pip install nvidia-cuda-nvrtc-cu12")
    return ctypes.CDLL(str(found[0]))


def is_library(name: str) -> bool:
    return (name.startswith(("libnvrtc.so", "nvrtc64_"))) and "alt" not in name


def compiled(nvrtc, code: str, options: list[str]) -> bytes:
    """Machine code for one card; NVRTC's own message where it refuses."""
    program = ctypes.c_void_p()
    assert not nvrtc.nvrtcCreateProgram(ctypes.byref(program), code.encode(), b"kernels.cu", 0, None, None)
    given = (ctypes.c_char_p * len(options))(*[o.encode() for o in options])
    failed = nvrtc.nvrtcCompileProgram(program, len(options), given)
    if failed:
        size = ctypes.c_size_t()
        nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
        log = ctypes.create_string_buffer(size.value)
        nvrtc.nvrtcGetProgramLog(program, log)
        pytest.fail(log.value.decode())
    size = ctypes.c_size_t()
    nvrtc.nvrtcGetCUBINSize(program, ctypes.byref(size))
    cubin = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetCUBIN(program, cubin)
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    return cubin.raw


# ---------------------------------------------------------------- what a kernel needs


class Needs:
    """Registers of a thread, bytes of shared memory of a block, bytes of registers a thread had to put into memory."""

    def __init__(self):
        self.registers = self.shared = self.spilled = 0


def needs(cubin: bytes) -> dict[str, Needs]:
    """What each kernel in a cubin needs."""
    offset, (size, count, names_at) = (
        struct.unpack_from("<Q", cubin, 40)[0],
        struct.unpack_from("<HHH", cubin, 58),
    )
    headers = [struct.unpack_from("<IIQQQQIIQQ", cubin, offset + i * size) for i in range(count)]
    strings = headers[names_at][4]
    kernels: dict[str, Needs] = {}
    for name_at, _, _, _, at, length, _, _, _, _ in headers:
        name = cubin[strings + name_at : cubin.index(b"\0", strings + name_at)].decode()
        if name.startswith(".nv.shared."):
            kernels.setdefault(name.removeprefix(".nv.shared."), Needs()).shared = length
        elif name == ".nv.info":
            for code, symbol, value in attributes(cubin[at : at + length]):
                need = kernels.setdefault(symbol_name(cubin, headers, symbol), Needs())
                if code == FRAME_SIZE:
                    need.spilled = value
                elif code == REGISTER_COUNT:
                    need.registers = value
    return {kernel: need for kernel, need in kernels.items() if need.registers and not kernel.startswith("$")}


FRAME_SIZE, REGISTER_COUNT = 0x11, 0x2F


def attributes(info: bytes):
    """(code, symbol, value) of the attributes that are about a whole kernel."""
    at = 0
    while at < len(info):
        form, code, size = struct.unpack_from("<BBH", info, at)
        at += 4
        if form == 4:  # only this form has a body
            if code in (FRAME_SIZE, REGISTER_COUNT):
                yield code, *struct.unpack_from("<II", info, at)
            at += size


def symbol_name(cubin: bytes, headers, number: int) -> str:
    table = next(h for h in headers if h[1] == 2)  # SHT_SYMTAB
    names = headers[table[6]][4]
    at = names + struct.unpack_from("<I", cubin, table[4] + number * 24)[0]
    return cubin[at : cubin.index(b"\0", at)].decode()


# Doubles are for gradient checks: it is enough that they compile for the oldest card.
PAIRS = [
    pytest.param(c, b, id=f"{c}-{n}")
    for c in CARDS
    for b, n in zip(BUILDS, LABELS)
    if b[1] == "float" or c == CARDS[0]
]


@pytest.mark.parametrize("card, build", PAIRS)
def test_a_source_compiles_and_fits(nvrtc, card, build):
    name, kind, constants = build
    code = source(name, kind, **constants)
    kernels = needs(compiled(nvrtc, code, [f"--gpu-architecture={card}", "--std=c++14"]))
    assert kernels.keys() == {line.split("(")[0].split()[-1] for line in declared(code)}
    for kernel, need in kernels.items():
        assert 0 < need.registers <= 255, f"{kernel}: {need.registers} registers"
        assert need.shared <= SHARED_MEMORY, f"{kernel}: {need.shared} bytes of shared memory"
        assert need.spilled <= SPILLED[card], f"{kernel}: {need.spilled} bytes of registers spilled to memory"
        assert need.registers * threads(code, kernel) <= REGISTERS, (
            f"{kernel}: {need.registers} registers a thread"
        )


def declared(code: str) -> list[str]:
    lines = [line for line in code.splitlines() if line.startswith('extern "C" __global__')]
    return [
        line.replace("__launch_bounds__(128) ", "").replace("__launch_bounds__(256) ", "") for line in lines
    ]


def threads(code: str, kernel: str) -> int:
    """The largest block a kernel is started with: its launch bounds, or what `launch.threads_for` gives at most."""
    line = next(line for line in code.splitlines() if f" {kernel}(" in line and "__global__" in line)
    return int(line.split("__launch_bounds__(")[1].split(")")[0]) if "__launch_bounds__" in line else 512
