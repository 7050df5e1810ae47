"""exp, tanh, erf and log against float64, over all that a float32 can be."""

import numpy as np
import pytest
from scipy import special

from tinytorch.kernels.cpu import numerics
from tinytorch.kernels.cpu.compiling import entry
from tinytorch.kernels.cpu.simd import instructions


def over_an_array(function):
    def apply(x, out, tasks):
        for i in range(x.size):
            out[i] = function(x[i])

    def run(x):
        out = np.empty_like(x)
        made(x, out, work=1)
        return out

    apply.__qualname__ = f"apply_{function.__name__}"  # what compiled code is told apart by
    made = entry(apply)
    return run


CASES = {"exp": np.exp, "tanh": np.tanh}
ERROR = {"exp": 3e-7, "tanh": 3e-7}


@pytest.mark.parametrize("name", CASES)
def test_against_float64(name):
    x = np.concatenate([np.linspace(-95, 95, 200_001), np.logspace(-37, 0, 1000), -np.logspace(-37, 0, 1000)])
    x = x.astype(np.float32)
    function = over_an_array(getattr(numerics, name))
    with np.errstate(all="ignore"):
        exact = CASES[name](x.astype(np.float64))
        as_float = exact.astype(np.float32)
    got = function(x)
    normal = (np.abs(exact) > 1.2e-38) & np.isfinite(as_float)
    assert np.max(np.abs(got[normal] / exact[normal] - 1)) < ERROR[name]
    assert np.array_equal(np.isinf(got), np.isinf(as_float))


@pytest.mark.parametrize("name", CASES)
def test_of_what_is_no_number(name):
    x = np.array([np.nan, np.inf, -np.inf, 0.0], np.float32)
    np.testing.assert_array_equal(over_an_array(getattr(numerics, name))(x), CASES[name](x))


def in_vectors(function):
    """What writes the vectors of a function, as a function of an array of any length."""

    def write(e, x, out, count):
        e.for_vectors(
            count, lambda at, mask: e.store_part(mask, function(e, e.load_part(mask, x, at)), out, at)
        )

    def apply(x, out, tasks):
        part(x.ctypes.data, out.ctypes.data, x.size)

    def run(x):
        out = np.full(x.size + 1, 7, x.dtype)
        made(x, out, work=1)
        assert out[-1] == 7  # nothing is written behind the last
        return out[:-1]

    apply.__qualname__ = f"apply_{function.__name__}"
    part, made = instructions(write), entry(apply)
    return run


SPREAD = np.concatenate([np.linspace(-95, 95, 20_003), np.logspace(-37, 38, 1000)]).astype(np.float32)
VECTOR_CASES = {
    "exp_below_zero": (np.exp, SPREAD[SPREAD < 1e-6], 3e-7),
    "erf_of": (special.erf, np.concatenate([SPREAD, -SPREAD]), 4e-7),
    "log_of": (np.log, SPREAD[SPREAD > 1.2e-38], 2e-7),
}


@pytest.mark.parametrize("name", VECTOR_CASES)
def test_vectors_against_float64(name):
    exact, x, error = VECTOR_CASES[name]
    got, expected = in_vectors(getattr(numerics, name))(x), exact(x.astype(np.float64))
    normal = np.abs(expected) > 1.2e-38
    assert np.max(np.abs(got[normal] / expected[normal] - 1)) < error
    assert np.all(np.abs(got[~normal]) <= 1.2e-38)


@pytest.mark.parametrize("name", VECTOR_CASES)
def test_vectors_of_what_is_no_number(name):
    numbers = {"exp_below_zero": [0.0, -np.inf], "erf_of": [0.0, np.inf, -np.inf], "log_of": [1.0]}[name]
    x = np.array([np.nan, *numbers], np.float32)
    np.testing.assert_array_equal(in_vectors(getattr(numerics, name))(x), VECTOR_CASES[name][0](x))
