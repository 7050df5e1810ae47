"""A stand-in for CuPy over NumPy's arrays, for machines without a GPU. It computes on the CPU: nothing here measures or
proves anything about a GPU, only that tinytorch asks CuPy for nothing that it does not have.

What CuPy refuses, it refuses too: NumPy's arrays among its own, turning into one unasked, NumPy's functions and arguments
that CuPy lacks (taken down from CuPy 14.2). It counts how often the host waits for the device, and the bytes in use.
Kernels run for real, compiled as C++ by `emulate`.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
import traceback
import types

import numpy as np
import scipy.linalg
import scipy.special

from . import emulate

LACKS = set(
    "block einsum_path errstate frompyfunc geomspace histogram_bin_edges insert matvec nanpercentile nanquantile ndenumerate"
    " nditer polyder polydiv polyint spacing unstack vecdot vecmat vectorize ascontiguousarray as_strided multi_dot"
    " svdvals vector_norm matrix_norm eigvals_general"
    " asarray array asanyarray".split()  # these three exist, but NumPy's do not hand over to CuPy's
)
REFUSES = {
    **{key: {"initial", "where"} for key in "amax amin max min prod sum nanmax nanmin nansum nanprod".split()},
    **{key: {"where", "mean", "correction"} for key in "all any mean std var nanmean nanstd nanvar".split()},
    "argsort": {"order", "stable"}, "sort": {"order", "stable"}, "argpartition": {"kind", "order"}, "take": {"mode"},
    "partition": {"kind", "order"}, "count_nonzero": {"keepdims"}, "einsum": {"out"}, "percentile": {"weights"},
    "quantile": {"weights"}, "unique": {"sorted"}, "isin": {"kind"}, "indices": {"sparse"},
}  # fmt: skip
WAITS = set(
    "nonzero flatnonzero argwhere unique array_equal allclose extract compress bincount isin intersect1d".split()
)
METHODS = {
    **dict.fromkeys("max min ptp".split(), "axis out keepdims"),
    **dict.fromkeys("sum mean prod".split(), "axis dtype out keepdims"),
    **dict.fromkeys("all any".split(), "axis out keepdims"),
    **dict.fromkeys("argmax argmin".split(), "axis out keepdims"),
    **dict.fromkeys("std var".split(), "axis dtype out ddof keepdims"),
    **dict.fromkeys("cumsum cumprod".split(), "axis dtype out"),
    "argsort": "axis kind", "sort": "axis kind", "argpartition": "kth axis", "partition": "kth axis", "clip": "min max out",
    "astype": "dtype order casting subok copy", "copy": "order", "fill": "value", "flatten": "order", "ravel": "order",
    "reshape": "*", "transpose": "*", "repeat": "repeats axis", "round": "decimals out", "take": "indices axis out",
    "searchsorted": "v side sorter", "squeeze": "axis", "swapaxes": "*", "diagonal": "offset axis1 axis2",
    "trace": "offset axis1 axis2 dtype out", "dot": "b out", "view": "dtype", "put": "indices values mode",
    "choose": "choices out mode", "conj": "", "conjugate": "", "nonzero": "", "compress": "condition axis out",
}  # fmt: skip


# ---------------------------------------------------------------- what it counts


class Counters:
    """How often the host had to wait, and where; bytes in use as CuPy's pool would count them, in blocks of 512."""

    def __init__(self):
        self.used = self.peak = 0
        self.waits: list[str] = []

    def wait(self, what: str) -> None:
        frames = [f for f in traceback.extract_stack() if "/tinytorch/" in f.filename]
        self.waits.append(f"{what} at {frames[-1].filename}:{frames[-1].lineno}" if frames else what)

    def take(self, nbytes: int) -> int:
        block = -(-nbytes // 512) * 512
        allocator[-1](block)
        self.peak = max(self.peak, self.used)
        return block


limit: list[int] = []


class OutOfMemoryError(MemoryError):
    def __init__(self, size: int, total: int):
        super().__init__(f"Out of memory allocating {size:,} bytes (allocated so far: {total:,} bytes).")


counters = Counters()


# ---------------------------------------------------------------- arrays


class Flags:
    def __init__(self, array: ndarray):
        flags = array._a.flags
        self.c_contiguous, self.f_contiguous, self.owndata = (
            flags.c_contiguous,
            flags.f_contiguous,
            array.base is None,
        )


class ndarray:
    """An array that says it is on a GPU."""

    __array_priority__ = 100
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, array: np.ndarray, base: ndarray | None = None):
        self._a, self.base = array, base
        self._block = 0
        if base is None:
            self._block = counters.take(array.nbytes)

    def __del__(self):
        counters.used -= getattr(self, "_block", 0)

    shape = property(lambda self: self._a.shape, lambda self, shape: setattr(self._a, "shape", shape))
    dtype = property(lambda self: self._a.dtype)
    ndim = property(lambda self: self._a.ndim)
    size = property(lambda self: self._a.size)
    nbytes = property(lambda self: self._a.nbytes)
    itemsize = property(lambda self: self._a.itemsize)
    strides = property(lambda self: self._a.strides)
    flags = property(Flags)
    device = property(lambda self: cuda.Device(0))
    T = property(lambda self: wrapped(self._a.T, [self]))
    real = property(
        lambda self: wrapped(self._a.real, [self]), lambda self, v: setattr(self._a, "real", plain(v))
    )
    imag = property(
        lambda self: wrapped(self._a.imag, [self]), lambda self, v: setattr(self._a, "imag", plain(v))
    )
    data = property(
        lambda self: types.SimpleNamespace(ptr=self._a.ctypes.data, copy_from_host_async=self._copy_from)
    )

    __cuda_array_interface__ = property(
        lambda self: {"shape": self.shape, "typestr": self.dtype.str, "version": 3}
    )

    def _copy_from(self, address: int, nbytes: int, stream=None) -> None:
        import ctypes

        ctypes.memmove(self._a.ctypes.data, address, nbytes)

    def __array__(self, *args, **kwargs):
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct a NumPy array explicitly."
        )

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        if getattr(sys.modules[__name__], ufunc.__name__, None) is None:
            return NotImplemented
        if method == "accumulate" and ufunc.__name__ not in ("add", "multiply"):
            raise NotImplementedError(f"`{ufunc.__name__}.accumulate` is not supported yet")
        if "where" in kwargs and method != "__call__":
            raise TypeError("unexpected keyword argument 'where'")
        outs = kwargs.get("out")
        if outs is not None and len(outs) != 1:
            raise ValueError("The 'out' parameter must have exactly one array value")
        return run(getattr(ufunc, method), inputs, kwargs)

    def __array_function__(self, func, kinds, args, kwargs):
        path = func.__module__.split(".")[1:]
        try:
            ours = functools.reduce(getattr, [*path, func.__name__], sys.modules[__name__])
        except AttributeError:
            return NotImplemented
        if not all(kind in (ndarray, np.ndarray) for kind in kinds):
            return NotImplemented
        return ours(*args, **kwargs)

    def get(self, stream=None, order="C", out=None, blocking=True) -> np.ndarray:
        counters.wait("get")
        if out is not None:
            out[...] = self._a
            return out
        return self._a.copy(order=order)

    def set(self, arr: np.ndarray, stream=None) -> None:
        if not isinstance(arr, np.ndarray):
            raise TypeError("Only numpy.ndarray can be set to cupy.ndarray")
        if arr.dtype != self.dtype or arr.shape != self.shape:
            raise ValueError(f"Shape or dtype mismatch: {arr.dtype}{arr.shape} to {self.dtype}{self.shape}")
        self._a[...] = arr

    def item(self):
        counters.wait("item")
        if self.size != 1:
            raise ValueError("can only convert an array of size 1 to a Python scalar")
        return self._a.item()

    def tolist(self):
        return self.get().tolist()

    def tobytes(self, order="C"):
        return self.get().tobytes(order)

    def __len__(self):
        return len(self._a)

    def __iter__(self):
        return (self[i] for i in range(len(self._a)))

    def __getitem__(self, index):
        if has_mask(index):
            counters.wait("mask")
        return wrapped(self._a[plain_index(index)], [self])

    def __setitem__(self, index, value):
        if isinstance(value, np.ndarray) and not value.ndim:
            value = value[()]
        self._a[plain_index(index)] = plain(value)

    def __reduce__(self):
        return (asarray, (self.get(),))

    def __copy__(self):
        return self.copy()

    def __deepcopy__(self, memo):
        return self.copy()

    def __divmod__(self, other):
        return run(divmod, (self, other), {})


