"""Whether the stand-in refuses what CuPy refuses: asked of CuPy itself, where it is installed. No GPU is needed to ask."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from tests.device import standin

# Made over its own memory, an array needs no driver; whatever reaches the device then fails with a CUDARuntimeError.
REFUSALS = {
    "NumPy's function that does not hand over": lambda x: np.asarray(x),
    "a method's argument": lambda x: x.max(initial=0),
    "a function's argument": lambda x: np.max(x, initial=0),
    "another array's flags": lambda x: x.flags.writeable,
    "ascontiguousarray": lambda x: np.ascontiguousarray(x),
    "accumulate": lambda x: np.maximum.accumulate(x),
    "an index of Python's": lambda x: [1, 2][x],
}


@pytest.fixture(scope="module")
def cupy():
    return pytest.importorskip("cupy", reason="CuPy is not installed: the stand-in cannot be held against it")


@pytest.fixture(scope="module")
def array(cupy):
    memory = np.zeros(6, np.float32)
    owned = cupy.cuda.UnownedMemory(memory.ctypes.data, memory.nbytes, memory, 0)
    return cupy.ndarray((2, 3), np.float32, cupy.cuda.MemoryPointer(owned, 0))


@pytest.mark.parametrize("ask", REFUSALS.values(), ids=REFUSALS.keys())
def test_the_stand_in_refuses_what_we_say_cupy_refuses(ask):
    with pytest.raises((TypeError, AttributeError, NotImplementedError)):
        ask(standin.asarray(np.zeros((2, 3), np.float32)))


@pytest.mark.parametrize("ask", REFUSALS.values(), ids=REFUSALS.keys())
def test_cupy_refuses_it(array, ask):
    with pytest.raises((TypeError, AttributeError, NotImplementedError)):
        ask(array)


def test_the_stand_in_has_no_function_that_cupy_lacks(cupy):
    functions = [
        name for name in np.__all__ if callable(getattr(np, name)) and not isinstance(getattr(np, name), type)
    ]
    extra = [name for name in functions if hasattr(standin, name) and not hasattr(cupy, name)]
    unused = {
        "get_include",
        "getbufsize",
        "geterr",
        "geterrcall",
        "info",
        "is_busday",
        "isnat",
        "nested_iters",
        "setbufsize",
    }
    unused |= {
        "seterr",
        "seterrcall",
        "show_runtime",
        "test",
        "asmatrix",
        "bmat",
        "busday_count",
        "busday_offset",
        "fromregex",
    }
    unused |= {"datetime_as_string", "datetime_data"}
    assert set(extra) <= unused


@pytest.mark.parametrize("name", sorted(standin.REFUSES))
def test_cupy_takes_none_of_the_arguments_that_are_refused(cupy, name):
    taken = inspect.signature(getattr(cupy, name)).parameters
    assert not standin.REFUSES[name] & taken.keys() or any(p.kind is p.VAR_KEYWORD for p in taken.values())


@pytest.mark.parametrize("name", sorted(standin.METHODS))
def test_cupy_has_the_methods(cupy, name):
    assert hasattr(cupy.ndarray, name)
