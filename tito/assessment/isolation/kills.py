"""What the end of a sandboxed process means, by its exit status.

A sandbox that somebody else killed (by hand, or the kernel, for want of memory) tells nothing of the submission: all is asked again.

result = undisturbed(lambda believed: sit(..., believed))
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
KILLS = 2  # so many may be accidents
ENDS = {  # of processes that the kernel stopped, by the signal's number
    getattr(signal, name): verdict
    for name, verdict in (("SIGXCPU", "timeout"), ("SIGXFSZ", "output_limit"), ("SIGSYS", "policy_violation"))
    if hasattr(signal, name)
}


def cause_of(code: int, out_of_time: bool) -> tuple[str, bool]:
    """The verdict that an exit status stands for, and whether somebody else may have ended the process. bubblewrap gives a signal as 128 more.

    `out_of_time`: it had used up its CPU time, whose hard limit kills. Otherwise nobody inside may: it was the kernel, for want of memory, or a hand.
    """
    number = -code if code < 0 else code - 128
    if number == getattr(signal, "SIGKILL", None):
        return ("timeout", False) if out_of_time else ("memory_limit", True)
    return ENDS.get(number, "crashed"), False


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
