"""The gradient of a split: its parts end to end, without a copy where they lie so already."""

import numpy as np
import pytest

import tinytorch
from tinytorch.backend import kernels
from tinytorch.nn import functional as F
from tinytorch.slopes import joined, whole_of


def thirds(base):
    return [base[:, :4], base[:, 4:8], base[:, 8:]]


def test_parts_of_one_array_are_it():
    base = np.arange(24.0).reshape(2, 12)
    assert np.shares_memory(joined(thirds(base), 1), base)
    np.testing.assert_array_equal(joined(thirds(base), 1), base)


@pytest.mark.parametrize(
    "parts",
    [
        lambda base: thirds(base)[::-1],
        lambda base: thirds(base)[:2],
        lambda base: [part.copy() for part in thirds(base)],
        lambda base: [base[:, :4], base[:, 4:8].copy(), base[:, 8:]],
        lambda base: [base[:, :4], base[:, 4:8], base[::-1, 8:]],
        lambda base: [base[:, :4], base[:, :4], base[:, 8:]],
    ],
)
def test_others_are_copied(parts):
    given = parts(np.arange(24.0).reshape(2, 12))
    assert whole_of(given, 1) is None
    np.testing.assert_array_equal(joined(given, 1), np.concatenate(given, 1))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_attention_behind_one_projection(order):
    """Whichever third is the queries, and whoever computes it."""
    x = np.random.default_rng(0).standard_normal((2, 40, 96)).astype(np.float32)

    def gradient(which):
        with kernels(which):
            leaf = tinytorch.tensor(x, requires_grad=True)
            parts = (leaf * 1.0).split(32, dim=2)
            q, k, v = (parts[i].view(2, 40, 4, 8).transpose(1, 2) for i in order)
            F.scaled_dot_product_attention(q, k, v, is_causal=True).square().sum().backward()
            return leaf.grad.numpy()

    np.testing.assert_allclose(gradient("numba"), gradient("reference"), rtol=1e-4, atol=1e-5)
