"""How far apart, and how alike, two vectors are."""

from __future__ import annotations

from ...autograd.grad_mode import no_grad
from ...backend import module_of
from ...dtypes import promote_types
from ...ops import broadcast_tensors, clamp_min, getitem_op, norm, norm2, sum, vector_norm


def normalize(input, p=2.0, dim=1, eps=1e-12, out=None):
    """input / max(norm(input, p), eps): vectors of length 1 along dim."""
    unit = input / clamp_min(norm(input, p, dim, keepdim=True), eps)
    return unit if out is None else out._fill_with(unit)


def cosine_similarity(x1, x2, dim=1, eps=1e-8):
    """The cosine of the angle between x1 and x2 along dim; no length counts as less than eps."""
    x1, x2 = broadcast_tensors(x1, x2)
    dtype = promote_types(x1.dtype, x2.dtype)
    if not dtype.is_floating_point:
        raise RuntimeError(
            f"cosine_similarity: expected common dtype to be floating point, yet common dtype is {dtype!r}"
        )
    return sum(direction(x1.to(dtype), dim, eps) * direction(x2.to(dtype), dim, eps), dim=dim)


def direction(x, dim: int, eps: float):
    """x / max(length of x, eps) along dim."""
    length = norm2(x, dim=dim, keepdim=True).clone()
    with no_grad():  # as in PyTorch, the gradient is that of the length that was found
        length.clamp_min_(eps)
    return x / length


def pairwise_distance(x1, x2, p=2.0, eps=1e-6, keepdim=False):
    """The p-norm of x1 - x2 + eps over the last dim. (eps keeps the gradient finite where the two are equal)"""
    return vector_norm(x1 - x2 + eps, p, -1, keepdim)


def pdist(input, p=2.0):
    """The distances between all pairs of rows, (N, M) -> (N * (N-1) / 2,)."""
    if input.ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {input.ndim}D")
    first, second = module_of(input.array).triu_indices(len(input), 1)
    return vector_norm(getitem_op(input, index=first) - getitem_op(input, index=second), p, -1)
