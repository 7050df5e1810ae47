"""Which version this is, and of which PyTorch it speaks the language."""

from __future__ import annotations

from itertools import takewhile

VERSION = "0.1.0"  # tinytorch's own


def numbers(version) -> tuple:
    """What counts when versions are compared: the release's numbers without trailing zeros, then whether it is a local build."""
    text = ".".join(map(str, version)) if isinstance(version, (tuple, list)) else str(version)
    release, _, local = text.partition("+")
    found = []
    for part in release.split("."):
        digits = "".join(takewhile(str.isdigit, part))
        found += [int(digits)] if digits else []
        if digits != part:  # "1.8.0a0" counts as 1.8.0
            break
    if not found:
        raise ValueError(f"Invalid version: {text!r}")
    while found and found[-1] == 0:
        found.pop()
    return tuple(found), bool(local)


class TorchVersion(str):
    """A string that compares as versions do: "2.13" > "2.2", also with tuples such as (2, 2)."""

    def __eq__(self, other) -> bool:
        return numbers(self) == numbers(other)

    def __lt__(self, other) -> bool:
        return numbers(self) < numbers(other)

    def __gt__(self, other) -> bool:
        return numbers(self) > numbers(other)

    def __le__(self, other) -> bool:
        return numbers(self) <= numbers(other)

    def __ge__(self, other) -> bool:
        return numbers(self) >= numbers(other)

    __hash__ = str.__hash__


# Programs read this to choose between old and new names. What follows the + says who answers.
__version__ = TorchVersion(f"2.13.0+tinytorch.{VERSION}")
debug = False
cuda = hip = xpu = git_version = None
