"""Sliding windows over the last axes of an array: what convolution, pooling, fold and unfold are made of.

Comments write shapes for two spatial axes, (H, W); all functions here take any number of them.
"""

from __future__ import annotations

import numpy as np

from ...backend import module_of
from ...op import asked


def per_axis(value, n: int, name: str) -> tuple[int, ...]:
    """A setting given once for all n spatial axes, or axis by axis."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    if len(values) not in (1, n):
        raise RuntimeError(
            f"{asked()}: expected {name} to be a single integer value or a list of {n} values, but got {name}={list(values)}"
        )
    if any(isinstance(v, float) for v in values):
        raise TypeError(f"{name} must be an integer or a tuple of integers, got {value!r}")
    values = tuple([v if type(v) is int else v.__index__() for v in values])
    return values * n if len(values) == 1 else values


def reach(kernel, dilation) -> tuple[int, ...]:
    """How many elements a window spans along each axis, gaps included."""
    return tuple([d * (k - 1) + 1 for k, d in zip(kernel, dilation)])


def places(size, kernel, stride, dilation) -> tuple[int, ...]:
    """How many windows fit into each axis."""
    return tuple([(n - r) // s + 1 for n, r, s in zip(size, reach(kernel, dilation), stride)])


def windows(x, kernel, stride, dilation, count=None):
    """All windows of x, (..., H, W) -> (..., kh, kw, Ho, Wo), as a view: nothing is copied.

    [..., i, j, a, b] is what tap (i, j) of the window at place (a, b) sees. `count`: how many places, if not all.
    """
    n = len(kernel)
    lead, size = x.shape[:-n], x.shape[-n:]
    count = count or places(size, kernel, stride, dilation)
    steps = x.strides[-n:]
    strides = (
        *x.strides[:-n],
        *[b * d for b, d in zip(steps, dilation)],
        *[b * s for b, s in zip(steps, stride)],
    )
    return module_of(x).lib.stride_tricks.as_strided(x, (*lead, *kernel, *count), strides)


def taps(kernel):
    """Each tap as the index that picks it from `windows`: (..., i, j, :, :), row by row."""
    everywhere = (slice(None),) * len(kernel)
    for tap in np.ndindex(*kernel):
        yield (..., *tap, *everywhere)


def add_windows(parts, size, stride, dilation):
    """The transpose of `windows`: (..., kh, kw, Ho, Wo) -> (..., H, W), each element added back where it came from."""
    n = len(size)
    lead, kernel, count = parts.shape[: -2 * n], parts.shape[-2 * n : -n], parts.shape[-n:]
    out = np.zeros_like(parts, shape=(*lead, *size), order="C")
    seen = windows(out, kernel, stride, dilation, count)
    for tap in taps(kernel):  # windows overlap, but what one tap sees in all windows does not
        seen[tap] += parts[tap]
    return out


def pad_with(x, padding, value=0):
    """x with `value` around its last axes: `padding` holds (before, after) for each of them."""
    if not any(before or after for before, after in padding):
        return x
    n = len(padding)
    size = [before + s + after for s, (before, after) in zip(x.shape[-n:], padding)]
    out = np.full_like(x, value, shape=(*x.shape[:-n], *size), order="C")
    out[inside(x.shape[-n:], padding)] = x
    return out


def inside(size, padding):
    """The index of what `pad_with` has put something around."""
    return (..., *[slice(before, before + s) for s, (before, _) in zip(size, padding)])


def both_sides(padding):
    """The same padding before and after each axis."""
    return [(p, p) for p in padding]
