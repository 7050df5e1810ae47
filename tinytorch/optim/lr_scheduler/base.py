"""What all learning-rate schedules share."""

from __future__ import annotations

import warnings

from ...op import asked
from ...tensor import Tensor
from ..optimizer import Optimizer

TOO_EARLY = (
    "Detected call of `lr_scheduler.step()` before `optimizer.step()`. In PyTorch 1.1.0 and later, you should call them in the"
    " opposite order: `optimizer.step()` before `lr_scheduler.step()`.  Failure to do this will result in PyTorch skipping the"
    " first value of the learning rate schedule. See more details at"
    " https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate"
)
DEPRECATED = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where possible. Please use"
    " `scheduler.step()` to step the scheduler."
)


class LRScheduler:
    """Sets the learning rate of each of the optimizer's groups; a subclass says in `get_lr` what they are at `last_epoch`.

    Making a scheduler sets the rates for epoch 0; each `step()` those of the next epoch. Most rules go from the last rate to
    the next by a factor, so that several schedulers of one optimizer multiply.
    """

    _step_count = 0
    _is_initial = False  # while the constructor makes the first step

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1):
        self.optimizer = require_optimizer(optimizer)
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", copied(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming scheduler with last_epoch >= 0."
                )
        self.base_lrs = [copied(group["initial_lr"]) for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count, self._is_initial = 0, True
        self.step()
        self._is_initial = False

    def step(self, epoch: int | None = None):
        """Go to the next epoch (or batch: the caller decides what is counted)."""
        if self._step_count == 1 and not self.optimizer._opt_called:
            warnings.warn(TOO_EARLY, UserWarning, stacklevel=2)
        if epoch is not None:
            warnings.warn(DEPRECATED, UserWarning, stacklevel=2)
        self._step_count += 1
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        closed_form = getattr(self, "_get_closed_form_lr", None)
        self._set(closed_form() if closed_form and epoch is not None else self.get_lr())

    def _set(self, rates: list) -> None:
        for group, lr in zip(self.optimizer.param_groups, rates):
            put(group, "lr", lr)
        self._last_lr = self._times(1)

    def get_lr(self) -> list:
        """The rates at `last_epoch`, one per group."""
        raise NotImplementedError(f"{type(self).__name__} has no get_lr")

    def get_last_lr(self) -> list:
        """The rates that are in force, one per group."""
        return self._last_lr

    def _times(self, factor: float) -> list:
        """The rates in force, times a factor."""
        return [
            group["lr"] * factor if factor != 1 else copied(group["lr"])
            for group in self.optimizer.param_groups
        ]

    def state_dict(self) -> dict:
        """Everything but the optimizer."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict: dict) -> None:
        self.__dict__.update(state_dict)


class _LRScheduler(LRScheduler):
    """The base class under its old name."""


def require_optimizer(optimizer) -> Optimizer:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{asked()}: {type(optimizer).__name__} is not an Optimizer")
    return optimizer


def copied(value):
    return value.clone() if isinstance(value, Tensor) else value


def put(group: dict, key: str, value) -> None:
    """Set a group's rate; one that is a tensor stays the same tensor."""
    if isinstance(group[key], Tensor):
        group[key].fill_(value)
    else:
        group[key] = value


def per_group(name: str, optimizer: Optimizer, value) -> list:
    """A setting for each group: a list of them, or one for all."""
    count = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        value = [value] * count
    if len(value) != count:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups. {name} has {len(value)} values, param_groups has {count}."
        )
    return [copied(v) for v in value]


def put_momentum(group: dict, momentum: float) -> None:
    """Set what plays the part of momentum: Adam's first beta, or SGD's momentum."""
    if "betas" in group:
        group["betas"] = (momentum, *group["betas"][1:])
    else:
        group["momentum"] = momentum


def start_momentum_cycle(optimizer: Optimizer, base: list, largest: list, last_epoch: int) -> bool:
    """Begin with the largest momentum; returns whether it is Adam's first beta."""
    if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
        raise ValueError("optimizer must support momentum or beta1 with `cycle_momentum` option enabled")
    if last_epoch == -1:
        for group, low, high in zip(optimizer.param_groups, base, largest):
            put_momentum(group, high)
            group["max_momentum"], group["base_momentum"] = high, low
    return "betas" in optimizer.defaults
