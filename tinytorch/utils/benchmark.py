"""torch.utils.benchmark: how long a statement takes, measured until the figure is steady, and tables of such figures."""

from __future__ import annotations

import timeit
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..settings import get_num_threads, set_num_threads

UNITS = (("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9))


def unit_for(seconds: float) -> tuple[str, float]:
    """The largest unit in which a time is at least one."""
    return next((unit for unit in UNITS if seconds >= unit[1]), UNITS[-1])


@dataclass(frozen=True)
class TaskSpec:
    """What was measured, and under which names it stands in tables."""

    stmt: str
    setup: str = ""
    label: str | None = None
    sub_label: str | None = None
    description: str | None = None
    env: str | None = None
    num_threads: int = 1

    @property
    def title(self) -> str:
        title = self.label or self.stmt
        return title + (f": {self.sub_label}" if self.sub_label else "")


@dataclass
class Measurement:
    """The times of one statement. `raw_times` are those of `number_per_run` runs each, `times` those of one."""

    number_per_run: int
    raw_times: list[float]
    task_spec: TaskSpec
    metadata: dict[str, Any] | None = field(default=None, repr=False)

    def __getattr__(self, name: str):
        if name in ("stmt", "setup", "label", "sub_label", "description", "env", "num_threads", "title"):
            return getattr(self.task_spec, name)
        raise AttributeError(f"'Measurement' object has no attribute {name!r}")

    @cached_property
    def times(self) -> list[float]:
        return [t / self.number_per_run for t in self.raw_times]

    @property
    def median(self) -> float:
        return float(np.median(self.times))

    @property
    def mean(self) -> float:
        return float(np.mean(self.times))

    @property
    def iqr(self) -> float:
        """The distance of the quartiles."""
        low, high = np.quantile(self.times, [0.25, 0.75])
        return float(high - low)

    @property
    def as_row_name(self) -> str:
        return self.sub_label or self.stmt or "[Unknown]"

    def __repr__(self) -> str:
        name, scale = unit_for(self.median)
        count = len(self.raw_times)
        lines = [object.__repr__(self), self.title]
        lines += [f"setup: {self.setup}"] if self.setup not in ("", "pass") else []
        lines.append(f"  {'Median: ' if count > 1 else ''}{self.median / scale:.2f} {name}")
        if count >= 4:
            low, high = np.quantile(self.times, [0.25, 0.75]) / scale
            lines.append(f"  IQR:    {high - low:.2f} {name} ({low:.2f} to {high:.2f})")
        runs = f"{self.number_per_run} runs {'per measurement' if count > 1 else ''}"
        threads = f"{self.num_threads} thread{'s' if self.num_threads > 1 else ''}"
        lines.append(f"  {count} measurement{'s' if count > 1 else ''}, {runs}, {threads}")
        return "\n".join(lines)

    __str__ = __repr__

    @staticmethod
    def merge(measurements: Iterable[Measurement]) -> list[Measurement]:
        """One measurement for each statement of several."""
        groups: dict[TaskSpec, list[float]] = {}
        for m in measurements:
            groups.setdefault(m.task_spec, []).extend(m.times)
        return [Measurement(1, times, spec) for spec, times in groups.items()]


class Timer:
    """Measures a statement with `num_threads` threads (by default one), after a first run that does not count."""

    def __init__(
        self,
        stmt: str = "pass",
        setup: str = "pass",
        global_setup: str = "",
        timer: Callable[[], float] = timeit.default_timer,
        globals: dict[str, Any] | None = None,
        label: str | None = None,
        sub_label: str | None = None,
        description: str | None = None,
        env: str | None = None,
        num_threads: int = 1,
        language: str = "python",
    ):
        if str(language).lower() not in ("py", "python", "language.python") or global_setup:
            raise NotImplementedError(f"Timer: tinytorch measures Python, not {language!r}")
        self._task_spec = TaskSpec(stmt, setup, label, sub_label, description, env, num_threads)
        self._timer = timeit.Timer(stmt, setup, timer, dict(globals or {}))

    def _run(self, number: int) -> float:
        before = get_num_threads()
        set_num_threads(self._task_spec.num_threads)
        try:
            return self._timer.timeit(number)
        finally:
            set_num_threads(before)

    def timeit(self, number: int = 1_000_000) -> Measurement:
        """One measurement of so many runs."""
        self._run(max(number // 100, 2))
        return Measurement(number, [self._run(number)], self._task_spec)

    def blocked_autorange(
        self, callback: Callable[[int, float], Any] | None = None, min_run_time: float = 0.2
    ) -> Measurement:
        """Measurements of a number of runs that takes a hundredth of min_run_time, until they add up to it."""
        number = self._block_size(min_run_time)
        times: list[float] = []
        while sum(times) < min_run_time:
            times.append(self._run(number))
            if callback is not None:
                callback(number, times[-1])
        return Measurement(number, times, self._task_spec)

    def adaptive_autorange(
        self,
        threshold: float = 0.1,
        *,
        min_run_time: float = 0.01,
        max_run_time: float = 10.0,
        callback: Callable[[int, float], Any] | None = None,
    ) -> Measurement:
        """Measurements until their quartiles are closer than `threshold` of the median, or max_run_time is over."""
        number = self._block_size(min_run_time)
        times: list[float] = []
        while sum(times) < max_run_time:
            times.append(self._run(number))
            if callback is not None:
                callback(number, times[-1])
            result = Measurement(number, times, self._task_spec)
            if sum(times) >= min_run_time and len(times) > 3 and result.iqr < threshold * result.median:
                break
        return Measurement(number, times, self._task_spec)

    def _block_size(self, min_run_time: float) -> int:
        number = 1
        while self._run(number) < min_run_time / 100:
            number *= 10
        return number

    def collect_callgrind(self, *args, **kwargs):
        raise NotImplementedError(
            "Timer.collect_callgrind: tinytorch measures time, it counts no instructions"
        )


class Compare:
    """A table of measurements: a row for each sub_label, a column for each description, a block for each number of threads."""

    def __init__(self, results: Iterable[Measurement]):
        self._results: list[Measurement] = []
        self.extend_results(results)
        self._figures = False

    def extend_results(self, results: Iterable[Measurement]) -> None:
        results = list(results)
        for result in results:
            if not isinstance(result, Measurement):
                raise ValueError(f"Expected an instance of `Measurement`, got {type(result)} instead.")
        self._results += results

    def trim_significant_figures(self) -> None:
        """Show no more digits than the measurements agree in."""
        self._figures = True

    def colorize(self, rowwise: bool = False) -> None:
        """The table has no colours here."""

    def highlight_warnings(self) -> None:
        """Nothing is highlighted here."""

    def __str__(self) -> str:
        merged = Measurement.merge(self._results)
        titles = dict.fromkeys(m.label or m.stmt for m in merged)
        return "\n".join(self._table(t, [m for m in merged if (m.label or m.stmt) == t]) for t in titles)

    def print(self) -> None:
        print(self)

    def _table(self, title: str, results: list[Measurement]) -> str:
        name, scale = unit_for(min(m.median for m in results))
        columns = list(dict.fromkeys(m.description or "" for m in results))
        rows = list(dict.fromkeys((m.num_threads, m.as_row_name) for m in results))
        cells = {
            (m.num_threads, m.as_row_name, m.description or ""): self._show(m.median / scale) for m in results
        }
        first = max(len(row) for _, row in rows) + 6
        widths = [max(len(c), *(len(cells.get((*row, c), "")) for row in rows)) for c in columns]
        line = lambda head, texts: (
            head.ljust(first) + "".join(f"  |  {t:>{w}}" for t, w in zip(texts, widths))
        )
        head = line("", columns)
        lines = [f"[{f' {title} ':-^{len(head) - 2}}]", head]
        for threads in dict.fromkeys(t for t, _ in rows):
            lines.append(f"{threads} threads: ".ljust(len(head), "-"))
            lines += [
                line("      " + row, [cells.get((t, row, c), "") for c in columns])
                for t, row in rows
                if t == threads
            ]
        return "\n".join([*lines, "", f"Times are in {LONG[name]} ({name}).", ""])

    def _show(self, value: float) -> str:
        return f"{value:.3g}" if self._figures and value < 1000 else f"{value:.1f}"


LONG = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
