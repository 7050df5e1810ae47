"""The Transformer: a stack of layers that encodes, and one that decodes. Vaswani et al. 2017 (arXiv:1706.03762)."""

from __future__ import annotations

import copy
import warnings

import numpy as np

from ..autograd.grad_mode import is_grad_enabled
from ..creation import full
from ..ops import triu
from . import functional as F
from . import init
from .activation import GELU, ReLU
from .container import ModuleList
from .functional.multi_head import float_mask
from .module import Module
from .norm import LayerNorm
from .transformer_layer import TransformerDecoderLayer, TransformerEncoderLayer, _get_activation_fn  # noqa: F401


class TransformerEncoder(Module):
    """num_layers copies of a layer, one after the other, and a norm if one is given."""

    def __init__(
        self,
        encoder_layer,
        num_layers: int,
        norm=None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ):
        super().__init__()
        self.layers = copies(encoder_layer, num_layers)
        self.num_layers, self.norm = num_layers, norm
        self.enable_nested_tensor, self.mask_check = enable_nested_tensor, mask_check
        reason = why_not_nested(encoder_layer)
        self.use_nested_tensor = enable_nested_tensor and not reason
        if enable_nested_tensor and reason:
            warnings.warn(
                f"enable_nested_tensor is True, but self.use_nested_tensor is False because {reason}",
                stacklevel=2,
            )

    def forward(self, src, mask=None, src_key_padding_mask=None, is_causal: bool | None = None):
        """(T, B, d_model) -> the same. is_causal None finds out whether the mask is the causal one."""
        padding = float_mask(src_key_padding_mask, "src_key_padding_mask", src.dtype, mask, "mask")
        mask = float_mask(mask, "mask", src.dtype)
        nested = self._leaves_padding_out(src, mask, padding)
        is_causal = means_causal(mask, is_causal, length(src, self.layers[0].self_attn.batch_first))
        x = src
        for layer in self.layers:
            x = layer(x, src_mask=mask, is_causal=is_causal, src_key_padding_mask=padding)
        if nested:
            x = x.masked_fill(padding.wrap((padding.array != 0)[:, :, None]), 0.0)
        return x if self.norm is None else self.norm(x)

    def _leaves_padding_out(self, src, mask, padding) -> bool:
        """Whether PyTorch would evaluate with nested tensors, which have no padding: its places come out as zeros."""
        first = self.layers[0]
        if (
            not self.use_nested_tensor
            or first.training
            or src.dim() != 3
            or padding is None
            or mask is not None
        ):
            return False
        if recorded(src, *first.parameters()):
            return False
        real = padding.array == 0
        return not self.mask_check or bool((real[:, :-1] >= real[:, 1:]).all())  # no gap before a real place


class TransformerDecoder(Module):
    """num_layers copies of a layer, one after the other, and a norm if one is given."""

    def __init__(self, decoder_layer, num_layers: int, norm=None):
        super().__init__()
        self.layers = copies(decoder_layer, num_layers)
        self.num_layers, self.norm = num_layers, norm

    def forward(
        self,
        tgt,
        memory,
        tgt_mask=None,
        memory_mask=None,
        tgt_key_padding_mask=None,
        memory_key_padding_mask=None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ):
        """(T, B, d_model) and the encoder's (S, B, d_model) -> (T, B, d_model)."""
        tgt_is_causal = means_causal(
            tgt_mask, tgt_is_causal, length(tgt, self.layers[0].self_attn.batch_first)
        )
        x = tgt
        for layer in self.layers:
            x = layer(
                x,
                memory,
                tgt_mask=tgt_mask,
                memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask,
                tgt_is_causal=tgt_is_causal,
                memory_is_causal=memory_is_causal,
            )
        return x if self.norm is None else self.norm(x)


