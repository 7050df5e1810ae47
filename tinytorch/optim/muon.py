"""Muon: momentum whose matrix is made orthogonal before it is applied."""

from __future__ import annotations

import math

import numpy as np

from ..tensor import Tensor
from .optimizer import Optimizer
from .values import check, real, zeros_like

COEFFICIENTS = (3.4445, -4.7750, 2.0315)


class Muon(Optimizer):
    """P ← P - lr'·O(M): M ← momentum·M + (1 - momentum)·G, and O takes all singular values near 1. For matrices only.

    Jordan 2024, https://kellerjordan.github.io/posts/muon/. PyTorch computes O in bfloat16; here it has the precision of P.
    """

    def __init__(
        self, params, lr: float = 1e-3, weight_decay: float = 0.1, momentum: float = 0.95, nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = COEFFICIENTS, eps: float = 1e-7, ns_steps: int = 5, adjust_lr_fn: str | None = None,
    ):  # fmt: skip
        check(lr, momentum=momentum, weight_decay=weight_decay)
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        defaults = dict(
            lr=lr, weight_decay=weight_decay, momentum=momentum, nesterov=nesterov, ns_coefficients=ns_coefficients, eps=eps,
            ns_steps=ns_steps, adjust_lr_fn=adjust_lr_fn,
        )  # fmt: skip
        super().__init__(params, defaults)
        for p in (p for group in self.param_groups for p in group["params"]):
            if p.ndim != 2:
                raise ValueError(
                    f"Muon only supports 2D parameters whereas we found a parameter with size: {p.size()}"
                )

    def init_state(self, p: Tensor, group: dict) -> dict:
        return {"momentum_buffer": zeros_like(p)}

    def update(self, p: np.ndarray, g: np.ndarray, state: dict, group: dict) -> None:
        lr, momentum = float(group["lr"]), group["momentum"]
        buffer = real(state["momentum_buffer"].array)
        buffer += (1 - momentum) * (g - buffer)
        step = g + momentum * (buffer - g) if group["nesterov"] else buffer
        step = orthogonal(step, group["ns_coefficients"], group["ns_steps"], group["eps"])
        rows, columns = p.shape
        if group["adjust_lr_fn"] == "match_rms_adamw":
            scale = 0.2 * math.sqrt(max(rows, columns))
        else:
            scale = math.sqrt(max(1, rows / columns))
        p *= 1 - lr * group["weight_decay"]
        p -= lr * scale * step


def orthogonal(x: np.ndarray, coefficients, steps: int, eps: float) -> np.ndarray:
    """x with its singular values brought near 1 by steps of a·s + b·s³ + c·s⁵ (Newton-Schulz)."""
    a, b, c = coefficients
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = x / max(float(np.linalg.norm(x)), eps)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    return x.T if tall else x
