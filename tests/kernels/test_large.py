"""Results so large that they are stored past the cache: wherever they begin and end in memory, and in a line of it."""

import numpy as np
import pytest

from tinytorch.kernels.cpu.memory import LARGE
from tinytorch.nn.functional.activation import gelu_forward, gelu_gradient, relu_gradient, relu_op
from tinytorch.nn.functional.batchnorm import batch_norm_backward, batch_norm_forward
from tinytorch.ops.arithmetic import sum_into, sum_of_two

RNG = np.random.default_rng(0)
X, G = (RNG.standard_normal(LARGE + 37, np.float32) for _ in range(2))
TIGHT = {"rtol": 2e-6, "atol": 2e-6}


@pytest.mark.parametrize("begin", [0, 1, 5])
def test_elementwise(begin):
    """Threads begin at odd places of an array of odd length."""
    x, g = X[begin:], G[begin:]
    relu = np.maximum(x, 0)
    np.testing.assert_array_equal(relu_op.forward(x), relu)
    np.testing.assert_array_equal(relu_gradient.forward(g, relu), np.where(relu > 0, g, 0))
    np.testing.assert_array_equal(sum_of_two(x, g), x + g)
    np.testing.assert_allclose(gelu_forward(x), gelu_forward.reference(x), **TIGHT)
    np.testing.assert_allclose(gelu_gradient(x, g), gelu_gradient.reference(x, g), **TIGHT)
    mine = x.copy()
    assert sum_into(mine, g) is mine
    np.testing.assert_array_equal(mine, x + g)


@pytest.mark.parametrize("channels", [3, 24, 40])
def test_batch_norm(channels):
    """Channels side by side, whose number is no multiple of a vector's."""
    n = LARGE // (channels * 35 * 31) + 1
    x, g = (RNG.standard_normal((n, 35, 31, channels), np.float32).transpose(0, 3, 1, 2) for _ in range(2))
    weight, bias = RNG.standard_normal((2, channels), np.float32)
    out, mean, var, rstd = batch_norm_forward(x, weight, bias, 1e-5)
    assert out.size >= LARGE and out.strides == x.strides
    exact = batch_norm_forward.reference(x.astype(np.float64), weight, bias, 1e-5)
    for got, right in zip((out, mean, var, rstd), exact):
        np.testing.assert_allclose(got, right, rtol=2e-5, atol=2e-5)
    found = batch_norm_backward(g, x, weight, mean, rstd)
    exact = batch_norm_backward.reference(g.astype(np.float64), x.astype(np.float64), weight, *exact[1::2])
    for got, right in zip(found, exact):
        np.testing.assert_allclose(got, right, rtol=2e-4, atol=2e-4)
