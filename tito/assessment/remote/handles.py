"""The checks' end: what stands for the student's objects, and the little that the student's code may ask for.

A `Handle` has a number and nothing else. Python's own protocols (operators, loops, `with`, calls) are spelled out below, each a request;
other names that begin and end with two underscores are not asked for, since NumPy would believe what it finds there.
"""

from __future__ import annotations

import dataclasses
import importlib
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ... import checking
from .link import Link
from .wire import TYPE_NAMES, Reader, Unsendable, Violation, Writer

ASKED_FOR = {
    "__getitems__",
    "__name__",
    "__qualname__",
    "__module__",
    "__doc__",
    "__wrapped__",
    "__version__",
    "__file__",
}
NOT_SENT = {
    "__module__",
    "__qualname__",
    "__doc__",
    "__dict__",
    "__weakref__",
    "__classcell__",
    "__annotations__",
    "__slots__",
}

BINARY = (
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "matmul",
    "and",
    "or",
    "xor",
    "lshift",
    "rshift",
)


class FarError:
    """Mixed into the class of every exception that the student's code raised: what it said, and where."""

    said: str = ""
    place: tuple = ()
    args: tuple

    def tell(self, said: str) -> None:
        self.said, self.args = said, (said,)

    def __str__(self) -> str:
        return self.said

    @property
    def msg(self) -> str:
        """As a SyntaxError has it."""
        return self.said


# ---------------------------------------------------------------- handles


def link_of(thing: Any) -> Client:
    return type(thing).__link__


