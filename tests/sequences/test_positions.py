"""Sinusoidal and rotary positions: their definitions, and what they promise."""

import math

import numpy as np
import pytest

import tinytorch
from tinytorch.text import apply_rotary, rotary_positions, sinusoidal_positions


def test_sinusoids_are_those_of_the_paper():
    table = sinusoidal_positions(50, 6)
    assert table.shape == (50, 6) and table.dtype == tinytorch.float32
    for t, i in ((0, 0), (7, 1), (49, 2)):
        angle = t / 10000 ** (2 * i / 6)
        assert table[t, 2 * i : 2 * i + 2].tolist() == pytest.approx(
            [math.sin(angle), math.cos(angle)], abs=1e-6
        )


@pytest.mark.parametrize("interleaved", [False, True])
def test_rotated_products_depend_on_distance_alone(interleaved):
    cos, sin = rotary_positions(20, 8, dtype=tinytorch.float64)
    q, k = (tinytorch.randn(8, dtype=tinytorch.float64).expand(20, 8) for _ in range(2))
    q, k = (apply_rotary(x, cos, sin, interleaved=interleaved) for x in (q, k))
    scores = (q @ k.T).numpy()
    for distance in range(-19, 20):
        diagonal = np.diagonal(scores, distance)
        np.testing.assert_allclose(diagonal, diagonal[0], atol=1e-12)


def test_rotations_as_complex_numbers():
    cos, sin = rotary_positions(5, 4, dtype=tinytorch.float64)
    x = np.random.default_rng(0).standard_normal((2, 5, 4))
    want = x.view(np.complex128) * (cos.numpy() + 1j * sin.numpy())
    got = apply_rotary(tinytorch.tensor(x), cos, sin, interleaved=True).numpy()
    np.testing.assert_allclose(got, want.view(np.float64), atol=1e-12)
    halves = np.concatenate([x[..., 0::2], x[..., 1::2]], axis=-1)
    got = apply_rotary(tinytorch.tensor(halves), cos, sin).numpy()
    np.testing.assert_allclose(got, np.concatenate([want.real, want.imag], axis=-1), atol=1e-12)


def test_later_positions_continue():
    for whole, part in zip(rotary_positions(20, 8), rotary_positions(5, 8, start=15)):
        assert whole[15:].equal(part)


def test_bad_sizes():
    with pytest.raises(ValueError, match="even, got 5"):
        sinusoidal_positions(3, 5)
    with pytest.raises(ValueError, match="8 features"):
        apply_rotary(tinytorch.zeros(3, 8), *rotary_positions(3, 4))
