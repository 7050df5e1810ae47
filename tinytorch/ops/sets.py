"""Distinct elements, counts, and places in sorted lists."""

from __future__ import annotations

import numpy as np

from ..backend import beside, module_of
from ..op import Value, as_array, describe, not_a_tensor, spelled
from .shape import normal_dim

# ---------------------------------------------------------------- sets


@spelled
def unique(input, sorted=True, return_inverse=False, return_counts=False, dim=None):
    """The distinct elements in order (or slices of dim), and on request where each went and how often it came."""
    array = input.array
    dim = dim if dim is None else normal_dim(dim, array.ndim)
    values, inverse, counts = np.unique(array, return_inverse=True, return_counts=True, axis=dim)
    inverse = inverse.reshape(array.shape if dim is None else (array.shape[dim],))
    out = [input.wrap(values)] + [
        input.wrap(a.astype(np.int64, copy=False))
        for a, wanted in ((inverse, return_inverse), (counts, return_counts))
        if wanted
    ]
    return out[0] if len(out) == 1 else tuple(out)


def unique_consecutive(input, return_inverse=False, return_counts=False, dim=None):
    """Runs of equal elements reduced to one each."""
    rows = input.array.reshape(-1) if dim is None else np.moveaxis(input.array, dim, 0)
    starts = module_of(rows).ones(len(rows), bool)
    if len(rows):
        starts[1:] = (rows[1:] != rows[:-1]).any(axis=tuple(range(1, rows.ndim)))
    values = rows[starts] if dim is None else np.moveaxis(rows[starts], 0, dim)
    inverse = np.cumsum(starts) - 1
    counts = np.diff(np.append(np.flatnonzero(starts), len(rows)))
    inverse = inverse.reshape(input.array.shape) if dim is None else inverse
    out = [input.wrap(values)] + [
        input.wrap(a.astype(np.int64, copy=False))
        for a, wanted in ((inverse, return_inverse), (counts, return_counts))
        if wanted
    ]
    return out[0] if len(out) == 1 else tuple(out)


@spelled
def searchsorted(sorted_sequence, values, *, right=False, side=None, out_int32=False, sorter=None):
    """Where each value would go into the sorted last dim."""
    side = side or ("right" if right else "left")
    edges, v = (
        sorted_sequence.array,
        values.array if isinstance(values, Value) else beside(sorted_sequence.array, np.asarray(values)),
    )
    if sorter is not None:
        edges = np.take_along_axis(edges, sorter.array, -1)
    if edges.ndim > 1 and edges.shape[:-1] != v.shape[:-1]:
        raise RuntimeError(
            "searchsorted: sorted_sequence must be 1-dimensional, or agree with values in all but the last dimension, but got"
            f" {list(edges.shape)} and {list(v.shape)}"
        )
    if edges.ndim == 1:
        places = np.searchsorted(edges, v, side)
    else:
        flat = zip(edges.reshape(-1, edges.shape[-1]), v.reshape(-1, v.shape[-1]))
        places = np.stack([np.searchsorted(e, row, side) for e, row in flat]).reshape(v.shape)
    return sorted_sequence.wrap(as_array(places.astype(np.int32 if out_int32 else np.int64, copy=False)))


@spelled
def bucketize(input, boundaries, *, right=False, out_int32=False):
    """The bucket, between sorted boundaries, that each element falls into."""
    if boundaries.ndim != 1:
        raise RuntimeError(
            f"bucketize: boundaries tensor must be 1 dimension, but got dim({boundaries.ndim}): {list(boundaries.shape)}"
        )
    return searchsorted(boundaries, input, right=right, out_int32=out_int32)


@spelled
def histc(input, bins=100, min=0, max=0):
    """Counts of elements in equal bins between min and max (the data's own range if both are 0)."""
    array = input.array
    if bins <= 0:
        raise RuntimeError(f"histc: bins must be > 0, but got {bins}")
    low, high = (array.min(), array.max()) if min == max == 0 and array.size else (min, max)
    if low == high:
        low, high = low - 1, high + 1
    return input.wrap(np.histogram(array, bins=bins, range=(low, high))[0].astype(array.dtype))


def bincount(input, weights=None, minlength=0):
    """How often each non-negative integer occurs, or the sum of its weights."""
    array = input.array
    if array.dtype.kind not in "biu":
        raise NotImplementedError(f"bincount: not implemented for {input.dtype!r}; it counts integers")
    if array.ndim != 1 or (array.size and array.min() < 0):
        raise RuntimeError(
            f"bincount only supports 1-d non-negative integral inputs, got {describe([array], {})}"
            + (f" with the element {array.min()}" if array.size and array.min() < 0 else "")
        )
    counts = np.bincount(input.array, None if weights is None else weights.array, minlength)
    return input.wrap(
        counts
        if weights is None
        else counts.astype(np.float32 if weights.array.dtype == np.float32 else np.float64, copy=False)
    )


def isin(elements, test_elements, *, assume_unique=False, invert=False):
    """Where an element is among test_elements."""
    a, b = (t.array if isinstance(t, Value) else t for t in (elements, test_elements))
    if not isinstance(elements, Value):
        raise not_a_tensor("elements", elements)
    return elements.wrap(as_array(np.isin(a, b, invert=invert)))
