"""Reading the zip files that `torch.save` of PyTorch writes, without running the pickle in them.

A pickle is a program for a small stack machine, and its instructions can call any function. Here that machine is our own:
it knows only the instructions that plain data and tensors need, and a name stands for one of the entries of `GLOBALS`.
"""

from __future__ import annotations

import math
import pickletools
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .. import backend, dtypes
from ..tensor import Size
from .container import ZIP_ERRORS, read_member
from .files import SerializationError, read_into

MAX_PICKLE = 256 * 2**20
STORAGES = {
    "FloatStorage": "<f4", "DoubleStorage": "<f8", "HalfStorage": "<f2", "LongStorage": "<i8", "IntStorage": "<i4", "ShortStorage": "<i2",
    "CharStorage": "i1", "ByteStorage": "u1", "BoolStorage": "?", "ComplexFloatStorage": "<c8", "ComplexDoubleStorage": "<c16",
    "BFloat16Storage": "bfloat16",
}  # fmt: skip


class Refused(Exception):
    """What the pickle asks for is not plain data."""


class Global(NamedTuple):
    """A name that the pickle refers to, `module.name`: no object, only the name."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


def read_pytorch(archive: zipfile.ZipFile, what: str, place):
    """The object of a file by PyTorch: tensors, numbers, text, lists, tuples and dicts; anything else is refused."""
    pickle_name = next(name for name in archive.namelist() if name.endswith("data.pkl"))
    folder = pickle_name.removesuffix("data.pkl")
    if (
        f"{folder}byteorder" in archive.namelist()
        and read_member(archive, f"{folder}byteorder", what, 16) != b"little"
    ):
        raise SerializationError(f"{what}: written on a big-endian machine, which tinytorch does not read")
    program = read_member(archive, pickle_name, what, MAX_PICKLE)
    try:
        return Machine(Storages(archive, folder, what), place).run(program)
    except Refused as error:
        raise SerializationError(
            f"{what}: {error}; only tensors and plain data are loaded, save a state_dict()"
        ) from None
    except (
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        OverflowError,
        RecursionError,
        MemoryError,
    ) as error:
        raise SerializationError(f"{what}: data.pkl is damaged ({type(error).__name__}: {error})") from None


# ---------------------------------------------------------------- tensors


class Storage(NamedTuple):
    """A flat memory that tensors are views of."""

    array: np.ndarray
    location: str


class Storages:
    """The storages of a file, each read when it is first asked for."""

    def __init__(self, archive: zipfile.ZipFile, folder: str, what: str):
        self.archive, self.folder, self.what = archive, folder, what
        self.read: dict[str, np.ndarray] = {}

    def get(self, persistent_id) -> Storage:
        """The storage that ("storage", type, key, location, number of elements) names."""
        word, kind, key, location, number = persistent_id
        if word != "storage" or not isinstance(kind, Global) or kind.name not in STORAGES:
            raise Refused(f"it refers to a storage of unknown type {kind!r}")
        if key not in self.read:
            self.read[key] = self.load(str(key), STORAGES[kind.name], number)
        return Storage(self.read[key], str(location))

    def load(self, key: str, code: str, number: int) -> np.ndarray:
        name = f"{self.folder}data/{key}"
        where = f"{self.what}: {name}"
        stored = np.dtype("<u2" if code == "bfloat16" else code)
        try:
            size = self.archive.getinfo(name).file_size
            if type(number) is not int or number * stored.itemsize != size:
                raise SerializationError(
                    f"{where} has {size} bytes, which do not hold {number!r} elements of {stored.itemsize} bytes"
                )
            array = np.empty(number, "u1" if stored.kind == "b" else stored)
            with self.archive.open(name) as file:
                read_into(file, array, where)
                file.read(1)  # makes zipfile compare the checksum
        except SerializationError:
            raise
        except ZIP_ERRORS as error:
            raise SerializationError(f"{where} is missing or damaged ({error})") from None
        if code == "bfloat16":
            dtypes.begin_bfloat16()
            return (array.astype("u4") << 16).view(dtypes.BFLOAT16)
        return array != 0 if stored.kind == "b" else array.astype(stored.newbyteorder("="), copy=False)


def rebuild_tensor(machine: Machine, storage, offset, size, stride, requires_grad, *hooks):
    """torch._utils._rebuild_tensor_v2: a strided view of a storage."""
    numbers = (offset, *size, *stride)
    if not isinstance(storage, Storage) or not all(type(n) is int and 0 <= n < 2**62 for n in numbers):
        raise ValueError(f"no tensor of size {size}, stride {stride} and offset {offset}")
    array, location = storage
    if math.prod(size) * array.itemsize >= 2**62:  # strides of 0 make large shapes of small memory
        raise ValueError(f"size {size} is absurd")
    steps = [step * array.itemsize for step in stride]
    offset = 0 if 0 in size else offset * array.itemsize
    view = np.ndarray(
        tuple(size), array.dtype, buffer=array, offset=offset, strides=steps
    )  # checks the borders
    return machine.place(view, location, requires_grad is True)


def rebuild_parameter(machine: Machine, data, requires_grad, *hooks):
    return data.requires_grad_(requires_grad is True)


def encode(machine: Machine, text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise Refused(f"it calls _codecs.encode with {encoding!r}")
    return text.encode("latin1")  # how old pickles write bytes


def key(value):
    """A key of a dict. Tuples must be short and flat: hashing nested ones overflows Python's stack, or takes for ever."""
    if isinstance(value, tuple) and (len(value) > 100 or any(isinstance(v, tuple) for v in value)):
        raise Refused("it has a nested tuple as a key")
    return value


