"""Values as bytes: one letter for the kind, then the content. What has no letter does not travel.

Numbers, texts and tuples are written out; what can change, or can only be named, is written as the number it has on the link
(`link.py`). Types are exact: a subclass of str is no str. Decoding believes nothing: every size is checked before it is used, and
anything odd is a `Violation`.
"""

from __future__ import annotations

import builtins
import collections
import pathlib
import re
import struct
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

LARGEST = 24 << 20  # bytes of a message
MOST_VALUES = 500_000  # in the containers of a message
DEEPEST = 60  # tuples in tuples
DTYPE = re.compile(r"[<>|](?:b1|[iu][1248]|f[248]|c(?:8|16)|U\d{1,4})")
LENGTH = struct.Struct("<I")
NUMBER = struct.Struct("<q")
FLOAT = struct.Struct("<d")
COMPLEX = struct.Struct("<dd")

SCALARS = tuple(
    np.dtype(code).type
    for code in ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16")
)
TYPES: dict[str, Any] = {name: value for name, value in vars(builtins).items() if isinstance(value, type)}
TYPES |= {"OrderedDict": collections.OrderedDict, "ndarray": np.ndarray, "Path": pathlib.Path}
TYPES |= {f"numpy.{kind.__name__}": kind for kind in (*SCALARS, np.floating, np.integer, np.generic)}
TYPES["NoneType"] = type(None)
TYPE_NAMES = {value: name for name, value in TYPES.items()}


class Violation(Exception):
    """What came is no message."""


class Unsendable(TypeError):
    """A value has no place on the wire."""


class Writer:
    """`refer` gives the number of an object that is not written out."""

    def __init__(self, refer: Callable[[Any], int]):
        self.out, self.refer = bytearray(), refer

    def block(self, data: bytes) -> None:
        self.out += LENGTH.pack(len(data))
        self.out += data

    def value(self, value: Any) -> None:
        write = WRITERS.get(type(value))
        if write is not None:
            write(self, value)
        elif isinstance(value, type) and value in TYPE_NAMES:
            self.out += b"t"
            self.block(TYPE_NAMES[value].encode())
        elif isinstance(value, np.dtype):
            self.dtype(value)
        else:
            self.out += b"r"
            self.out += NUMBER.pack(self.refer(value))

    def sequence(self, letter: bytes, values) -> None:
        self.out += letter
        self.out += LENGTH.pack(len(values))
        for value in values:
            self.value(value)

    def integer(self, value: int) -> None:
        if -(1 << 63) <= value < 1 << 63:
            self.out += b"i"
            self.out += NUMBER.pack(value)
        else:
            self.out += b"j"
            self.block(value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True))

    def text(self, value: str) -> None:
        self.out += b"s"
        self.block(value.encode("utf-8", "surrogatepass"))

    def binary(self, value: bytes) -> None:
        self.out += b"b"
        self.block(value)

    def path(self, value: pathlib.Path) -> None:
        self.out += b"P"
        self.block(str(value).encode("utf-8", "surrogateescape"))

    def dtype(self, value: np.dtype) -> None:
        if not DTYPE.fullmatch(value.str):
            raise Unsendable(f"dtype {value}")
        self.out += b"d"
        self.block(value.str.encode())

    def scalar(self, value: np.generic) -> None:
        self.out += b"g"
        self.block(value.dtype.str.encode())
        self.block(value.tobytes())


def write_named(writer: Writer, value: tuple) -> None:
    """A named tuple: its class, which has a number, and its values."""
    writer.out += b"u"
    writer.out += NUMBER.pack(writer.refer(type(value)))
    writer.sequence(b"(", tuple(value))


def read_named(reader: Reader) -> tuple:
    cls, values = reader.resolve(reader.number()), reader.value()
    if not (isinstance(cls, type) and issubclass(cls, tuple) and type(values) is tuple):
        raise Violation("a named tuple of no class")
    return tuple.__new__(cls, values)


def constant(letter: bytes) -> Callable[[Writer, Any], None]:
    def write(writer: Writer, value) -> None:
        writer.out += letter

    return write


WRITERS: dict[type, Callable[[Writer, Any], None]] = {
    type(None): constant(b"N"),
    bool: lambda w, v: w.out.extend(b"T" if v else b"F"),
    int: Writer.integer,
    float: lambda w, v: w.out.extend(b"f" + FLOAT.pack(v)),
    complex: lambda w, v: w.out.extend(b"c" + COMPLEX.pack(v.real, v.imag)),
    str: Writer.text,
    bytes: Writer.binary,
    tuple: lambda w, v: w.sequence(b"(", v),
    frozenset: lambda w, v: w.sequence(b"z", tuple(v)),
    slice: lambda w, v: w.sequence(b":", (v.start, v.stop, v.step)),
    range: lambda w, v: w.sequence(b"-", (v.start, v.stop, v.step)),
    type(Ellipsis): constant(b"e"),
    type(NotImplemented): constant(b"n"),
    type(pathlib.Path()): Writer.path,
    **dict.fromkeys(SCALARS, Writer.scalar),
}


