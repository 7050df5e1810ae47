"""RMSprop: gradients divided by the root of a running average of their squares."""

from __future__ import annotations

import numpy as np

from ..tensor import Tensor
from .optimizer import Optimizer
from .values import check, count, real, scalar, zeros_like


class RMSprop(Optimizer):
    """p ← p - lr·g / (√v + eps), where v ← alpha·v + (1 - alpha)·g²; `centered` takes the variance in place of v.

    Hinton's lecture notes; centered: Graves 2013, https://arxiv.org/abs/1308.0850
    """

    def __init__(
        self, params, lr: float | Tensor = 1e-2, alpha: float = 0.99, eps: float = 1e-8, weight_decay: float = 0,
        momentum: float = 0, centered: bool = False, capturable: bool = False, foreach: bool | None = None,
        maximize: bool = False, differentiable: bool = False,
    ):  # fmt: skip
        check(lr, eps=eps, momentum=momentum, weight_decay=weight_decay, alpha=alpha)
        defaults = dict(
            lr=lr, momentum=momentum, alpha=alpha, eps=eps, centered=centered, weight_decay=weight_decay,
            capturable=capturable, foreach=foreach, maximize=maximize, differentiable=differentiable,
        )  # fmt: skip
        super().__init__(params, defaults)

    def init_state(self, p: Tensor, group: dict) -> dict:
        state = {"step": scalar(0), "square_avg": zeros_like(p)}
        if group["momentum"] > 0:
            state["momentum_buffer"] = zeros_like(p)
        if group["centered"]:
            state["grad_avg"] = zeros_like(p)
        return state

    def update(self, p: np.ndarray, g: np.ndarray, state: dict, group: dict) -> None:
        count(state)
        lr, alpha = float(group["lr"]), group["alpha"]
        if group["weight_decay"]:
            g = g + group["weight_decay"] * p
        v = real(state["square_avg"].array)
        v *= alpha
        v += (1 - alpha) * g * g
        if group["centered"]:
            mean = real(state["grad_avg"].array)
            mean += (1 - alpha) * (g - mean)
            v = v - mean * mean
        denominator = np.sqrt(v)
        denominator += group["eps"]
        if group["momentum"] > 0:
            buffer = real(state["momentum_buffer"].array)
            buffer *= group["momentum"]
            buffer += g / denominator
            p -= lr * buffer
        else:
            p -= lr * g / denominator
