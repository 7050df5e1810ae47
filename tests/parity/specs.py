"""The words the tables are written in: array specs, `T` (the library under test), samples and entries.

An array spec names shape, domain and memory layout; the same numbers go to both libraries, made from a seed.
"""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

FLOAT = "float"  # the dtype a run chooses: float32 for values, float64 for gradients


class Name:
    """`T.float64` in a sample: an attribute of whichever library runs it."""

    def __init__(self, path: str = ""):
        self.path = path

    def __getattr__(self, attribute: str) -> Name:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return Name(f"{self.path}.{attribute}" if self.path else attribute)

    def __repr__(self):
        return f"T.{self.path}"

    def of(self, library):
        for part in self.path.split("."):
            library = getattr(library, part)
        return library


T = Name()


@dataclass(frozen=True)
class Spec:
    """One tensor argument. `layout`: "" contiguous, "t" transposed, "step" every second row, "wide" expanded."""

    shape: tuple[int, ...] = ()
    domain: str = "normal"
    dtype: str = FLOAT
    low: float = -2.0
    high: float = 2.0
    data: Any = None
    layout: str = ""
    grad: bool = True

    @property
    def T(self) -> Spec:
        return dataclasses.replace(self, layout="t")

    @property
    def step(self) -> Spec:
        return dataclasses.replace(self, layout="step")

    @property
    def wide(self) -> Spec:
        return dataclasses.replace(self, layout="wide")

    @property
    def fixed(self) -> Spec:
        """The same numbers, never asked for a gradient."""
        return dataclasses.replace(self, grad=False)

    def __repr__(self):
        word = "v" if self.data is not None else self.domain
        dtype = "" if self.dtype == FLOAT else f", {self.dtype}"
        return f"{word}{self.shape}{'.' + self.layout if self.layout else ''}{dtype}".replace(",)", ")")

    def numbers(self, seed: str, dtype: str) -> np.ndarray:
        """The array itself, before its layout."""
        rng = np.random.default_rng(zlib.crc32(seed.encode()))
        if self.data is not None:
            return np.array(self.data).astype(dtype)
        if dtype == "bool":
            return rng.random(self.shape) < 0.5
        if self.domain == "int" or not np.issubdtype(dtype, np.inexact):
            low, high = self.whole_bounds(dtype)
            return rng.integers(low, high, self.shape).astype(dtype)
        if self.domain == "normal":
            x = rng.standard_normal(self.shape)
            if np.issubdtype(dtype, np.complexfloating):
                x = x + 1j * rng.standard_normal(self.shape)
        elif self.domain == "spd":
            x = rng.standard_normal(self.shape)
            x = x @ np.swapaxes(x, -1, -2) + self.shape[-1] * np.eye(self.shape[-1])
        else:
            x = rng.uniform(self.low, self.high, self.shape)
        return np.asarray(x).astype(dtype)

    def whole_bounds(self, dtype: str) -> tuple[int, int]:
        if self.domain == "int":
            return int(self.low), int(self.high)
        if self.domain in ("pos", "unit"):
            return 1, 5
        return (0, 6) if dtype.startswith("u") else (-4, 5)


def f(*shape) -> Spec:
    """Normally distributed floats."""
    return Spec(shape)


def pos(*shape, low=0.2, high=3.0) -> Spec:
    return Spec(shape, "pos", low=low, high=high)


def unit(*shape, low=0.05, high=0.95) -> Spec:
    return Spec(shape, "unit", low=low, high=high)


def span(*shape, low, high) -> Spec:
    return Spec(shape, "span", low=low, high=high)


def spd(*shape) -> Spec:
    """Symmetric positive definite matrices."""
    return Spec(shape, "spd")


def ints(*shape, low=-4, high=5, dtype="int64") -> Spec:
    return Spec(shape, "int", dtype, low, high)


def nonzero(*shape, dtype="int64") -> Spec:
    return Spec(shape, "int", dtype, 1, 6)


def bools(*shape) -> Spec:
    return Spec(shape, "bool", "bool")


def cplx(*shape) -> Spec:
    return Spec(shape, "normal", "complex64")


def v(data, dtype: str | None = None) -> Spec:
    """These very numbers; floats follow the run's dtype."""
    array = np.array(data)
    kind = dtype or (FLOAT if array.dtype.kind == "f" else str(array.dtype))
    return Spec(array.shape, data=data, dtype=kind)


@dataclass
class Sample:
    """One call: positional and keyword arguments in which specs and `T.` names stand for themselves."""

    args: tuple
    kwargs: dict = field(default_factory=dict)
    only: str = ""  # "f" function form only, "m" method form only

    def __repr__(self):
        words = [repr(a) for a in self.args] + [f"{k}={v!r}" for k, v in self.kwargs.items()]
        return f"({', '.join(words)})"


def s(*args, **kwargs) -> Sample:
    return Sample(args, kwargs)


def function_only(*args, **kwargs) -> Sample:
    return Sample(args, kwargs, only="f")


def method_only(*args, **kwargs) -> Sample:
    return Sample(args, kwargs, only="m")


@dataclass
class Entry:
    """One function, with its samples and what is special about it."""

    name: str
    samples: list[Sample]
    home: str = ""  # "", "nn.functional", "linalg", "special"
    order: int = 2  # differentiated this often, as far as torch itself can
    sweep: bool = True  # repeat the first sample with every dtype torch accepts
    random: bool = False  # compare dtype and shape, not values
    view: bool = False  # compare what writing to the input and to the result changes
    inplace: bool = True  # check name_ too where torch.Tensor has it
    numeric: bool = True  # finite differences can check it
    rtol: float = 1.0  # factors on the usual tolerances
    why: str = ""  # the reason for such a factor
    extra: bool = False  # not promised: held against torch where it is there
    expression: Callable | None = None  # called as expression(T, *args) in place of the function

    @property
    def path(self) -> str:
        return f"{self.home}.{self.name}" if self.home else self.name

    @property
    def method(self) -> bool:
        """Whether a Tensor method of this name could be the same function."""
        return self.home == "" and self.expression is None


def op(name: str, *samples: Sample, **flags) -> Entry:
    return Entry(name, list(samples), **flags)


def F(name: str, *samples: Sample, **flags) -> Entry:
    return Entry(name, list(samples), home="nn.functional", **flags)


def linalg(name: str, *samples: Sample, **flags) -> Entry:
    return Entry(name, list(samples), home="linalg", **flags)


def expr(name: str, expression: Callable, *samples: Sample, **flags) -> Entry:
    """An expression of a program, such as `lambda T, x: x[1:, None]`."""
    return Entry(name, list(samples), expression=expression, inplace=False, sweep=False, **flags)


def map_specs(value, make: Callable[[Spec], Any], library):
    """A sample's argument with every spec replaced by make(spec) and every name looked up."""
    if isinstance(value, Spec):
        return make(value)
    if isinstance(value, Name):
        return value.of(library)
    if isinstance(value, (list, tuple)):
        return type(value)(map_specs(item, make, library) for item in value)
    if isinstance(value, slice):
        return slice(*(map_specs(part, make, library) for part in (value.start, value.stop, value.step)))
    if isinstance(value, dict):
        return {key: map_specs(item, make, library) for key, item in value.items()}
    return value