def has_mask(index) -> bool:
    parts = index if isinstance(index, tuple) else (index,)
    return any(isinstance(p, ndarray) and p.dtype == bool for p in parts)


def scalar_method(name: str):
    def convert(self, *args):
        counters.wait(name)
        return getattr(self._a, name)(*args)

    return convert


for _name in "__bool__ __int__ __float__ __complex__ __repr__ __str__ __format__".split():
    setattr(ndarray, _name, scalar_method(_name))


def operator_method(name: str):
    def operate(self, *others):
        if any(getattr(other, "__array_ufunc__", 0) is None for other in others):
            return NotImplemented
        if any(
            hasattr(other, "array") and hasattr(other, "wrap") for other in others
        ):  # a Tensor knows better
            return NotImplemented
        if any(other is None or isinstance(other, str) for other in others):
            return NotImplemented
        return run(getattr(np.ndarray, name), (self, *others), {})

    return operate


for _name in "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift".split():
    for _prefix in ("", "r", "i"):
        if _prefix + _name != "imatmul":
            setattr(ndarray, f"__{_prefix}{_name}__", operator_method(f"__{_prefix}{_name}__"))
for _name in "eq ne lt le gt ge neg pos abs invert".split():
    setattr(ndarray, f"__{_name}__", operator_method(f"__{_name}__"))


