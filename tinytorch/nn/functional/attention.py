"""Attention: each query takes a weighted mean of the values, with weights from how well it matches the keys.

Vaswani et al. 2017 (arXiv:1706.03762), section 3.2. Shapes: B sequences, H heads, T queries and S keys of D features.
"""

from __future__ import annotations

import math

import numpy as np

from ... import ops
from ...backend import kernel, may_look, module_of
from ...op import Shared, asked, local, op
from .dropout import dropout
from .softmax import softmax

# ---------------------------------------------------------------- on arrays


@kernel
def attention_forward(q, k, v, mask, scale: float, is_causal: bool):
    """softmax(scale * q @ k.T + mask) @ v, and the logarithm of each softmax's denominator.

    (B, H, T, D), (B, H, S, D), (B, H, S, Dv), mask (B, H, T, S) or None -> (B, H, T, Dv), (B, H, T, 1). A query that may
    look at nothing gets zeros. The weights are never all in memory: the backward pass makes them again from the
    denominators, as FlashAttention does (Dao et al. 2022, arXiv:2205.14135).
    """
    xp = module_of(q)
    B, H, T, _ = q.shape
    out = xp.empty((B, T, H, v.shape[-1]), q.dtype).swapaxes(1, 2)  # heads inside, where they will be merged
    denominators = xp.empty((B, H, T, 1), q.dtype)
    if k.shape[2] == 0:
        out[...], denominators[...] = 0, np.inf
        return out, denominators
    for b, h, t, s in tiles(B, H, T, k.shape[2], is_causal):
        w = scores(q[b, h, t], k[b, h, s], mask, scale, is_causal, (b, h, t, s))
        top = w.max(-1, keepdims=True)
        top[top == -np.inf] = 0
        w -= top
        np.exp(w, out=w)
        total = w.sum(-1, keepdims=True)
        empty = total == 0
        o = np.matmul(w, v[b, h, s])
        o /= np.where(empty, 1, total)
        out[b, h, t] = o
        denominators[b, h, t] = np.where(empty, np.inf, np.log(total) + top)
    return out, denominators


@kernel
def attention_backward(g, q, k, v, mask, out, denominators, scale: float, is_causal: bool):
    """The gradients of q, k and v from that of `attention_forward`'s first result."""
    xp = module_of(q)
    dq, dk, dv = xp.empty_like(q), xp.zeros_like(k), xp.zeros_like(v)
    shared = (g * out).sum(-1, keepdims=True)  # what a softmax takes off the gradient of all its scores
    B, H, T, _ = q.shape
    for b, h, t, s in tiles(B, H, T, k.shape[2], is_causal):
        w = scores(q[b, h, t], k[b, h, s], mask, scale, is_causal, (b, h, t, s))
        w -= denominators[b, h, t]
        np.exp(w, out=w)
        dv[b, h, s] += np.matmul(w.swapaxes(-1, -2), g[b, h, t])
        dw = np.matmul(g[b, h, t], v[b, h, s].swapaxes(-1, -2))
        dw -= shared[b, h, t]
        dw *= w
        dw *= q.dtype.type(scale)
        dq[b, h, t] = np.matmul(dw, k[b, h, s])
        dk[b, h, s] += np.matmul(dw.swapaxes(-1, -2), q[b, h, t])
    return dq, dk, dv


def scores(q, k, mask, scale: float, is_causal: bool, tile):
    """scale * q @ k.T + mask for one tile."""
    w = np.matmul(q * q.dtype.type(scale), k.swapaxes(-1, -2))
    if is_causal:
        _, _, t, s = tile
        w += later_keys(q, t.stop - t.start, s.stop, t.start)
    if mask is not None:
        w += mask[tile]
    return w


def later_keys(like, rows: int, keys: int, first: int = 0):
    """(rows, keys): -inf where a key comes after the query of that row, which is number `first` and following."""
    xp = module_of(like)
    return xp.triu(xp.full((rows, keys), -np.inf, like.dtype), 1 + first)


