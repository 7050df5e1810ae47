"""Multi-head attention as a layer."""

from __future__ import annotations

from ..creation import empty
from ..op import asked
from . import functional as F
from . import init
from .linear import Linear
from .module import Module
from .parameter import Parameter


class NonDynamicallyQuantizableLinear(Linear):
    """A Linear, under the name that PyTorch prints for an output projection."""


class MultiheadAttention(Module):
    """Attention in num_heads subspaces: softmax(q @ k.T / sqrt(head_dim)) @ v in each, and a projection of them all.

    Vaswani et al. 2017 (arXiv:1706.03762). Sequences are (T, B, embed_dim), (B, T, embed_dim) with batch_first, or
    (T, embed_dim). add_bias_kv appends a learned key and value, add_zero_attn zeros, for queries that match nothing else.
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device=None,
        dtype=None,
    ):
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                f"{asked()}: embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and num_heads={num_heads} instead"
            )
        super().__init__()
        if embed_dim % num_heads:
            raise AssertionError(
                f"{asked()}: embed_dim must be divisible by num_heads: {embed_dim} is not by {num_heads}"
            )
        self.embed_dim, self.num_heads, self.head_dim = embed_dim, num_heads, embed_dim // num_heads
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == self.vdim == embed_dim
        self.dropout, self.batch_first, self.add_zero_attn = dropout, batch_first, add_zero_attn

        def parameter(*shape, wanted=True):
            return Parameter(empty(shape, device=device, dtype=dtype)) if wanted else None

        same = self._qkv_same_embed_dim
        self.register_parameter("q_proj_weight", parameter(embed_dim, embed_dim, wanted=not same))
        self.register_parameter("k_proj_weight", parameter(embed_dim, self.kdim, wanted=not same))
        self.register_parameter("v_proj_weight", parameter(embed_dim, self.vdim, wanted=not same))
        self.register_parameter("in_proj_weight", parameter(3 * embed_dim, embed_dim, wanted=same))
        self.register_parameter("in_proj_bias", parameter(3 * embed_dim, wanted=bias))
        self.out_proj = NonDynamicallyQuantizableLinear(
            embed_dim, embed_dim, bias=bias, device=device, dtype=dtype
        )
        self.register_parameter("bias_k", parameter(1, 1, embed_dim, wanted=add_bias_kv))
        self.register_parameter("bias_v", parameter(1, 1, embed_dim, wanted=add_bias_kv))
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        for weight in (self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
            if weight is not None:
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            init.constant_(self.in_proj_bias, 0.0)
            init.constant_(self.out_proj.bias, 0.0)
        for bias in (self.bias_k, self.bias_v):
            if bias is not None:
                init.xavier_normal_(bias)

    def forward(
        self,
        query,
        key,
        value,
        key_padding_mask=None,
        need_weights: bool = True,
        attn_mask=None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ):
        """The attended values, shaped like query, and the weights (B, T, S), (B, H, T, S) without averaging, or None.

        Masks are True, or -inf, where a query must not look: key_padding_mask (B, S), attn_mask (T, S) or (B * H, T, S).
        is_causal is a hint that attn_mask is the causal one.
        """
        return F.multi_head_attention_forward(
            query,
            key,
            value,
            self.embed_dim,
            self.num_heads,
            self.in_proj_weight,
            self.in_proj_bias,
            self.bias_k,
            self.bias_v,
            self.add_zero_attn,
            self.dropout,
            self.out_proj.weight,
            self.out_proj.bias,
            training=self.training,
            key_padding_mask=key_padding_mask,
            need_weights=need_weights,
            attn_mask=attn_mask,
            use_separate_proj_weight=not self._qkv_same_embed_dim,
            q_proj_weight=self.q_proj_weight,
            k_proj_weight=self.k_proj_weight,
            v_proj_weight=self.v_proj_weight,
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
            batch_first=self.batch_first,
        )