def array_method(name: str, parameters: str):
    names = parameters.split()

    def call(self, *args, **kwargs):
        if names != ["*"] and (len(args) > len(names) or not kwargs.keys() <= set(names)):
            raise TypeError(f"ndarray.{name}: takes ({parameters}), got {len(args)} and {list(kwargs)}")
        if name in WAITS:
            counters.wait(name)
        if name in ("fill", "put"):
            return run(getattr(self._a, name), args, kwargs, [self])
        named = kwargs if names == ["*"] else {**dict(zip(names, args)), **kwargs}
        named = {key: value for key, value in named.items() if key not in ("casting", "subok")}
        if name == "astype" and named.get("order") is None:
            named.pop("order", None)
        return run(getattr(self._a, name), args if names == ["*"] else (), named, [self])

    return call


for _name, _parameters in METHODS.items():
    setattr(ndarray, _name, array_method(_name, _parameters))


# ---------------------------------------------------------------- from here to NumPy and back


def plain(value):
    """NumPy's arrays for those in the arguments; an array of NumPy's own among them is refused."""
    if isinstance(value, ndarray):
        return value._a
    if isinstance(value, np.ndarray):
        raise TypeError(f"Unsupported type {type(value)}")
    if isinstance(value, (tuple, list)):
        return type(value)(map(plain, value))
    return value


def plain_index(index):
    """In an index CuPy takes NumPy's arrays too, and copies them to the device."""
    if isinstance(index, tuple):
        return tuple(map(plain_index, index))
    return index if isinstance(index, np.ndarray) else plain(index)


def arrays_in(values) -> list:
    found = []
    for value in values:
        if isinstance(value, ndarray):
            found.append(value)
        elif isinstance(value, (tuple, list)):
            found += arrays_in(value)
    return found


def wrapped(result, sources):
    """The result as arrays of this kind; one that shares memory with a source is a view of it, as in CuPy."""
    if isinstance(result, (tuple, list)):
        return (
            type(result)(wrapped(r, sources) for r in result)
            if type(result) in (tuple, list)
            else tuple(wrapped(r, sources) for r in result)
        )
    if isinstance(result, np.generic):
        return ndarray(np.asarray(result))
    if not isinstance(result, np.ndarray):
        return result
    for source in sources:
        if result is source._a:
            return source
    memory = result if result.base is None else result.base
    for source in sources:
        if memory is source._a or memory is source._a.base:
            return ndarray(result, source if source.base is None else source.base)
    return ndarray(result if result.base is None else result.copy())


