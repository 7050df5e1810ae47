"""Lengths of vectors."""

from __future__ import annotations

import math

import numpy as np

from ..op import op, spelled
from .arithmetic import abs, add, div, mul, pow, sub
from .comparison import where
from .elementwise import sign
from .reduction import amax, amin, sum
from .shape import axes

# ---------------------------------------------------------------- norms


@op
def norm2(x, *, dim=None, keepdim=False):
    """The Euclidean length; its gradient at 0 is 0."""
    return np.sqrt(np.sum(np.square(np.abs(x)), axis=axes(x, dim), keepdims=keepdim))


@spelled
def vector_norm(input, ord=2, dim=None, keepdim=False, *, dtype=None):
    """(sum |x|**ord)**(1/ord); inf, -inf and 0 have their usual meaning."""
    if input.array.dtype.kind not in "fc":
        raise RuntimeError(
            f"linalg.vector_norm: Expected a floating point or complex tensor as input. Got {input.dtype!r}"
        )
    if dtype is not None:
        input = input.to(dtype)
    if ord == 2:
        return norm2(input, dim=dim, keepdim=keepdim)
    size = abs(input)
    if ord == math.inf:
        return amax(size, dim=dim, keepdim=keepdim)
    if ord == -math.inf:
        return amin(size, dim=dim, keepdim=keepdim)
    if ord == 0:
        return sum(sign(size), dim=dim, keepdim=keepdim)
    if ord == 1:
        return sum(size, dim=dim, keepdim=keepdim)
    if ord < 1:  # the power's slope at 0 is infinite, the norm's is taken as 0
        nothing = size == 0
        powers = where(nothing, 0.0 if ord > 0 else math.inf, pow(where(nothing, 1.0, size), ord))
    else:
        powers = pow(size, ord)
    total = sum(powers, dim=dim, keepdim=keepdim)
    # The root has an infinite slope at 0, where the norm's gradient is 0: take the root of 1 there instead.
    zero = total == 0
    return where(zero, 0.0, pow(where(zero, 1.0, total), 1 / ord))


@spelled
def norm(input, p="fro", dim=None, keepdim=False, *, dtype=None):
    """The vector norm of order p over dim; "fro" is 2, "nuc" the sum of singular values."""
    if p == "nuc":
        from .matrix import matrix_norm

        return matrix_norm(input, "nuc", dim or (-2, -1), keepdim)
    return vector_norm(input, 2 if p in ("fro", None) else p, dim, keepdim, dtype=dtype)


def dist(input, other, p=2):
    """The norm of x - other."""
    return vector_norm(sub(input, other), p)


@spelled
def renorm(input, p, dim, maxnorm):
    """Slices along dim scaled down to a norm of at most maxnorm."""
    if input.ndim < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {input.ndim} dimensions")
    others = tuple(d for d in range(input.ndim) if d != dim % input.ndim)
    length = vector_norm(input, p, others, keepdim=True)
    return where(length > maxnorm, mul(input, div(maxnorm, add(length, 1e-7))), input)
