"""The safetensors format (https://github.com/huggingface/safetensors): a JSON header and raw bytes, nothing to execute.

8 bytes      length of the header, little endian
header       {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ..., "__metadata__": {...}}
the rest     the elements of all tensors, which must cover it without holes or overlaps
"""

from __future__ import annotations

import json
import math
from typing import BinaryIO

import numpy as np

from .. import dtypes
from .files import SerializationError, read_into

MAX_HEADER = 100_000_000  # the limit of the reference implementation
DTYPES = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "U32": "<u4", "I32": "<i4", "U64": "<u8", "I64": "<i8",
    "F16": "<f2", "F32": "<f4", "F64": "<f8", "C64": "<c8",
}  # fmt: skip
NAMES = {np.dtype(code): name for name, code in DTYPES.items()}
BFLOAT16 = "BF16"


def write_safetensors(file: BinaryIO, arrays: dict[str, np.ndarray]) -> None:
    """Write named arrays. The header keeps their order; the bytes go widest type first, so that each is aligned."""
    names = {name: dtype_name(name, array) for name, array in arrays.items()}
    arrays = {n: upper_half(array) if names[n] == BFLOAT16 else array for n, array in arrays.items()}
    # not np.ascontiguousarray, which makes a 0-dim array one-dimensional
    arrays = {
        name: np.asarray(array, array.dtype.newbyteorder("<"), order="C") for name, array in arrays.items()
    }
    widest_first = sorted(arrays, key=lambda name: -arrays[name].dtype.itemsize)
    starts, end = {}, 0
    for name in widest_first:
        starts[name], end = end, end + arrays[name].nbytes
    header: dict = {"__metadata__": {"format": "pt"}}  # what transformers asks for
    for name, array in arrays.items():
        offsets = [starts[name], starts[name] + array.nbytes]
        header[name] = {"dtype": names[name], "shape": list(array.shape), "data_offsets": offsets}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    file.write(len(text).to_bytes(8, "little") + text)
    for name in widest_first:
        file.write(arrays[name].data if arrays[name].size else b"")


def dtype_name(name: str, array: np.ndarray) -> str:
    if array.dtype is dtypes.BFLOAT16:
        return BFLOAT16
    try:
        return NAMES[array.dtype.newbyteorder("<")]  # the bytes are turned when they are written
    except KeyError:
        raise TypeError(
            f"save: {name!r} is {array.dtype}, which safetensors cannot hold; use a name ending in .pt"
        ) from None


def upper_half(array: np.ndarray) -> np.ndarray:
    """A bfloat16 is the upper half of a float32."""
    return (dtypes.to_bfloat16(array).view(np.uint32) >> 16).astype(np.uint16)


def read_safetensors(file: BinaryIO, size: int, what: str) -> dict[str, np.ndarray]:
    """The arrays of a file of `size` bytes, in the header's order. Everything is checked before memory is asked for."""
    header, data_size = read_header(file, size, what)
    data_start = size - data_size
    entries = {name: Entry(name, fields, what) for name, fields in header.items() if name != "__metadata__"}
    check_cover(entries, data_size, what)
    arrays = {}
    for name, entry in entries.items():
        file.seek(data_start + entry.start)
        arrays[name] = entry.read(file)
    return arrays


def read_header(file: BinaryIO, size: int, what: str) -> tuple[dict, int]:
    length = int.from_bytes(file.read(8), "little")
    if size < 8 or length > min(MAX_HEADER, size - 8):
        raise SerializationError(
            f"{what}: truncated or no safetensors file: the header should have {length} bytes, the file has {size}"
        )
    try:
        header = json.loads(file.read(length).decode("utf-8"), object_pairs_hook=without_duplicates)
    except (ValueError, RecursionError) as error:
        raise SerializationError(f"{what}: the safetensors header is not valid JSON ({error})") from None
    if not isinstance(header, dict):
        raise SerializationError(f"{what}: the safetensors header is not a JSON object")
    return header, size - 8 - length


def without_duplicates(pairs: list) -> dict:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a name occurs twice")
    return result


class Entry:
    """One tensor as the header describes it, checked on its own."""

    def __init__(self, name: str, fields, what: str):
        self.what = f"{what}: tensor {name!r}"
        if not isinstance(fields, dict) or not {"dtype", "shape", "data_offsets"} <= fields.keys():
            raise SerializationError(f"{self.what} needs dtype, shape and data_offsets in the header")
        self.dtype, self.shape, offsets = fields["dtype"], fields["shape"], fields["data_offsets"]
        if not is_sizes(self.shape) or not is_sizes(offsets) or len(offsets) != 2:
            raise SerializationError(
                f"{self.what}: shape and data_offsets must be lists of non-negative integers"
            )
        if self.dtype not in DTYPES and self.dtype != BFLOAT16:
            known = ", ".join([*DTYPES, BFLOAT16])
            raise SerializationError(
                f"{self.what} has dtype {self.dtype!r}, which tinytorch has not; it reads {known}"
            )
        self.start, self.end = offsets
        self.stored = np.dtype("<u2" if self.dtype == BFLOAT16 else DTYPES[self.dtype])
        expected = math.prod(self.shape) * self.stored.itemsize
        if self.end - self.start != expected:
            raise SerializationError(
                f"{self.what} of shape {self.shape} and dtype {self.dtype} has {expected} bytes, "
                f"but data_offsets {offsets} give it {self.end - self.start}"
            )

    def read(self, file: BinaryIO) -> np.ndarray:
        is_bool = self.stored.kind == "b"
        try:
            array = np.empty(self.shape, "u1" if is_bool else self.stored)
        except ValueError as error:  # more than 64 dimensions, or a size beyond 64 bits beside a 0
            raise SerializationError(f"{self.what} of shape {self.shape}: {error}") from None
        read_into(file, array, self.what)
        if self.dtype == BFLOAT16:
            dtypes.begin_bfloat16()
            return (array.astype("u4") << 16).view(dtypes.BFLOAT16)  # the upper half of a float32
        return array != 0 if is_bool else array.astype(array.dtype.newbyteorder("="), copy=False)


def is_sizes(value) -> bool:
    return isinstance(value, list) and all(type(v) is int and v >= 0 for v in value)


def check_cover(entries: dict[str, Entry], data_size: int, what: str) -> None:
    """The tensors must follow each other without holes or overlaps, and end where the file ends."""
    position = 0
    for entry in sorted(entries.values(), key=lambda entry: (entry.start, entry.end)):
        if entry.start != position:
            raise SerializationError(
                f"{entry.what} starts at byte {entry.start} of the data, expected {position}: a hole or an overlap"
            )
        position = entry.end
    if position != data_size:
        raise SerializationError(
            f"{what}: truncated or damaged: the tensors need {position} bytes of data, the file has {data_size}"
        )
