"""ASGD and Rprop: averaged descent, and descent by signs."""

from __future__ import annotations

import numpy as np

from ..tensor import Tensor
from .optimizer import Optimizer
from .values import check, count, real, scalar, zeros_like


class ASGD(Optimizer):
    """SGD that also keeps the average `ax` of the weights it came past: Polyak and Juditsky 1992."""

    def __init__(
        self, params, lr: float | Tensor = 1e-2, lambd: float = 1e-4, alpha: float = 0.75, t0: float = 1e6,
        weight_decay: float = 0, foreach: bool | None = None, maximize: bool = False, differentiable: bool = False,
        capturable: bool = False,
    ):  # fmt: skip
        check(lr, weight_decay=weight_decay)
        defaults = dict(
            lr=lr, lambd=lambd, alpha=alpha, t0=t0, weight_decay=weight_decay, foreach=foreach, maximize=maximize,
            differentiable=differentiable, capturable=capturable,
        )  # fmt: skip
        super().__init__(params, defaults)

    def init_state(self, p: Tensor, group: dict) -> dict:
        return {"step": scalar(0), "eta": scalar(float(group["lr"])), "mu": scalar(1), "ax": zeros_like(p)}

    def update(self, p: np.ndarray, g: np.ndarray, state: dict, group: dict) -> None:
        step, lr, lambd = count(state), float(group["lr"]), group["lambd"]
        eta, mu, average = state["eta"].array, state["mu"].array, real(state["ax"].array)
        if group["weight_decay"]:
            g = g + group["weight_decay"] * p
        p *= 1 - lambd * eta.item()
        p -= eta.item() * g
        average += mu.item() * (p - average)
        eta[...] = lr / (1 + lambd * lr * step) ** group["alpha"]
        mu[...] = 1 / max(1, step - group["t0"])


class Rprop(Optimizer):
    """Steps that look at the signs of gradients only: longer where the sign stays, shorter where it changes.

    Riedmiller and Braun 1993.
    """

    def __init__(
        self, params, lr: float | Tensor = 1e-2, etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50), *, capturable: bool = False, foreach: bool | None = None,
        maximize: bool = False, differentiable: bool = False,
    ):  # fmt: skip
        check(lr)
        if not 0 < etas[0] < 1 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        defaults = dict(
            lr=lr, etas=etas, step_sizes=step_sizes, foreach=foreach, maximize=maximize, differentiable=differentiable,
            capturable=capturable,
        )  # fmt: skip
        super().__init__(params, defaults)

    def init_state(self, p: Tensor, group: dict) -> dict:
        size = zeros_like(p)
        real(size.array)[...] = float(group["lr"])
        return {"step": scalar(0), "prev": zeros_like(p), "step_size": size}

    def update(self, p: np.ndarray, g: np.ndarray, state: dict, group: dict) -> None:
        count(state)
        previous, size = real(state["prev"].array), real(state["step_size"].array)
        shorter, longer = group["etas"]
        agreement = np.sign(g * previous)
        size *= np.where(agreement > 0, longer, np.where(agreement < 0, shorter, 1)).astype(size.dtype)
        np.clip(size, *group["step_sizes"], out=size)
        g = np.where(agreement < 0, 0, g)  # after a change of sign, no step this time
        p -= np.sign(g) * size
        previous[...] = g
