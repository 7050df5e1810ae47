"""Stable numerics against scipy, and at the ends of the number line."""

import numpy as np
import pytest
import scipy.special

from tinytorch.utils import numerics

LINE = np.array([-np.inf, -1e4, -745.0, -40.0, -1.0, -1e-9, 0.0, 1e-9, 1.0, 40.0, 745.0, 1e4, np.inf])


@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 2)])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("scale", [1, 1000])
def test_logsumexp_matches_scipy(axis, keepdims, scale):
    x = np.random.default_rng(0).standard_normal((3, 4, 5)) * scale
    expected = scipy.special.logsumexp(x, axis=axis, keepdims=keepdims)
    np.testing.assert_allclose(numerics.logsumexp(x, axis, keepdims), expected, rtol=1e-13)
    assert numerics.logsumexp(x, axis, keepdims).shape == np.shape(expected)


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_softmax_and_log_softmax_match_scipy(axis, dtype):
    x = (np.random.default_rng(1).standard_normal((3, 4, 5)) * 500).astype(dtype)
    assert numerics.softmax(x, axis).dtype == numerics.log_softmax(x, axis).dtype == dtype
    rtol = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(
        numerics.softmax(x, axis), scipy.special.softmax(x.astype("f8"), axis), rtol=rtol, atol=1e-37
    )
    np.testing.assert_allclose(
        numerics.log_softmax(x, axis),
        scipy.special.log_softmax(x.astype("f8"), axis),
        rtol=rtol,
        atol=rtol / 100,
    )


def test_infinities_mean_what_they_should():
    inf = np.inf
    assert numerics.logsumexp([-inf, -inf]) == -inf
    assert numerics.logsumexp([1.0, inf]) == inf
    assert np.isnan(numerics.logsumexp([1.0, np.nan]))
    np.testing.assert_array_equal(numerics.softmax([0.0, -inf]), [1.0, 0.0])
    np.testing.assert_array_equal(numerics.log_softmax([0.0, -inf]), [0.0, -inf])
    assert np.isnan(numerics.softmax([-inf, -inf])).all()


def test_empty_and_integer_inputs():
    assert numerics.logsumexp(np.zeros((2, 0)), axis=1).tolist() == [-np.inf, -np.inf]
    assert numerics.softmax(np.zeros((0, 3))).shape == (0, 3)
    np.testing.assert_allclose(numerics.softmax([1000, 1000]), [0.5, 0.5])
    assert numerics.logsumexp(3.5) == 3.5


def test_sigmoid_family_matches_scipy_over_the_whole_line():
    np.testing.assert_allclose(numerics.sigmoid(LINE), scipy.special.expit(LINE), rtol=1e-15, atol=1e-320)
    np.testing.assert_allclose(numerics.log_sigmoid(LINE), scipy.special.log_expit(LINE), rtol=1e-15)
    np.testing.assert_allclose(numerics.log1pexp(LINE), np.logaddexp(0, LINE), rtol=1e-15)
    assert numerics.sigmoid(np.float32([-200, 200])).dtype == np.float32
