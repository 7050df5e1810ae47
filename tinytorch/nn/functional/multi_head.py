"""Multi-head attention: attention in several subspaces side by side, between a projection in and a projection out.

Vaswani et al. 2017 (arXiv:1706.03762), section 3.2.2. B sequences, T queries, S keys, H heads of D = E / H features.
"""

from __future__ import annotations

import math
import warnings

import numpy as np

from ... import ops
from ...op import asked, op
from .attention import scaled_dot_product_attention
from .dropout import dropout
from .linear import linear
from .multi_head_checks import check_dims, check_separate, check_sizes
from .softmax import softmax

# ---------------------------------------------------------------- heads


@op
def split_heads(x, *, parts, heads, batch_first):
    """(B, T, parts * E), or (T, B, ...), cut into `parts` arrays (B, H, T, D): views."""
    x = x.reshape(*x.shape[:2], parts, heads, x.shape[2] // (parts * heads))
    return tuple(x.transpose((2, 0, 3, 1, 4) if batch_first else (2, 1, 3, 0, 4)))


@op
def merge_heads(*parts, batch_first):
    """The inverse of `split_heads`: arrays (B, H, T, D) side by side in (B, T, parts * E), or (T, B, ...)."""
    rows = [x.transpose((0, 2, 1, 3) if batch_first else (2, 0, 1, 3)) for x in parts]
    rows = [x.reshape(*x.shape[:2], x.shape[2] * x.shape[3]) for x in rows]
    return np.concatenate(rows, axis=2) if len(rows) > 1 else rows[0]


split_heads.vjps(x=lambda g, batch_first: merge_heads(*g, batch_first=batch_first))
merge_heads.vjps(
    parts=lambda g, i, shapes, batch_first: split_heads(
        g, parts=len(shapes), heads=shapes[i][1], batch_first=batch_first
    )[i]
)


# ---------------------------------------------------------------- multi-head attention


def multi_head_attention_forward(
    query,
    key,
    value,
    embed_dim_to_check,
    num_heads,
    in_proj_weight,
    in_proj_bias,
    bias_k,
    bias_v,
    add_zero_attn,
    dropout_p,
    out_proj_weight,
    out_proj_bias,
    training=True,
    key_padding_mask=None,
    need_weights=True,
    attn_mask=None,
    use_separate_proj_weight=False,
    q_proj_weight=None,
    k_proj_weight=None,
    v_proj_weight=None,
    static_k=None,
    static_v=None,
    average_attn_weights=True,
    is_causal=False,
    *,
    batch_first=False,
):
    """(T, B, E), (S, B, E), (S, B, E) -> (T, B, E) and the weights (B, T, S) or None; without B for one sequence.

    Masks are True, or -inf, where a query must not look: key_padding_mask (B, S), attn_mask (T, S) or (B * H, T, S).
    With batch_first (not in PyTorch's function, only in its module) sequences are (B, T, E).
    """
    batched = check_dims(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        query, key, value = each_once(lambda x: ops.unsqueeze(x, 0 if batch_first else 1), query, key, value)
        key_padding_mask = None if key_padding_mask is None else ops.unsqueeze(key_padding_mask, 0)
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint: Transformer.generate_square_subsequent_mask makes one"
        )
    key_padding_mask = float_mask(key_padding_mask, "key_padding_mask", query.dtype, attn_mask, "attn_mask")
    if is_causal and key_padding_mask is None and not need_weights:
        attn_mask = None  # the hint says all that it says
    else:
        attn_mask, is_causal = float_mask(attn_mask, "attn_mask", query.dtype), False
    check_sizes(query, key, value, embed_dim_to_check, num_heads, same=not use_separate_proj_weight)
    if use_separate_proj_weight:
        weights = check_separate(query, key, value, q_proj_weight, k_proj_weight, v_proj_weight)
        q, k, v = project_each(query, key, value, weights, chunks(in_proj_bias), num_heads, batch_first)
    else:
        q, k, v = project(query, key, value, in_proj_weight, in_proj_bias, num_heads, batch_first)
    masks = [per_head(attn_mask, q, k), key_padding_mask]
    k, v = instead(k, static_k, "static_k"), instead(v, static_v, "static_v")
    if bias_k is not None or bias_v is not None:
        k, v, masks = with_bias(k, v, bias_k, bias_v, static_k, static_v, masks)
    if add_zero_attn:
        zero = k.new_zeros(*k.array.shape[:2], 1, k.array.shape[3])
        k, v, masks = one_more(k, v, zero, zero, masks)
    mask = merged(*masks, k)
    out, weights = attend(q, k, v, mask, dropout_p if training else 0.0, need_weights, is_causal)
    out = linear(merge_heads(out, batch_first=batch_first), out_proj_weight, out_proj_bias)
    if weights is not None and average_attn_weights:
        weights = ops.mean(weights, dim=1)
    if not batched:
        out = ops.squeeze(out, 0 if batch_first else 1)
        weights = None if weights is None else ops.squeeze(weights, 0)
    return out, weights


def attend(q, k, v, mask, dropout_p, need_weights, is_causal):
    """Attention of all heads, (B, H, T, D); with its weights (B, H, T, S) if they are needed."""
    if not need_weights:
        return scaled_dot_product_attention(q, k, v, mask, dropout_p, is_causal), None
    scores = ops.matmul(q * math.sqrt(1 / q.array.shape[-1]), ops.transpose(k, -2, -1))
    weights = softmax(scores if mask is None else scores + mask, dim=-1)
    if dropout_p > 0:
        weights = dropout(weights, dropout_p)
    return ops.matmul(weights, v), weights


# ---------------------------------------------------------------- projections


def project(query, key, value, weight, bias, heads: int, batch_first: bool):
    """q, k, v in heads; what is projected from one tensor is projected in one product."""
    if weight is None:
        raise AssertionError("use_separate_proj_weight is False but in_proj_weight is None")
    E = query.array.shape[-1]
    if query is key and key is value:
        return split_heads(linear(query, weight, bias), parts=3, heads=heads, batch_first=batch_first)
    if key is value:
        b_q, b_kv = (None, None) if bias is None else (bias[:E], bias[E:])
        (q,) = split_heads(linear(query, weight[:E], b_q), parts=1, heads=heads, batch_first=batch_first)
        return q, *split_heads(linear(key, weight[E:], b_kv), parts=2, heads=heads, batch_first=batch_first)
    return project_each(query, key, value, chunks(weight), chunks(bias), heads, batch_first)


def project_each(query, key, value, weights, biases, heads: int, batch_first: bool):
    projected = [linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases)]
    return [split_heads(x, parts=1, heads=heads, batch_first=batch_first)[0] for x in projected]


