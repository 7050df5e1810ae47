"""Whole modules in a file: the name of a class and what an object of it holds. The class itself comes from the program.

Loading looks a name up among what the program has already imported, and takes nothing but a Module, a dataclass, a plain
class of the program, or a function on tensors of this package; it makes the object without calling its class and fills in
the attributes. So a file chooses among the program's own classes, and runs nothing.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import sys
from typing import Any

from .. import nn, op, ops
from ..nn import functional
from .files import SerializationError

FUNCTIONS = (ops.__name__, functional.__name__)  # the modules whose functions only compute


def is_whole(obj) -> bool:
    """Whether an object has a form of its own: its class is found by name, and keeps its state in attributes."""
    return holds_state(type(obj)) and found(name_of(type(obj))) is type(obj)


def holds_state(kind) -> bool:
    return isinstance(kind, type) and (
        issubclass(kind, nn.Module)
        or dataclasses.is_dataclass(kind)
        or kind.__module__.startswith(nn.utils.__name__)
        or is_plain(kind, object)
    )


def is_plain(kind, base: type) -> bool:
    """Whether a class that is no part of Python or of this package adds nothing but attributes and methods to base: none that run by themselves
    when an object of it is made, copied or thrown away."""
    return (
        isinstance(kind, type)
        and kind.__module__.partition(".")[0] not in NOT_THE_PROGRAM
        and all(part in (base, object) or part.__flags__ & WRITTEN_IN_PYTHON for part in kind.__mro__)
        and all(
            getattr(kind, name, None) is getattr(base, name, None)
            for name in ("__new__", "__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__del__")
        )
        and kind.__dictoffset__ != 0
        and not any("__slots__" in vars(part) for part in kind.__mro__ if part not in (base, object))
    )


NOT_THE_PROGRAM = (sys.stdlib_module_names | {ops.__name__.partition(".")[0]}) - {"__main__"}
WRITTEN_IN_PYTHON = 1 << 9  # CPython's Py_TPFLAGS_HEAPTYPE


def class_named(name: str, allowed, what: str) -> Any:
    """The class of that name, if it is of the kind that is asked for."""
    kind = found(name)
    if not (isinstance(kind, type) and allowed(kind)):
        raise SerializationError(
            f"load: the file holds a {name.replace(':', '.')}, and this program has no {what} of that name;"
            " define or import the class before loading"
        )
    return kind


def is_enum(kind) -> bool:
    return issubclass(kind, enum.Enum)


def is_named_tuple(kind) -> bool:
    return issubclass(kind, tuple) and hasattr(kind, "_fields")


def is_collection(kind) -> bool:
    """A program's own dict or list: a dict whose items are attributes, say."""
    return any(issubclass(kind, base) and is_plain(kind, base) for base in (dict, list))


def is_named(obj) -> bool:
    """Whether its name says all there is to say: a function on tensors, or a class whose objects can be saved."""
    return (computes(obj) or holds_state(obj)) and found(name_of(obj)) is obj


def computes(obj) -> bool:
    """A function on tensors. What a loaded model calls when it is used must not be able to do anything else."""
    return isinstance(obj, op.Op) or (
        type(obj) is type(computes) and (obj.__module__ or "").startswith(FUNCTIONS)
    )


def name_of(obj) -> str:
    return f"{obj.__module__}:{getattr(obj, '__qualname__', None) or obj.__name__}"


def found(name: str) -> Any:
    """What `module:qualified name` means in this program, or None."""
    module, _, path = name.partition(":")
    try:
        return functools.reduce(getattr, path.split("."), sys.modules[module])
    except (KeyError, AttributeError):
        return None


def new_object(name: str):
    """An object of the class of that name, with nothing in it yet."""
    return object.__new__(class_named(name, holds_state, "Module or dataclass"))


def value_named(name: str):
    value = found(name)
    if value is None or not is_named(value):
        raise SerializationError(
            f"load: the file refers to {name.replace(':', '.')}, which is neither a class of this program's models"
            " nor a function on tensors"
        )
    return value


def state_of(obj) -> dict[str, Any]:
    """The attributes of an object; a dataclass with slots has no `__dict__`."""
    if hasattr(obj, "__dict__"):
        return vars(obj)
    return {field.name: getattr(obj, field.name) for field in dataclasses.fields(obj)}


def fill(obj, state: dict[str, Any]) -> None:
    """Give a new object its attributes, past any `__setattr__` of its class."""
    for name, value in state.items():
        if name in ("__class__", "__dict__"):
            raise SerializationError(f"load: the file gives an object another {name}")
        object.__setattr__(obj, name, value)
