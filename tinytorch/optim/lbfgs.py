"""L-BFGS: steps along the gradient times an approximate inverse Hessian, made of the last few steps."""

from __future__ import annotations

import math

import numpy as np

from .. import ops
from ..autograd.grad_mode import no_grad
from ..tensor import Tensor
from .optimizer import Optimizer, call_with_grad
from .values import check, real


class LBFGS(Optimizer):
    """Up to `max_iter` quasi-Newton steps per call of `step(closure)`, which computes loss and gradients again and again.

    `line_search_fn="strong_wolfe"` looks for a good step size; otherwise it is lr. Liu and Nocedal 1989.
    """

    def __init__(
        self, params, lr: float | Tensor = 1, max_iter: int = 20, max_eval: int | None = None, tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9, history_size: int = 100, line_search_fn: str | None = None,
    ):  # fmt: skip
        check(lr)
        defaults = dict(
            lr=lr, max_iter=max_iter, max_eval=max_iter * 5 // 4 if max_eval is None else max_eval,
            tolerance_grad=tolerance_grad, tolerance_change=tolerance_change, history_size=history_size,
            line_search_fn=line_search_fn,
        )  # fmt: skip
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    @no_grad()
    def step(self, closure):
        """Minimise for a while; returns the loss before."""
        group = self.param_groups[0]
        lr, search, small = float(group["lr"]), group["line_search_fn"], group["tolerance_change"]
        if search not in (None, "strong_wolfe"):
            raise RuntimeError("only 'strong_wolfe' is supported")
        state = self.state[
            group["params"][0]
        ]  # there is one state for all; PyTorch keeps it with the first parameter
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)

        first_loss = call_with_grad(closure)
        loss, g = float(first_loss), self._flat_grad()
        evaluations = 1
        for iteration in range(1, group["max_iter"] + 1):
            if largest(g) <= group["tolerance_grad"]:
                break
            state["n_iter"] += 1
            d = direction(g, state, group["history_size"])
            t = min(1.0, 1.0 / g.abs().sum().item()) * lr if state["n_iter"] == 1 else lr
            before, slope = loss, g.dot(d).item()
            state.update(d=d, t=t, prev_flat_grad=g, prev_loss=loss)
            if slope > -small:
                break
            if search:
                loss, g, t, used = self._search(
                    closure, t, d, loss, g, slope, group["max_eval"] - evaluations
                )
                self._move(t, d)
                state["t"], evaluations = t, evaluations + used
            else:
                self._move(t, d)
                if iteration < group["max_iter"]:  # after the last move nobody asks for the loss
                    loss, g = float(call_with_grad(closure)), self._flat_grad()
                    evaluations += 1
            if evaluations >= group["max_eval"] or largest(d) * abs(t) <= small or abs(loss - before) < small:
                break
        state["func_evals"] += evaluations
        return first_loss

    def _flat_grad(self) -> Tensor:
        """The gradients of all parameters as one vector."""
        parts = [
            real(np.zeros_like(p.array) if p.grad is None else p.grad.array)
            for p in self.param_groups[0]["params"]
        ]
        return ops.cat([Tensor.wrap(part.reshape(-1)) for part in parts])

    def _move(self, t: float, d: Tensor) -> None:
        """All parameters by t·d."""
        start = 0
        for p in self.param_groups[0]["params"]:
            array = real(p.array)
            array += t * d.array[start : start + array.size].reshape(array.shape)
            p._wrote()
            start += array.size

    def _search(self, closure, t, d, loss, g, slope, max_evaluations):
        params = self.param_groups[0]["params"]
        origin = [p.array.copy() for p in params]

        def evaluate(t: float) -> Point:
            self._move(t, d)
            loss = float(call_with_grad(closure))
            g = self._flat_grad()
            for p, array in zip(params, origin):
                p.array[...] = array
            return Point(t, loss, g, g.dot(d).item())

        best, used = strong_wolfe(evaluate, t, Point(0, loss, g, slope), largest(d), max_evaluations)
        return best.loss, best.g, best.t, used


