"""Gated recurrent units over whole sequences. Cho et al. 2014 (arXiv:1406.1078).

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
    gates, w, b = x * scale, module_of(w_hh).ascontiguousarray(w_hh.T) * scale, b_hh * scale
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
    slopes = module_of(g).empty(
        (N, 4, H), g.dtype
    )  # of h in x's share of n, then in h's shares of r, z and n
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