def chunks(x):
    """Three equal parts of a packed weight or bias; of None, None."""
    return (None, None, None) if x is None else ops.chunk(x, 3)


def each_once(change, *tensors):
    """The change made to each tensor; the same tensor stays the same tensor."""
    changed = {id(x): change(x) for x in {id(x): x for x in tensors}.values()}
    return [changed[id(x)] for x in tensors]


# ---------------------------------------------------------------- extra keys


def with_bias(k, v, bias_k, bias_v, static_k, static_v, masks):
    """A learned key and value (1, 1, E) after the others, for every sequence."""
    for name, bias, static in (("key", bias_k, static_k), ("value", bias_v, static_v)):
        if bias is None:
            raise AssertionError("bias_k and bias_v must both be set, or neither")
        if static is not None:
            raise AssertionError(f"bias cannot be added to static {name}.")
    B, H, _, D = k.array.shape
    bias_k, bias_v = (ops.expand_op(ops.reshape(b, 1, H, 1, D), shape=(B, H, 1, D)) for b in (bias_k, bias_v))
    return one_more(k, v, bias_k, bias_v, masks)


def one_more(k, v, key, value, masks):
    """One more key and value, that everybody may look at."""
    masks = [m if m is None else ops.cat([m, m.new_zeros(*m.array.shape[:-1], 1)], dim=-1) for m in masks]
    return ops.cat([k, key], dim=2), ops.cat([v, value], dim=2), masks


def instead(x, static, name: str):
    """`static` (B * H, S, D) in place of the projected x."""
    if static is None:
        return x
    B, H, _, D = x.array.shape
    if static.array.shape[0] != B * H or static.array.shape[2] != D:
        raise AssertionError(f"expecting {name} of size ({B * H}, S, {D}), but got {list(static.shape)}")
    return ops.reshape(static, B, H, -1, D)


# ---------------------------------------------------------------- masks


def float_mask(mask, name: str, dtype, other=None, other_name: str = ""):
    """A mask to add: -inf where a boolean one is True. Two masks should be of one dtype."""
    if mask is None:
        return None
    if mask.array.dtype.kind not in "bf":
        raise AssertionError(f"only bool and floating types of {name} are supported, got {mask.dtype!r}")
    if other is not None and other.array.dtype != mask.array.dtype:
        warnings.warn(
            f"Support for mismatched {name} and {other_name} is deprecated. Use same type for both instead.",
            stacklevel=3,
        )
    if mask.array.dtype.kind == "f":
        return mask
    return mask.wrap(np.where(mask.array, -np.inf, 0.0).astype(dtype.np))


def per_head(mask, q, k):
    """attn_mask (T, S) or (B * H, T, S) as (1 or B, 1 or H, T, S)."""
    if mask is None:
        return None
    B, H, T, _ = q.array.shape
    S = k.array.shape[2]
    want = {2: (T, S), 3: (B * H, T, S)}[mask.array.ndim]
    if mask.array.shape != want:
        raise RuntimeError(
            f"{asked()}: The shape of the {mask.array.ndim}D attn_mask is {mask.shape}, but should be {want}."
        )
    return ops.reshape(mask, *((1, 1) if mask.array.ndim == 2 else (B, H)), T, S)


def merged(attn_mask, key_padding_mask, k):
    """Both masks in one, that broadcasts to (B, H, T, S)."""
    if key_padding_mask is None:
        return attn_mask
    B, _, S, _ = k.array.shape
    if key_padding_mask.array.shape != (B, S):
        raise AssertionError(
            f"{asked()}: Expected key_padding_mask of shape {(B, S)}, but got {key_padding_mask.shape}"
        )
    key_padding_mask = ops.reshape(key_padding_mask, B, 1, 1, S)
    return key_padding_mask if attn_mask is None else attn_mask + key_padding_mask