def largest(x: Tensor) -> float:
    return x.abs().max().item()


def direction(g: Tensor, state: dict, history_size: int) -> Tensor:
    """Where to go: minus the gradient times the approximate inverse Hessian (Nocedal's two loops)."""
    if state["n_iter"] == 1:
        state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1.0)
        return -g
    changes, steps, ro = state["old_dirs"], state["old_stps"], state["ro"]
    y, s = g - state["prev_flat_grad"], state["d"] * state["t"]
    ys = y.dot(s)
    if ys.item() > 1e-10:
        for history, new in ((changes, y), (steps, s), (ro, 1.0 / ys)):
            history.append(new)
            del history[:-history_size]
        state["H_diag"] = ys / y.dot(y)
    q, a = -g, state.setdefault("al", [None] * history_size)
    for i in reversed(range(len(ro))):
        a[i] = (steps[i].dot(q) * ro[i]).item()
        q -= a[i] * changes[i]
    d = q * state["H_diag"]
    for i in range(len(ro)):
        d += (a[i] - (changes[i].dot(d) * ro[i]).item()) * steps[i]
    return d


# ---------------------------------------------------------------- line search


class Point:
    """What is known at step size t: loss, gradient, and the slope of the loss along the direction."""

    __slots__ = ("g", "loss", "slope", "t")

    def __init__(self, t: float, loss: float, g: Tensor, slope: float):
        self.t, self.loss, self.g, self.slope = t, loss, g, slope


def strong_wolfe(
    evaluate, t: float, start: Point, d_norm: float, max_steps: int, c1=1e-4, c2=0.9, tolerance=1e-9
):
    """A point where the loss is low enough and the slope flat enough, and how many evaluations it took.

    Nocedal and Wright 2006, algorithms 3.5 (bracket) and 3.6 (zoom), as in Schmidt's minFunc.
    """
    new, previous, done, bracket = evaluate(t), start, False, None
    steps, evaluations = 0, 1
    while steps < max_steps and bracket is None:
        if new.loss > start.loss + c1 * new.t * start.slope or (steps > 1 and new.loss >= previous.loss):
            bracket = [previous, new]
        elif abs(new.slope) <= -c2 * start.slope:
            bracket, done = [new, new], True
        elif new.slope >= 0:
            bracket = [previous, new]
        else:
            low, high = new.t + 0.01 * (new.t - previous.t), new.t * 10
            t = cubic_minimum(previous, new, low, high)
            previous, new = new, evaluate(t)
            steps, evaluations = steps + 1, evaluations + 1
    bracket = bracket or [start, new]
    bracket.sort(key=lambda point: point.loss)
    stuck = False
    while not done and steps < max_steps:
        low, high = bracket
        lower, upper = min(low.t, high.t), max(low.t, high.t)
        if (upper - lower) * d_norm < tolerance:
            break
        t = cubic_minimum(low, high, lower, upper)
        margin = 0.1 * (upper - lower)
        if min(upper - t, t - lower) < margin:  # too near an end; allowed once, and not at the very end
            if stuck or t >= upper or t <= lower:
                t = upper - margin if abs(t - upper) < abs(t - lower) else lower + margin
                stuck = False
            else:
                stuck = True
        else:
            stuck = False
        new = evaluate(t)
        steps, evaluations = steps + 1, evaluations + 1
        if new.loss > start.loss + c1 * t * start.slope or new.loss >= low.loss:
            bracket = sorted([low, new], key=lambda point: point.loss)
        else:
            done = abs(new.slope) <= -c2 * start.slope
            if not done and new.slope * (high.t - low.t) >= 0:
                high = low
            bracket = [new, high]
    return bracket[0], evaluations


def cubic_minimum(a: Point, b: Point, low: float, high: float) -> float:
    """Where the cubic through two points with their slopes has its minimum, kept between low and high."""
    if a.t > b.t:
        a, b = b, a
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = d1 * d1 - a.slope * b.slope
    if square < 0:
        return (low + high) / 2
    d2 = math.sqrt(square)
    t = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
    return min(max(t, low), high)
