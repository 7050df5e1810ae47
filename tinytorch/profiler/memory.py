"""What a computation keeps in memory until its backward pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from ..autograd.engine import node_of
from ..op import Shared, Value


def kept_bytes(result, beside: Iterable = ()) -> int:
    """Bytes that the graph behind `result` keeps for backward(), each strip of memory once.

    What the tensors `beside` hold does not count: it is there anyway, as a model's parameters are.
    """
    if not result.requires_grad:
        return 0
    strips: dict[int, int] = {}
    stack, seen = [node_of(result)], set()
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        stack += node.inputs
        for array in arrays_in(node.saved):
            strips[id(owner(array))] = owner(array).nbytes
    there = {id(owner(tensor.array)) for tensor in beside}
    return sum(size for strip, size in strips.items() if strip not in there)


def arrays_in(kept) -> Iterator:
    """All arrays in what a node saved, however deep."""
    if isinstance(kept, Value):
        yield kept.array
    elif isinstance(kept, Shared):
        yield from arrays_in(kept.kept)
    elif isinstance(kept, (list, tuple)):
        for part in kept:
            yield from arrays_in(part)
    elif isinstance(kept, dict):
        yield from arrays_in(list(kept.values()))
    elif hasattr(kept, "nbytes") and hasattr(kept, "shape"):
        yield kept


def owner(array):
    """The array whose memory this one reads: itself, or what it is a view of."""
    while isinstance(getattr(array, "base", None), np.ndarray):
        array = array.base
    return array
