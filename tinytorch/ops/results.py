"""Results with names."""

from __future__ import annotations

from collections import namedtuple
from functools import cache


@cache
def _class(name: str, fields: tuple[str, ...]):
    shown = lambda self: (
        f"torch.return_types.{name}(\n" + ",\n".join(f"{f}={v!r}" for f, v in zip(fields, self)) + ")"
    )
    return type(name, (namedtuple(name, fields),), {"__repr__": shown, "__slots__": ()})


def result_tuple(name: str, **fields):
    """A named result as PyTorch's: `max(x, 0).values`."""
    return _class(name, tuple(fields))(**fields)