def run(function, args, kwargs, sources=()):
    outs = kwargs.get("out")
    plain_kwargs = {key: plain(value) for key, value in kwargs.items()}
    result = function(*map(plain, args), **plain_kwargs)
    if result is NotImplemented:
        return result
    sources = [*sources, *arrays_in(args), *arrays_in([outs])]
    return wrapped(result, sources)


def library_function(name: str, function):
    refused = REFUSES.get(name, set())

    @functools.wraps(function)
    def call(*args, **kwargs):
        wrong = refused & kwargs.keys()
        if wrong:
            raise TypeError(f"cupy.{name}() got an unexpected keyword argument {sorted(wrong)[0]!r}")
        if refused and len(args) > 1:
            wrong = refused & inspect.signature(function).bind(*args, **kwargs).arguments.keys()
            if wrong:
                raise TypeError(f"cupy.{name}() has no argument {sorted(wrong)[0]!r}")
        if name in WAITS or (name == "where" and len(args) == 1):
            counters.wait(name)
        return run(function, args, kwargs)

    return call


def __getattr__(name: str):
    """Whatever NumPy has and CuPy has too."""
    if name in LACKS or not hasattr(np, name):
        raise AttributeError(f"module 'cupy' has no attribute {name!r}")
    found = getattr(np, name)
    if isinstance(found, type) or not callable(found):
        return found
    if isinstance(found, np.ufunc):
        return Ufunc(found)
    return library_function(name, found)


class Ufunc:
    """cupy.add and its like."""

    def __init__(self, ufunc):
        self.ufunc, self.__name__ = ufunc, ufunc.__name__

    def __call__(self, *args, **kwargs):
        return run(self.ufunc, args, kwargs)

    def reduce(self, *args, **kwargs):
        return run(self.ufunc.reduce, args, kwargs)

    def at(self, *args):
        run(self.ufunc.at, args, {})


def asarray(a, dtype=None, order=None, blocking=False):
    """From NumPy's arrays, numbers and lists: the one way from the host to the device."""
    if isinstance(a, ndarray):
        return a if dtype is None or a.dtype == dtype else a.astype(dtype)
    return ndarray(np.array(a, dtype=dtype, order=order))


def array(object, dtype=None, copy=True, order="K", ndmin=0):
    return object.copy() if isinstance(object, ndarray) and dtype is None else asarray(object, dtype)


def ascontiguousarray(a, dtype=None):
    a = asarray(a, dtype)
    return a if a.flags.c_contiguous else a.copy()


def asnumpy(a, stream=None, order="C", out=None, blocking=True):
    return a.get(out=out) if isinstance(a, ndarray) else np.asarray(a)


def as_strided(x, shape=None, strides=None):
    return ndarray(np.lib.stride_tricks.as_strided(x._a, shape, strides), x if x.base is None else x.base)


def einsum(*operands, dtype=None, optimize=False):
    return run(np.einsum, operands, {"optimize": optimize})


class Library:
    """numpy.linalg and the like."""

    def __init__(self, library, lacks: str = "", **own):
        self.library, self.lacks = library, set(lacks.split())
        self.__dict__.update(own)

    def __getattr__(self, name: str):
        if name.startswith("__") or name in self.lacks or not hasattr(self.library, name):
            raise AttributeError(name)
        found = getattr(self.library, name)
        return library_function(name, found) if callable(found) and not isinstance(found, type) else found


linalg = Library(np.linalg, "diagonal matrix_norm multi_dot outer svdvals tensordot trace vecdot vector_norm")
fft = Library(np.fft)
lib = types.SimpleNamespace(
    stride_tricks=types.SimpleNamespace(
        as_strided=as_strided,
        sliding_window_view=lambda x, shape, axis=None: ndarray(
            np.lib.stride_tricks.sliding_window_view(x._a, shape, axis, writeable=True),
            x if x.base is None else x.base,
        ),
    ),
    _function_base_impl=types.SimpleNamespace(),
)
random = types.SimpleNamespace(seed=lambda seed: None)
special = Library(scipy.special)
scipy_linalg = Library(scipy.linalg)
cupyx = types.SimpleNamespace(scipy=types.SimpleNamespace(special=special, linalg=scipy_linalg))
RawModule = emulate.RawModule
bool = np.bool_