class Handle:
    """An object of the student's."""

    __slots__ = ("__weakref__",)
    __link__: Client
    __array_ufunc__ = None  # array + handle is the handle's affair
    __methods__: frozenset[str] = frozenset()
    __tensor__ = False

    def __getattr__(self, name: str):
        if name[:2] == "__" == name[-2:] and name not in ASKED_FOR:
            raise AttributeError(name)
        if name in type(self).__methods__:
            return Method(self, name)
        return link_of(self).ask("get", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        link_of(self).ask("set", self, name, value)

    def __delattr__(self, name: str) -> None:
        link_of(self).ask("del", self, name)

    @property
    def __dict__(self):
        return link_of(self).ask("get", self, "__dict__")

    def __call__(self, *args, **named):
        return link_of(self).ask("call", self, args, tuple(named.items()))

    def __iter__(self):
        return self.operate("iter")

    def __next__(self):
        return self.operate("next")

    def __enter__(self):
        return link_of(self).ask("invoke", self, "__enter__", (), ())

    def __exit__(self, kind, error, trace):
        return link_of(self).ask("exit", self, error) is True

    def operate(self, name: str, *others):
        return link_of(self).ask("operate", name, (self, *others))

    # What a comparison decides, it decides here, on values.
    def __eq__(self, other):
        return compared(np.equal, self, other, lambda: self is other)

    def __ne__(self, other):
        return compared(np.not_equal, self, other, lambda: self is not other)

    def __lt__(self, other):
        return compared(np.less, self, other)

    def __le__(self, other):
        return compared(np.less_equal, self, other)

    def __gt__(self, other):
        return compared(np.greater, self, other)

    def __ge__(self, other):
        return compared(np.greater_equal, self, other)

    def __bool__(self) -> bool:
        if type(self).__tensor__:
            return bool(numbers(self))
        return True if "__len__" not in type(self).__methods__ else len(self) > 0

    def __hash__(self) -> int:
        return id(self)

    def __len__(self) -> int:
        return exactly(int, self.operate("len"))

    def __getitem__(self, key):
        return self.operate("getitem", key)

    def __setitem__(self, key, value) -> None:
        self.operate("setitem", key, value)

    def __delitem__(self, key) -> None:
        self.operate("delitem", key)

    def __reversed__(self):
        return self.operate("reversed")

    def __round__(self, digits=None):
        return self.operate("round", *([] if digits is None else [digits]))

    def __divmod__(self, other):
        return self.operate("divmod", other)

    def __contains__(self, other) -> bool:
        return self.operate("contains", other) is True

    def __index__(self) -> int:
        return exactly(int, self.operate("index"))

    def __float__(self) -> float:
        return exactly(float, self.operate("float"))

    def __int__(self) -> int:
        return exactly(int, self.operate("int"))

    def __complex__(self) -> complex:
        return exactly(complex, self.operate("complex"))

    def __repr__(self) -> str:
        return exactly(str, self.operate("repr"))

    def __str__(self) -> str:
        return exactly(str, self.operate("str"))

    def __format__(self, how: str) -> str:
        return format(float(self), how) if how else str(self)

    def __dir__(self):
        return self.operate("dir")

    def __array__(self, dtype=None, copy=None):
        if not type(self).__tensor__:
            raise TypeError(f"a {type(self).__name__} is no array")
        return np.asarray(numbers(self), dtype)

    def __mro_entries__(self, bases):
        return (link_of(self).base_class(self),)

    def __instancecheck__(self, thing) -> bool:
        return (
            isinstance(thing, Handle | BaseException) and link_of(self).ask("isinstance", thing, self) is True
        )

    def __subclasscheck__(self, cls) -> bool:
        return link_of(self).ask("issubclass", cls, self) is True


def forwarded(name: str, reflected: bool):
    def operation(self, other):
        return link_of(self).ask("operate", name, (other, self) if reflected else (self, other))

    return operation


for word in BINARY:
    spelled = f"{word}_" if word in ("and", "or") else word
    setattr(Handle, f"__{word}__", forwarded(spelled, False))
    setattr(Handle, f"__r{word}__", forwarded(spelled, True))
    setattr(Handle, f"__i{word}__", forwarded(f"i{word}", False))
for word in ("neg", "pos", "abs", "invert"):
    setattr(Handle, f"__{word}__", lambda self, word=word: self.operate(word))


class Method:
    """`handle.name` of a method: calling it is one request."""

    __slots__ = ("handle", "name")

    def __init__(self, handle: Handle, name: str):
        self.handle, self.name = handle, name

    def __call__(self, *args, **named):
        return link_of(self.handle).ask("invoke", self.handle, self.name, args, tuple(named.items()))

    def __getattr__(self, name: str):
        return getattr(link_of(self.handle).ask("get", self.handle, self.name), name)

    @property
    def there(self) -> Any:
        return link_of(self.handle).ask("get", self.handle, self.name)


def exactly(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise TypeError(f"wanted a plain {kind.__name__}, got a {type(value).__name__}")
    return value


def numbers(thing: Any) -> Any:
    """The values of a tensor, or what is values already."""
    if isinstance(thing, Handle):
        array = link_of(thing).ask("array", thing)
        if type(array) is not np.ndarray:
            raise TypeError(f"the array of a {type(thing).__name__} is none")
        return array
    return thing


def compared(how, one: Handle, other: Any, otherwise: Callable[[], bool] | None = None):
    if (
        type(one).__tensor__
        and not (isinstance(other, Handle) and not type(other).__tensor__)
        and other is not None
    ):
        return how(numbers(one), numbers(other))
    if otherwise is None:
        raise TypeError(f"a {type(one).__name__} is no number, so it cannot be compared with one")
    return otherwise()


# ---------------------------------------------------------------- classes of checks.py that are built on the student's


class Derived(type):
    """The class of such classes: calling one makes a real object on the other side, whose methods are asked for here."""

    def __new__(meta, name, bases, space, **options):
        return super().__new__(meta, name, bases, {"__slots__": (), **space}, **options)

    def __call__(cls, *args, **named):
        return cls.__link__.ask("call", cls, args, tuple(named.items()))

    def __getattr__(cls, name: str):
        if name[:2] == "__" == name[-2:] and name not in ASKED_FOR:
            raise AttributeError(name)
        return cls.__link__.ask("get", cls, name)


def base_method(link: Client, cls: Handle, name: str):
    def call(self, *args, **named):
        return link.ask("base", cls, name, (self, *args), tuple(named.items()))

    call.__name__ = name
    return call


# ---------------------------------------------------------------- the end


class Client(Link):
    """The checks' end of the link."""

    first = 0

    def __init__(self, stream, out):
        super().__init__(stream, out)
        self.handle = type("Handle", (Handle,), {"__slots__": (), "__link__": self})
        self.classes: dict[int, type] = {}  # id(handle of a class) -> the class of its instances here
        self.bases: dict[int, type] = {}
        self.ours: dict[int, Any] = {}  # numbers that the student's code may ask for

    def keeps(self, number: int, array: np.ndarray) -> bool:
        """What is expected is computed from the checks' own arrays: the student's code changes those that are lent to it, and no others."""
        return number % 2 == self.first and not any(array is one for one in checking.LENT)

    # ------------------------------------------------------------ what is sent

    def refer(self, thing: Any) -> int:
        return super().refer(thing.there if type(thing) is Method else thing)

    def kind_of(self, thing: Any) -> bytes:
        if isinstance(thing, type):
            Writer(self.refer).value(tuple(class_told(thing).values()))  # what it is made of comes before it
            return b"C"
        if isinstance(thing, BaseException):
            return b"x"
        if isinstance(thing, types.FunctionType | types.MethodType) or (
            callable(thing) and not has_class_of_checks(thing)
        ):
            return b"f"
        if isinstance(thing, Iterator) and not has_class_of_checks(thing):
            return b"I"
        if has_class_of_checks(thing):
            self.refer(type(thing))
            return b"i"
        raise Unsendable(f"a {type(thing).__name__} cannot be sent to the student's code")

    def describe(self, writer: Writer, kind: bytes, thing: Any) -> None:
        if kind == b"C":
            writer.value(tuple(x for pair in class_told(thing).items() for x in pair))
        elif kind == b"f":
            writer.value((str(getattr(thing, "__name__", "call")), getattr(thing, "__doc__", None)))
        elif kind == b"x":
            base = next(cls for cls in type(thing).__mro__ if cls in TYPE_NAMES)
            writer.value((base, type(thing).__name__, str(thing)))
        else:
            writer.value(None)

    # ------------------------------------------------------------ what comes

    def stand_in(self, kind: bytes, number: int, reader: Reader) -> None:
        told = reader.value()
        if type(told) is not tuple:
            raise Violation("an object that is not described")
        if kind == b"k":
            self.new_class(number, *told)
        elif kind == b"h":
            cls, said = told
            here = self.class_here(cls)
            thing: Any = here.__new__(here)  # type: ignore[call-overload]
            if isinstance(thing, FarError) and type(said) is str:
                thing.tell(said)
            self.stand_for(number, thing)
        else:
            super().stand_in(kind, number, reader)

    def new_class(self, number: int, name: str, tensor: bool, methods: tuple, bases: tuple) -> None:
        """A class of the student's: a handle, or for exceptions a class to be caught."""
        if type(name) is not str or type(methods) is not tuple or type(bases) is not tuple:
            raise Violation("a class that is not described")
        if bases:
            parents = tuple(b if b in TYPE_NAMES else self.checked_error(b) for b in bases)
            parents = tuple(error_class(p) if p in TYPE_NAMES else p for p in parents)
            self.stand_for(number, type(name[:80], parents, {}), lasting=True)
            return
        handle = self.handle()
        self.stand_for(number, handle, lasting=True)
        space = {"__slots__": (), "__methods__": frozenset(methods), "__tensor__": tensor is True}
        self.classes[id(handle)] = type(name[:80], (self.handle,), space)

    def checked_error(self, cls: Any) -> type:
        if not (isinstance(cls, type) and issubclass(cls, FarError)):
            raise Violation("an exception of no class")
        return cls

    def class_here(self, cls: Any) -> type:
        """Of what class the handle of an instance is."""
        if isinstance(cls, Handle):
            return self.classes.get(id(cls), self.handle)
        if isinstance(cls, type) and cls in TYPE_NAMES:
            return error_class(cls) if issubclass(cls, BaseException) else self.handle
        if isinstance(cls, type) and (isinstance(cls, Derived) or issubclass(cls, FarError)):
            return cls
        raise Violation("an instance of no class")

    def base_class(self, handle: Handle) -> type:
        """What a class of checks.py inherits from: the methods of the student's class, each a request."""
        if id(handle) not in self.classes:
            raise TypeError("only a class can be inherited from")
        if id(handle) not in self.bases:
            instances: Any = self.classes[id(handle)]
            space = {"__slots__": (), "__far__": handle}
            space |= {
                n: base_method(self, handle, n)
                for n in instances.__methods__
                if n[:2] != "__" or n in INHERITED
            }
            self.bases[id(handle)] = Derived(instances.__name__, (instances,), space)
        return self.bases[id(handle)]

    def new_instance(self, cls: Any) -> Any:
        """An instance of a plain class of checks.py that the student's code made."""
        if not isinstance(cls, type) or cls.__module__ != CHECKS or isinstance(cls, Derived):
            raise Violation("an instance of what is no class of the checks")
        return object.__new__(cls)

    # ------------------------------------------------------------ what the student's code may ask for

    def answer(self, request: tuple) -> Any:
        verb, number, *rest = request
        thing = self.exports.get(number) if type(number) is int else None
        match verb, rest:
            case "call", (tuple() as args, tuple() as named) if callable(thing) and not isinstance(
                thing, type
            ):
                return thing(*args, **dict(named))
            case "next", () if isinstance(thing, Iterator):
                return next(thing)
            case "method", (str() as name, tuple() as args, tuple() as named) if isinstance(thing, type):
                if thing.__module__ == CHECKS:
                    return call_method(thing, name, args, dict(named))
        raise Violation("a request for what was not given")

    # ------------------------------------------------------------ errors

    def explain(self, error: BaseException) -> tuple:
        return (error,)

    def failed(self, told: Any) -> BaseException:
        if type(told) is not tuple or len(told) != 3 or not isinstance(told[0], BaseException):
            raise Violation("an error that is none")
        error, text, place = told
        if isinstance(error, FarError) and type(text) is str and type(place) is tuple:
            error.tell(text)
            if list(map(type, place)) == [str, int, str] and not error.place:
                error.place = place
        return error


INHERITED = {  # by classes of checks.py; NumPy and Python would ask for others of themselves
    "__init__", "__call__", "__len__", "__iter__", "__next__", "__getitem__", "__setitem__", "__enter__", "__exit__", "__contains__",
}  # fmt: skip
CHECKS = "checks"  # the name of the module that checks.py is here
ERRORS: dict[type, type] = {}


def error_class(base: type) -> type:
    """A builtin exception, raised by the student's code."""
    if base not in ERRORS:
        is_group = base.__name__ in (
            "BaseExceptionGroup",
            "ExceptionGroup",
        )  # cannot be made without its members
        plain = Exception if is_group else base
        ERRORS[base] = type(base.__name__, (FarError, plain), {})
    return ERRORS[base]


def has_class_of_checks(thing: Any) -> bool:
    return type(thing).__module__ == CHECKS


def bases_of(cls: type) -> list[Any]:
    """The bases of a class of checks.py that matter on the other side."""
    return [vars(base).get("__far__", base) for base in cls.__bases__ if base not in TYPE_NAMES]


def call_method(cls: type, name: str, args: tuple, named: dict[str, Any]) -> Any:
    """A method that a class of checks.py defines, called as the student's code calls it."""
    found = next((vars(c)[name] for c in cls.__mro__ if c.__module__ == CHECKS and name in vars(c)), None)
    if isinstance(found, staticmethod | types.FunctionType):
        return found(*args, **named)
    if isinstance(found, classmethod):
        return found.__func__(cls, *args, **named)
    if isinstance(found, property) and found.fget:
        return found.fget(*args)
    raise Violation("a request for a method that is none")


def class_told(cls: type) -> dict[str, Any]:
    """A class of checks.py, as the other side needs to know it."""
    if cls.__module__ != CHECKS:
        raise Unsendable(f"the class {cls.__name__}")
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return {"name": cls.__name__, "form": "tuple", "fields": cls._fields}
    own = {name: value for name, value in vars(cls).items() if name not in NOT_SENT}
    told: dict[str, Any] = {
        "name": cls.__name__,
        "form": "derived" if isinstance(cls, Derived) else "plain",
        "bases": tuple(bases_of(cls)),
    }
    if dataclasses.is_dataclass(cls):
        told["form"] = "dataclass"
        told["fields"] = tuple(x for field in dataclasses.fields(cls) for x in field_told(field))
        names = {field.name for field in dataclasses.fields(cls)}
        own = {n: v for n, v in own.items() if n not in names and not n.startswith("__")}
    methods = {name: how_called(value) for name, value in own.items() if how_called(value)}
    told["methods"] = tuple(x for pair in methods.items() for x in pair)
    told["values"] = tuple(
        x
        for name, value in own.items()
        if name not in methods and not name.startswith("__")
        for x in (name, value)
    )
    return told


def field_told(field: dataclasses.Field) -> tuple:
    default = () if field.default is dataclasses.MISSING else (field.default,)
    factory = None if field.default_factory is dataclasses.MISSING else field.default_factory
    return field.name, field.type, default, factory


def how_called(value: Any) -> str:
    kinds = (
        (staticmethod, "static"),
        (classmethod, "class"),
        (property, "property"),
        (types.FunctionType, "plain"),
    )
    return next((word for kind, word in kinds if isinstance(value, kind)), "")


# ---------------------------------------------------------------- imports of checks.py


class Mixed:
    """A module of this side whose state of the whole process (`np.random.seed`, `random.random`) is the other side's."""

    def __init__(self, here: Any, there: Any, kept: set[str], parts: dict[str, Any] | None = None):
        self.here, self.there, self.kept, self.parts = here, there, kept, parts or {}

    def __getattr__(self, name: str):
        if name in self.parts:
            return self.parts[name]
        return getattr(self.here if name in self.kept else self.there, name)


def importer(client: Client, package: Handle) -> Callable[..., Any]:
    """`__import__` for checks.py: the student's package is on the other side, and so is what belongs to the student's process."""
    module = lambda name: client.ask("module", name)
    stateful = {"default_rng", "Generator", "RandomState", "SeedSequence", "PCG64", "BitGenerator"}
    known: dict[str, Any] = {}

    def numpy_here():
        return Mixed(np, np, set(), {"random": Mixed(np.random, module("numpy.random"), stateful)})

    makers = {
        "numpy": numpy_here,
        "random": lambda: Mixed(
            importlib.import_module("random"), module("random"), {"Random", "SystemRandom"}
        ),
        "warnings": lambda: module("warnings"),
        "threading": lambda: module("threading"),
        "numba": lambda: module("numba"),
        "matplotlib": lambda: module("matplotlib"),
    }

    def bring(name: str, variables=None, local=None, names=(), level: int = 0):
        if name == "tinytorch" or name.startswith("tinytorch."):
            found = module(name)
            return found if names else package
        if name.partition(".")[0] == "matplotlib":  # drawn with there, not here
            module(name)
            name = "matplotlib"
        if name in makers:
            if name not in known:
                known[name] = makers[name]()
            return known[name]
        return __import__(name, variables, local, names, level)

    return bring