class Reader:
    """`resolve` gives the object that has a number."""

    def __init__(
        self,
        data: bytes,
        resolve: Callable[[int], Any],
        at: int = 0,
        end: int | None = None,
        whole: Reader | None = None,
    ):
        self.data, self.resolve, self.at = data, resolve, at
        self.end = len(data) if end is None else end
        self.depth = self.count = 0
        self.whole = whole or self  # the reader of the message that this is a part of

    def take(self, size: int) -> bytes:
        begin = self.at
        if size > self.end - begin:
            raise Violation("a message that ends in the middle")
        self.at = begin + size
        return self.data[begin : self.at]

    def length(self) -> int:
        return LENGTH.unpack(self.take(4))[0]

    def number(self) -> int:
        return NUMBER.unpack(self.take(8))[0]

    def block(self) -> bytes:
        return self.take(self.length())

    def word(self) -> str:
        return self.block().decode("utf-8", "surrogatepass")

    def value(self) -> Any:
        letter = self.take(1)
        read = READERS.get(letter)
        if read is None:
            raise Violation(f"an unknown kind of value, {letter!r}")
        return read(self)

    def sequence(self) -> list[Any]:
        count = self.length()
        if count > self.end - self.at:  # each value takes a byte at least
            raise Violation("a sequence longer than its message")
        self.whole.count += count
        if self.whole.count > MOST_VALUES:
            raise Violation("a message of too many values")
        self.depth += 1
        if self.depth > DEEPEST:
            raise Violation("values nested too deep")
        values = [self.value() for _ in range(count)]
        self.depth -= 1
        return values

    def three(self) -> list[Any]:
        values = self.sequence()
        if len(values) != 3:
            raise Violation("not three ends")
        return values

    def span(self) -> range:
        values = self.three()
        if any(type(v) is not int for v in values) or not values[2]:
            raise Violation("a range of what is no number")
        return range(*values)

    def dtype(self) -> np.dtype:
        code = self.block().decode("ascii", "replace")
        if not DTYPE.fullmatch(code):
            raise Violation(f"dtype {code[:20]!r}")
        return np.dtype(code)

    def scalar(self) -> np.generic:
        dtype, data = self.dtype(), self.block()
        if len(data) != dtype.itemsize:
            raise Violation("a number of another size than its dtype's")
        return np.frombuffer(data, dtype)[0]

    def type(self) -> Any:
        name = self.word()
        if name not in TYPES:
            raise Violation(f"an unknown type, {name[:40]!r}")
        return TYPES[name]

    def frozen(self) -> frozenset:
        try:
            return frozenset(self.sequence())
        except TypeError:
            raise Violation("a set of what cannot be in one") from None


READERS: dict[bytes, Callable[[Reader], Any]] = {
    b"N": lambda r: None,
    b"T": lambda r: True,
    b"F": lambda r: False,
    b"i": Reader.number,
    b"j": lambda r: int.from_bytes(r.block()[:10_000], "little", signed=True),
    b"f": lambda r: FLOAT.unpack(r.take(8))[0],
    b"c": lambda r: complex(*COMPLEX.unpack(r.take(16))),
    b"s": Reader.word,
    b"b": Reader.block,
    b"(": lambda r: tuple(r.sequence()),
    b"z": Reader.frozen,
    b":": lambda r: slice(*r.three()),
    b"-": Reader.span,
    b"e": lambda r: Ellipsis,
    b"n": lambda r: NotImplemented,
    b"P": lambda r: pathlib.Path(r.block().decode("utf-8", "surrogateescape")),
    b"d": Reader.dtype,
    b"g": Reader.scalar,
    b"t": Reader.type,
    b"u": read_named,
    b"r": lambda r: r.resolve(r.number()),
}


# ---------------------------------------------------------------- arrays


def write_array(writer: Writer, array: np.ndarray) -> None:
    """dtype, shape, strides (none where the array is contiguous) and elements in C order."""
    code = array.dtype.str
    if not DTYPE.fullmatch(code):
        raise Unsendable(f"an array of {array.dtype}")
    writer.block(code.encode())
    writer.value(array.shape)
    plain = array.flags.c_contiguous or 0 in array.shape
    writer.value(() if plain else array.strides)
    writer.value(bool(array.flags.writeable))
    writer.block(array.tobytes())


def read_array(reader: Reader, layout: bool) -> np.ndarray:
    """An array of one's own. Its layout in memory is kept only from a side that is trusted: wild strides would read anywhere."""
    dtype, shape, strides, writeable = reader.dtype(), reader.value(), reader.value(), reader.value()
    if type(shape) is not tuple or len(shape) > 32 or any(type(n) is not int or n < 0 for n in shape):
        raise Violation("an array without a shape")
    data = reader.block()
    count = 1
    for n in shape:
        count *= n
    if count * dtype.itemsize != len(data):
        raise Violation(f"an array of shape {shape} in {len(data):,} bytes")
    array = np.frombuffer(data, dtype).reshape(shape)
    if layout and strides:
        array = laid_out(array, strides)
    else:
        array = array.copy()
    if layout and not writeable:
        array.flags.writeable = False
    return array


def laid_out(array: np.ndarray, strides: tuple[int, ...]) -> np.ndarray:
    """The same elements with these strides."""
    reach = [(n - 1) * s for n, s in zip(array.shape, strides)]
    first, last = sum(min(r, 0) for r in reach), sum(max(r, 0) for r in reach)
    memory = np.zeros(last - first + array.itemsize, np.uint8)
    view = np.ndarray(array.shape, array.dtype, memory.data, -first, strides)
    view[...] = array
    return view


# ---------------------------------------------------------------- messages


def send(out: BinaryIO, data: bytes | bytearray) -> None:
    if len(data) > LARGEST:
        raise Unsendable(f"a message of {len(data):,} bytes")
    out.write(LENGTH.pack(len(data)) + data)
    out.flush()


def receive(stream: BinaryIO) -> bytes:
    """The next message; EOFError at the end of the stream."""
    head = stream.read(4)
    if len(head) < 4:
        raise EOFError
    size = LENGTH.unpack(head)[0]
    if size > LARGEST:
        raise Violation(f"a message of {size:,} bytes")
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data