# ---------------------------------------------------------------- cupy.cuda


class Device:
    mem_info = property(lambda self: (limit[-1] - counters.used, limit[-1]) if limit else (6 << 30, 6 << 30))

    def __init__(self, id: int = 0):
        self.id = id
        if id != 0:
            raise RuntimeError(f"cudaErrorInvalidDevice: invalid device ordinal: {id}")

    compute_capability = "61"
    attributes = {"MultiProcessorCount": 10}

    def use(self):
        return self

    def synchronize(self) -> None:
        counters.wait("Device.synchronize")

    def __enter__(self):
        return self

    def __exit__(self, *error) -> None:
        pass


class MemoryPool:
    def __init__(self, allocator=None):
        pass

    def malloc(self, size: int) -> int:
        """Arrays take their memory from NumPy: here it is only counted."""
        if limit and counters.used + size > limit[-1]:
            raise OutOfMemoryError(size, counters.used)
        counters.used += size
        return size

    def used_bytes(self) -> int:
        return counters.used

    def total_bytes(self) -> int:
        return counters.peak

    def free_bytes(self) -> int:
        return counters.peak - counters.used

    def free_all_blocks(self, stream=None) -> None:
        pass

    def set_limit(self, size=None, fraction=None) -> None:
        pass


class MemoryHook:
    pass


class Stream:
    null: Stream

    def __init__(self, null=False, non_blocking=False, ptds=False, priority=0):
        self.ptr = 0 if null else id(self)

    def synchronize(self) -> None:
        counters.wait("Stream.synchronize")

    def wait_event(self, event) -> None:
        pass

    def record(self, event=None):
        event = event or Event()
        event.record(self)
        return event

    done = True

    def __enter__(self):
        return self

    def __exit__(self, *error) -> None:
        pass


Stream.null = Stream(null=True)


class Event:
    done = True

    def __init__(self, block=False, disable_timing=False, interprocess=False):
        self.recorded = None

    def record(self, stream=None) -> None:
        self.recorded = stream

    def synchronize(self) -> None:
        counters.wait("Event.synchronize")


class PinnedMemoryPointer(bytearray):
    """Host memory a GPU could copy from by itself."""


def alloc_pinned_memory(size: int) -> PinnedMemoryPointer:
    return PinnedMemoryPointer(size)


runtime = types.SimpleNamespace(
    getDeviceCount=lambda: 1,
    getDeviceProperties=lambda i: {
        "name": b"stand-in for a GPU", "major": 6, "minor": 1, "totalGlobalMem": 6 << 30, "multiProcessorCount": 10,
    },
    deviceCanAccessPeer=lambda a, b: 0,
    runtimeGetVersion=lambda: 12090,
    driverGetVersion=lambda: 12090,
)  # fmt: skip
_pool = MemoryPool()
allocator = [_pool.malloc]
get_default_memory_pool = lambda: _pool
cuda = types.SimpleNamespace(
    Device=Device, Event=Event, MemoryPool=MemoryPool, MemoryHook=MemoryHook, Stream=Stream, runtime=runtime,
    alloc_pinned_memory=alloc_pinned_memory, get_current_stream=lambda: Stream.null, set_allocator=lambda new: allocator.append(new),
    get_elapsed_time=lambda start, end: 0.5, is_available=lambda: True,
    memory=types.SimpleNamespace(OutOfMemoryError=OutOfMemoryError),
)  # fmt: skip
__version__ = "stand-in"


@contextlib.contextmanager
def memory_of(nbytes: int):
    """`with memory_of(6 << 30):` more than that is not to be had."""
    limit.append(nbytes)
    try:
        yield
    finally:
        limit.pop()
