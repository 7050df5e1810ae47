"""torch._utils: many tensors as one vector, which programs that add up gradients by hand ask for."""

from __future__ import annotations

from ..ops import cat, flatten, split, view_as


def _flatten_dense_tensors(tensors):
    """All elements, one tensor after the other."""
    return cat([flatten(tensor) for tensor in tensors])


def _unflatten_dense_tensors(flat, tensors) -> tuple:
    """The pieces of the vector, in the tensors' shapes."""
    tensors = list(tensors)
    parts = split(flat, [tensor.numel() for tensor in tensors])
    return tuple(view_as(part, tensor) for part, tensor in zip(parts, tensors))
