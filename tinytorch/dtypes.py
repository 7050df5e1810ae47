"""dtypes with PyTorch's names, and PyTorch's rules for what two of them make together."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

# NumPy has no bfloat16: such numbers lie in float32 arrays, and the dtype says what they stand for (ops/bfloat16.py).
BFLOAT16 = np.dtype(np.float32, metadata={"stands for": "bfloat16"})


class dtype:
    """An element type: `tinytorch.float32`. `.np` is NumPy's name for it."""

    __slots__ = ("is_complex", "is_floating_point", "is_signed", "itemsize", "name", "np")

    def __init__(self, name: str, array_type):
        self.name = name
        self.np: Any = np.dtype(array_type)
        kind = self.np.kind
        self.is_floating_point = kind == "f"
        self.is_complex = kind == "c"
        self.is_signed = kind not in "bu"
        self.itemsize = 2 if self.np is BFLOAT16 else self.np.itemsize

    def __repr__(self) -> str:
        return f"torch.{self.name}"  # PyTorch's spelling, so that what a program prints does not change

    def __reduce__(self):
        return _by_name, (self.name,)

    def to_complex(self) -> dtype:
        return complex128 if self.np == np.float64 else complex64

    def to_real(self) -> dtype:
        return {"complex64": float32, "complex128": float64}.get(self.name, self)


float16 = half = dtype("float16", np.float16)
float32 = float = dtype("float32", np.float32)
float64 = double = dtype("float64", np.float64)
bfloat16 = dtype("bfloat16", BFLOAT16)
int8 = dtype("int8", np.int8)
int16 = short = dtype("int16", np.int16)
int32 = int = dtype("int32", np.int32)
int64 = long = dtype("int64", np.int64)
uint8 = dtype("uint8", np.uint8)
uint16, uint32, uint64 = dtype("uint16", np.uint16), dtype("uint32", np.uint32), dtype("uint64", np.uint64)
bool = dtype("bool", np.bool_)
complex64 = cfloat = dtype("complex64", np.complex64)
complex128 = cdouble = dtype("complex128", np.complex128)

ALL = (
    float16,
    float32,
    float64,
    bfloat16,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
    bool,
    complex64,
    complex128,
)


class UnheldDtype(dtype):
    """A dtype that programs name and compare with, and in which nothing can be stored: NumPy has no such numbers."""

    __slots__ = ()

    def __init__(
        self,
        name: str,
        is_floating_point: builtins.bool,
        is_complex: builtins.bool = False,
        itemsize: builtins.int = 1,
    ):
        self.name, self.itemsize = name, itemsize
        self.is_floating_point, self.is_complex = is_floating_point, is_complex
        self.is_signed = not name.startswith(("u", "quint"))

    @property
    def np(self):
        raise TypeError(
            f"torch.{self.name}: tinytorch has no tensors of this dtype; there are: {', '.join(d.name for d in ALL)}"
        )


FLOAT8 = {  # the largest number, the step at 1, the smallest normal number
    "float8_e4m3fn": (448.0, 2.0**-3, 2.0**-6),
    "float8_e4m3fnuz": (240.0, 2.0**-3, 2.0**-7),
    "float8_e5m2": (57344.0, 2.0**-2, 2.0**-14),
    "float8_e5m2fnuz": (57344.0, 2.0**-3, 2.0**-15),
    "float8_e8m0fnu": (2.0**127, 1.0, 2.0**-127),
}
float8_e4m3fn, float8_e4m3fnuz, float8_e5m2, float8_e5m2fnuz, float8_e8m0fnu = (
    UnheldDtype(name, True) for name in FLOAT8
)
complex32 = chalf = UnheldDtype("complex32", False, is_complex=True, itemsize=4)
qint8, quint8, qint32 = (UnheldDtype(name, False) for name in ("qint8", "quint8", "qint32"))