# The only names a pickle may mention, besides those of dtypes and storages, and what calling them does.
GLOBALS: dict[Global, Callable] = {
    Global("torch._utils", "_rebuild_tensor_v2"): rebuild_tensor,
    Global("torch._utils", "_rebuild_parameter"): rebuild_parameter,
    Global("torch", "Size"): lambda machine, *items: Size(*items),
    Global("torch", "device"): lambda machine, *arguments: backend.device(*arguments),
    Global("collections", "OrderedDict"): lambda machine, pairs=(): OrderedDict(
        (key(k), v) for k, v in pairs
    ),
    Global("_codecs", "encode"): encode,
    Global("__builtin__", "set"): lambda machine, items=(): set(map(key, items)),
    Global("__builtin__", "complex"): lambda machine, *parts: complex(*parts),
}
DTYPES = {Global("torch", d.name): d for d in dtypes.ALL}


def named(module: str, name: str):
    """What a name stands for: a dtype, or itself if it is one of those that may be called."""
    name_of = Global("__builtin__" if module == "builtins" else module, name)
    if name_of in DTYPES:
        return DTYPES[name_of]
    if name_of in GLOBALS or (module == "torch" and name in STORAGES):
        return name_of
    raise Refused(f"it refers to {name_of}")


# ---------------------------------------------------------------- the machine


