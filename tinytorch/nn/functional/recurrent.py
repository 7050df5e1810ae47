"""Recurrent layers over whole sequences: tanh or relu units, LSTM and GRU, forwards or backwards in time.

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
    for rows in steps(batch_sizes, reverse):
        now, a = h[: rows.stop - rows.start], outputs[rows]
        before[rows] = now
        a += now @ w_hh.T
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


# ---------------------------------------------------------------- LSTM


@kernel
def lstm_forward(x, h0, c0, w_hh, batch_sizes, reverse: bool):
    """i, f, g, o = x + h @ w_hh.T; c = sigmoid(f) * c + sigmoid(i) * tanh(g); h = sigmoid(o) * tanh(c).

    (N, 4H), (B, H), (B, H), (4H, H) -> outputs and final states (N + 2B, H); and, for the backward pass, the four gates
    (N, 4H) and of each step the states before and tanh(c), all (N, H). Hochreiter and Schmidhuber 1997, Gers et al. 2000.
    """
    xp = module_of(x)
    N, H = len(x), h0.shape[1]
    h, c = h0.copy(), c0.copy()
    outputs, h_before, c_before, squashed = (xp.empty((N, H), x.dtype) for _ in range(4))
    # sigmoid(a) = tanh(a / 2) / 2 + 1/2, so that one tanh serves all four gates.
    scale, shift = xp.full(4 * H, 0.5, x.dtype), xp.full(4 * H, 0.5, x.dtype)
    scale[2 * H : 3 * H], shift[2 * H : 3 * H] = 1, 0
    gates, w = x * scale, (w_hh * scale[:, None]).T
    for rows in steps(batch_sizes, reverse):
        n = rows.stop - rows.start
        a, h_now, c_now, tanh_c = gates[rows], h[:n], c[:n], squashed[rows]
        h_before[rows], c_before[rows] = h_now, c_now
        a += h_now @ w
        np.tanh(a, out=a)
        a *= scale
        a += shift
        c_now *= a[:, H : 2 * H]
        c_now += a[:, :H] * a[:, 2 * H : 3 * H]
        np.tanh(c_now, out=tanh_c)
        np.multiply(a[:, 3 * H :], tanh_c, out=h_now)
        outputs[rows] = h_now
    return np.concatenate([outputs, h, c]), gates, h_before, c_before, squashed


@kernel
def lstm_backward(g, w_hh, gates, h_before, c_before, squashed, batch_sizes, reverse: bool):
    """The gradients of x, h0, c0 and w_hh."""
    N, H = c_before.shape
    B = (len(g) - N) // 2
    dh, dc = g[N : N + B].copy(), g[N + B :].copy()
    i, f, u, o = (gates[:, k * H : (k + 1) * H] for k in range(4))
    slopes = np.empty_like(gates).reshape(
        N, 4, H
    )  # of c (of h for the last) in what the gates were computed from
    slopes[:, 0], slopes[:, 1] = u * i * (1 - i), c_before * f * (1 - f)
    slopes[:, 2], slopes[:, 3] = i * (1 - u * u), squashed * o * (1 - o)
    into_c = o * (1 - squashed * squashed)
    da = np.empty_like(slopes)
    for rows in reversed(steps(batch_sizes, reverse)):
        n = rows.stop - rows.start
        h_now, c_now, a, slope = dh[:n], dc[:n], da[rows], slopes[rows]
        h_now += g[rows]
        c_now += h_now * into_c[rows]
        np.multiply(c_now[:, None], slope[:, :3], out=a[:, :3])
        np.multiply(h_now, slope[:, 3], out=a[:, 3])
        c_now *= f[rows]
        np.matmul(a.reshape(n, 4 * H), w_hh, out=h_now)
    da = da.reshape(N, 4 * H)
    return da, dh, dc, da.T @ h_before


def lstm_cell(x, h, c, w_hh, w_hr=None):
    """One step in plain ops; w_hr projects the output to fewer features. Sak et al. 2014 (arXiv:1402.1128)."""
    i, f, g, o = ops.chunk(linear(h, w_hh) + x, 4, dim=-1)
    c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
    h = ops.sigmoid(o) * ops.tanh(c)
    return (h if w_hr is None else linear(h, w_hr)), c


def lstm_composed(x, h0, c0, w_hh, *, batch_sizes, reverse=False):
    outputs, state = one_by_one(lambda x, h, c: lstm_cell(x, h, c, w_hh), x, [h0, c0], batch_sizes, reverse)
    return ops.cat([outputs, *state])


@op(saves=True, composed=lstm_composed)
def lstm_op(x, h0, c0, w_hh, *, batch_sizes, reverse=False):
    """All steps of an LSTM layer: (N, 4H) -> (N + 2B, H)."""
    out, *kept = lstm_forward(x, h0, c0, w_hh, batch_sizes, reverse)
    return out, Shared(kept)


def lstm_gradient(number: int):
    def rule(g, w_hh, saved, batch_sizes, reverse):
        return saved.gradients(g, lambda kept: lstm_backward(g, w_hh, *kept, batch_sizes, reverse))[number]

    return rule


lstm_op.vjps(x=lstm_gradient(0), h0=lstm_gradient(1), c0=lstm_gradient(2), w_hh=lstm_gradient(3))


def lstm_layer(x, h0, c0, w_hh, w_hr=None, batch_sizes=None, reverse: bool = False):
    """Outputs (N, H), final h and c (B, H) from the input's share x (N, 4H), biases included."""
    if w_hr is not None:
        outputs, state = one_by_one(
            lambda x, h, c: lstm_cell(x, h, c, w_hh, w_hr), x, [h0, c0], batch_sizes, reverse
        )
        return outputs, *state
    out = lstm_op(x, h0, c0, w_hh, batch_sizes=batch_sizes, reverse=reverse)
    N, B = len(x), len(h0)
    return out[:N], out[N : N + B], out[N + B :]