_BY_NUMPY = {d.np: d for d in ALL if d is not bfloat16}
_SCALARS = {np.bool_: bool, np.integer: int64, np.floating: None, np.complexfloating: None}
_default = float32


def _by_name(name: str) -> dtype:
    return next((d for d in ALL if d.name == name), None) or globals()[name]


def of(array) -> dtype:
    """The dtype of an array."""
    return from_numpy(array.dtype)


def from_numpy(array_type) -> dtype:
    if array_type is BFLOAT16:
        return bfloat16
    try:
        return _BY_NUMPY[array_type]
    except KeyError:
        raise TypeError(
            f"no tensor dtype for NumPy's {array_type}; there are: {', '.join(d.name for d in ALL)}"
        ) from None


def to_numpy(dt) -> Any:
    """NumPy's dtype for a dtype (None stays None); Python's float, int and bool count as dtypes, as in PyTorch."""
    if dt is None:
        return None
    if isinstance(dt, dtype):
        if dt is bfloat16:
            begin_bfloat16()
        return dt.np
    if isinstance(dt, np.dtype):
        return dt
    named = {_py_float: float64, _py_int: int64, _py_bool: bool, _py_complex: complex128}.get(dt)
    if named is None:
        raise TypeError(f"dtype must be a dtype such as torch.float32, got {dt!r}")
    return named.np


before_bfloat16: list = []  # what has to be done before the first such tensor


def begin_bfloat16() -> None:
    while before_bfloat16:
        before_bfloat16.pop()()


def differ(a: np.dtype, b: np.dtype) -> builtins.bool:
    return a != b or (a is BFLOAT16) != (b is BFLOAT16)


def to_bfloat16(array):
    """A float32 array rounded to the nearest bfloat16, half to even: what is left are the upper 16 bits."""
    bits = array.astype(np.float32).view(np.uint32)
    rounded = (bits + (((bits >> 16) & 1) + 0x7FFF)) & np.uint32(0xFFFF0000)
    return np.where(np.isnan(array), bits, rounded).astype(np.uint32).view(BFLOAT16)


def get_default_dtype() -> dtype:
    return _default


def set_default_dtype(d: dtype) -> None:
    """The dtype of new floating-point tensors, and what integers become in `sqrt` and its like."""
    global _default
    if not isinstance(d, dtype) or d not in (float16, bfloat16, float32, float64):
        raise TypeError(f"only floating-point types are supported as the default type, got {d!r}")
    to_numpy(d)
    _default = d


def default_np() -> np.dtype:
    return _default.np


def promote_types(a: dtype, b: dtype) -> dtype:
    """The dtype of `x + y` for tensors of dtypes a and b with equal standing."""
    return from_numpy(promote_np(a.np, b.np))


def promote_np(a: np.dtype, b: np.dtype) -> np.dtype:
    if a is b:
        return a
    # NumPy widens a float beside an integer (int64 + float32 -> float64), PyTorch keeps the float as it is.
    if a.kind in "biu" and b.kind in "fc":
        return b
    if b.kind in "biu" and a.kind in "fc":
        return a
    common = np.promote_types(a, b)
    return np.dtype(np.float32) if common is BFLOAT16 else common


def result_np(values) -> np.dtype:
    """PyTorch's `result_type` over arrays and Python numbers.

    Arrays with dimensions decide; 0-dim arrays and Python numbers count only where they bring a higher kind
    (bool < integer < float < complex).
    """
    dims = zeros = numbers = None
    for value in values:
        if isinstance(value, _NUMBERS):
            numbers = _meet(numbers, _number_type(value))
        elif value is None:
            continue
        elif value.ndim:
            dims = _meet(dims, value.dtype)
        else:
            zeros = _meet(zeros, value.dtype)
    return _outrank(dims, _outrank(zeros, numbers))


def _meet(a, b):
    return b if a is None else promote_np(a, b)


