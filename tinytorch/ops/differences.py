"""Slopes of sampled functions."""

from __future__ import annotations

from typing import Any

from ..op import Value
from .joining import cat
from .shape import normal_dim


def gradient(input, *, spacing=None, dim=None, edge_order=1):
    """The slope along each dim, a tensor for each: central differences inside, one-sided ones of edge_order at the ends.

    `spacing` is the distance of samples (one for all dims, or a number for each), or a tensor of positions for each dim.
    """
    dims = range(input.ndim) if dim is None else [dim] if isinstance(dim, int) else dim
    dims = [normal_dim(d, input.ndim) for d in dims]
    for d in dims:
        if dims.count(d) > 1:
            raise RuntimeError(f"dim {d} appears multiple times in the list of dims")
    spacing = 1 if spacing is None else spacing
    spacing = [spacing] * len(dims) if isinstance(spacing, (int, float)) else list(spacing)
    if len(spacing) != len(dims):
        raise RuntimeError(
            f"torch.gradient expected spacing to be unspecified, a scalar or it's spacing and dim arguments to have the same length, but got a"
            f" spacing argument of length {len(spacing)} and a dim argument of length {len(dims)}."
        )
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    return tuple(slope(input, d, distance, edge_order) for d, distance in zip(dims, spacing))


def slope(x, dim: int, spacing: Any, edge_order: int):
    n = x.shape[dim]
    if n < edge_order + 1:
        raise RuntimeError(
            f"torch.gradient expected each dimension size to be at least edge_order+1, got {n} for edge_order {edge_order}"
        )
    at = lambda start, stop: x.narrow(dim, start, stop - start)
    if isinstance(spacing, Value):
        points: Any = spacing
        widths = (points[1:] - points[:-1]).reshape([-1 if d == dim else 1 for d in range(x.ndim)])
        h = lambda i: widths.narrow(dim, i if i >= 0 else n - 1 + i, 1)
        left, right = widths.narrow(dim, 0, n - 2), widths.narrow(dim, 1, n - 2)
    else:
        h = lambda i: spacing
        left = right = spacing
    rise = lambda start: at(start + 1, start + 2) - at(start, start + 1)
    first, last = rise(0) / h(0), rise(n - 2) / h(-1)
    if edge_order == 2:
        first = first + (first - rise(1) / h(1)) * h(0) / (h(0) + h(1))
        last = last + (last - rise(n - 3) / h(-2)) * h(-1) / (h(-1) + h(-2))
    before, here, after = at(0, n - 2), at(1, n - 1), at(2, n)
    inner = (after - here) / right * (left / (left + right)) + (here - before) / left * (
        right / (left + right)
    )
    return cat([first, inner, last], dim)
