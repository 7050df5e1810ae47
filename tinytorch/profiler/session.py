"""torch.profiler: when to record, and what came of it, under the names and arguments of PyTorch's programs."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterable
from enum import Enum

from ..op import local
from .profile import Profile, Row


class ProfilerActivity(Enum):
    """What PyTorch's profiler may watch; here it is always the ops."""

    CPU, XPU, MTIA, CUDA, PrivateUse1 = 0, 1, 2, 3, 4


class ProfilerAction(Enum):
    """What happens in one step of a program."""

    NONE, WARMUP, RECORD, RECORD_AND_SAVE = 0, 1, 2, 3


RECORDING = (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)


def schedule(
    *, wait: int, warmup: int, active: int, repeat: int = 0, skip_first: int = 0
) -> Callable[[int], ProfilerAction]:
    """Skip some steps once; then wait, warm up and record, `repeat` times or (0) until the end."""

    def action(step: int) -> ProfilerAction:
        cycle = wait + warmup + active
        past = step - skip_first
        if past < 0 or (repeat > 0 and past >= repeat * cycle) or past % cycle < wait:
            return ProfilerAction.NONE
        if past % cycle < wait + warmup:
            return ProfilerAction.WARMUP
        return ProfilerAction.RECORD_AND_SAVE if past % cycle == cycle - 1 else ProfilerAction.RECORD

    return action


def tensorboard_trace_handler(dir_name: str, worker_name: str | None = None, use_gzip: bool = False):
    """For `on_trace_ready`: writes each trace into a folder."""

    def handler(prof: Profile) -> None:
        os.makedirs(dir_name, exist_ok=True)
        worker = worker_name or f"{socket.gethostname()}_{os.getpid()}"
        name = f"{worker}.{time.time_ns()}.pt.trace.json"
        prof.export_chrome_trace(os.path.join(dir_name, f"{name}.gz" if use_gzip else name))

    return handler


class profile(Profile):
    """`with profile(schedule=..., on_trace_ready=...) as p:` with `p.step()` after every step; without a schedule all is recorded."""

    def __init__(
        self,
        *,
        activities: Iterable[ProfilerActivity] | None = None,
        schedule: Callable[[int], ProfilerAction] | None = None,
        on_trace_ready: Callable | None = None,
        record_shapes: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_flops: bool = False,
        with_modules: bool = False,
        enabled: bool = True,
        **options,
    ):
        super().__init__()
        always = ProfilerAction.RECORD if enabled else ProfilerAction.NONE
        self.action_of = schedule or (lambda step: always)
        self.on_trace_ready, self.step_num = on_trace_ready, 0
        self.running = False

    def __enter__(self) -> profile:
        self.start()
        return self

    def __exit__(self, *error) -> None:
        self.stop()

    def start(self) -> None:
        if self.action_of(self.step_num) in RECORDING:
            self.events.clear()
            super().__enter__()
            self.running = True

    def stop(self) -> None:
        if self.running:
            self.running = False
            super().__exit__()
            if self.on_trace_ready:
                self.on_trace_ready(self)

    def step(self) -> None:
        """The end of one step of the program."""
        if self.action_of(self.step_num) is ProfilerAction.RECORD_AND_SAVE:
            self.stop()
        self.step_num += 1
        if not self.running:
            self.start()

    def key_averages(self, group_by_input_shape: bool = False, group_by_stack_n: int = 0) -> Averages:
        return Averages(self)

    def total_average(self) -> Row:
        total = Row("Total", "")
        for row in self.rows():
            total.calls, total.seconds = total.calls + row.calls, total.seconds + row.seconds
        return total


class Averages(list):
    """The rows of a profile, and PyTorch's table of them."""

    def __init__(self, prof: Profile):
        super().__init__(prof.rows())
        self.prof = prof

    def table(self, sort_by: str | None = None, row_limit: int = 100, **options) -> str:
        """Rows by what sort_by names: "cpu_time_total" and its like, "count", "cpu_memory_usage", "flops"."""
        wanted = sort_by or ""
        key = next((k for word, k in SORTED_BY.items() if word in wanted), "seconds")
        return self.prof.table(key, row_limit if row_limit >= 0 else len(self))


SORTED_BY = {"count": "calls", "memory": "bytes", "flops": "flops"}


class record_function(contextlib.ContextDecorator):
    """A name for a stretch of the program: a block, or as a decorator a function."""

    def __init__(self, name: str, args: str | None = None):
        self.name = name

    def __enter__(self) -> record_function:
        self.begun, self.profile = time.perf_counter(), watching()
        return self

    def __exit__(self, *error) -> None:
        if self.profile is not None:
            seconds = time.perf_counter() - self.begun
            self.profile._add(self.name, "range", self.begun, seconds, 0, 0, ())

    def _recreate_cm(self):
        return type(self)(self.name)


def watching() -> Profile | None:
    """The profile that sees this thread's backward steps now."""
    return getattr(getattr(local, "watch", None), "__self__", None)


@contextlib.contextmanager
def emit_nvtx(enabled: bool = True, record_shapes: bool = False):
    yield


EventList = Averages  # PyTorch's name


def kineto_available() -> bool:
    """Kineto is PyTorch's own recorder."""
    return False