def _outrank(strong, weak):
    """The stronger operand's dtype unless the weaker one is of a higher kind."""
    if strong is None or weak is None:
        return weak if strong is None else strong
    if strong.kind == "c":
        return strong
    if strong.kind == "f":
        return from_numpy(strong).to_complex().np if weak.kind == "c" else strong
    if strong.kind == "b" or weak.kind in "fc":
        return promote_np(strong, weak)
    return strong


_py_bool, _py_int, _py_float, _py_complex = builtins.bool, builtins.int, builtins.float, complex
_NUMBERS = (_py_bool, _py_int, _py_float, _py_complex)


def _number_type(value) -> np.dtype:
    if isinstance(
        value, np.generic
    ):  # what is left of a 0-dim array; `convert` has made Python's of the ones users pass
        return value.dtype
    if isinstance(value, _py_bool):
        return bool.np
    if isinstance(value, _py_int):
        return int64.np
    return _default.np if isinstance(value, _py_float) else _default.to_complex().np


def element(value, target: np.dtype):
    """A Python number as an element of a dtype; PyTorch's error if it is none: 300 as uint8, 1e50 as float32, 1j as float32."""
    if target.kind == "b":
        return np.bool_(value)
    if target.kind == "c":
        return target.type(value)
    wrong = RuntimeError(f"value cannot be converted to type {target.name} without overflow: {value!r}")
    if isinstance(value, (_py_complex, np.complexfloating)):
        if value.imag:
            raise wrong
        value = value.real
    if target.kind == "f":
        if math.isfinite(value) and builtins.abs(value) > np.finfo(target).max:
            raise wrong
        return target.type(value)
    if not math.isfinite(value):
        raise wrong
    whole, limits = _py_int(value), np.iinfo(target)
    if not (limits.min or -limits.max) <= whole <= limits.max:
        raise wrong
    return wrapped(whole, target)


def wrapped(whole, target: np.dtype):
    """An integer in an integer dtype that may be too small for it: modulo 2 to the number of bits, as C has it."""
    return np.asarray(whole, np.int64).astype(target)[()]


class finfo:
    """Limits of a floating-point dtype: `finfo(float32).max`."""

    def __init__(self, type: dtype | None = None):
        if type is not None and not type.is_floating_point:
            raise TypeError(
                f"finfo() requires a floating point input type, got {type!r}; use iinfo for integers"
            )
        type = type or _default
        if type is bfloat16:
            self._set("bfloat16", 16, largest=2.0**127 * (2 - 2.0**-7), eps=2.0**-7, tiny=2.0**-126)
            self.resolution = 0.01
            return
        if type.name in FLOAT8:
            self._set(type.name, 8, *FLOAT8[type.name])
            self.resolution = 1.0
            return
        info = np.finfo(to_numpy(type))
        self.dtype = from_numpy(info.dtype).name
        self.bits = info.bits
        self.min, self.max = _py_float(info.min), _py_float(info.max)
        self.eps, self.tiny = _py_float(info.eps), _py_float(info.tiny)
        self.smallest_normal, self.resolution = _py_float(info.smallest_normal), _py_float(info.resolution)

    def _set(self, name: str, bits: builtins.int, largest, eps, tiny) -> None:
        self.dtype, self.bits, self.eps = name, bits, eps
        self.min, self.max = (
            (tiny if name.startswith("float8_e8m0") else -largest),
            largest,
        )  # that one has no sign
        self.tiny = self.smallest_normal = tiny

    def __repr__(self) -> str:
        return f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})"


class iinfo:
    """Limits of an integer dtype: `iinfo(int64).max`."""

    def __init__(self, type: dtype):
        if to_numpy(type).kind not in "iu":
            raise TypeError(f"iinfo() requires an integer input type, got {type!r}; use finfo for floats")
        info = np.iinfo(to_numpy(type))
        self.dtype, self.bits, self.min, self.max = from_numpy(info.dtype).name, info.bits, info.min, info.max

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"
