"""torch._tensor_str: how tensors are written."""

from __future__ import annotations

from ..printing import array_str, join_suffixes
from ..printing import options as PRINT_OPTS  # noqa: F401


def _tensor_str(self, indent: int) -> str:
    """The bracketed numbers alone."""
    return array_str(self.array, indent)


def _add_suffixes(tensor_str: str, suffixes: list[str], indent: int, force_newline: bool) -> str:
    if not force_newline or not suffixes:
        return join_suffixes(tensor_str, suffixes, indent)
    return join_suffixes(f"{tensor_str},\n{' ' * indent}{suffixes[0]}", suffixes[1:], indent)
