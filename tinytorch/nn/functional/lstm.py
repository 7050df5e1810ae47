"""Long short-term memory over whole sequences. Hochreiter and Schmidhuber 1997, Gers, Schmidhuber and Cummins 2000.

How sequences are packed, and what an op returns: see recurrent.py.
"""

from __future__ import annotations

import numpy as np

from ... import ops
from ...backend import kernel, module_of
from ...op import Shared, op
from .linear import linear
from .recurrent import one_by_one, steps


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
    gates, w = x * scale, module_of(w_hh).ascontiguousarray(w_hh.T) * scale
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
