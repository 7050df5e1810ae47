"""Recurrent layers over whole sequences, forwards or backwards in time: what they share, and tanh and relu units.

Sequences come packed: N rows, step by step, of which batch_sizes[t] belong to step t, the longest sequence first (without
padding all batch sizes are B). One op runs all steps of a layer: what the input contributes is computed before for all
steps in one product, and of the backward pass only what depends on the next step is done step by step.

The result of an op holds the N outputs and, below them, each final state (B, H).
"""

from __future__ import annotations

from itertools import accumulate

import numpy as np

from ... import ops
from ...backend import kernel, module_of
from ...op import Shared, op
from .linear import linear


def steps(batch_sizes, reverse: bool) -> list[slice]:
    """The rows of each step, in the order in which the steps are taken."""
    rows = [slice(end - n, end) for n, end in zip(batch_sizes, accumulate(batch_sizes))]
    return rows[::-1] if reverse else rows


def one_by_one(cell, x, state, batch_sizes, reverse: bool):
    """The same in plain ops, a step at a time: (N, ...) and a list of states (B, H) -> outputs (N, H), final states."""
    outputs = []
    for rows in steps(batch_sizes, reverse):
        n = rows.stop - rows.start
        new = cell(x[rows], *[s[:n] for s in state])
        outputs.append(new[0])
        state = [a if len(s) == n else ops.cat([a, s[n:]]) for a, s in zip(new, state)]
    return ops.cat(outputs[::-1] if reverse else outputs), state


# Each state is one array (B, H). Step t overwrites its first batch_sizes[t] rows: forwards, the rows below belong to
# sequences that have ended and keep their last state; backwards, to sequences that have not begun and keep their first.


# ---------------------------------------------------------------- tanh and relu units


@kernel
def rnn_forward(x, h0, w_hh, relu: bool, batch_sizes, reverse: bool):
    """h = f(x + h @ w_hh.T): (N, H), (B, H), (H, H) -> outputs, final state; and the state before each step."""
    h, before, outputs = h0.copy(), x.copy(), x.copy()
    w = module_of(w_hh).ascontiguousarray(
        w_hh.T
    )  # a third faster than the transposed view in so small a product
    for rows in steps(batch_sizes, reverse):
        now, a = h[: rows.stop - rows.start], outputs[rows]
        before[rows] = now
        a += now @ w
        np.maximum(a, 0, out=a) if relu else np.tanh(a, out=a)
        now[...] = a
    return np.concatenate([outputs, h]), before


@kernel
def rnn_backward(g, out, w_hh, before, relu: bool, batch_sizes, reverse: bool):
    """The gradients of x, h0 and w_hh."""
    N = len(before)
    outputs, dh = out[:N], g[N:].copy()
    slope = (outputs > 0).astype(out.dtype) if relu else 1 - outputs * outputs
    da = np.empty_like(before)
    for rows in reversed(steps(batch_sizes, reverse)):
        now = dh[: rows.stop - rows.start]
        now += g[rows]
        np.multiply(now, slope[rows], out=da[rows])
        np.matmul(da[rows], w_hh, out=now)
    return da, dh, da.T @ before


def rnn_composed(x, h0, w_hh, *, relu, batch_sizes, reverse=False):
    def cell(x, h):
        a = linear(h, w_hh) + x
        return (ops.maximum(a, 0.0) if relu else ops.tanh(a),)

    outputs, state = one_by_one(cell, x, [h0], batch_sizes, reverse)
    return ops.cat([outputs, *state])


@op(saves=True, composed=rnn_composed)
def rnn_op(x, h0, w_hh, *, relu, batch_sizes, reverse=False):
    """All steps of a layer of tanh or relu units: (N, H) -> (N + B, H)."""
    out, before = rnn_forward(x, h0, w_hh, relu, batch_sizes, reverse)
    return out, Shared(before)


def rnn_gradient(number: int):
    def rule(g, w_hh, out, saved, relu, batch_sizes, reverse):
        return saved.gradients(
            g, lambda before: rnn_backward(g, out, w_hh, before, relu, batch_sizes, reverse)
        )[number]

    return rule


rnn_op.vjps(x=rnn_gradient(0), h0=rnn_gradient(1), w_hh=rnn_gradient(2))


def rnn_layer(x, h0, w_hh, relu: bool, batch_sizes, reverse: bool = False):
    """Outputs (N, H) and the final state (B, H) from the input's share x (N, H), biases included."""
    out = rnn_op(x, h0, w_hh, relu=relu, batch_sizes=batch_sizes, reverse=reverse)
    return out[: len(x)], out[len(x) :]
