"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

import numpy as np

from ..backend import kernel
from .optimizer import Optimizer, check, number


class SGD(Optimizer):
    """p ← p - lr·g. With momentum: b ← momentum·b + (1 - dampening)·g; p ← p - lr·b (Nesterov: p ← p - lr·(g + momentum·b)).

    Sutskever et al. 2013, http://proceedings.mlr.press/v28/sutskever13.html
    """

    def __init__(
        self, params, lr=1e-3, momentum: float = 0, dampening: float = 0, weight_decay: float = 0, nesterov: bool = False,
        *, maximize: bool = False, foreach: bool | None = None, differentiable: bool = False, fused: bool | None = None,
    ):  # fmt: skip
        check(lr, momentum=momentum, weight_decay=weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        defaults = dict(
            lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov,
            maximize=maximize, foreach=foreach, differentiable=differentiable, fused=fused,
        )  # fmt: skip
        super().__init__(params, defaults)
