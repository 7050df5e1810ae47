"""Adam for tables of which each step looks up a few rows."""

from __future__ import annotations

import math

import numpy as np

from ..op import asked
from ..tensor import Tensor
from .optimizer import Optimizer
from .values import check_betas, zeros_like


class SparseAdam(Optimizer):
    """Adam that leaves rows without a gradient, and their running averages, as they are.

    PyTorch takes sparse gradients here and finds the rows in them; those of tinytorch are dense, so the rows are those
    that are not all zero.
    """

    def __init__(
        self, params, lr: float | Tensor = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        maximize: bool = False,
    ):  # fmt: skip
        if isinstance(lr, Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        if not lr > 0:
            raise ValueError(f"{asked()}: Invalid learning rate: {lr}")
        if not eps > 0:
            raise ValueError(f"{asked()}: Invalid epsilon value: {eps}")
        check_betas(betas)
        super().__init__(params, dict(lr=lr, betas=tuple(betas), eps=eps, maximize=maximize))
        if any(p.is_complex() for group in self.param_groups for p in group["params"]):
            raise ValueError("SparseAdam does not support complex parameters")

    def init_state(self, p: Tensor, group: dict) -> dict:
        return {"step": 0, "exp_avg": zeros_like(p), "exp_avg_sq": zeros_like(p)}

    def update(self, p: np.ndarray, g: np.ndarray, state: dict, group: dict) -> None:
        state["step"] += 1
        step, (beta1, beta2) = state["step"], map(float, group["betas"])
        rows = (g.reshape(len(g), -1) != 0).any(1) if g.ndim else ...
        m, v, g = state["exp_avg"].array, state["exp_avg_sq"].array, g[rows]
        m[rows] += (1 - beta1) * (g - m[rows])
        v[rows] += (1 - beta2) * (g * g - v[rows])
        step_size = float(group["lr"]) * math.sqrt(1 - beta2**step) / (1 - beta1**step)
        p[rows] -= step_size * m[rows] / (np.sqrt(v[rows]) + group["eps"])
