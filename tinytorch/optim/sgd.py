"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

import numpy as np

from ..backend import kernel
from ..op import asked
from ..tensor import Tensor
from .optimizer import Optimizer
from .values import check, real


class SGD(Optimizer):
    """p ← p - lr·g. With momentum p ← p - lr·b, where b ← momentum·b + (1 - dampening)·g.

    Nesterov's momentum takes g + momentum·b in place of b: Sutskever et al. 2013, "On the importance of initialization
    and momentum in deep learning".
    """

    def __init__(
        self, params, lr: float | Tensor = 1e-3, momentum: float = 0, dampening: float = 0, weight_decay: float = 0,
        nesterov: bool = False, *, maximize: bool = False, foreach: bool | None = None, differentiable: bool = False,
        fused: bool | None = None,
    ):  # fmt: skip
        check(lr, momentum=momentum, weight_decay=weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError(f"{asked()}: Nesterov momentum requires a momentum and zero dampening")
        defaults = dict(
            lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov,
            maximize=maximize, foreach=foreach, differentiable=differentiable, fused=fused,
        )  # fmt: skip
        super().__init__(params, defaults)

    def init_state(self, p: Tensor, group: dict) -> dict:
        return {"momentum_buffer": None} if group["momentum"] else {}

    def update(self, p: np.ndarray, g: np.ndarray, state: dict, group: dict) -> None:
        momentum, dampening, buffer = group["momentum"], group["dampening"], None
        if momentum:
            if state.get("momentum_buffer") is None:  # the first gradient goes into the buffer undamped
                state["momentum_buffer"], dampening = Tensor.wrap(np.zeros_like(g)), 0
            buffer = real(state["momentum_buffer"].array)
        sgd_step(
            p,
            g,
            buffer,
            float(group["lr"]),
            momentum,
            dampening,
            float(group["weight_decay"]),
            group["nesterov"],
        )


@kernel
def sgd_step(p, g, buffer, lr, momentum, dampening, weight_decay, nesterov) -> None:
    """One step, written into p and, with momentum, into buffer."""
    if weight_decay:
        g = g + weight_decay * p
    if momentum:
        buffer *= momentum
        buffer += (1 - dampening) * g
        g = g + momentum * buffer if nesterov else buffer
    p -= lr * g
