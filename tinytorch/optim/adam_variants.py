"""What grew out of Adam: NAdam, RAdam, Adamax."""

from __future__ import annotations

import math

import numpy as np

from ..tensor import Tensor
from .optimizer import Optimizer
from .values import check, check_betas, count, real, scalar, zeros_like


class NAdam(Optimizer):
    """Adam with Nesterov's momentum: Dozat 2016, https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ"""

    def __init__(
        self, params, lr: float | Tensor = 2e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0, momentum_decay: float = 4e-3, decoupled_weight_decay: bool = False, *,
        foreach: bool | None = None, maximize: bool = False, capturable: bool = False, differentiable: bool = False,
    ):  # fmt: skip
        check(lr, eps=eps, weight_decay=weight_decay, momentum_decay=momentum_decay)
        check_betas(betas)
        defaults = dict(
            lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, momentum_decay=momentum_decay,
            decoupled_weight_decay=decoupled_weight_decay, maximize=maximize, foreach=foreach, capturable=capturable,
            differentiable=differentiable,
        )  # fmt: skip
        super().__init__(params, defaults)

    def init_state(self, p: Tensor, group: dict) -> dict:
        return {
            "step": scalar(0),
            "mu_product": scalar(1),
            "exp_avg": zeros_like(p),
            "exp_avg_sq": zeros_like(p),
        }

    def update(self, p: np.ndarray, g: np.ndarray, state: dict, group: dict) -> None:
        step, lr, (beta1, beta2) = count(state), float(group["lr"]), group["betas"]
        g = decayed(p, g, lr, group)
        m, v, product = (
            real(state["exp_avg"].array),
            real(state["exp_avg_sq"].array),
            state["mu_product"].array,
        )
        mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (t * group["momentum_decay"])) for t in (step, step + 1))
        product *= mu
        average(m, v, g, beta1, beta2)
        denominator = np.sqrt(v / (1 - beta2**step)) + group["eps"]
        p -= lr * (1 - mu) / (1 - product.item()) * g / denominator
        p -= lr * mu_next / (1 - product.item() * mu_next) * m / denominator


class RAdam(Optimizer):
    """Adam that waits with the scaling until the average of g² can be trusted: Liu et al. 2019, https://arxiv.org/abs/1908.03265"""

    def __init__(
        self, params, lr: float | Tensor = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0, decoupled_weight_decay: bool = False, *, foreach: bool | None = None,
        maximize: bool = False, capturable: bool = False, differentiable: bool = False,
    ):  # fmt: skip
        check(lr, eps=eps, weight_decay=weight_decay)
        check_betas(betas)
        defaults = dict(
            lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, maximize=maximize, foreach=foreach,
            capturable=capturable, decoupled_weight_decay=decoupled_weight_decay, differentiable=differentiable,
        )  # fmt: skip
        super().__init__(params, defaults)

    def init_state(self, p: Tensor, group: dict) -> dict:
        return {"step": scalar(0), "exp_avg": zeros_like(p), "exp_avg_sq": zeros_like(p)}

    def update(self, p: np.ndarray, g: np.ndarray, state: dict, group: dict) -> None:
        step, lr, (beta1, beta2) = count(state), float(group["lr"]), group["betas"]
        g = decayed(p, g, lr, group)
        m, v = real(state["exp_avg"].array), real(state["exp_avg_sq"].array)
        average(m, v, g, beta1, beta2)
        correction = 1 - beta2**step
        rho_max = 2 / (1 - beta2) - 1
        rho = (
            rho_max - 2 * step * beta2**step / correction
        )  # how many gradients v is the average of, so to speak
        change = m / (1 - beta1**step)
        change *= lr
        if rho > 5:
            rectification = math.sqrt((rho - 4) * (rho - 2) * rho_max / ((rho_max - 4) * (rho_max - 2) * rho))
            change *= math.sqrt(correction) / (np.sqrt(v) + group["eps"])
            change *= rectification
        p -= change


class Adamax(Optimizer):
    """Adam with the largest gradient of late in place of the average of squares: Kingma and Ba 2014, section 7."""

    def __init__(
        self, params, lr: float | Tensor = 2e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0, foreach: bool | None = None, *, maximize: bool = False, differentiable: bool = False,
        capturable: bool = False,
    ):  # fmt: skip
        check(lr, eps=eps, weight_decay=weight_decay)
        check_betas(betas)
        defaults = dict(
            lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, foreach=foreach, maximize=maximize,
            differentiable=differentiable, capturable=capturable,
        )  # fmt: skip
        super().__init__(params, defaults)

    def init_state(self, p: Tensor, group: dict) -> dict:
        return {"step": scalar(0), "exp_avg": zeros_like(p), "exp_inf": zeros_like(p)}

    def update(self, p: np.ndarray, g: np.ndarray, state: dict, group: dict) -> None:
        step, (beta1, beta2) = count(state), group["betas"]
        g = decayed(p, g, 0, group)
        m, largest = real(state["exp_avg"].array), real(state["exp_inf"].array)
        m += (1 - beta1) * (g - m)
        largest *= beta2
        np.maximum(largest, np.abs(g) + group["eps"], out=largest)
        p -= float(group["lr"]) / (1 - beta1**step) * m / largest


def decayed(p: np.ndarray, g: np.ndarray, lr: float, group: dict) -> np.ndarray:
    """Weight decay: on p itself if it is decoupled, else in the gradient that is returned."""
    decay = group["weight_decay"]
    if not decay:
        return g
    if not group.get("decoupled_weight_decay"):
        return g + decay * p
    p *= 1 - lr * decay
    return g


def average(m: np.ndarray, v: np.ndarray, g: np.ndarray, beta1: float, beta2: float) -> None:
    """The running averages of g and g², moved on by one step."""
    m += (1 - beta1) * (g - m)
    v *= beta2
    v += (1 - beta2) * g * g
