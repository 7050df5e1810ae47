"""Causal masks for queries and keys of different lengths, as attn_mask of scaled_dot_product_attention."""

from __future__ import annotations

from ...creation import ones


def causal_upper_left(*size):
    """A query i sees the keys 0 to i: (..., L, S)."""
    return ones(*size, dtype=bool).tril()


def causal_lower_right(*size):
    """The last query sees all keys, the one before it all but the last, and so on."""
    return ones(*size, dtype=bool).tril(size[-1] - size[-2])
