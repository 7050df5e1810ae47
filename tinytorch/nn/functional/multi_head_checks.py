"""What must fit together in multi-head attention: PyTorch asserts it, so these are AssertionErrors."""

from __future__ import annotations

from ...op import asked


def check_dims(query, key, value, key_padding_mask, attn_mask, num_heads: int) -> bool:
    """Whether there is a dim of sequences; an AssertionError where the arguments disagree about it."""
    n = query.array.ndim
    if n not in (2, 3):
        raise AssertionError(
            f"{asked()}: query should be unbatched 2D or batched 3D tensor but received {n}-D query tensor"
        )
    kind = "batched (3-D)" if n == 3 else "unbatched (2-D)"
    if key.array.ndim != n or value.array.ndim != n:
        raise AssertionError(
            f"{asked()}: For {kind} `query`, expected `key` and `value` to be {n}-D but found {key.array.ndim}-D and {value.array.ndim}-D tensors"
        )
    if key_padding_mask is not None and key_padding_mask.array.ndim != n - 1:
        raise AssertionError(
            f"{asked()}: For {kind} `query`, expected `key_padding_mask` to be `None` or {n - 1}-D but found {key_padding_mask.array.ndim}-D tensor"
        )
    if attn_mask is not None and attn_mask.array.ndim not in (2, 3):
        raise AssertionError(
            f"{asked()}: For {kind} `query`, expected `attn_mask` to be `None`, 2-D or 3-D but found {attn_mask.array.ndim}-D tensor instead"
        )
    if n == 2 and attn_mask is not None and attn_mask.array.ndim == 3:
        want = (num_heads, query.array.shape[0], key.array.shape[0])
        if attn_mask.array.shape != want:
            raise AssertionError(
                f"{asked()}: Expected `attn_mask` shape to be {want} but got {attn_mask.shape}"
            )
    return n == 3


def check_sizes(query, key, value, embed_dim: int, num_heads: int, same: bool) -> None:
    E = query.array.shape[-1]
    if embed_dim != E:
        raise AssertionError(
            f"multi_head_attention: was expecting embedding dimension of {embed_dim}, but got {E}"
        )
    if E % num_heads:
        raise AssertionError(f"multi_head_attention: embed_dim {E} not divisible by num_heads {num_heads}")
    if same and key.array.shape != value.array.shape:
        raise AssertionError(
            f"multi_head_attention: key shape {key.shape} does not match value shape {value.shape}"
        )
    if key.array.shape[:2] != value.array.shape[:2]:
        raise AssertionError(
            f"{asked()}: key's sequence and batch dims {key.shape[:2]} do not match value's {value.shape[:2]}"
        )


def check_separate(query, key, value, *weights):
    E = query.array.shape[-1]
    for name, x, weight in zip("qkv", (query, key, value), weights):
        if weight is None:
            raise AssertionError(
                f"{asked()}: use_separate_proj_weight is True but {name}_proj_weight is None"
            )
        if weight.array.shape != (E, x.array.shape[-1]):
            raise AssertionError(
                f"{asked()}: expecting {name}_proj_weight of shape {(E, x.array.shape[-1])}, but got {weight.shape}"
            )
    return weights
