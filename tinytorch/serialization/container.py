"""Nested Python data with tensors in it, as an npz file: one .npy per array, and `structure.json`, which says what is where.

`np.load` opens it too. Plain data has a form here, and modules have one (objects.py), so there is nothing that loading
could run.

In the JSON, None, True, numbers, text and lists stand for themselves; everything else is an object with one key that
names its kind: {"tuple": [...]}, {"tensor": {"array": 0}}, {"items": [[key, value], ...]}.
"""

from __future__ import annotations

import base64
import functools
import json
import math
import zipfile
from argparse import Namespace
from collections import Counter, OrderedDict, defaultdict, deque
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO

import numpy as np

from .. import backend, dtypes
from ..nn.parameter import Parameter
from ..tensor import Size, Tensor
from .files import SerializationError, read_into

STRUCTURE = "structure.json"
VERSION = 1
MAX_STRUCTURE = 256 * 2**20
DATE = (1980, 1, 1, 0, 0, 0)  # no time in the file: the same data gives the same bytes


# ---------------------------------------------------------------- writing


def write_container(file: BinaryIO, obj) -> None:
    writer = Writer()
    try:
        structure = writer.encode(obj, "obj")
    except RecursionError:
        raise TypeError("save: the data is nested too deeply, or contains itself") from None
    text = json.dumps({"tinytorch": VERSION, "content": structure}, allow_nan=False, separators=(",", ":"))
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(STRUCTURE, DATE), text)
        for i, array in enumerate(writer.arrays):
            with archive.open(zipfile.ZipInfo(f"{i}.npy", DATE), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


class Writer:
    """Turns an object into JSON data and a list of arrays."""

    def __init__(self):
        self.arrays: list[np.ndarray] = []
        self.numbers: dict[tuple, int] = {}  # memory -> its array: tensors that share it are written once
        self.seen: dict[
            int, int
        ] = {}  # id -> number: a module or parameter in several places is written once

    def encode(self, obj, path: str):
        """The JSON form of `obj`; `path` is how the user reaches it, for errors."""
        if id(obj) in self.seen:
            return {"seen": self.seen[id(obj)]}
        if isinstance(obj, Tensor):
            return {"tensor": self.encode_tensor(obj, path)}
        encoder = ENCODERS.get(type(obj))  # the exact type: a subclass would come back as something else
        if encoder is not None:
            return encoder(self, obj, path)
        if isinstance(obj, np.generic):
            return {"numpy scalar": self.number_of(np.asarray(obj), path)}
        from . import objects

        if objects.is_whole(obj):
            number = self.number_seen(obj)
            state = self.encode_dict(objects.state_of(obj), path)
            return {"object": {"class": objects.name_of(type(obj)), "number": number, "state": state}}
        if objects.is_named(obj):
            return {"named": objects.name_of(obj)}
        name = objects.name_of(type(obj))
        if objects.found(name) is type(obj):
            if objects.is_enum(type(obj)):
                return {"enum": [name, obj.name]}
            if objects.is_named_tuple(type(obj)):
                return {"named tuple": [name, self.encode_list(list(obj), path)]}
            if objects.is_collection(type(obj)):
                number = self.number_seen(obj)
                items = dict.copy(obj) if isinstance(obj, dict) else list(obj)
                state = self.encode_dict(vars(obj), path)
                return {
                    "collection": {
                        "class": name,
                        "number": number,
                        "items": self.encode(items, path),
                        "state": state,
                    }
                }
        raise TypeError(f"save: {path} is a {type(obj).__module__}.{type(obj).__qualname__}, {advice(obj)}")

    def number_seen(self, obj) -> int:
        number = self.seen[id(obj)] = len(self.seen)
        return number

    def encode_tensor(self, tensor: Tensor, path: str) -> dict:
        array = backend.move(tensor.array, backend.CPU)
        narrow = array.dtype is dtypes.BFLOAT16
        fields: dict = {"array": self.number_of(array.view(np.float32) if narrow else array, path)}
        if narrow:
            fields["bfloat16"] = True
        if tensor.requires_grad:
            fields["requires_grad"] = True
        if type(tensor) is Parameter:
            fields["parameter"] = self.number_seen(tensor)
        if tensor.device.type != "cpu":
            fields["device"] = str(tensor.device)
        return fields

    def number_of(self, array: np.ndarray, path: str) -> int:
        if array.dtype.kind not in "biufc":
            raise TypeError(
                f"save: {path} is an array of {array.dtype}; only numbers and booleans can be saved without pickle"
            )
        memory = (array.__array_interface__["data"][0], array.shape, array.strides, array.dtype.str)
        if memory not in self.numbers or array.size == 0:
            self.numbers[memory] = len(self.arrays)
            self.arrays.append(
                array
            )  # held until the end, so the memory cannot be given to another array meanwhile
        return self.numbers[memory]

    def encode_list(self, items: list, path: str) -> list:
        return [self.encode(item, f"{path}[{i}]") for i, item in enumerate(items)]

    def encode_dict(self, items: dict, path: str):
        pairs = [(key, self.encode(value, f"{path}[{key!r}]")) for key, value in items.items()]
        if all(type(key) is str for key in items):
            return {"dict": dict(pairs)}
        return {"items": [[self.encode(key, f"the key {key!r} of {path}"), value] for key, value in pairs]}

    def encode_ordered(self, items: OrderedDict, path: str):
        return {"ordered": self.encode_dict(dict(items), path)}

    def encode_default(self, items: defaultdict, path: str):
        factory = "" if items.default_factory is None else getattr(items.default_factory, "__name__", "?")
        if FACTORIES.get(factory, items) is not items.default_factory:
            raise TypeError(f"save: {path} is a collections.defaultdict, {advice(items)}")
        return {"defaultdict": [factory, self.encode_dict(dict(items), path)]}

    def encode_int(self, value: int, path: str):
        return (
            value if abs(value) < 2**64 else {"int": hex(value)}
        )  # Python refuses to parse very long decimals

    def encode_float(self, value: float, path: str):
        return value if math.isfinite(value) else {"float": str(value)}


def advice(obj) -> str:
    """What to do about an object that has no form in a file."""
    if hasattr(obj, "state_dict"):
        return "which would need pickle, and loading a pickle can run any code; save its state_dict() instead"
    if isinstance(obj, dict):
        return "which would come back as another type; save dict(...) of it"
    if isinstance(obj, tuple):
        return "which would come back as another type; save tuple(...) or ._asdict() of it"
    if hasattr(obj, "__dict__") and not callable(obj):
        return "which would need pickle, and loading a pickle can run any code; save vars(...) or a dict of what it holds"
    return "which would need pickle, and loading a pickle can run any code; save plain data: numbers, text, lists, dicts, tensors"


# What a defaultdict may start an entry with.
FACTORIES: dict[str, Any] = {"": None} | {
    kind.__name__: kind for kind in (bool, int, float, str, list, dict, set)
}

ENCODERS: dict[type, Any] = {
    type(...): lambda writer, obj, path: {"ellipsis": None},
    slice: lambda writer, obj, path: {"slice": writer.encode_list([obj.start, obj.stop, obj.step], path)},
    range: lambda writer, obj, path: {"range": [obj.start, obj.stop, obj.step]},
    frozenset: lambda writer, obj, path: {"frozenset": writer.encode_list(sorted(obj, key=repr), path)},
    bytearray: lambda writer, obj, path: {"bytearray": base64.b64encode(obj).decode()},
    deque: lambda writer, obj, path: {"deque": [obj.maxlen, writer.encode_list(list(obj), path)]},
    defaultdict: Writer.encode_default,
    Counter: lambda writer, obj, path: {"counter": writer.encode_dict(dict(obj), path)},
    SimpleNamespace: lambda writer, obj, path: {"simple namespace": writer.encode_dict(vars(obj), path)},
    type(None): lambda writer, obj, path: obj,
    bool: lambda writer, obj, path: obj,
    str: lambda writer, obj, path: obj,
    int: Writer.encode_int,
    float: Writer.encode_float,
    complex: lambda writer, obj, path: {
        "complex": [writer.encode_float(obj.real, path), writer.encode_float(obj.imag, path)]
    },
    bytes: lambda writer, obj, path: {"bytes": base64.b64encode(obj).decode()},
    list: Writer.encode_list,
    tuple: lambda writer, obj, path: {"tuple": writer.encode_list(obj, path)},
    Size: lambda writer, obj, path: {"size": list(obj)},
    set: lambda writer, obj, path: {"set": writer.encode_list(sorted(obj, key=repr), path)},
    dict: Writer.encode_dict,
    OrderedDict: Writer.encode_ordered,
    np.ndarray: lambda writer, obj, path: {"numpy": writer.number_of(obj, path)},
    type(Path()): lambda writer, obj, path: {"path": str(obj)},
    Namespace: lambda writer, obj, path: {
        "namespace": writer.encode_dict(vars(obj), path)
    },  # a script's arguments
    functools.partial: lambda writer, obj, path: {
        "partial": writer.encode_list([obj.func, list(obj.args), obj.keywords], path)
    },
    dtypes.dtype: lambda writer, obj, path: {"dtype": obj.name},
    backend.device: lambda writer, obj, path: {"device": str(obj)},
}


# ---------------------------------------------------------------- reading


def read_container(archive: zipfile.ZipFile, what: str, place):
    """The object of a file. `place(array, device, requires_grad)` makes each tensor."""
    text = read_member(archive, STRUCTURE, what, limit=MAX_STRUCTURE)
    reader = Reader(archive, what, place)
    try:
        document = json.loads(text.decode("utf-8"))
        if not isinstance(document, dict) or document.get("tinytorch") != VERSION:
            raise SerializationError(
                f"{what}: written by another version of tinytorch: {STRUCTURE} does not say version {VERSION}"
            )
        return reader.decode(document["content"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise SerializationError(
            f"{what}: {STRUCTURE} is damaged ({type(error).__name__}: {error})"
        ) from None


class Reader:
    """Turns JSON data back into the object."""

    def __init__(self, archive: zipfile.ZipFile, what: str, place):
        self.archive, self.what, self.place = archive, what, place
        self.arrays: dict[int, np.ndarray] = {}
        self.objects: dict[int, Any] = {}  # what may stand in several places

    def decode(self, data):
        if isinstance(data, list):
            return [self.decode(item) for item in data]
        if not isinstance(data, dict):
            return data
        ((kind, content),) = data.items()  # ValueError unless there is exactly one key
        if kind not in DECODERS:
            raise ValueError(f"unknown kind {kind!r}")
        return DECODERS[kind](self, content)

    def array(self, number) -> np.ndarray:
        if type(number) is not int:
            raise ValueError(f"an array is a number, got {number!r}")
        if number not in self.arrays:
            self.arrays[number] = read_npy(self.archive, f"{number}.npy", self.what)
        return self.arrays[number]

    def decode_tensor(self, fields: dict):
        array = self.array(fields["array"])
        if fields.get("bfloat16") is True and array.dtype == np.float32:
            dtypes.begin_bfloat16()
            array = array.view(dtypes.BFLOAT16)
        tensor = self.place(array, fields.get("device", "cpu"), fields.get("requires_grad") is True)
        if "parameter" not in fields:
            return tensor
        self.objects[fields["parameter"]] = parameter = Parameter(tensor, fields.get("requires_grad") is True)
        return parameter

    def decode_object(self, fields: dict):
        from . import objects

        self.objects[fields["number"]] = obj = objects.new_object(fields["class"])
        objects.fill(obj, self.decode(fields["state"]))
        return obj

    def decode_enum(self, parts: list):
        from . import objects

        return objects.class_named(parts[0], objects.is_enum, "enumeration").__members__[parts[1]]

    def decode_named_tuple(self, parts: list):
        from . import objects

        kind = objects.class_named(parts[0], objects.is_named_tuple, "named tuple")
        return tuple.__new__(kind, self.decode(list(parts[1])))

    def decode_collection(self, fields: dict):
        from . import objects

        kind = objects.class_named(fields["class"], objects.is_collection, "dict or list")
        base: Any = dict if issubclass(kind, dict) else list
        self.objects[fields["number"]] = obj = base.__new__(kind)
        (dict.update if base is dict else list.extend)(obj, self.decode(fields["items"]))
        vars(obj).update(self.decode(fields["state"]))
        return obj

    def decode_named(self, name: str):
        from . import objects

        return objects.value_named(name)

    def decode_partial(self, parts: list):
        function, args, keywords = self.decode(parts)
        return functools.partial(function, *args, **keywords)


DECODERS = {
    "enum": Reader.decode_enum,
    "named tuple": Reader.decode_named_tuple,
    "collection": Reader.decode_collection,
    "ellipsis": lambda reader, nothing: ...,
    "slice": lambda reader, parts: slice(*reader.decode(list(parts))),
    "range": lambda reader, parts: range(*map(int, parts)),
    "frozenset": lambda reader, items: frozenset(reader.decode(list(items))),
    "bytearray": lambda reader, text: bytearray(base64.b64decode(text, validate=True)),
    "deque": lambda reader, parts: deque(reader.decode(list(parts[1])), parts[0]),
    "defaultdict": lambda reader, parts: defaultdict(FACTORIES[parts[0]], reader.decode(parts[1])),
    "counter": lambda reader, items: Counter(reader.decode(items)),
    "simple namespace": lambda reader, items: SimpleNamespace(**reader.decode(items)),
    "tensor": Reader.decode_tensor,
    "object": Reader.decode_object,
    "seen": lambda reader, number: reader.objects[number],
    "named": Reader.decode_named,
    "partial": Reader.decode_partial,
    "numpy": lambda reader, number: reader.array(number),
    "numpy scalar": lambda reader, number: reader.array(number)[()],
    "dict": lambda reader, items: {key: reader.decode(value) for key, value in items.items()},
    "items": lambda reader, pairs: {reader.decode(key): reader.decode(value) for key, value in pairs},
    "ordered": lambda reader, items: OrderedDict(reader.decode(items)),
    "tuple": lambda reader, items: tuple(reader.decode(list(items))),
    "size": lambda reader, items: Size(reader.decode(list(items))),
    "set": lambda reader, items: set(reader.decode(list(items))),
    "int": lambda reader, text: int(text, 16),
    "float": lambda reader, text: float(text),
    "complex": lambda reader, parts: complex(*reader.decode(list(parts))),
    "bytes": lambda reader, text: base64.b64decode(text, validate=True),
    "path": lambda reader, text: Path(text),
    "namespace": lambda reader, items: Namespace(**reader.decode(items)),
    "dtype": lambda reader, name: {d.name: d for d in dtypes.ALL}[name],
    "device": lambda reader, text: backend.device(text),
}


# ---------------------------------------------------------------- members of a zip file


def open_archive(file: BinaryIO, size: int, what: str) -> zipfile.ZipFile:
    """The zip file, if it holds no more than its own size: no compression, no member inside another (zip bombs)."""
    try:
        archive = zipfile.ZipFile(file)
    except ZIP_ERRORS as error:
        raise SerializationError(f"{what}: truncated or damaged ({error})") from None
    members = archive.infolist()
    if any(member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1 for member in members):
        raise SerializationError(
            f"{what}: compressed or encrypted members are refused, they may unpack to any size; use np.savez, not savez_compressed"
        )
    if sum(member.file_size for member in members) > size or len(
        {member.filename for member in members}
    ) != len(members):
        raise SerializationError(
            f"{what}: damaged: its members overlap, or are larger than the file ({size} bytes)"
        )
    return archive


# what zipfile raises on damaged files, besides its own error
ZIP_ERRORS = (
    zipfile.BadZipFile,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
    IndexError,
    KeyError,
)


def read_member(archive: zipfile.ZipFile, name: str, what: str, limit: int) -> bytes:
    try:
        if archive.getinfo(name).file_size > limit:
            raise SerializationError(
                f"{what}: {name} has {archive.getinfo(name).file_size} bytes, more than the limit of {limit}"
            )
        return archive.read(name)  # checks the CRC
    except SerializationError:
        raise
    except ZIP_ERRORS as error:
        raise SerializationError(f"{what}: {name} is missing or damaged ({error})") from None


def read_npy(archive: zipfile.ZipFile, name: str, what: str) -> np.ndarray:
    """One .npy member. Its header is held against its size before memory is asked for; the CRC is checked at the end."""
    where = f"{what}: {name}"
    try:
        with archive.open(name) as file:
            shape, fortran, dtype = read_npy_header(file)
            left = archive.getinfo(name).file_size - file.tell()
            if dtype.kind not in "biufc":
                raise SerializationError(f"{where} holds {dtype}; only numbers and booleans are loaded")
            if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != left:
                raise SerializationError(f"{where}: shape {shape} of {dtype} does not fit its {left} bytes")
            array = np.empty(shape[::-1] if fortran else shape, dtype)
            read_into(file, array, where)
            if file.read(1):  # also makes zipfile compare the checksum
                raise SerializationError(f"{where}: longer than it says")
    except SerializationError:
        raise
    except (*ZIP_ERRORS, TypeError, SyntaxError, RecursionError) as error:
        raise SerializationError(f"{where} is missing or damaged ({error})") from None
    array = array.astype(dtype.newbyteorder("="), copy=False)
    return array.T if fortran else array


def read_npy_header(file):
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(file)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(file)
    raise ValueError(f"npy version {version}")
