"""PyTorch's list of classes that a file may make objects of. `load` makes none, whatever stands on it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

listed: list = []


def add_safe_globals(safe_globals: list) -> None:
    listed.extend(safe_globals)


def get_safe_globals() -> list:
    return list(listed)


def clear_safe_globals() -> None:
    listed.clear()


@contextlib.contextmanager
def safe_globals(safe_globals: list) -> Iterator[None]:
    """The list with these for the time of a `with` block."""
    before = get_safe_globals()
    add_safe_globals(safe_globals)
    try:
        yield
    finally:
        listed[:] = before