class Transformer(Module):
    """An encoder for the source and a decoder for the target that looks at what the encoder made of it."""

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation=F.relu,
        custom_encoder=None,
        custom_decoder=None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device=None,
        dtype=None,
    ):
        super().__init__()
        where = {"device": device, "dtype": dtype}
        layer = (
            d_model,
            nhead,
            dim_feedforward,
            dropout,
            activation,
            layer_norm_eps,
            batch_first,
            norm_first,
            bias,
        )

        def norm():
            return LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **where)

        self.encoder = custom_encoder
        if custom_encoder is None:
            self.encoder = TransformerEncoder(
                TransformerEncoderLayer(*layer, **where), num_encoder_layers, norm()
            )
        self.decoder = custom_decoder
        if custom_decoder is None:
            self.decoder = TransformerDecoder(
                TransformerDecoderLayer(*layer, **where), num_decoder_layers, norm()
            )
        self._reset_parameters()
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first

    def _reset_parameters(self) -> None:
        for p in self.parameters():
            if p.dim() > 1:
                init.xavier_uniform_(p)

    def forward(
        self,
        src,
        tgt,
        src_mask=None,
        tgt_mask=None,
        memory_mask=None,
        src_key_padding_mask=None,
        tgt_key_padding_mask=None,
        memory_key_padding_mask=None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ):
        """(S, B, d_model), (T, B, d_model) -> (T, B, d_model); with batch_first B comes first."""
        batch = 0 if self.batch_first else 1
        if src.dim() == 3 and src.size(batch) != tgt.size(batch):
            raise RuntimeError(
                f"Transformer: the batch number of src and tgt must be equal, got {src.size(batch)} and {tgt.size(batch)}"
            )
        if src.size(-1) != self.d_model or tgt.size(-1) != self.d_model:
            raise RuntimeError(
                f"Transformer: the feature number of src and tgt must be equal to d_model={self.d_model}, got {src.size(-1)} and {tgt.size(-1)}"
            )
        memory = self.encoder(
            src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal
        )
        return self.decoder(
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device=None, dtype=None):
        """(sz, sz): -inf above the diagonal, so that no place looks at a later one; 0 elsewhere."""
        return triu(full((sz, sz), -np.inf, device=device, dtype=dtype), diagonal=1)


# ---------------------------------------------------------------- what they share


def copies(layer, count: int) -> ModuleList:
    return ModuleList([copy.deepcopy(layer) for _ in range(count)])


def length(x, batch_first: bool) -> int:
    return x.size(0) if x.dim() == 2 else x.size(1 if batch_first else 0)


def means_causal(mask, is_causal: bool | None, size: int) -> bool:
    """What the caller says, or else whether the mask is the causal one."""
    if is_causal is not None or mask is None:
        return is_causal is True
    causal = np.triu(np.full((size, size), -np.inf), 1)
    return mask.array.shape == causal.shape and bool((mask.numpy(force=True) == causal).all())


def why_not_nested(layer) -> str:
    """Why PyTorch would not use nested tensors with this layer; empty if it would."""
    if not isinstance(layer, TransformerEncoderLayer):
        return "encoder_layer was not TransformerEncoderLayer"
    reasons = {
        "encoder_layer.norm_first was True": layer.norm_first,
        "encoder_layer.self_attn.batch_first was not True(use batch_first for better inference performance)": (
            not layer.self_attn.batch_first
        ),
        "encoder_layer.self_attn was passed bias=False": layer.self_attn.in_proj_bias is None,
        "encoder_layer.activation_relu_or_gelu was not True": not is_relu_or_gelu(layer.activation),
        "encoder_layer.norm1.eps was not equal to encoder_layer.norm2.eps": layer.norm1.eps
        != layer.norm2.eps,
        "encoder_layer.self_attn.num_heads is odd": layer.self_attn.num_heads % 2 == 1,
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def is_relu_or_gelu(activation) -> bool:
    return activation in (F.relu, F.gelu) or isinstance(activation, (ReLU, GELU))


def recorded(*tensors) -> bool:
    return is_grad_enabled() and any(t.requires_grad for t in tensors)
