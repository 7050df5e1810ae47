"""Adagrad and Adadelta: a step size of its own for every weight, from the gradients it has had."""

from __future__ import annotations

import numpy as np

from ..tensor import Tensor
from .optimizer import Optimizer
from .values import check, count, real, scalar, zeros_like


class Adagrad(Optimizer):
    """p ← p - lr·g / (√s + eps), where s is the sum of all g²: Duchi et al. 2011."""

    def __init__(
        self, params, lr: float | Tensor = 1e-2, lr_decay: float = 0, weight_decay: float = 0,
        initial_accumulator_value: float = 0, eps: float = 1e-10, foreach: bool | None = None, *, maximize: bool = False,
        differentiable: bool = False, fused: bool | None = None,
    ):  # fmt: skip
        check(
            lr,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            eps=eps,
        )
        defaults = dict(
            lr=lr, lr_decay=lr_decay, eps=eps, weight_decay=weight_decay, initial_accumulator_value=initial_accumulator_value,
            foreach=foreach, maximize=maximize, differentiable=differentiable, fused=fused,
        )  # fmt: skip
        super().__init__(params, defaults)
        for group in self.param_groups:
            for p in group["params"]:
                self.state[p] = self.init_state(p, group)

    def init_state(self, p: Tensor, group: dict) -> dict:
        total = zeros_like(p)
        real(total.array)[...] = group["initial_accumulator_value"]
        return {"step": scalar(0), "sum": total}

    def update(self, p: np.ndarray, g: np.ndarray, state: dict, group: dict) -> None:
        lr = float(group["lr"]) / (1 + (count(state) - 1) * group["lr_decay"])
        if group["weight_decay"]:
            g = g + group["weight_decay"] * p
        total = real(state["sum"].array)
        total += g * g
        denominator = np.sqrt(total)
        denominator += group["eps"]
        p -= lr * g / denominator


class Adadelta(Optimizer):
    """p ← p - lr·d, where d = √(u + eps) / √(v + eps) · g, and u and v are running averages of d² and g².

    Zeiler 2012, https://arxiv.org/abs/1212.5701
    """

    def __init__(
        self, params, lr: float | Tensor = 1.0, rho: float = 0.9, eps: float = 1e-6, weight_decay: float = 0,
        foreach: bool | None = None, *, capturable: bool = False, maximize: bool = False, differentiable: bool = False,
    ):  # fmt: skip
        check(lr, eps=eps, weight_decay=weight_decay)
        if not 0 <= rho <= 1:
            raise ValueError(f"Invalid rho value: {rho}")
        defaults = dict(
            lr=lr, rho=rho, eps=eps, weight_decay=weight_decay, maximize=maximize, capturable=capturable, foreach=foreach,
            differentiable=differentiable,
        )  # fmt: skip
        super().__init__(params, defaults)

    def init_state(self, p: Tensor, group: dict) -> dict:
        return {"step": scalar(0), "square_avg": zeros_like(p), "acc_delta": zeros_like(p)}

    def update(self, p: np.ndarray, g: np.ndarray, state: dict, group: dict) -> None:
        count(state)
        rho, eps = group["rho"], group["eps"]
        if group["weight_decay"]:
            g = g + group["weight_decay"] * p
        v, u = real(state["square_avg"].array), real(state["acc_delta"].array)
        v *= rho
        v += (1 - rho) * g * g
        delta = np.sqrt(u + eps)
        delta /= np.sqrt(v + eps)
        delta *= g
        u *= rho
        u += (1 - rho) * delta * delta
        p -= float(group["lr"]) * delta
