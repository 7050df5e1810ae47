"""exp, tanh and erf against float64, over all that a float32 can be."""

import numpy as np
import pytest
from scipy import special

from tinytorch.kernels.cpu import numerics
from tinytorch.kernels.cpu.compiling import entry


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


CASES = {"exp": np.exp, "tanh": np.tanh, "erf": special.erf}
ERROR = {"exp": 3e-7, "tanh": 3e-7, "erf": 4e-7}


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
