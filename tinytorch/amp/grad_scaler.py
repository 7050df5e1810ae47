"""GradScaler: small gradients survive float16 when the loss is multiplied by a large number, and the gradients divided by it."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterable
from enum import Enum
from typing import Any

import numpy as np

from .. import backend
from ..creation import full
from ..dtypes import float32, int32
from ..tensor import Tensor


class OptState(Enum):
    """How far an optimizer is since the last `update`."""

    READY = 0
    UNSCALED = 1
    STEPPED = 2


class Progress:
    """What the scaler knows of one optimizer since the last `update`."""

    def __init__(self):
        self.stage, self.found_inf = OptState.READY, None


class GradScaler:
    """`scale(loss).backward(); step(optimizer); update()`: steps with an infinite or NaN gradient are left out and the scale
    goes down by backoff_factor; after growth_interval good steps in a row it goes up by growth_factor."""

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ):
        self._device, self._enabled = device, enabled
        if enabled and device == "cuda" and not backend.cuda_available():
            warnings.warn(
                "torch.cuda.amp.GradScaler is enabled, but CUDA is not available.  Disabling.", stacklevel=2
            )
            self._enabled = False
        if self._enabled and growth_factor <= 1.0:
            raise AssertionError("The growth factor must be > 1.0.")
        if self._enabled and backoff_factor >= 1.0:
            raise AssertionError("The backoff factor must be < 1.0.")
        self._init_scale, self._init_growth_tracker = init_scale, 0
        self._growth_factor, self._backoff_factor, self._growth_interval = (
            growth_factor,
            backoff_factor,
            growth_interval,
        )
        self._scale: Tensor | None = None  # both are made by the first `scale`, where the outputs are
        self._growth_tracker: Tensor | None = None
        self._progress: dict[int, Progress] = defaultdict(Progress)

    def scale(self, outputs):
        """A tensor, or an iterable of them, times the scale."""
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            if self._scale is None:
                self._scale = full((), self._init_scale, dtype=float32, device=outputs.device)
                self._growth_tracker = full((), self._init_growth_tracker, dtype=int32, device=outputs.device)
            return outputs * self._scale
        if isinstance(outputs, Iterable):
            scaled = [self.scale(out) for out in outputs]
            return type(outputs)(scaled) if isinstance(outputs, (list, tuple)) else scaled
        raise ValueError("outputs must be a Tensor or an iterable of Tensors")

    def unscale_(self, optimizer) -> None:
        """Divide the gradients of the optimizer's parameters by the scale, for example to clip them before `step`."""
        if not self._enabled:
            return
        scale, _ = self._state("unscale_")
        progress = self._progress[id(optimizer)]
        if progress.stage is OptState.UNSCALED:
            raise RuntimeError(
                "unscale_() has already been called on this optimizer since the last update()."
            )
        if progress.stage is OptState.STEPPED:
            raise RuntimeError("unscale_() is being called after step().")
        inverse = np.float32(1.0 / scale.item())
        grads = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        if grads:
            progress.found_inf = bool(
                sum([unscale(g, inverse) for g in grads])
            )  # the one time that a GPU is waited for
        progress.stage = OptState.UNSCALED

    def step(self, optimizer, *args, **kwargs):
        """`optimizer.step()` with unscaled gradients, unless one of them is infinite or NaN."""
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("Closure use is not currently supported if GradScaler is enabled.")
        self._state("step")
        progress = self._progress[id(optimizer)]
        if progress.stage is OptState.STEPPED:
            raise RuntimeError("step() has already been called since the last update().")
        if progress.stage is OptState.READY:
            self.unscale_(optimizer)
        if progress.found_inf is None:
            raise AssertionError("No inf checks were recorded for this optimizer.")
        result = None if progress.found_inf else optimizer.step(*args, **kwargs)
        progress.stage = OptState.STEPPED
        return result

    def update(self, new_scale: float | Tensor | None = None) -> None:
        """Adapt the scale to what happened since the last call, or set it."""
        if not self._enabled:
            return
        scale, tracker = self._state("update")
        if new_scale is not None:
            if isinstance(new_scale, Tensor) and (new_scale.numel() != 1 or new_scale.requires_grad):
                raise AssertionError(
                    "new_scale should be a float or a 1-element tensor with requires_grad=False."
                )
            scale.fill_(new_scale.item() if isinstance(new_scale, Tensor) else new_scale)
        else:
            checks = [p.found_inf for p in self._progress.values() if p.found_inf is not None]
            if not checks:
                raise AssertionError("No inf checks were recorded prior to update.")
            self._adapt(scale, tracker, any(checks))
        self._progress = defaultdict(Progress)

    def _adapt(self, scale: Tensor, tracker: Tensor, found_inf: bool) -> None:
        good = 0 if found_inf else int(tracker.item()) + 1
        if found_inf:
            scale.fill_(scale.item() * self._backoff_factor)
        elif good == self._growth_interval:
            grown = scale.item() * self._growth_factor
            if grown <= np.finfo(np.float32).max:
                scale.fill_(grown)
            good = 0
        tracker.fill_(good)

    def _state(self, caller: str) -> tuple[Tensor, Tensor]:
        if self._scale is None or self._growth_tracker is None:
            raise AssertionError(
                f"Attempted {caller} but _scale is None.  This may indicate your script did not use scaler.scale(loss or outputs)"
                " earlier in the iteration."
            )
        return self._scale, self._growth_tracker

    # ------------------------------------------------------------ settings and saving

    def get_scale(self) -> float:
        if not self._enabled:
            return 1.0
        return self._init_scale if self._scale is None else self._scale.item()

    def _get_growth_tracker(self) -> int:
        if not self._enabled:
            return 0
        return self._init_growth_tracker if self._growth_tracker is None else self._growth_tracker.item()

    def get_growth_factor(self) -> float:
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        self._growth_interval = new_interval

    def is_enabled(self) -> bool:
        return self._enabled

    def state_dict(self) -> dict[str, Any]:
        """Scale, factors, interval and how many good steps there were; empty when disabled."""
        if not self._enabled:
            return {}
        return {
            "scale": self.get_scale(),
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._get_growth_tracker(),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(
                "The source state dict is empty, possibly because it was saved from a disabled instance of GradScaler."
            )
        self._init_scale, self._init_growth_tracker = state_dict["scale"], state_dict["_growth_tracker"]
        self._growth_factor, self._backoff_factor = state_dict["growth_factor"], state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
        if self._scale is not None and self._growth_tracker is not None:
            self._scale.fill_(self._init_scale)
            self._growth_tracker.fill_(self._init_growth_tracker)


def unscale(grad: Tensor, inverse: np.float32) -> Any:
    """Multiply a gradient in place; whether there is an infinity or a NaN in it (0-dim, on the gradient's device)."""
    if grad.array.dtype == np.float16:
        raise ValueError("Attempting to unscale FP16 gradients.")
    xp = backend.module_of(grad.array)
    found = ~xp.isfinite(grad.array).all()
    if inverse != 1:
        grad.array *= grad.array.dtype.type(inverse)
    return found
