"""Trainer: the loop of forward, backward and step, with all that a real run needs around it."""

from __future__ import annotations

import itertools
from pathlib import Path

from ..amp import GradScaler, autocast
from ..autograd import no_grad
from ..backend import device as as_device
from ..checkpoint import checkpoint_path, latest, load_checkpoint, rng_state, save_checkpoint, set_rng_state
from ..logging import MetricsWriter
from ..nn.utils import clip_grad_norm_
from ..optim.lr_scheduler import ReduceLROnPlateau
from ..tensor import Tensor
from .curves import plot_curves
from .progress import Progress


class Trainer:
    """Trains a model on batches (inputs, targets).

    `metrics` maps names to functions (outputs, targets) -> number. With a `folder`, metrics go to metrics.jsonl, curves to
    curves.png, and every `checkpoint_every` steps the whole state is saved, from which `fit` goes on, bit for bit.
    """

    def __init__(
        self, model, optimizer, loss_fn, *, scheduler=None, step_scheduler: str = "step", device="cpu", metrics=None, clip_norm=None,
        accumulate: int = 1, amp: bool = False, folder=None, checkpoint_every: int | None = None, keep: int = 3, callbacks=(),
        overfit_one_batch: bool = False, log_every: int = 1, progress: bool = True, config=None,
    ):  # fmt: skip
        if step_scheduler not in ("step", "epoch"):
            raise ValueError(f"Trainer: step_scheduler must be 'step' or 'epoch', got {step_scheduler!r}")
        if needs_metric(scheduler) and step_scheduler == "step":
            raise ValueError(
                "Trainer: ReduceLROnPlateau goes by the validation loss of an epoch; give step_scheduler='epoch'"
            )
        if accumulate < 1:
            raise ValueError(f"Trainer: accumulate must be at least 1, got {accumulate}")
        self.model, self.optimizer, self.loss_fn, self.scheduler = model, optimizer, loss_fn, scheduler
        self.step_scheduler, self.device, self.metrics = (
            step_scheduler,
            as_device(device),
            dict(metrics or {}),
        )
        self.clip_norm, self.accumulate, self.amp = clip_norm, accumulate, amp and self.device.type == "cuda"
        self.scaler = GradScaler(enabled=self.amp)
        self.folder = None if folder is None else Path(folder)
        self.checkpoint_every, self.keep, self.callbacks = checkpoint_every, keep, list(callbacks)
        self.overfit_one_batch, self.log_every, self.progress, self.config = (
            overfit_one_batch,
            log_every,
            progress,
            config,
        )
        self.step = self.epoch = self.batches_done = 0
        self.stopped: str | None = None
        self.history: list[dict] = []
        self._epoch_rng, self._sums = None, Means()  # of the epoch that is running
        self._generator = self._loader_rng = self._resumed_rng = None  # the loader's own random numbers

    # ------------------------------------------------------------ running

    def fit(self, loader, epochs: int, val_loader=None, *, resume: bool = True) -> list[dict]:
        """Train for so many epochs in all (a resumed run does what is left); returns the logs of each epoch."""
        if val_loader is None and needs_metric(self.scheduler):
            raise ValueError("Trainer.fit: ReduceLROnPlateau goes by the validation loss; give a val_loader")
        if self.overfit_one_batch:  # the one test that finds most bugs: can it learn a single batch by heart?
            loader = one_batch(loader)
        if resume:
            self.resume()
        writer = MetricsWriter(self.folder / "metrics.jsonl", resume_step=self.step) if self.folder else None
        total = epochs * -(-len(loader) // self.accumulate) if hasattr(loader, "__len__") else None
        bar = Progress(total, self.step, shown=self.progress)
        self._tell("on_start")
        try:
            while self.epoch < epochs and self.stopped is None:
                logs = self._epoch(loader, writer, bar)
                if self.stopped is None or self.batches_done == 0:
                    self._end_epoch(logs, val_loader, writer)
        finally:
            bar.close()
            if writer is not None:
                writer.close()
            self._tell("on_end")
        if self.folder:
            plot_curves(self.folder / "metrics.jsonl", self.folder / "curves.png")
        return self.history

    def stop(self, reason: str) -> None:
        """End the run after the current step."""
        self.stopped = reason

    @no_grad()
    def evaluate(self, loader) -> dict:
        """The mean loss and metrics over a loader, in evaluation mode."""
        was_training = self.model.training
        self.model.eval()
        sums = Means()
        for inputs, targets in loader:
            inputs, targets = self._place(inputs), self._place(targets)
            outputs = self.model(inputs)
            sums.add(
                len(targets), loss=self.loss_fn(outputs, targets).item(), **self._measure(outputs, targets)
            )
        self.model.train(was_training)
        return sums.means()

    # ------------------------------------------------------------ one epoch, one step

    def _epoch(self, loader, writer, bar) -> dict:
        """What is left of the current epoch."""
        self.model.train()
        batches = self._batches(loader)
        sums = self._sums
        while group := list(itertools.islice(batches, self.accumulate)):
            logs = self._step(group)
            size = sum(len(targets) for _, targets in group)
            sums.add(size, **{k: v for k, v in logs.items() if k not in ("lr", "grad_norm")})
            self.batches_done += len(group)
            if writer is not None and self.step % self.log_every == 0:
                writer.write(self.step, epoch=self.epoch, **logs)
            bar.update(self.step, self.epoch, logs, size)
            self._tell("on_step", logs)
            if self.folder and self.checkpoint_every and self.step % self.checkpoint_every == 0:
                self.save()
            if self.stopped:
                break
        else:
            self.epoch, self.batches_done, self._epoch_rng, self._sums = self.epoch + 1, 0, None, Means()
        return sums.means()

    def _batches(self, loader):
        """The epoch's batches from where the run stands.

        The loader shuffles by the random state at the epoch's start. A run resumed in the middle goes back to that state, draws
        the same order, passes over what was done, and only then takes the state it was saved with.
        """
        now = rng_state()
        if self._epoch_rng is None:
            self._epoch_rng = now
        else:
            set_rng_state(self._epoch_rng)
        self._generator = getattr(loader, "generator", None)
        if self._generator is not None:  # the loader shuffles by random numbers of its own
            if self._resumed_rng is not None:
                self._generator.set_state(self._resumed_rng)
            self._loader_rng, self._resumed_rng = self._generator.get_state(), None
        batches = iter(loader)
        for _ in range(self.batches_done):
            next(batches)
        if self.batches_done:
            set_rng_state(now)
        return batches

    def _step(self, group) -> dict:
        """Forward and backward over a group of batches, then one step of the optimizer."""
        self.optimizer.zero_grad()
        sums = Means()
        for inputs, targets in group:
            inputs, targets = self._place(inputs), self._place(targets)
            with autocast(self.device.type, enabled=self.amp):
                outputs = self.model(inputs)
                loss = self.loss_fn(outputs, targets)
            self.scaler.scale(loss / len(group)).backward()
            sums.add(len(targets), loss=loss.item(), **self._measure(outputs, targets))
        logs = {**sums.means(), "lr": self.optimizer.param_groups[0]["lr"]}
        if self.clip_norm is not None:
            self.scaler.unscale_(self.optimizer)
            logs["grad_norm"] = float(clip_grad_norm_(self.model.parameters(), self.clip_norm))
        self.scaler.step(self.optimizer)
        self.scaler.update()
        if self.scheduler is not None and self.step_scheduler == "step":
            self.scheduler.step()
        self.step += 1
        return logs

    def _end_epoch(self, logs: dict, val_loader, writer) -> None:
        if val_loader is not None:
            validated = {f"val_{name}": value for name, value in self.evaluate(val_loader).items()}
            logs = {**logs, **validated}
            if writer is not None:
                writer.write(self.step, epoch=self.epoch - 1, **validated)
        if self.scheduler is not None and self.step_scheduler == "epoch":
            self.scheduler.step(logs["val_loss"]) if needs_metric(self.scheduler) else self.scheduler.step()
        self.history.append({"epoch": self.epoch - 1, "step": self.step, **logs})
        self._tell("on_epoch", logs)

    def _measure(self, outputs, targets) -> dict:
        with no_grad():
            return {name: float(function(outputs, targets)) for name, function in self.metrics.items()}

    def _place(self, data):
        if isinstance(data, Tensor):
            return data.to(self.device)
        return type(data)(self._place(d) for d in data) if isinstance(data, (list, tuple)) else data

    def _tell(self, moment: str, *args) -> None:
        for callback in self.callbacks:
            getattr(callback, moment)(self, *args)

    # ------------------------------------------------------------ saving and resuming

    def save(self) -> Path:
        """Write a checkpoint of the whole run."""
        if self.folder is None:
            raise ValueError(
                "Trainer.save: there is no folder to save to; give one: Trainer(..., folder=...)"
            )
        path = checkpoint_path(self.folder / "checkpoints", self.step)
        extra = {
            "epoch": self.epoch, "batches_done": self.batches_done, "epoch_rng": self._epoch_rng, "history": self.history,
            "sums": vars(self._sums), "loader_rng": self._state_of_loader(),
            "callbacks": [callback.state_dict() for callback in self.callbacks],
        }  # fmt: skip
        save_checkpoint(
            path, **self._parts(), step=self.step, config=self.config, extra=extra, keep=self.keep
        )
        return path

    def _state_of_loader(self):
        """The state of the loader's own random numbers at the start of the epoch that a resumed run begins with; None without any."""
        if self._generator is None or self._epoch_rng is not None:
            return self._loader_rng
        return self._generator.get_state()

    def resume(self) -> bool:
        """Go back to the newest checkpoint of the folder, if there is one."""
        path = latest(self.folder / "checkpoints") if self.folder else None
        if path is None:
            return False
        saved = load_checkpoint(path, **self._parts())
        self.step, self.epoch, self.batches_done = (
            saved.step,
            saved.extra["epoch"],
            saved.extra["batches_done"],
        )
        self._epoch_rng, self.history = saved.extra["epoch_rng"], saved.extra["history"]
        vars(self._sums).update(saved.extra["sums"])
        self._resumed_rng = saved.extra["loader_rng"]
        for callback, state in zip(self.callbacks, saved.extra["callbacks"]):
            callback.load_state_dict(state)
        return True

    def _parts(self) -> dict:
        scaler = self.scaler if self.amp else None
        return {
            "model": self.model,
            "optimizer": self.optimizer,
            "scheduler": self.scheduler,
            "scaler": scaler,
        }


def one_batch(loader) -> list:
    """An epoch as long as the loader's that shows its first batch again and again."""
    return [next(iter(loader))] * len(loader)


class Means:
    """Means of named numbers, weighted by how many samples each stands for."""

    def __init__(self):
        self.count, self.sums = 0, {}

    def add(self, size: int, /, **values) -> None:
        self.count += size
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0.0) + size * value

    def means(self) -> dict:
        return {name: total / self.count for name, total in self.sums.items()} if self.count else {}


def needs_metric(scheduler) -> bool:
    """Whether a scheduler steps by a measured value."""
    return isinstance(scheduler, ReduceLROnPlateau)
