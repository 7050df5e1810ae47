"""Connectionist temporal classification: the loss of a label sequence whose alignment with the frames is not known.

Graves et al., Connectionist temporal classification (2006); equation numbers are theirs. A label sequence of length S is
written with blanks around and between its labels, L = 2S + 1 states; a path may stay, go on by one state, or leap over a
blank between two different labels.
"""

from __future__ import annotations

import numpy as np

from ...op import op
from ...ops import mean, reshape, unsqueeze
from ...tensor import Tensor
from .reduction import chosen, reduced


def ctc_loss(
    log_probs, targets, input_lengths, target_lengths, blank=0, reduction="mean", zero_infinity=False
):
    """-log of the probability that the frames spell the targets.

    log_probs: (T, N, C), or (T, C) for one sequence. targets: (N, S) padded, or all of them one after another.
    "mean" divides each loss by its target's length first. zero_infinity: a target too long to fit costs nothing.
    """
    reduction = chosen(reduction)
    single, device = log_probs.ndim == 2, log_probs.device
    log_probs = (unsqueeze(log_probs, 1) if single else log_probs).cpu()  # the loop over frames is NumPy's
    T, N, C = log_probs.shape
    lengths = as_lengths("input_lengths", input_lengths, N, T)
    label_lengths = as_lengths("target_lengths", target_lengths, N)
    labels = padded(targets, label_lengths, N)
    if not 0 <= blank < C:
        raise RuntimeError(f"ctc_loss: blank must be in label range, 0 to {C - 1}, got {blank}")
    meant = labels[
        np.arange(labels.shape[1]) < label_lengths[:, None]
    ]  # what stands behind them is never read
    if meant.size and not 0 <= meant.min() <= meant.max() < C:
        raise RuntimeError(
            f"ctc_loss: targets must be labels from 0 to {C - 1}, got {meant.min()} to {meant.max()}"
        )
    loss = ctc_op(log_probs, labels, lengths, label_lengths, blank=blank, zero_infinity=bool(zero_infinity))
    if reduction == "mean":
        return mean(loss / loss.wrap(np.maximum(label_lengths, 1).astype(loss.array.dtype))).to(device)
    return reduced(reshape(loss, ()) if single else loss, reduction).to(device)


def as_lengths(name: str, lengths, count: int, limit: int | None = None):
    """The lengths as an int64 array of one per sequence."""
    lengths = np.asarray(lengths.cpu().array if isinstance(lengths, Tensor) else lengths, np.int64).reshape(
        -1
    )
    if len(lengths) != count:
        raise RuntimeError(f"ctc_loss: {name} must be of size batch_size {count}, got {len(lengths)}")
    if limit is not None and count and lengths.max() > limit:
        raise RuntimeError(
            f"ctc_loss: Expected {name} to have value at most {limit}, but got value {lengths.max()}"
        )
    return lengths


def padded(targets, lengths, N: int):
    """The labels as an (N, S) array; targets that come one after another, each in a row of its own."""
    labels = np.asarray(targets.cpu().array, np.int64)
    S = int(lengths.max(initial=0))
    if labels.ndim == 2:
        if labels.shape[1] < S:
            raise RuntimeError(
                f"ctc_loss: Expected tensor to have size at least {S} at dimension 1, but got size {labels.shape[1]}"
            )
        return labels[:, :S]
    if labels.ndim != 1 or len(labels) < lengths.sum():
        raise RuntimeError(
            f"ctc_loss: targets of shape {list(labels.shape)} do not hold {lengths.sum()} labels for {N} sequences"
        )
    rows = np.zeros((N, S), np.int64)
    rows[np.arange(S) < lengths[:, None]] = labels[: lengths.sum()]
    return rows


# ---------------------------------------------------------------- forward and backward variables


def states_of(labels, blank: int):
    """(N, S) labels -> (N, L) states with blanks between; and where a path may leap over the blank before a state."""
    N, S = labels.shape
    states = np.full((N, 2 * S + 1), blank, np.int64)
    states[:, 1::2] = labels
    leap = np.zeros(states.shape, bool)
    leap[:, 3::2] = labels[:, 1:] != labels[:, :-1]
    return states, leap


