"""Adafactor: Adam's second moment kept as one number for each row and each column of a matrix."""

from __future__ import annotations

import math

import numpy as np

from ..creation import zeros
from ..tensor import Tensor
from .optimizer import Optimizer
from .values import check, count, real, scalar, zeros_like


class Adafactor(Optimizer):
    """p ← p - a·u / max(1, RMS(u)/d), u = g / √v, a = max(eps2, RMS(p)) · min(lr, 1/√t), with v's row and column means kept.

    Shazeer and Stern 2018, https://arxiv.org/abs/1804.04235
    """

    def __init__(
        self, params, lr: float | Tensor = 1e-2, beta2_decay: float = -0.8, eps: tuple[float | None, float] = (None, 1e-3), d: float = 1.0,
        weight_decay: float = 0.0, *, foreach: bool | None = None, maximize: bool = False,
    ):  # fmt: skip
        check(lr, weight_decay=weight_decay)
        if beta2_decay > 0.0:
            raise ValueError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
        if eps[0] is not None and eps[0] < 0.0:
            raise ValueError(f"epsilon1 should be >= 0 but is: {eps[0]}")
        if eps[1] < 0.0:
            raise ValueError(f"epsilon2 should be >= 0 but is: {eps[1]}")
        if d < 1.0:
            raise ValueError(f"Clipping threshold d should be >= 1 but is: {d}")
        defaults = dict(
            lr=lr,
            beta2_decay=beta2_decay,
            eps=eps,
            d=d,
            weight_decay=weight_decay,
            foreach=foreach,
            maximize=maximize,
        )
        super().__init__(params, defaults)

    def init_state(self, p: Tensor, group: dict) -> dict:
        if p.ndim < 2:
            return {"step": scalar(0), "variance": zeros_like(p)}
        rows, columns = (*p.shape[:-1], 1), (*p.shape[:-2], 1, p.shape[-1])
        kind = {"dtype": p.dtype, "device": p.device}
        return {"step": scalar(0), "row_var": zeros(rows, **kind), "col_var": zeros(columns, **kind)}

    def update(self, p: np.ndarray, g: np.ndarray, state: dict, group: dict) -> None:
        t = count(state)
        lr, (eps1, eps2) = float(group["lr"]), group["eps"]
        eps1 = float(np.finfo(p.dtype).eps) if eps1 is None else eps1
        share = t ** group["beta2_decay"]  # 1 - beta2
        alpha = max(eps2, rms(p)) * min(lr, 1 / math.sqrt(t))
        if group["weight_decay"]:
            p *= 1 - lr * group["weight_decay"]
        if p.ndim < 2:
            v = mixed(state["variance"], g * g, share)
        else:
            row = mixed(state["row_var"], (g * g).mean(-1, keepdims=True), share)
            column = mixed(state["col_var"], (g * g).mean(-2, keepdims=True), share)
            v = row @ column / np.maximum(row.mean(-2, keepdims=True), eps1)
        u = g / np.sqrt(np.maximum(v, eps1 * eps1))
        p -= (alpha / max(1.0, rms(u) / group["d"])) * u


def rms(x: np.ndarray) -> float:
    """The root of the mean of the squares."""
    return float(np.linalg.norm(x.ravel())) / math.sqrt(x.size) if x.size else 0.0


def mixed(average: Tensor, new: np.ndarray, share: float) -> np.ndarray:
    """The running average, moved by that share towards `new`."""
    array = real(average.array)
    array += share * (new - array)
    return array