class Machine:
    """A stack, the positions of marks in it, a memo, and a method or a line per instruction."""

    def __init__(self, storages: Storages, place):
        self.storages, self.place = storages, place
        self.stack: list = []
        self.marks: list[int] = []
        self.memo: dict[int, object] = {}

    def run(self, program: bytes):
        for opcode, argument, _ in pickletools.genops(program):
            if opcode.name == "STOP":
                return self.stack.pop()
            if opcode.name in LITERALS:
                self.stack.append(argument)
            elif opcode.name in INSTRUCTIONS:
                INSTRUCTIONS[opcode.name](self, argument)
            else:
                raise Refused(f"it uses the pickle instruction {opcode.name}")
        raise ValueError("the pickle has no end")

    def push(self, value) -> None:
        self.stack.append(value)

    def pop(self, number: int = 1) -> list:
        return self.cut(len(self.stack) - number)

    def pop_to_mark(self) -> list:
        return self.cut(self.marks.pop())

    def cut(self, position: int) -> list:
        if not 0 <= position <= len(self.stack):
            raise IndexError("the stack is too short")
        items = self.stack[position:]
        del self.stack[position:]
        return items

    def remember(self, index) -> None:
        self.memo[len(self.memo) if index is None else index] = self.stack[-1]

    def call(self) -> None:
        function, arguments = self.pop(2)
        if not isinstance(function, Global) or function not in GLOBALS:
            raise Refused(f"it calls {function}")
        self.push(GLOBALS[function](self, *arguments))

    def set_attributes(self) -> None:
        """BUILD: PyTorch hangs version numbers (`_metadata`) on a state_dict, which are dropped."""
        self.pop()
        if not isinstance(self.stack[-1], OrderedDict):
            raise Refused("it sets attributes of an object that is no state_dict")

    def set_items(self, items: list) -> None:
        self.top(dict).update(zip(map(key, items[::2]), items[1::2]))

    def append_items(self, items: list) -> None:
        self.top(list).extend(items)

    def add_items(self, items: list) -> None:
        self.top(set).update(map(key, items))

    def top(self, kind: type):
        if not isinstance(self.stack[-1], kind):
            raise TypeError(f"wanted a {kind.__name__} to fill")
        return self.stack[-1]


# pickletools has already read the value of these
LITERALS = {
    "BININT", "BININT1", "BININT2", "INT", "LONG", "LONG1", "LONG4", "BINFLOAT", "FLOAT", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE",
    "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "STRING", "BINSTRING", "SHORT_BINSTRING",
}  # fmt: skip
INSTRUCTIONS: dict[str, Callable] = {
    "PROTO": lambda machine, _: None,
    "FRAME": lambda machine, _: None,
    "NONE": lambda machine, _: machine.push(None),
    "NEWTRUE": lambda machine, _: machine.push(True),
    "NEWFALSE": lambda machine, _: machine.push(False),
    "EMPTY_TUPLE": lambda machine, _: machine.push(()),
    "EMPTY_DICT": lambda machine, _: machine.push({}),
    "EMPTY_LIST": lambda machine, _: machine.push([]),
    "EMPTY_SET": lambda machine, _: machine.push(set()),
    "MARK": lambda machine, _: machine.marks.append(len(machine.stack)),
    "POP": lambda machine, _: machine.pop(),
    "TUPLE": lambda machine, _: machine.push(tuple(machine.pop_to_mark())),
    "TUPLE1": lambda machine, _: machine.push(tuple(machine.pop(1))),
    "TUPLE2": lambda machine, _: machine.push(tuple(machine.pop(2))),
    "TUPLE3": lambda machine, _: machine.push(tuple(machine.pop(3))),
    "BINPUT": Machine.remember,
    "LONG_BINPUT": Machine.remember,
    "MEMOIZE": Machine.remember,
    "BINGET": lambda machine, index: machine.push(machine.memo[index]),
    "LONG_BINGET": lambda machine, index: machine.push(machine.memo[index]),
    "SETITEM": lambda machine, _: machine.set_items(machine.pop(2)),
    "SETITEMS": lambda machine, _: machine.set_items(machine.pop_to_mark()),
    "APPEND": lambda machine, _: machine.append_items(machine.pop(1)),
    "APPENDS": lambda machine, _: machine.append_items(machine.pop_to_mark()),
    "ADDITEMS": lambda machine, _: machine.add_items(machine.pop_to_mark()),
    "GLOBAL": lambda machine, name: machine.push(named(*name.split(" ", 1))),
    "STACK_GLOBAL": lambda machine, _: machine.push(named(*machine.pop(2))),
    "BINPERSID": lambda machine, _: machine.push(machine.storages.get(*machine.pop())),
    "REDUCE": lambda machine, _: machine.call(),
    "BUILD": lambda machine, _: machine.set_attributes(),
}