def shifted(x, by: int):
    """(N, L) moved by some states, with log(0) where nothing comes from."""
    out = np.full_like(x, -np.inf)
    if x.shape[1] > by:
        out[:, by:] = x[:, : x.shape[1] - by]
    return out


def forward_variables(emitted, leap):
    """(T, N, L): the log-probability of all paths that are in a state after a frame, eq. 6."""
    alpha = np.full_like(emitted, -np.inf)
    alpha[0, :, :2] = emitted[0, :, :2]
    for t in range(1, len(emitted)):
        stay_or_step = np.logaddexp(alpha[t - 1], shifted(alpha[t - 1], 1))
        alpha[t] = np.logaddexp(stay_or_step, np.where(leap, shifted(alpha[t - 1], 2), -np.inf)) + emitted[t]
    return alpha


def backward_variables(emitted, leap, lengths, ends):
    """(T, N, L): the log-probability of all ways to go on from a state at a frame to the end, eq. 10."""
    beta = np.full_like(emitted, -np.inf)
    # Read backwards: a leap lands two states earlier than it started from.
    leap = np.concatenate([leap[:, 2:], np.zeros_like(leap[:, :2])], axis=1)[:, : leap.shape[1]][:, ::-1]
    last = np.where(ends, 0.0, -np.inf).astype(
        emitted.dtype
    )  # a path ends in the last label or the blank after it
    for t in range(len(emitted) - 1, -1, -1):
        ahead = beta[t + 1][:, ::-1] if t + 1 < len(emitted) else np.full_like(last, -np.inf)
        go_on = np.logaddexp(ahead, shifted(ahead, 1))
        go_on = np.logaddexp(go_on, np.where(leap, shifted(ahead, 2), -np.inf))[:, ::-1]
        beta[t] = np.where((t == lengths - 1)[:, None], last, go_on) + emitted[t]
    return beta


@op(saves=True)
def ctc_op(log_probs, labels, lengths, label_lengths, *, blank, zero_infinity):
    """(T, N, C) -> (N,): eq. 8, and what its gradient needs."""
    T, N, _ = log_probs.shape
    states, leap = states_of(labels, blank)
    ends = (
        np.arange(states.shape[1]) - 2 * label_lengths[:, None]
    )  # 0 at the last blank, -1 at the last label
    ends = (ends == 0) | ((ends == -1) & (label_lengths[:, None] > 0))
    emitted = np.take_along_axis(log_probs, np.broadcast_to(states, (T, *states.shape)), axis=2)  # (T, N, L)
    alpha = forward_variables(emitted, leap) if T else emitted
    final = alpha[lengths - 1, np.arange(N)] if T else np.zeros(states.shape, log_probs.dtype)
    loss = -np.logaddexp.reduce(np.where(ends, final, -np.inf), axis=1)
    loss = np.where(lengths > 0, loss, np.where(label_lengths > 0, np.inf, 0)).astype(log_probs.dtype)
    out = np.where(np.isinf(loss), 0, loss).astype(loss.dtype) if zero_infinity else loss
    return out, (loss, states, leap, ends, emitted, alpha)


@op
def ctc_gradient(g, log_probs, lengths, *, saved, zero_infinity):
    """(N,) -> (T, N, C): eq. 16. Like PyTorch's, it is the gradient before a log_softmax: its rows sum to 0."""
    loss, states, leap, ends, emitted, alpha = saved
    T, N, _ = log_probs.shape
    if not T:
        return np.zeros_like(log_probs)
    through = alpha + backward_variables(emitted, leap, lengths, ends)  # all paths through a state at a frame
    by_class = np.full_like(log_probs, -np.inf)
    for s in range(states.shape[1]):
        place = (slice(None), np.arange(N), states[:, s])
        by_class[place] = np.logaddexp(by_class[place], through[:, :, s])
    grad = np.exp(log_probs) - np.exp(by_class + loss[:, None] - log_probs)
    counts = np.arange(T)[:, None] < lengths
    if zero_infinity:
        counts = counts & ~np.isinf(loss)
    return np.where(counts[:, :, None], grad * g[:, None], 0).astype(log_probs.dtype)


ctc_op.vjps(
    log_probs=lambda g, log_probs, lengths, saved, zero_infinity: ctc_gradient(
        g, log_probs, lengths, saved=saved, zero_infinity=zero_infinity
    ),
    labels=None,
    lengths=None,
    label_lengths=None,
)
