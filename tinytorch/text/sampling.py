"""Choosing the next token from a model's logits. Pure functions on arrays or Tensors; the answer is an array.

Logits are (..., V). A filter sets what may not be chosen to -inf.
"""

from __future__ import annotations

import numpy as np

from .. import backend
from ..utils.numerics import softmax


def top_k_filter(logits, k: int) -> np.ndarray:
    """Keep the k largest logits, and what ties with the smallest of them."""
    logits = as_array(logits)
    if k < 1:
        raise ValueError(f"top_k={k} must be at least 1")
    V = logits.shape[-1]
    if k >= V:
        return logits
    smallest_kept = np.partition(logits, V - k, axis=-1)[..., V - k, None]  # (..., 1)
    return np.where(logits < smallest_kept, logits.dtype.type(-np.inf), logits)


def top_p_filter(logits, p: float) -> np.ndarray:
    """Keep the fewest tokens whose probabilities reach p together, the likeliest first, at least one.

    Nucleus sampling, Holtzman et al. 2020 (arXiv:1904.09751).
    """
    logits = as_array(logits)
    if not 0 < p <= 1:
        raise ValueError(f"top_p={p} must be above 0 and at most 1")
    if p == 1:
        return logits
    order = np.argsort(-logits, axis=-1, kind="stable")
    probabilities = np.take_along_axis(softmax(logits.astype(np.float64)), order, axis=-1)
    before = np.cumsum(probabilities, axis=-1) - probabilities  # what is reached without this token
    drop = np.empty(logits.shape, bool)
    np.put_along_axis(drop, order, before >= p, axis=-1)
    return np.where(drop, logits.dtype.type(-np.inf), logits)


def filter_logits(
    logits, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> np.ndarray:
    """Temperature, then top-k, then top-p. Temperature 0 leaves only the first of the largest."""
    logits = as_array(logits)
    if temperature < 0:
        raise ValueError(f"temperature={temperature} must not be negative")
    if temperature == 0:
        largest = logits.argmax(axis=-1)[..., None]
        return np.where(np.arange(logits.shape[-1]) == largest, logits, logits.dtype.type(-np.inf))
    logits = logits / logits.dtype.type(temperature)
    if top_k is not None:
        logits = top_k_filter(logits, top_k)
    return logits if top_p is None else top_p_filter(logits, top_p)


def next_token_probabilities(
    logits, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
):
    """(..., V) probabilities after filtering, in float64 so that they sum to 1 closely."""
    return softmax(filter_logits(logits, temperature, top_k, top_p).astype(np.float64))


def sample_next(
    logits, rng: np.random.Generator, temperature: float = 1.0, top_k=None, top_p=None
) -> np.ndarray:
    """(..., V) logits -> (...) ids, drawn with one uniform number each by inverting the cumulative distribution."""
    cumulative = np.cumsum(next_token_probabilities(logits, temperature, top_k, top_p), axis=-1)
    u = (
        rng.random(cumulative.shape[:-1])[..., None] * cumulative[..., -1:]
    )  # the sum is 1 only up to rounding
    return np.sum(cumulative <= u, axis=-1)  # a token of probability 0 adds nothing, so it is never hit


def as_array(logits) -> np.ndarray:
    array = backend.move(logits.array, backend.CPU) if hasattr(logits, "array") else np.asarray(logits)
    return array if array.dtype.kind == "f" else array.astype(np.float64)
