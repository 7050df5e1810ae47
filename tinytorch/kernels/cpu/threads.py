"""One policy for threads: who computes in parallel, when, and that two pools of threads never fight over the cores.

NumPy's BLAS has threads, Numba has others, and both kinds wait by spinning. A training step that used both in turn was
measured 60 to 400 times slower, so from the moment compiled kernels are loaded BLAS computes in the thread that calls it.
"""

from __future__ import annotations

import os
import threading
from typing import Any

from llvmlite.binding import get_host_cpu_name
from numba import config as numba_config
from numba import set_num_threads
from threadpoolctl import ThreadpoolController

from ...settings import Settings

config: Any = numba_config  # a module that fills itself when it is read
# One launch costs 2 us, and 25 after a pause; 64k floats of elementwise work take about 6 us.
PARALLEL_FROM = 1 << 16


def tasks(work: int) -> int:
    """In how many parts to split what is worth `work` elementwise operations: 1, or the number of threads."""
    if work < PARALLEL_FROM or pool.forbidden:
        return 1
    return min(Settings.threads, config.NUMBA_NUM_THREADS)


class Pool:
    """Numba's threads. Whoever finds them busy computes alone, which is also what keeps several Python threads safe.

    A process forked after they were started has none, and OpenMP kills it when it asks for them: it computes alone too.
    """

    def __init__(self):
        self.forbidden = self.started = False
        self.free = threading.Lock()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.after_fork)

    def after_fork(self) -> None:
        self.forbidden = self.started
        self.free = threading.Lock()  # the parent's may be held by a thread that is not here

    def take(self, count: int) -> bool:
        """Whether `count` threads are the caller's now; whoever got them gives them back."""
        if count == 1 or not self.free.acquire(blocking=False):
            return False
        self.started = True
        if count != config.NUMBA_NUM_THREADS:
            set_num_threads(count)
        return True

    def give_back(self) -> None:
        if Settings.threads != config.NUMBA_NUM_THREADS:
            set_num_threads(config.NUMBA_NUM_THREADS)
        self.free.release()


pool = Pool()

# OpenMP first: Numba's own pool takes 27 to 190 us a launch, and two launches at once end the process.
if "NUMBA_THREADING_LAYER" not in os.environ and "NUMBA_THREADING_LAYER_PRIORITY" not in os.environ:
    config.THREADING_LAYER_PRIORITY = ["omp", "tbb", "workqueue"]

# How often a waiting thread looks before it sleeps: for 0.1 ms instead of the 10 that GNU's OpenMP takes when nobody says. Where two
# threads got onto one core, each would wait so long for the other: a GPT step took 740 ms in place of 160 on a busy machine. A
# thread that sleeps takes 30 us to wake, and there may be as long between two kernels. AMD's pause between two looks is a third
# of Intel's: 2000 of them were over within 50 us.
SPINS = 6000 if get_host_cpu_name().startswith("znver") else 2000
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", str(SPINS))

for library in ThreadpoolController().select(user_api="blas").lib_controllers:
    library.set_num_threads(1)
