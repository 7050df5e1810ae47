"""A sandbox that somebody else killed (by hand, or the kernel, for want of memory) tells nothing of the submission: all is asked again.

result = undisturbed(lambda believed: sit(..., believed))
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
KILLS = 2  # so many may be accidents


class Killed(Exception):
    """Somebody other than the grader ended a sandbox: no verdict on the submission."""


def undisturbed(sit: Callable[[bool], T]) -> T:
    """What comes of a sitting in which nobody killed a sandbox. It is told whether a kill is to be believed: the third one is.

    The questions are the same each time, so nothing is gained by a submission that kills itself.
    """
    for _ in range(KILLS):
        try:
            return sit(False)
        except Killed:
            continue
    return sit(True)
