"""Averages of the weights over training: stochastic weight averaging and exponential moving averages.

Izmailov et al. 2018, https://arxiv.org/abs/1803.05407
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from copy import deepcopy

from ..autograd.grad_mode import no_grad
from ..nn.module import Module
from ..tensor import Tensor
from ..tensor_data import tensor
from .lr_scheduler.base import LRScheduler, per_group
from .optimizer import Optimizer


class AveragedModel(Module):
    """A copy of a model (`.module`) whose weights are an average of those at each call of `update_parameters(model)`.

    `avg_fn(averaged, current, n)` says what average (default: the mean of all), `multi_avg_fn` the same for lists, in place.
    """

    def __init__(
        self,
        model: Module,
        device=None,
        avg_fn: Callable | None = None,
        multi_avg_fn: Callable | None = None,
        use_buffers: bool = False,
    ):
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model)
        if device is not None:
            self.module.to(device)
        self.register_buffer("n_averaged", tensor(0, device=device))
        self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn, multi_avg_fn, use_buffers

    def forward(self, *args, **kwargs):
        return self.module(*args, **kwargs)

    @no_grad()
    def update_parameters(self, model: Module) -> None:
        """Take the model's weights of now into the average."""
        averaged, current = ([t.detach() for t in self._averaged_tensors(m)] for m in (self.module, model))
        if self.n_averaged == 0:
            copy_all(averaged, current)
        elif self.multi_avg_fn is not None:
            self.multi_avg_fn(averaged, current, self.n_averaged)
        else:
            average = self.avg_fn or get_swa_avg_fn()
            copy_all(averaged, [average(a, c, self.n_averaged) for a, c in zip(averaged, current)])
        if not self.use_buffers:  # then they are those of the model
            copy_all(self.module.buffers(), model.buffers())
        self.n_averaged += 1

    def _averaged_tensors(self, model: Module) -> list[Tensor]:
        return [*model.parameters(), *(model.buffers() if self.use_buffers else ())]


def copy_all(targets: Iterable[Tensor], sources: Iterable[Tensor]) -> None:
    for target, source in zip(targets, sources):
        target.copy_(source)


def get_ema_avg_fn(decay: float = 0.999) -> Callable:
    """The exponential moving average, for `avg_fn`."""
    check_decay(decay)
    return no_grad(lambda averaged, current, n: decay * averaged + (1 - decay) * current)


def get_swa_avg_fn() -> Callable:
    """The mean of all, for `avg_fn`."""
    return no_grad(lambda averaged, current, n: averaged + (current - averaged) / (n + 1))


def get_ema_multi_avg_fn(decay: float = 0.999) -> Callable:
    """The exponential moving average, for `multi_avg_fn`."""
    check_decay(decay)
    return for_lists(get_ema_avg_fn(decay))


def get_swa_multi_avg_fn() -> Callable:
    """The mean of all, for `multi_avg_fn`."""
    return for_lists(get_swa_avg_fn())


def for_lists(average: Callable) -> Callable:
    @no_grad()
    def update(averaged: list[Tensor], current: list[Tensor], n) -> None:
        copy_all(averaged, [average(a, c, n) for a, c in zip(averaged, current)])

    return update


def check_decay(decay: float) -> None:
    if not 0 <= decay <= 1:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")


@no_grad()
def update_bn(loader: Iterable, model: Module, device=None) -> None:
    """Compute the running statistics of all batch norms anew, over one pass of the data."""
    norms = {m: m.momentum for m in model.modules() if getattr(m, "running_mean", None) is not None}
    if not norms:
        return
    was_training = model.training
    model.train()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain average over all batches
    for batch in loader:
        x = batch[0] if isinstance(batch, (list, tuple)) else batch
        model(x if device is None else x.to(device))
    for norm, momentum in norms.items():
        norm.momentum = momentum
    model.train(was_training)


class SWALR(LRScheduler):
    """From the rates as they are to swa_lr in anneal_epochs, where they stay."""

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ):
        for group, lr in zip(optimizer.param_groups, per_group("swa_lr", optimizer, swa_lr)):
            group["swa_lr"] = lr
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self.anneal_epochs, self._anneal_strategy = anneal_epochs, anneal_strategy
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list:
        step = max(1, self._step_count - 1) if self.anneal_epochs == 0 else self._step_count - 1
        before, now = self._progress(step - 1), self._progress(step)
        rates = []
        for group in self.optimizer.param_groups:
            end = group["swa_lr"]
            start = end if before == 1 else (group["lr"] - before * end) / (1 - before)
            rates.append(end * now + start * (1 - now))
        return rates

    def _progress(self, step: int) -> float:
        t = max(0, min(1, step / max(1, self.anneal_epochs)))
        return (1 - math.cos(math.pi * t)) / 2 if self._anneal_strategy == "cos" else t
