"""What a run shows in the terminal while it trains."""

from __future__ import annotations

import time
from typing import Any


class Progress:
    """A bar with loss, learning rate, samples per second and the time left; silent where nobody watches."""

    def __init__(self, total: int | None, done: int, *, shown: bool):
        self.bar: Any = None
        self.task: Any = None
        self.begun, self.samples = time.perf_counter(), 0
        if not shown:
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        console = Console(stderr=True)
        if not console.is_terminal:
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[shown]}"),
            TimeRemainingColumn(),
        )
        self.bar = Progress(*columns, console=console)
        self.task = self.bar.add_task("training", total=total, completed=done, shown="")
        self.bar.start()

    def update(self, step: int, epoch: int, logs: dict, samples: int) -> None:
        """After a step that took in so many samples."""
        self.samples += samples
        if self.bar is not None:
            rate = self.samples / (time.perf_counter() - self.begun)
            text = f"loss {logs['loss']:.4f}  lr {logs['lr']:.2e}  {rate:,.0f}/s"
            self.bar.update(self.task, completed=step, description=f"epoch {epoch + 1}", shown=text)

    def close(self) -> None:
        if self.bar is not None:
            self.bar.stop()
