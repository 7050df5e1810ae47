"""Writing to places that are counted along the flattened tensor."""

from __future__ import annotations

from ..op import method
from .indexing import index_put
from .shape import flatten, reshape


@method
def put(input, index, source, accumulate=False):
    """A copy of input with source's elements at these places of the flattened tensor, or added to what is there."""
    places, values = flatten(index), flatten(source)
    if places.numel() != values.numel():
        raise RuntimeError(
            f"put_(): Expected source and index to have the same number of elements, but got source.numel() = {values.numel()},"
            f" index.numel() = {places.numel()}"
        )
    if not places.numel():
        return input.clone()
    return reshape(index_put(flatten(input), (places,), values, accumulate), input.shape)


@method
def put_(self, index, source, accumulate=False):
    """In-place `put`."""
    return self._become(put(self._before_write(), index, source, accumulate))
