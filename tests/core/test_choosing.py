"""choose is np.where, bit for bit."""

import itertools

import numpy as np
import pytest

from tinytorch.ops.choosing import FEW, choose

SPECIAL = [np.inf, -np.inf, np.nan, 0.0, -0.0, 1.5, -2.0, 6e4]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("rows", [1, FEW // 8])
def test_choose(dtype, rows):
    """Arrays, rows, columns, transposed arrays and numbers, on both sides."""
    rng, dtype = np.random.default_rng(0), np.dtype(dtype)
    x, y = rng.choice(np.array(SPECIAL, dtype), (2, rows, 60))
    condition = rng.random((rows, 60)) < 0.5
    for a, b in itertools.product(
        (x, x[0], x.T.copy().T, 0.0, -np.inf, dtype.type(3)), (y, y[:, :1], y[::-1], 0.0, 0, -0.0, np.nan)
    ):
        want, got = np.where(condition, a, b).astype(dtype), choose(condition, a, b, dtype)
        assert got.dtype == dtype
        assert np.array_equal(want, got, equal_nan=True)
        number = ~np.isnan(want)
        assert np.array_equal(np.signbit(want[number]), np.signbit(got[number]))
        assert got.base is None


def test_no_nan_from_what_is_not_chosen():
    x = np.full(FEW, np.inf, np.float32)
    assert not choose(np.zeros(FEW, bool), x, 0.0, x.dtype).any()
