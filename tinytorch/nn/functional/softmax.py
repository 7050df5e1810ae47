"""Scores as probabilities: softmax, its logarithm, and sampling from it with a gradient."""

from __future__ import annotations

import warnings

import numpy as np

from ...backend import kernel
from ...creation import empty_like, zeros_like
from ...op import method, op
from ...ops import exp, log, max, normal_dim, scatter, sum
from .half import widened


@op
@kernel
def softmax_op(x, *, dim):
    """exp(x) / sum(exp(x)) along dim."""
    wide = widened(x)
    e = np.exp(wide - peak(wide, dim))
    e /= e.sum(dim, keepdims=True)
    return e.astype(x.dtype, copy=False)


softmax_op.vjps(x=lambda g, out, dim: out * (g - sum(g * out, dim=dim, keepdim=True)))


@op
@kernel
def log_softmax_op(x, *, dim):
    """x - log(sum(exp(x))) along dim."""
    wide = widened(x)
    shifted = wide - peak(wide, dim)
    shifted -= np.log(np.exp(shifted).sum(dim, keepdims=True))
    return shifted.astype(x.dtype, copy=False)


log_softmax_op.vjps(x=lambda g, out, dim: g - exp(out) * sum(g, dim=dim, keepdim=True))


def peak(x, dim: int):
    """The largest value along dim: with it subtracted no exp overflows, and the softmax is the same."""
    if x.size == 0:
        return np.full_like(x, -np.inf, shape=(*x.shape[:dim], 1, *x.shape[dim:][1:]))
    return x.max(dim, keepdims=True)


@method
def softmax(input, dim=None, dtype=None, _stacklevel=3):
    """exp(input) / sum(exp(input)) along dim: numbers as probabilities; converted to dtype first, if one is given."""
    return along(softmax_op, input, dim, dtype, _stacklevel)


@method
def log_softmax(input, dim=None, dtype=None, _stacklevel=3):
    """log(softmax(input)), exact where the softmax itself is rounded to 0."""
    return along(log_softmax_op, input, dim, dtype, _stacklevel)


def softmin(input, dim=None, dtype=None, _stacklevel=3):
    """softmax(-input): the smallest number gets the largest probability."""
    return along(softmax_op, -input, dim, dtype, _stacklevel, "softmin")


def along(op, input, dim, dtype, stacklevel: int, name: str = ""):
    """What all of them have in common: the dtype, the dim, and the operation on a scalar."""
    name = name or op.name.removesuffix("_op")
    if dim is None:
        warnings.warn(
            f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
            stacklevel=stacklevel,
        )
        dim = 0 if input.ndim in (0, 1, 3) else 1
    if dtype is not None:
        input = input.to(dtype)
    if input.array.dtype.kind not in "fc":
        raise NotImplementedError(
            f"{name}: not implemented for {input.dtype!r}; convert it first, or give dtype=torch.float32"
        )
    dim = normal_dim(dim, input.ndim)
    return op(input, dim=dim) if input.ndim else op(input.reshape(1), dim=0).reshape(())


def gumbel_softmax(logits, tau=1, hard=False, eps=1e-10, dim=-1):
    """A softmax of logits with Gumbel noise, at temperature tau: a sample from softmax(logits) with a gradient.

    hard=True makes it one-hot in the forward pass and leaves the gradient as it is. Jang et al. (2016).
    """
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)
    gumbels = -log(empty_like(logits).exponential_())
    soft = softmax((logits + gumbels) / tau, dim)
    if not hard:
        return soft
    index = max(soft, dim, keepdim=True).indices
    return scatter(zeros_like(logits), dim, index, 1.0) - soft.detach() + soft