# ---------------------------------------------------------------- GRU


@kernel
def gru_forward(x, h0, w_hh, b_hh, batch_sizes, reverse: bool):
    """r, z = sigmoid(x + h @ w.T + b); n = tanh(x + r * (h @ w.T + b)); h = (1 - z) * n + z * h.

    (N, 3H), (B, H), (3H, H), (3H,) -> outputs and final state (N + B, H); and, for the backward pass, the gates (N, 3H)
    and of each step the state before and its share of n, both (N, H). Cho et al. 2014 (arXiv:1406.1078).
    """
    xp = module_of(x)
    N, H = len(x), h0.shape[1]
    h = h0.copy()
    outputs, before, share = (xp.empty((N, H), x.dtype) for _ in range(3))
    scale = xp.full(3 * H, 0.5, x.dtype)  # sigmoid(a) = tanh(a / 2) / 2 + 1/2
    scale[2 * H :] = 1
    gates, w, b = x * scale, (w_hh * scale[:, None]).T, b_hh * scale
    for rows in steps(batch_sizes, reverse):
        now, a = h[: rows.stop - rows.start], gates[rows]
        before[rows] = now
        from_h = now @ w
        from_h += b
        rz, n = a[:, : 2 * H], a[:, 2 * H :]
        rz += from_h[:, : 2 * H]
        np.tanh(rz, out=rz)
        rz *= scale[0]
        rz += scale[0]
        share[rows] = from_h[:, 2 * H :]
        n += rz[:, :H] * from_h[:, 2 * H :]
        np.tanh(n, out=n)
        now -= n
        now *= rz[:, H:]
        now += n
        outputs[rows] = now
    return np.concatenate([outputs, h]), gates, before, share


@kernel
def gru_backward(g, w_hh, gates, before, share, batch_sizes, reverse: bool):
    """The gradients of x, h0, w_hh and b_hh."""
    N, H = before.shape
    dh = g[N:].copy()
    r, z, n = (gates[:, k * H : (k + 1) * H] for k in range(3))
    slopes = np.empty((N, 4, H), g.dtype)  # of h in x's share of n, then in h's shares of r, z and n
    slopes[:, 0] = (1 - z) * (1 - n * n)
    slopes[:, 1] = slopes[:, 0] * share * r * (1 - r)
    slopes[:, 2] = (before - n) * z * (1 - z)
    slopes[:, 3] = slopes[:, 0] * r
    da = np.empty_like(slopes)
    for rows in reversed(steps(batch_sizes, reverse)):
        now, a = dh[: rows.stop - rows.start], da[rows]
        now += g[rows]
        np.multiply(now[:, None], slopes[rows], out=a)
        now *= z[rows]
        now += a.reshape(len(now), 4 * H)[:, H:] @ w_hh
    from_h = da.reshape(N, 4 * H)[:, H:]
    dx = np.concatenate([da[:, 1], da[:, 2], da[:, 0]], axis=1)
    return dx, dh, from_h.T @ before, from_h.sum(0)


def gru_composed(x, h0, w_hh, b_hh, *, batch_sizes, reverse=False):
    def cell(x, h):
        x_r, x_z, x_n = ops.chunk(x, 3, dim=-1)
        h_r, h_z, h_n = ops.chunk(linear(h, w_hh, b_hh), 3, dim=-1)
        z = ops.sigmoid(x_z + h_z)
        n = ops.tanh(x_n + ops.sigmoid(x_r + h_r) * h_n)
        return (n + z * (h - n),)

    outputs, state = one_by_one(cell, x, [h0], batch_sizes, reverse)
    return ops.cat([outputs, *state])


@op(saves=True, composed=gru_composed)
def gru_op(x, h0, w_hh, b_hh, *, batch_sizes, reverse=False):
    """All steps of a GRU layer: (N, 3H) -> (N + B, H)."""
    out, *kept = gru_forward(x, h0, w_hh, b_hh, batch_sizes, reverse)
    return out, Shared(kept)


def gru_gradient(number: int):
    def rule(g, w_hh, saved, batch_sizes, reverse):
        return saved.gradients(g, lambda kept: gru_backward(g, w_hh, *kept, batch_sizes, reverse))[number]

    return rule


gru_op.vjps(x=gru_gradient(0), h0=gru_gradient(1), w_hh=gru_gradient(2), b_hh=gru_gradient(3))


def gru_layer(x, h0, w_hh, b_hh, batch_sizes, reverse: bool = False):
    """Outputs (N, H) and the final state (B, H) from the input's share x (N, 3H), its bias included."""
    if b_hh is None:
        b_hh = w_hh.new_zeros(len(w_hh))
    out = gru_op(x, h0, w_hh, b_hh, batch_sizes=batch_sizes, reverse=reverse)
    return out[: len(x)], out[len(x) :]
