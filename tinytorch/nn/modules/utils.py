"""PyTorch's helpers for sizes that may be given as one number: `_pair(3)` is (3, 3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import repeat


def _ntuple(n: int, name: str = "parse") -> Callable:
    """A function that repeats a number n times and makes a tuple of anything else."""

    def parse(x):
        return tuple(x) if isinstance(x, Iterable) else tuple(repeat(x, n))

    parse.__name__ = name
    return parse


_single, _pair, _triple = _ntuple(1, "_single"), _ntuple(2, "_pair"), _ntuple(3, "_triple")
_quadruple = _ntuple(4, "_quadruple")
