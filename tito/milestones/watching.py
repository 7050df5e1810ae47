"""What one sees while a milestone is trained and judged: a bar with the loss, then each finding as it comes."""

from __future__ import annotations

import sys
import time
from typing import Any

from .. import ui
from .judging import Finding


class Watcher:
    """Called by the exam with what happens; draws only where somebody looks."""

    def __init__(self, quiet: bool = False):
        self.quiet, self.bar, self.task = quiet, None, None
        self.numbers: dict[str, float] = {}
        self.told_at = time.monotonic()

    def __call__(self, event: str, *facts: Any) -> None:
        if not self.quiet:
            getattr(self, f"on_{event}")(*facts)

    def on_data(self, data) -> None:
        if data.source:
            ui.para(f"data: {data.source}", 1, dim=True)
        if data.practice:
            ui.para(
                "This is PRACTICE, on drawn data: it unlocks nothing."
                + (f" ({data.why_practice})" if data.why_practice != "asked for" else ""),
                1, fg="yellow",
            )  # fmt: skip

    def on_step(self, name: str, step: int, total: int, value: float) -> None:
        self.numbers[name] = value
        text = "  ".join(f"{n} {v:.4g}" for n, v in list(self.numbers.items())[:3])
        if sys.stderr.isatty():
            if self.bar is None:
                self.start_bar(total)
            self.bar.update(self.task, completed=step, total=total or None, shown=text)  # type: ignore[attr-defined]
        elif time.monotonic() - self.told_at > 10:
            self.told_at = time.monotonic()
            ui.echo(f"   step {step:,} of {total:,}: {text}", dim=True)

    def start_bar(self, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn(" training"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[shown]}"),
        )
        self.bar = Progress(
            *columns, TimeRemainingColumn(), console=Console(stderr=True, width=ui.width()), transient=True
        )  # type: ignore[assignment]
        self.task = self.bar.add_task("training", total=total, shown="")  # type: ignore[attr-defined]
        self.bar.start()  # type: ignore[attr-defined]

    def on_judge(self, name: str) -> None:
        self.close()

    def on_finding(self, one: Finding) -> None:
        self.close()
        lines = ui.wrapped(one.message, 15)
        ui.echo(f" {ui.mark(one.outcome)} {ui.styled(one.check.ljust(11), bold=True)} {lines[0]}")
        for line in lines[1:]:
            ui.echo(" " * 15 + line)
        if one.place:
            ui.echo(f"   {ui.styled(one.place, fg='cyan')}")

    def close(self) -> None:
        if self.bar is not None:
            self.bar.stop()
            self.bar = None
