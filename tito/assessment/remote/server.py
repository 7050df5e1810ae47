"""The sandbox's end: it holds the student's objects and does to them what the checks ask for.

    python -m server        requests on standard input, answers on standard output

There is nothing here to be guarded: no expected value, no seed, no verdict. It shares a process with the student's code, which may change
whatever it likes, and can only give wrong answers.
"""

from __future__ import annotations

import builtins
import collections
import contextlib
import dataclasses
import functools
import importlib
import operator
import os
import random
import sys
import threading
import types
from typing import Any

import numpy as np

from .link import Link
from .wire import TYPE_NAMES, WRITERS, Reader, Violation, Writer, write_named

FUNCTIONS = (
    types.FunctionType, types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType,
)  # fmt: skip


class Server(Link):
    """What the other side may ask for is below, `do_...`."""

    trusts_layout = True
    first = 1

    def __init__(self, stream, out):
        super().__init__(stream, out)
        self.job: dict[str, Any] = {"root": "", "spans": []}
        self.serving = self.asking = (
            0  # the thread that hears requests; how many requests of ours are under way
        )
        self.check_classes: dict[
            int, dict[str, Any]
        ] = {}  # number of a class of checks.py -> what was told of it

    # ------------------------------------------------------------ what is sent

    def kind_of(self, thing: Any) -> bytes:
        if isinstance(thing, type):
            for base in thing.__mro__[1:]:
                if issubclass(thing, BaseException) and base not in TYPE_NAMES:
                    self.refer(base)
            return b"k"
        if type(thing) not in TYPE_NAMES:
            self.refer(type(thing))
        return (
            b"i"
            if self.numbers.get(id(type(thing))) in self.check_classes and self.is_plain(type(thing))
            else b"h"
        )

    def is_plain(self, cls: type) -> bool:
        return self.check_classes[self.numbers[id(cls)]]["form"] in ("plain", "dataclass")

    def describe(self, writer: Writer, kind: bytes, thing: Any) -> None:
        """A class by its name, the names of its methods, its bases if it is an exception; anything else by its class."""
        if kind == b"k":
            bases = thing.__bases__ if issubclass(thing, BaseException) else ()
            writer.value((str(thing.__name__), is_tensor(thing), method_names(thing), tuple(bases)))
        else:
            writer.value((type(thing), said_by(thing) if isinstance(thing, BaseException) else ""))

    # ------------------------------------------------------------ what comes

    def stand_in(self, kind: bytes, number: int, reader: Reader) -> None:
        told = reader.value()
        if kind == b"f":
            self.stand_for(number, self.function(number, *told))
        elif kind == b"I":
            self.stand_for(number, Iterator(self, number))
        elif kind == b"x":
            self.stand_for(number, raised_here(*told))
        elif kind == b"C":
            self.check_classes[number] = told = dict(zip(told[::2], told[1::2]))
            self.stand_for(number, self.make_class(number, told), lasting=True)
        else:
            super().stand_in(kind, number, reader)

    def function(self, number: int, name: str, doc: str | None):
        """A function of the checks: calling it is a request."""

        def call(*args, **named):
            return self.ask("call", number, args, tuple(named.items()))

        call.__name__ = call.__qualname__ = name
        call.__doc__ = doc
        return call

    def method(self, number: int, name: str):
        def call(*args, **named):
            return self.ask("method", number, name, args, tuple(named.items()))

        call.__name__ = name
        return call

    def make_class(self, number: int, told: dict[str, Any]) -> type:
        """What stands here for a class of checks.py: its bases are real, its methods are requests."""
        name, form = told["name"], told["form"]
        if form == "tuple":
            named = collections.namedtuple(name, told["fields"])  # type: ignore[misc]
            WRITERS[named] = write_named
            return named
        space: dict[str, Any] = {}
        for method, how in zip(told["methods"][::2], told["methods"][1::2]):
            call: Any = self.method(number, method)
            space[method] = {"static": staticmethod, "class": drop_class, "property": property}.get(
                how, lambda f: f
            )(call)
        space |= dict(zip(told["values"][::2], told["values"][1::2]))
        if form == "dataclass":
            fields = [field_of(*told["fields"][at : at + 4]) for at in range(0, len(told["fields"]), 4)]
            return dataclasses.make_dataclass(name, fields, namespace=space)
        return types.new_class(name, tuple(told["bases"]), exec_body=lambda ns: ns.update(space))

    def new_instance(self, cls: type) -> Any:
        return object.__new__(cls)

    # ------------------------------------------------------------ requests

    def serve(self) -> None:
        """Requests, one after another. Meanwhile other threads of the student's may ask too, but only while one is being answered."""
        self.serving = threading.get_ident()
        with self.turn:
            while True:
                self.respond(*self.hear())

    def answer(self, request: tuple) -> Any:
        verb, *args = request
        do = getattr(self, f"do_{verb}")
        if self.asking or threading.get_ident() != self.serving:
            return do(*args)
        self.turn.release()
        try:
            return do(*args)
        finally:
            self.turn.acquire()

    def ask(self, *request: Any) -> Any:
        with self.turn:
            self.asking += 1
            try:
                return super().ask(*request)
            finally:
                self.asking -= 1

    def do_open(self, root: str, settings: tuple, spans: list[list]):
        """Import the package; `spans` says where the bodies stand that the module teaches, for the place of an error."""
        os.environ.update(settings)
        sys.path.insert(0, root)
        self.job = {"root": root, "spans": spans}
        package = importlib.import_module("tinytorch")
        with contextlib.suppress(Exception):  # before module 01 there is none
            WRITERS[package.Size] = size_to_tuple
        return package

    def do_calm(self) -> None:
        """Before each check: the generators as they are in a new process."""
        random.seed(0)
        np.random.seed(0)

    def do_module(self, name: str):
        return importlib.import_module(name)

    def do_get(self, thing: Any, name: str):
        return getattr(thing, name)

    def do_set(self, thing: Any, name: str, value: Any) -> None:
        setattr(thing, name, value)

    def do_del(self, thing: Any, name: str) -> None:
        delattr(thing, name)

    def do_invoke(self, thing: Any, name: str, args: tuple, named: tuple):
        return getattr(thing, name)(*args, **dict(named))

    def do_base(self, cls: type, name: str, args: tuple, named: tuple):
        """A method as a class has it: what `super()` asks for."""
        return getattr(cls, name)(*args, **dict(named))

    def do_call(self, thing: Any, args: tuple, named: tuple):
        return thing(*args, **dict(named))

    def do_operate(self, name: str, args: tuple):
        return OPERATIONS[name](*args)

    def do_isinstance(self, thing: Any, cls: type) -> bool:
        return issubclass(type(thing), cls)

    def do_issubclass(self, one: type, other: type) -> bool:
        return issubclass(one, other)

    def do_exit(self, thing: Any, error: BaseException | None):
        return bool(
            type(thing).__exit__(
                thing, type(error) if error else None, error, error.__traceback__ if error else None
            )
        )

    def do_array(self, thing: Any):
        """The numbers of a tensor."""
        array = thing.array if hasattr(thing, "array") else np.asarray(thing)
        return array if type(array) is np.ndarray else np.asarray(array)

    def do_beside(self, source: str, name: str, imports: str):
        """A helper that stands beside the student's code; it is given by the checks, and comes with the imports of its file."""
        space: dict[str, Any] = {"__name__": "beside"}
        exec(compile(imports, "<checks>", "exec", dont_inherit=True), space)
        exec(compile(source, "<checks>", "exec", dont_inherit=True), space)
        return space[name]

    # ------------------------------------------------------------ errors

    def explain(self, error: BaseException) -> tuple:
        """The class, the text, and where in the student's files; one that was raised by a check goes back as itself."""
        if self.numbers.get(id(error), 1) % 2 != self.first:
            return error, "", ()
        from ...runner import failure

        told = failure(self.job, error)
        place = tuple(told[key] for key in ("file", "line", "code")) if "file" in told else ()
        error.__traceback__ = None  # its frames would hold what they worked on
        return error, said_by(error), place

    def failed(self, told: tuple) -> BaseException:
        return told[0]


