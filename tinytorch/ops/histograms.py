"""Counts of elements in bins of any number of dimensions."""

from __future__ import annotations

import numpy as np

from ..backend import module_of, on_host
from ..op import method, spelled
from .results import result_tuple


@method
@spelled
def histogram(input, bins, *, range=None, weight=None, density=False):
    """(hist, bin_edges): how many elements, or how much weight, lie in each bin; `bins` is a number or a tensor of edges."""
    array = on_host(input.array)
    edges = bins_of(bins, array.ravel(), range)
    weights = None if weight is None else on_host(weight.array).ravel()
    counts = np.histogram(array.ravel(), edges, weights=weights, density=density)[0]
    return result_tuple("histogram", hist=there(input, counts), bin_edges=there(input, edges))


def histogramdd(input, bins, *, range=None, weight=None, density=False):
    """(hist, bin_edges): the same for points, the rows of `input`, in boxes; `bins` gives a number, or edges, for each dimension."""
    points = on_host(input.array).reshape(-1, input.shape[-1])
    dims = points.shape[1]
    bins = [bins] * dims if isinstance(bins, int) else bins
    limits = [None] * dims if range is None else [range[2 * i : 2 * i + 2] for i in np.arange(dims)]
    edges = [bins_of(b, column, limit) for b, column, limit in zip(bins, points.T, limits)]
    weights = None if weight is None else on_host(weight.array).ravel()
    counts = np.histogramdd(points, edges, weights=weights, density=density)[0]
    return result_tuple(
        "histogramdd", hist=there(input, counts), bin_edges=tuple(there(input, e) for e in edges)
    )


def bins_of(bins, column: np.ndarray, limits) -> np.ndarray:
    """The edges: given, or of that many equal bins over the limits, else over the elements."""
    if not isinstance(bins, (int, np.integer)):
        return on_host(bins.array)
    low, high = limits or ((column.min(), column.max()) if column.size else (0, 0))
    if low == high:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, bins + 1, dtype=column.dtype)


def there(input, array: np.ndarray):
    """On the device, and of the dtype, of the input."""
    return input.wrap(module_of(input.array).asarray(array.astype(input.array.dtype)))
