"""Adam and AdamW: steps scaled by running averages of the gradient and of its square."""

from __future__ import annotations

import math

import numpy as np

from ..backend import in_one_go, kernel, noted
from ..tensor import Tensor
from .optimizer import Optimizer
from .values import check, check_betas, count, real, scalar, zeros_like


class Adam(Optimizer):
    """p ← p - lr·m̂ / (√v̂ + eps), where m and v are running averages of g and g², and m̂ = m / (1 - β₁ᵗ), v̂ = v / (1 - β₂ᵗ)
    undo that they started from zero.

    Kingma and Ba 2014, https://arxiv.org/abs/1412.6980; amsgrad, which lets v only grow: Reddi et al. 2018.
    """

    def __init__(
        self, params, lr: float | Tensor = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0, amsgrad: bool = False, *, foreach: bool | None = None, maximize: bool = False,
        capturable: bool = False, differentiable: bool = False, fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ):  # fmt: skip
        check(lr, eps=eps, weight_decay=weight_decay)
        check_betas(betas)
        defaults = dict(
            lr=lr, betas=tuple(betas), eps=eps, weight_decay=weight_decay, amsgrad=amsgrad, maximize=maximize,
            foreach=foreach, capturable=capturable, differentiable=differentiable, fused=fused,
            decoupled_weight_decay=decoupled_weight_decay,
        )  # fmt: skip
        super().__init__(params, defaults)

    numbers = 0  # in all parameters

    def add_param_group(self, param_group: dict) -> None:
        super().add_param_group(param_group)
        self._count_numbers()

    def __setstate__(self, state: dict) -> None:
        super().__setstate__(state)
        self._count_numbers()

    def _count_numbers(self) -> None:
        self.numbers = sum(p.numel() for group in self.param_groups for p in group["params"])

    def _step_one(self, p: Tensor, group: dict) -> None:
        """Of a large network all steps are noted down first, so that they can be taken at once."""
        if self.numbers < adam_group.small or type(self).update is not Adam.update:
            super()._step_one(p, group)
        else:
            noted(self._step_all, id(group), (p, group))

    def _step_all(self, _key, steps: list) -> None:
        parameters, group = [p for p, _ in steps], steps[0][1]
        if adam_group.for_size(self.numbers, parameters[0].array, self, parameters, group) is NotImplemented:
            with in_one_go:
                for p in parameters:
                    super()._step_one(p, group)

    def init_state(self, p: Tensor, group: dict) -> dict:
        state = {"step": scalar(0), "exp_avg": zeros_like(p), "exp_avg_sq": zeros_like(p)}
        if group["amsgrad"]:
            state["max_exp_avg_sq"] = zeros_like(p)
        return state

    def update(self, p: np.ndarray, g: np.ndarray, state: dict, group: dict) -> None:
        step = count(state)
        m, v = real(state["exp_avg"].array), real(state["exp_avg_sq"].array)
        v_max = real(state["max_exp_avg_sq"].array) if group["amsgrad"] else None
        lr, (beta1, beta2) = float(group["lr"]), map(float, group["betas"])
        adam_step.for_size(  # what pays for the whole network is used for each bias too
            self.numbers,
            p,
            g,
            m,
            v,
            v_max,
            step,
            lr,
            beta1,
            beta2,
            group["eps"],
            group["weight_decay"],
            group["decoupled_weight_decay"],
        )


class AdamW(Adam):
    """Adam that lets the weights decay by themselves, p ← (1 - lr·weight_decay)·p, rather than through the gradient.

    Loshchilov and Hutter 2017, https://arxiv.org/abs/1711.05101
    """

    def __init__(
        self, params, lr: float | Tensor = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 1e-2, amsgrad: bool = False, *, maximize: bool = False, foreach: bool | None = None,
        capturable: bool = False, differentiable: bool = False, fused: bool | None = None,
    ):  # fmt: skip
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize, capturable=capturable,
            differentiable=differentiable, fused=fused, decoupled_weight_decay=True,
        )  # fmt: skip

    def __setstate__(self, state: dict) -> None:
        super().__setstate__(state)
        for group in self.param_groups:  # whatever was loaded, it is AdamW from here on
            group["decoupled_weight_decay"] = True


@kernel
def adam_group(first, optimizer: Adam, parameters: list[Tensor], group: dict):
    """The steps of all these parameters, of which `first` is an array. NotImplemented: they are to be taken one by one."""
    return NotImplemented


@kernel
def adam_step(p, g, m, v, v_max, step, lr, beta1, beta2, eps, weight_decay, decoupled) -> None:
    """The step of that number (from 1), written into p, m, v and, unless it is None, v_max."""
    if weight_decay and decoupled:
        p *= 1 - lr * weight_decay
    elif weight_decay:
        g = g + weight_decay * p
    m += (1 - beta1) * (g - m)
    v *= beta2
    v += (1 - beta2) * g * g
    if v_max is not None:
        np.maximum(v_max, v, out=v_max)
        v = v_max
    denominator = np.sqrt(v)
    denominator /= math.sqrt(1 - beta2**step)
    denominator += eps
    p -= lr / (1 - beta1**step) * m / denominator
