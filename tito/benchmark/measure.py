"""How it is measured: both packages in one process, in blocks that alternate, so that a drifting clock hits both alike.

Between blocks there is a pause, since the worker threads of either library spin for a while after their last work and would take a core
from the other. What is reported is the median of the blocks' times, and of the blocks' ratios with their quartiles.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from .cases import Case

PAUSE = 0.035  # OpenBLAS spins for 25 ms, libgomp for a few


@dataclass(frozen=True)
class Result:
    """Seconds of ours and of theirs (None without PyTorch), and the quartiles of the blocks' ratios. Memory cases: bytes."""

    group: str
    name: str
    ours: float
    theirs: float | None = None
    low: float | None = None
    ratio: float | None = None
    high: float | None = None
    goal: float | None = None
    work: float = 0.0
    moved: float = 0.0
    unit: str = "s"


@contextlib.contextmanager
def apart():
    """Inside, the main thread has one core and all others the rest.

    The system leaves two threads on one core for seconds at times, and each then waits for the other at every step: 8 ms in place of 0.1.
    """
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) < 2:
        yield
        return
    place(cores[:1], cores[1:])
    try:
        yield
    finally:
        place(cores, cores)


def place(main, others) -> None:
    """On which cores this process's threads may run."""
    for task in Path("/proc/self/task").iterdir():
        number = int(task.name)
        with contextlib.suppress(ProcessLookupError):  # a thread that has just ended
            os.sched_setaffinity(number, main if number == os.getpid() else others)


def block(run: Callable, times: int) -> float:
    """Seconds per run, after a pause and one run that wakes the threads up again."""
    time.sleep(PAUSE)
    run()
    begun = time.perf_counter()
    for _ in range(times):
        run()
    return (time.perf_counter() - begun) / times


def runs_per_block(run: Callable, seconds: float) -> int:
    """Warm up, and find how many runs fill a block."""
    for _ in range(2):
        run()
    begun = time.perf_counter()
    run()
    return max(1, round(seconds / max(time.perf_counter() - begun, 1e-7)))


def measure(case: Case, peer, blocks: int = 11, seconds: float = 0.03) -> Result:
    """One case on tinytorch and, if it is there, on its peer, PyTorch."""
    import tinytorch

    ours = case.make(tinytorch)
    count = runs_per_block(ours, seconds)
    alone = Result(case.group, case.name, 0.0, goal=case.goal, work=case.work, moved=case.moved)
    if peer is None:
        with apart():
            return replace(alone, ours=statistics.median(block(ours, count) for _ in range(blocks)))
    theirs = case.make(peer)
    peer_count = runs_per_block(theirs, seconds)
    with apart():
        pairs = [(block(ours, count), block(theirs, peer_count)) for _ in range(blocks)]
    low, ratio, high = statistics.quantiles([a / b for a, b in pairs], n=4)
    mine, other = (statistics.median(times) for times in zip(*pairs))
    return replace(alone, ours=mine, theirs=other, low=low, ratio=ratio, high=high)


# ---------------------------------------------------------------- what needs a process of its own

IMPORT = "import time; t = time.perf_counter(); import {name}; print(time.perf_counter() - t)"
FIRST_STEP = """
import time; t = time.perf_counter()
import {name} as T
from tito.benchmark.cases import {case}
{case}(T)()
print(time.perf_counter() - t)
"""
PEAK = """
import {name} as T
from tito.benchmark.cases import {case}
from tito.benchmark.measure import peak
base = peak()
run = {case}(T)
for _ in range(3): run()
print(peak() - base)
"""


def peak() -> int:
    """The most memory that this process has had, in bytes.

    `ru_maxrss` alone will not do on Linux: a new program starts from the peak of the process that started it.
    """
    with contextlib.suppress(OSError):
        return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) << 10
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def told_by(script: str) -> float:
    """What a fresh process prints at its end. It finds bytecode, and may write it, as an installed package's users do."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment.setdefault(
        "PYTHONPYCACHEPREFIX", os.path.join(tempfile.gettempdir(), "tito-benchmark-bytecode")
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment
    )
    return float(done.stdout.split()[-1])


def fresh(group: str, name: str, script: str, peer: str, goal=None, unit="s", times: int = 5) -> Result:
    """The same script for tinytorch and its peer, each time in a new process; medians of all but the first run."""
    pairs = [
        (told_by(script.replace("{name}", "tinytorch")), told_by(script.replace("{name}", peer)))
        for _ in range(times + 1)
    ][1:]
    low, ratio, high = statistics.quantiles([a / b for a, b in pairs], n=4)
    ours, theirs = (statistics.median(values) for values in zip(*pairs))
    return Result(group, name, ours, theirs, low, ratio, high, goal, unit=unit)


def in_processes(peer: str | None) -> Iterator[Result]:
    """Import times, the time to a first step, and peak memory."""
    yield fresh("start", "import tinytorch, beside import numpy", IMPORT, "numpy", goal=1.5)
    if peer:
        for case in ("xor", "lenet"):
            script = FIRST_STEP.replace("{case}", case)
            yield fresh("start", f"from a fresh process to the first {case} step", script, peer, times=3)
        for case in ("lenet", "resnet9", "gpt"):
            script = PEAK.replace("{case}", case)
            yield fresh(
                "memory", f"peak of {case} steps beyond the import", script, peer, unit="bytes", times=3
            )