def tiles(B: int, H: int, T: int, S: int, is_causal: bool, size: int = 2**20):
    """Slices of sequences, heads, queries and keys that cover all scores that matter, about `size` of them at a time."""
    rows = max(1, min(T, size // max(S, 1), 256 if is_causal else T))
    for start in range(0, T, rows):
        stop = min(start + rows, T)
        keys = min(stop, S) if is_causal else S  # the keys after the last query are not needed
        area = max((stop - start) * keys, 1)
        heads = max(1, min(H, size // area))
        together = max(1, size // (area * H)) if heads == H else 1
        for b in range(0, B, together):
            for h in range(0, H, heads):
                yield slice(b, b + together), slice(h, h + heads), slice(start, stop), slice(0, keys)


# ---------------------------------------------------------------- scaled dot-product attention


def weigh_and_mix(q, k, v, mask=None, *, scale, is_causal=False, dropout_p=0.0):
    """Attention in plain ops, with all its weights in memory: for dropout, gradients of the mask and second derivatives."""
    w = ops.matmul(q * scale, ops.transpose(k, -2, -1))  # (..., T, S)
    if is_causal:
        w = w + w.wrap(later_keys(w.array, *w.array.shape[-2:]))
    if mask is not None:
        w = w + mask
    empty = w.wrap((w.array == -np.inf).all(-1, keepdims=True)) if mask is not None else None
    if empty is not None and (not may_look(w.array) or empty.array.any()):  # a query that may look at nothing
        w = ops.masked_fill(softmax(ops.masked_fill(w, empty, 0.0), dim=-1), empty, 0.0)
    else:
        w = softmax(w, dim=-1)
    return ops.matmul(dropout(w, dropout_p) if dropout_p else w, v)


@op(saves=True, composed=weigh_and_mix)
def attention_op(q, k, v, mask, *, scale, is_causal):
    """softmax(scale * q @ k.T + mask) @ v with the heads, if any, in dim -3."""
    parts = [four_dims(x) for x in (q, k, v)]
    mask = four_dims(np.broadcast_to(mask, (*q.shape[:-1], k.shape[-2]))) if mask is not None else None
    out, denominators = attention_forward(*parts, mask, scale, is_causal)
    return out.reshape(*q.shape[:-1], v.shape[-1]), Shared(denominators)


def four_dims(x):
    """(B, H, T, D) from any number of leading dims; a view where there are up to two."""
    heads = x.shape[-3] if x.ndim > 3 else 1
    return x.reshape(math.prod(x.shape[:-2]) // (heads or 1), heads, *x.shape[-2:])


def gradient(number: int):
    """The rule of argument `number`: all three gradients come from one pass."""

    def rule(g, q, k, v, mask, out, saved, scale, is_causal):
        def all_three(denominators):
            full = None if mask is None else four_dims(np.broadcast_to(mask, (*q.shape[:-1], k.shape[-2])))
            parts = [four_dims(x) for x in (g, q, k, v)]
            return attention_backward(*parts, full, four_dims(out), denominators, scale, is_causal)

        found, shape = saved.gradients(g, all_three)[number], (q, k, v)[number].shape
        return found if found.shape == shape else found.reshape(shape)

    return rule


attention_op.vjps(q=gradient(0), k=gradient(1), v=gradient(2), mask=None)


def scaled_dot_product_attention(
    query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False
):
    """softmax(scale * query @ key.mT + mask) @ value; scale is 1 / sqrt(D) if none is given.

    (..., T, D), (..., S, D), (..., S, Dv) -> (..., T, Dv). attn_mask broadcasts to (..., T, S): True where a query may
    look, or numbers to add. is_causal: query i sees keys 0 to i. enable_gqa: key and value have fewer heads (dim -3),
    each shared by a group of query heads.
    """
    check_attention(query, key, value, attn_mask, dropout_p)
    if (
        query.array.dtype == np.float16
    ):  # products of halves are slow and coarse: computed in float32, as in PyTorch
        mask = attn_mask.float() if attn_mask is not None and attn_mask.is_floating_point() else attn_mask
        wide = scaled_dot_product_attention(
            query.float(), key.float(), value.float(), mask, dropout_p, is_causal, scale, enable_gqa
        )
        return wide.half()
    if enable_gqa:
        key, value = shared_by_group(query, key), shared_by_group(query, value)
    if scale is None:
        scale = 1 / math.sqrt(query.array.shape[-1] or 1)
    mask = added_mask(attn_mask, query)
    simple = dropout_p == 0 and (mask is None or not (mask.requires_grad and local.grad))
    if is_causal and mask is not None and not (simple and query.ndim == 4):
        raise RuntimeError(
            "scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True"
        )
    if not simple:
        return weigh_and_mix(query, key, value, mask, scale=scale, is_causal=is_causal, dropout_p=dropout_p)
    return attention_op(*of_one_batch(query, key, value), mask, scale=scale, is_causal=is_causal)


def check_attention(query, key, value, attn_mask, dropout_p) -> None:
    three = (query, key, value)
    kinds = [x.array.dtype for x in three]
    if kinds[0] != kinds[1] or kinds[0] != kinds[2]:
        names = " and ".join(f"{x.dtype!r}" for x in three)
        raise RuntimeError(
            f"{asked()}: Expected query, key, and value to have the same dtype, but got {names} instead"
        )
    if kinds[0].kind != "f":
        raise RuntimeError(
            f"scaled_dot_product_attention: expected a floating point dtype but found {query.dtype!r}"
        )
    if min(x.array.ndim for x in three) < 2:
        dims = " and ".join(str(x.array.ndim) for x in three)
        raise RuntimeError(
            f"{asked()}: Expected query, key, and value to all be at least 2 dimensional, but they have {dims} dimensions"
        )
    if query.array.shape[-1] != key.array.shape[-1] or key.array.shape[-2] != value.array.shape[-2]:
        raise RuntimeError(
            f"scaled_dot_product_attention: query {list(query.shape)}, key {list(key.shape)} and value {list(value.shape)} do not"
            " fit: query and key must agree in their last size, key and value in the one before it"
        )
    if attn_mask is not None and attn_mask.array.dtype not in (np.bool_, np.float32, kinds[0]):
        raise RuntimeError(
            f"{asked()}: Expected attn_mask dtype to be bool or float or to match query dtype, but got {attn_mask.dtype!r} for queries of {query.dtype!r}"
        )
    if not 0 <= dropout_p <= 1:
        raise RuntimeError(f"{asked()}: dropout probability has to be between 0 and 1, but got {dropout_p}")


def added_mask(mask, query):
    """A mask to add: 0 where a boolean one is True, -inf where it is False."""
    if mask is None:
        return None
    if mask.array.dtype == bool:
        zero = query.array.dtype.type(0)
        return mask.wrap(np.where(mask.array, zero, -np.inf).astype(query.array.dtype, copy=False))
    return mask.to(query.dtype)


def shared_by_group(query, x):
    """Each head of x repeated for the query heads that share it: (..., G, S, D) -> (..., H, S, D)."""
    if query.ndim < 3 or x.ndim < 3:
        raise RuntimeError("enable_gqa: query, key and value need a dimension of heads, dim -3")
    heads, groups = query.array.shape[-3], x.array.shape[-3]
    if heads % groups:
        raise RuntimeError(
            f"{asked()}: Number of heads in key and value must divide the number of heads in query, but {groups} does not divide {heads}"
        )
    if groups == heads:
        return x
    *lead, _, S, D = x.array.shape
    spread = ops.expand_op(ops.unsqueeze(x, -3), shape=(*lead, groups, heads // groups, S, D))
    return ops.reshape_op(spread, shape=(*lead, heads, S, D))


def of_one_batch(*tensors):
    """The tensors with their leading dims broadcast to one shape."""
    leads = [x.array.shape[:-2] for x in tensors]
    if leads[0] == leads[1] == leads[2]:
        return tensors
    lead = ops.broadcast_shapes(*leads)
    return [ops.expand_op(x, shape=(*lead, *x.array.shape[-2:])) for x in tensors]
