"""Where a token stands in its sequence: waves added to its vector, or rotations of its queries and keys."""

from __future__ import annotations

import numpy as np

from ..creation import float_type, made
from ..ops import cat, reshape_op, stack
from ..tensor import Tensor


def sinusoidal_positions(length: int, dim: int, *, base: float = 10000.0, dtype=None, device=None) -> Tensor:
    """(length, dim): sin(t / base**(2i / dim)) in feature 2i, the cosine of the same in feature 2i + 1.

    Vaswani et al. 2017 (arXiv:1706.03762), section 3.5. To be added to token vectors.
    """
    angles = position_angles(np.arange(length), dim, base)  # (length, dim / 2)
    waves = np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(length, dim)
    return as_float(waves, dtype, device)


def rotary_positions(
    length: int, dim: int, *, base: float = 10000.0, start: int = 0, dtype=None, device=None
):
    """cos and sin of the angles t / base**(2i / dim), each (length, dim / 2), for `apply_rotary`.

    Su et al. 2021 (arXiv:2104.09864). `start` is the first position: how many tokens are in the cache already.
    """
    angles = position_angles(np.arange(start, start + length), dim, base)
    return as_float(np.cos(angles), dtype, device), as_float(np.sin(angles), dtype, device)


def apply_rotary(x, cos, sin, *, interleaved: bool = False):
    """Turn pairs of features of x (..., T, D) by each position's angles (T, D / 2).

    The product of a query and a key turned this way depends only on how far apart they stand. A pair is (i, i + D / 2), as
    in GPT-NeoX and Llama's published weights, or interleaved (2i, 2i + 1), as in the paper.
    """
    if x.shape[-1] != 2 * cos.shape[-1]:
        raise ValueError(
            f"apply_rotary: x has {x.shape[-1]} features, so cos and sin need {x.shape[-1] / 2:g}, not {cos.shape[-1]}"
        )
    if interleaved:
        pairs = reshape_op(x, shape=(*x.shape[:-1], x.shape[-1] // 2, 2))
        a, b = pairs[..., 0], pairs[..., 1]
        return reshape_op(stack([a * cos - b * sin, a * sin + b * cos], dim=-1), shape=tuple(x.shape))
    half = x.shape[-1] // 2
    a, b = x[..., :half], x[..., half:]
    return cat([a * cos - b * sin, a * sin + b * cos], dim=-1)


def position_angles(positions, dim: int, base: float) -> np.ndarray:
    """(T,) -> (T, dim / 2): wave lengths from 2 pi to 2 pi * base. In float64: far positions need the digits."""
    if dim % 2:
        raise ValueError(f"positions come in pairs of features, so dim must be even, got {dim}")
    return positions[:, None] / base ** (np.arange(0, dim, 2) / dim)


def as_float(array, dtype, device) -> Tensor:
    return made(array.astype(float_type(dtype)), device, False)
