"""Run a sample on a library, and say in one line where two runs differ."""

from __future__ import annotations

import builtins
import contextlib
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.parity.specs import FLOAT, Spec

# relative and absolute, by the coarser dtype of a pair; float32 sums of ten numbers differ by a few ulp
TOLERANCES = {
    "float16": (4e-3, 4e-3),
    "bfloat16": (2e-2, 2e-2),
    "float32": (2e-5, 4e-6),
    "complex64": (2e-5, 4e-6),
    "float64": (1e-8, 1e-10),
    "complex128": (1e-8, 1e-10),
}


@dataclass
class Array:
    """A tensor as a value: what is compared, without its library."""

    dtype: str
    shape: tuple
    numbers: np.ndarray
    graph: bool = False


@dataclass
class Fields:
    """A named result such as max(dim)'s: its field names and values."""

    names: tuple
    values: list


@dataclass
class Failure:
    """An exception in place of a result."""

    error: BaseException

    def __repr__(self):
        text = str(self.error).strip().split("\n")[0]
        return f"{type(self.error).__name__}: {text[:150]}"


def numpy_of(x) -> np.ndarray:
    if str(x.dtype) == "torch.bfloat16":
        x = x.float()
    return np.array(x.detach().cpu().numpy())


def plain(value) -> Any:
    """A result as tuples, Arrays and Python values. Containers keep their kind."""
    if hasattr(value, "requires_grad") and hasattr(value, "detach"):
        return Array(str(value.dtype), tuple(value.shape), numpy_of(value), bool(value.requires_grad))
    names = getattr(value, "_fields", None) or (
        getattr(type(value), "__match_args__", None) if isinstance(value, tuple) else None
    )
    if names:
        return Fields(tuple(names), [plain(item) for item in value])
    if isinstance(value, (tuple, list)):
        return (tuple if isinstance(value, tuple) else list)(plain(item) for item in value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (np.ndarray, np.generic)):
        return Array(f"numpy.{value.dtype}", value.shape, np.array(value))
    if value is None or isinstance(value, (bool, int, float, complex, str)):
        return value
    return str(value)


def builtin_class(error: BaseException) -> type:
    """The first class of Python's own in an exception's ancestry: what a program can catch by name."""
    return next(c for c in type(error).__mro__ if getattr(builtins, c.__name__, None) is c)


def difference(want, got, loose: float = 1.0, numbers: bool = True) -> str | None:
    """None if `got` is what `want` is, else one line that says how it is not."""
    if isinstance(want, Failure) or isinstance(got, Failure):
        return failure_difference(want, got)
    if isinstance(want, Array) and isinstance(got, Array):
        return array_difference(want, got, loose, numbers)
    if isinstance(want, Fields) and isinstance(got, Fields):
        if want.names != got.names:
            return f"fields {want.names} expected, got {got.names}"
        return sequence_difference(want.values, got.values, loose, numbers)
    if isinstance(want, float) and isinstance(got, float) and numbers:
        close = np.isclose(want, got, rtol=2e-5 * loose, atol=1e-7 * loose, equal_nan=True)
        return None if close else f"{want} expected, got {got}"
    if type(want) is not type(got):
        return f"{kind(want)} expected, got {kind(got)}"
    if isinstance(want, (tuple, list)):
        return sequence_difference(want, got, loose, numbers)
    if isinstance(want, dict):
        if list(want) != list(got):
            return f"keys {list(want)} expected, got {list(got)}"
        return sequence_difference(list(want.values()), list(got.values()), loose, numbers)
    return None if want == got or not numbers else f"{want!r} expected, got {got!r}"


def kind(value) -> str:
    if isinstance(value, Array):
        return f"tensor{value.shape}"
    if isinstance(value, Fields):
        return f"fields {value.names}"
    if isinstance(value, (tuple, list)):
        return f"({', '.join(kind(item) for item in value[:3])})"
    return f"{type(value).__name__} {str(value)[:80]!r}"


def failure_difference(want, got) -> str | None:
    if isinstance(want, Failure) and isinstance(got, Failure):
        expected = builtin_class(want.error)
        if isinstance(got.error, expected):
            return None
        return f"{expected.__name__} expected ({want!r}), got {got!r}"
    if isinstance(want, Failure):
        return f"an error expected ({want!r}), got {kind(got)}"
    return f"{got!r}; {kind(want)} expected"


def sequence_difference(want, got, loose, numbers) -> str | None:
    if len(want) != len(got):
        return f"{len(want)} values expected, got {len(got)}"
    for index, (a, b) in enumerate(zip(want, got, strict=True)):
        message = difference(a, b, loose, numbers)
        if message:
            return f"[{index}] {message}"
    return None


def array_difference(want: Array, got: Array, loose: float, numbers: bool) -> str | None:
    if want.dtype != got.dtype:
        return f"{want.dtype} expected, got {got.dtype}"
    if want.shape != got.shape:
        return f"shape {want.shape} expected, got {got.shape}"
    if want.graph != got.graph:
        return f"requires_grad={want.graph} expected, got {got.graph}"
    if not numbers or want.numbers.size == 0:
        return None
    rtol, atol = TOLERANCES.get(want.dtype.split(".")[-1], (0.0, 0.0))
    a, b = want.numbers, got.numbers
    if a.dtype.kind in "fc":
        close = np.isclose(b, a, rtol=rtol * loose, atol=atol * loose, equal_nan=True)
    else:
        close = a == b
    if np.all(close):
        return None
    where = tuple(int(i) for i in np.argwhere(~np.atleast_1d(close))[0])[: a.ndim]
    count = f"{int((~np.asarray(close)).sum())} of {a.size} values differ"
    return f"{a[where]} expected at {list(where)}, got {b[where]} ({count})"


def make_tensor(library, spec: Spec, seed: str, float_dtype: str = "float32", swept: str | None = None):
    """The spec as a tensor of the library. Layouts are views, made as a program would make them."""
    dtype = float_dtype if spec.dtype == FLOAT else spec.dtype
    if swept and spec.dtype == FLOAT:
        dtype = swept
    x = spec.numbers(seed, dtype)
    if spec.layout == "t":
        return library.tensor(np.ascontiguousarray(x.swapaxes(-1, -2))).transpose(-1, -2)
    if spec.layout == "step":
        return library.tensor(np.repeat(x, 2, axis=0))[::2]
    if spec.layout == "wide":
        return library.tensor(x[:1]).expand(*x.shape)
    return library.tensor(x)


@contextlib.contextmanager
def silence():
    """torch's deprecations are not our business."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def quietly(call, *args):
    """call(*args) or its Failure. torch may warn as it likes; numpy's own warnings are a defect, so they fail."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", RuntimeWarning)
        try:
            return call(*args)
        except Exception as error:  # any exception is a result here, held against the other library's
            return Failure(error)


def flat_tensors(value) -> list:
    """The tensors of a result, in order."""
    if hasattr(value, "requires_grad") and hasattr(value, "detach"):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (tuple, list)):
        return [x for item in value for x in flat_tensors(item)]
    return []
