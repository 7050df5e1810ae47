"""What the student's process may say: named arrays in frames with a small strict header.

    REQUEST KIND NAME DTYPE DIMS\\n  and then the array's bytes, in C order, little-endian

Nothing here is unpickled, evaluated or parsed as anything nested: whatever comes is an array, or a violation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, BinaryIO

VALUE, LOG, DONE, ERROR = "value", "log", "done", "error"
DTYPES = {"f4": 4, "f8": 8, "i8": 8, "i4": 4, "u4": 4, "u1": 1, "b1": 1}
HEADER = re.compile(
    rb"([0-9a-f]{16}) (value|log|done|error) ([A-Za-z0-9_.]{1,80}) (f4|f8|i8|i4|u4|u1|b1) ((?:\d{1,10},){0,8})\n"
)
LONGEST_HEADER = 300
LARGEST_FRAME = 1 << 28  # bytes


class Violation(Exception):
    """Something came that is no frame, or an answer to no question."""


class CutShort(Violation):
    """The stream ended in the middle of a frame."""


@dataclass
class Frame:
    request: str
    kind: str
    name: str
    array: Any


def write_frame(out: BinaryIO, request: str, kind: str, name: str = "_", array=None) -> None:
    """Send an array; a dtype that has no place on the wire becomes float64."""
    import numpy as np

    array = np.zeros(0, np.uint8) if array is None else np.asarray(array)
    code = array.dtype.str[1:]
    if code not in DTYPES:
        array, code = array.astype(np.float64), "f8"
    array = np.asarray(array, dtype=f"<{code}", order="C")  # a scalar stays one
    dims = "".join(f"{n}," for n in array.shape)
    out.write(f"{request} {kind} {re.sub('[^A-Za-z0-9_.]', '_', name)[:80]} {code} {dims}\n".encode())
    out.write(array.tobytes())
    out.flush()


def read_frame(stream: BinaryIO, largest: int = LARGEST_FRAME) -> Frame | None:
    """The next frame; None at the end of the stream."""
    import numpy as np

    line = stream.readline(LONGEST_HEADER)
    if not line:
        return None
    found = HEADER.fullmatch(line)
    if not found:
        if len(line) < LONGEST_HEADER and not line.endswith(b"\n"):
            raise CutShort(f"the beginning of a frame: {line[:60]!r}")
        raise Violation(f"bytes that are no frame: {line[:60]!r}")
    request, kind, name, code, dims = (part.decode("ascii") for part in found.groups())
    shape = tuple(int(n) for n in dims.split(",") if n)
    size = DTYPES[code]
    for n in shape:
        size *= n
    if size > largest:
        raise Violation(f"{name}: an array of {size:,} bytes is too large")
    data = stream.read(size)
    if len(data) < size:
        raise CutShort(f"{name}: {len(data):,} of {size:,} bytes came")
    return Frame(request, kind, name, np.frombuffer(data, f"<{code}" if size else code).reshape(shape))
