"""Callbacks: code that a Trainer calls at fixed moments."""

from __future__ import annotations

import math


class Callback:
    """Override what you need; each method gets the trainer. `trainer.stop(reason)` ends the run after the current step."""

    def on_start(self, trainer) -> None:
        """Before the first step, after a checkpoint was restored."""

    def on_step(self, trainer, logs: dict) -> None:
        """After each optimizer step; logs holds loss, lr and what else was measured."""

    def on_epoch(self, trainer, logs: dict) -> None:
        """After each epoch; logs holds the means over it, and val_... where there is a validation set."""

    def on_end(self, trainer) -> None:
        """After the last step, however the run ended."""

    def state_dict(self) -> dict:
        """What a resumed run needs to know."""
        return {}

    def load_state_dict(self, state: dict) -> None:
        """The reverse."""


class EarlyStop(Callback):
    """Stop when `monitor` has not improved by `min_delta` for `patience` epochs."""

    def __init__(
        self, monitor: str = "val_loss", patience: int = 3, *, mode: str = "min", min_delta: float = 0.0
    ):
        if mode not in ("min", "max"):
            raise ValueError(f"EarlyStop: mode must be 'min' or 'max', got {mode!r}")
        self.monitor, self.patience, self.mode, self.min_delta = monitor, patience, mode, min_delta
        self.best, self.waited = math.inf if mode == "min" else -math.inf, 0

    def on_epoch(self, trainer, logs: dict) -> None:
        if self.monitor not in logs:
            raise KeyError(f"EarlyStop: no '{self.monitor}' among {', '.join(sorted(logs))}")
        value = logs[self.monitor]
        better = self.best - value if self.mode == "min" else value - self.best
        if better > self.min_delta:
            self.best, self.waited = value, 0
            return
        self.waited += 1
        if self.waited >= self.patience:
            trainer.stop(f"{self.monitor} has not improved on {self.best:.4g} for {self.waited} epochs")

    def state_dict(self) -> dict:
        return {"best": self.best, "waited": self.waited}

    def load_state_dict(self, state: dict) -> None:
        self.best, self.waited = state["best"], state["waited"]
