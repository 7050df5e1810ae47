"""Functions of large numbers that neither overflow nor lose digits. On arrays; integers become float64."""

from __future__ import annotations

import numpy as np


def logsumexp(x, axis=None, keepdims: bool = False) -> np.ndarray:
    """log(sum(exp(x))) = m + log(sum(exp(x - m))) with m = max(x), so that the largest exponent is 0."""
    x = as_float(x)
    peak = finite_peak(x, axis)
    with np.errstate(divide="ignore"):  # log(0) = -inf is the answer when every x is -inf
        total = np.log(np.sum(np.exp(x - peak), axis=axis, keepdims=True)) + peak
    return total if keepdims else np.squeeze(total, axis=axis)


def softmax(x, axis=-1) -> np.ndarray:
    """exp(x) / sum(exp(x)): the shift by max(x) cancels, and nothing overflows. A row of -inf gives nan, as 0/0 does."""
    x = as_float(x)
    e = np.exp(x - finite_peak(x, axis))
    with np.errstate(invalid="ignore"):
        return e / np.sum(e, axis=axis, keepdims=True)


def log_softmax(x, axis=-1) -> np.ndarray:
    """log(softmax(x)) without the detour: exact where softmax itself has rounded to 0 and its log would be -inf."""
    x = as_float(x)
    shifted = x - finite_peak(x, axis)  # shifted first: x - logsumexp(x) would subtract two large numbers
    with np.errstate(divide="ignore", invalid="ignore"):
        return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


def sigmoid(x) -> np.ndarray:
    """1 / (1 + exp(-x)), written with exp(-|x|), which is never above 1."""
    x = as_float(x)
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1) / (1 + e)


def log1pexp(x) -> np.ndarray:
    """log(1 + exp(x)), the softplus: x itself when x is large, exp(x) when it is very negative."""
    x = as_float(x)
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def log_sigmoid(x) -> np.ndarray:
    return -log1pexp(-as_float(x))


def as_float(x) -> np.ndarray:
    x = np.asanyarray(x)
    return x if x.dtype.kind in "fc" else x.astype(np.float64)


def finite_peak(x: np.ndarray, axis) -> np.ndarray:
    """max(x) along the axis, 0 where it is infinite (inf - inf would be nan) or where there is no element."""
    peak = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    return np.where(np.isinf(peak), x.dtype.type(0), peak)
