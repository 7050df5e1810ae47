"""torch.nn._reduction: how losses of one's own ask for "mean", "sum" or "none", also by the two old booleans."""

from __future__ import annotations

from .functional.reduction import chosen

NUMBERS = {"none": 0, "mean": 1, "sum": 2}


def get_enum(reduction: str) -> int:
    """The number that PyTorch's kernels know a reduction by."""
    return NUMBERS[chosen(reduction)]


def legacy_get_string(size_average=None, reduce=None, emit_warning: bool = True) -> str:
    """The reduction that the two booleans of old stand for."""
    if emit_warning:
        return chosen("mean", True if size_average is None else size_average, reduce)
    return "none" if reduce is False else "sum" if size_average is False else "mean"


def legacy_get_enum(size_average=None, reduce=None, emit_warning: bool = True) -> int:
    return NUMBERS[legacy_get_string(size_average, reduce, emit_warning)]