class Iterator:
    """An iterator of the checks."""

    def __init__(self, link: Server, number: int):
        self.link, self.number = link, number

    def __iter__(self):
        return self

    def __next__(self):
        return self.link.ask("next", self.number)


def said_by(error: BaseException) -> str:
    try:
        return str(error)[:20_000]
    except Exception:
        return ""


def raised_here(base: type, name: str, text: str) -> BaseException:
    """What stands for an exception of the checks: of the nearest builtin class."""
    return type(name, (base,), {"__str__": lambda self: text})(text)


def drop_class(call):
    return classmethod(lambda cls, *args, **named: call(*args, **named))


def field_of(name: str, kind: type, default: tuple, factory: Any):
    if default:
        return name, kind, dataclasses.field(default=default[0])
    return (name, kind) if factory is None else (name, kind, dataclasses.field(default_factory=factory))


@functools.cache
def method_names(cls: type) -> tuple[str, ...]:
    """Names that a class finds functions under, as long as an instance has nothing else there."""
    names: dict[str, bool] = {}
    for base in reversed(cls.__mro__):
        names |= {name: isinstance(value, FUNCTIONS) for name, value in vars(base).items()}
    hidden = ("__getattribute__", "__class__", "__new__", "__init_subclass__", "__subclasshook__", "__del__")
    return tuple(str(name) for name, is_method in names.items() if is_method and name not in hidden)


def is_tensor(cls: type) -> bool:
    return any(base.__name__ == "Tensor" and base.__module__.startswith("tinytorch") for base in cls.__mro__)


def size_to_tuple(writer: Writer, value: Any) -> None:
    writer.value(tuple(tuple.__iter__(value)))


OPERATIONS: dict[str, Any] = {
    name: getattr(operator, name)
    for name in (
        "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and_", "or_", "xor", "lshift", "rshift", "iadd", "isub",
        "imul", "itruediv", "ifloordiv", "imod", "ipow", "imatmul", "iand", "ior", "ixor", "ilshift", "irshift", "neg", "pos", "abs", "invert", "getitem",
        "setitem", "delitem", "contains", "index",
    )
} | {name: getattr(builtins, name) for name in ("len", "iter", "next", "reversed", "float", "int", "complex", "repr", "str", "round", "divmod", "dir", "hash")}  # fmt: skip


def pipes():
    """Requests and answers. Standard output belongs to them: what the student prints goes to standard error, and there is nothing to read."""
    stream, out = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return stream, out


def main() -> None:
    try:
        Server(*pipes()).serve()
    except (EOFError, BrokenPipeError):
        """The checks are done."""
    except Violation as error:
        print(f"server: {error}", file=sys.stderr)
        raise
    os._exit(0)


if __name__ == "__main__":
    main()
