"""How long work takes, on this side's clocks: the processor's time where the system tells it, which other programs at work do not stretch."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path


def descendants(pid: int) -> Iterator[int]:
    """A process and everything under it. Nothing where there is no /proc."""
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        yield one
        with contextlib.suppress(OSError):  # it has ended
            for thread in Path(f"/proc/{one}/task").iterdir():
                waiting += map(int, (thread / "children").read_text().split())


def processes(pid: int) -> Iterator[list[str]]:
    """What the kernel tells of a process and everything under it: the fields of /proc/PID/stat from its state on."""
    for one in descendants(pid):
        with contextlib.suppress(OSError):  # it has ended
            # after the name, which may hold blanks and brackets
            yield Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()


def spent(pid: int) -> float | None:
    """Processor seconds of a process and everything under it, with what has ended and was waited for; None where nobody tells."""
    ticks = [sum(map(int, fields[11:15])) for fields in processes(pid)]
    return sum(ticks) / os.sysconf("SC_CLK_TCK") if ticks else None


@cache
def material():
    import numpy as np

    rng = np.random.default_rng(0)
    return rng.standard_normal((2, 128, 128), np.float32), rng.standard_normal(1 << 18, np.float32)


def calibration(repeats: int = 2) -> float:
    """Seconds that a fixed mixture of matrix products and element-wise work takes here, on one core."""
    import numpy as np
    from threadpoolctl import threadpool_limits

    (a, b), x = material()
    x = x.copy()
    clock: Callable[[], float] = time.process_time if spent(os.getpid()) is not None else time.perf_counter
    with threadpool_limits(1):  # threads that wait for each other would count too
        begun = clock()
        for _ in range(repeats):
            np.tanh(x, out=x)
            for _ in range(10):
                a = (a @ b) / 12
        return (clock() - begun) / repeats
