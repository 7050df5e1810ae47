"""torchvision.models.swin_transformer: attention in windows that move from layer to layer. Liu et al. (2021), arXiv:2103.14030."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ... import nn
from ...creation import arange, zeros
from ...nn import functional as F
from ...ops import cat, meshgrid, stack
from ...tensor import Tensor
from ..ops.layers import MLP, Permute
from ..ops.misc import StochasticDepth
from .weights import Swin_B_Weights, Swin_S_Weights, Swin_T_Weights, constructor  # noqa: F401


class PatchMerging(nn.Module):
    """Four neighbours as one place of twice the channels: (..., H, W, C) -> (..., H/2, W/2, 2C)."""

    def __init__(self, dim: int, norm_layer: Callable[..., nn.Module] = nn.LayerNorm):
        super().__init__()
        self.dim = dim
        self.reduction = nn.Linear(4 * dim, 2 * dim, bias=False)
        self.norm = norm_layer(4 * dim)

    def forward(self, x: Tensor) -> Tensor:
        x = F.pad(x, (0, 0, 0, x.shape[-2] % 2, 0, x.shape[-3] % 2))
        corners = [x[..., i::2, j::2, :] for j in (0, 1) for i in (0, 1)]
        return self.reduction(self.norm(cat(corners, -1)))


class ShiftedWindowAttention(nn.Module):
    """Attention among the places of each window; with a shift the windows stand between those of the layer before (fig. 4)."""

    def __init__(
        self, dim: int, window_size: list[int], shift_size: list[int], num_heads: int, qkv_bias: bool = True,
        proj_bias: bool = True, attention_dropout: float = 0.0, dropout: float = 0.0,
    ):  # fmt: skip
        super().__init__()
        if len(window_size) != 2 or len(shift_size) != 2:
            raise ValueError("window_size and shift_size must be of length 2")
        self.window_size, self.shift_size, self.num_heads = window_size, shift_size, num_heads
        self.attention_dropout, self.dropout = attention_dropout, dropout
        self.qkv, self.proj = nn.Linear(dim, dim * 3, bias=qkv_bias), nn.Linear(dim, dim, bias=proj_bias)
        height, width = window_size
        self.relative_position_bias_table = nn.Parameter(zeros((2 * height - 1) * (2 * width - 1), num_heads))
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)
        self.register_buffer("relative_position_index", relative_positions(height, width))

    def bias(self) -> Tensor:
        """What each pair of places adds to its score: (1, heads, N, N)."""
        places = self.window_size[0] * self.window_size[1]
        table = self.relative_position_bias_table[self.relative_position_index]
        return table.view(places, places, -1).permute(2, 0, 1).unsqueeze(0)

    def forward(self, x: Tensor) -> Tensor:
        """(B, H, W, C) -> the same."""
        B, H, W, C = x.shape
        (h, w), shift = self.window_size, list(self.shift_size)
        x = F.pad(x, (0, 0, 0, -W % w, 0, -H % h))
        high, wide = x.shape[1:3]
        shift = [0 if window >= side else s for window, side, s in zip((h, w), (high, wide), shift)]
        if any(shift):
            x = x.roll((-shift[0], -shift[1]), (1, 2))
        count = (high // h) * (wide // w)
        windows = (
            x.view(B, high // h, h, wide // w, w, C).permute(0, 1, 3, 2, 4, 5).reshape(B * count, h * w, C)
        )
        qkv = self.qkv(windows).reshape(B * count, h * w, 3, self.num_heads, -1).permute(2, 0, 3, 1, 4)
        scores = (qkv[0] * (C // self.num_heads) ** -0.5) @ qkv[1].transpose(-2, -1) + self.bias()
        if any(shift):
            apart = strangers(high, wide, (h, w), shift).to(x.device)  # (count, N, N)
            scores = scores.view(B, count, self.num_heads, h * w, h * w)
            scores = scores.masked_fill(apart.unsqueeze(1), -100.0).view(-1, self.num_heads, h * w, h * w)
        weights = F.dropout(F.softmax(scores, dim=-1), self.attention_dropout, self.training)
        out = (weights @ qkv[2]).transpose(1, 2).reshape(B * count, h * w, C)
        out = F.dropout(self.proj(out), self.dropout, self.training)
        out = out.view(B, high // h, wide // w, h, w, C).permute(0, 1, 3, 2, 4, 5).reshape(B, high, wide, C)
        if any(shift):
            out = out.roll((shift[0], shift[1]), (1, 2))
        return out[:, :H, :W, :].contiguous()


def relative_positions(height: int, width: int) -> Tensor:
    """For every pair of places in a window, the row of the table for how far they are apart: (N * N,)."""
    places = stack(meshgrid(arange(height), arange(width), indexing="ij")).flatten(1)
    apart = (places[:, :, None] - places[:, None, :]).permute(1, 2, 0)  # (N, N, 2)
    return ((apart[..., 0] + height - 1) * (2 * width - 1) + apart[..., 1] + width - 1).flatten()


def strangers(high: int, wide: int, window: tuple[int, int], shift: list[int]) -> Tensor:
    """After rolling, a window at the border has places of opposite sides, which must not see each other: (count, N, N)."""
    (h, w), region = window, zeros(high, wide)
    spans = lambda size, step: ((0, -size), (-size, -step), (-step, None))
    for number, (rows, columns) in enumerate((r, c) for r in spans(h, shift[0]) for c in spans(w, shift[1])):
        region[slice(*rows), slice(*columns)] = number
    parts = region.view(high // h, h, wide // w, w).permute(0, 2, 1, 3).reshape(-1, h * w)
    return parts.unsqueeze(1) != parts.unsqueeze(2)


class SwinTransformerBlock(nn.Module):
    """Attention in windows and an MLP, each after a norm and around a way past it."""

    def __init__(
        self, dim: int, num_heads: int, window_size: list[int], shift_size: list[int], mlp_ratio: float = 4.0,
        dropout: float = 0.0, attention_dropout: float = 0.0, stochastic_depth_prob: float = 0.0,
        norm_layer: Callable[..., nn.Module] = nn.LayerNorm,
        attn_layer: Callable[..., nn.Module] = ShiftedWindowAttention,
    ):  # fmt: skip
        super().__init__()
        self.norm1 = norm_layer(dim)
        self.attn = attn_layer(
            dim, window_size, shift_size, num_heads, attention_dropout=attention_dropout, dropout=dropout
        )
        self.stochastic_depth = StochasticDepth(stochastic_depth_prob, "row")
        self.norm2 = norm_layer(dim)
        self.mlp = MLP(
            dim, [int(dim * mlp_ratio), dim], activation_layer=nn.GELU, inplace=None, dropout=dropout
        )
        for layer in self.mlp.modules():
            if isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.normal_(layer.bias, std=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.stochastic_depth(self.attn(self.norm1(x)))
        return x + self.stochastic_depth(self.mlp(self.norm2(x)))


class SwinTransformer(nn.Module):
    """Four stages of blocks, every second one with shifted windows: (B, 3, H, W) -> (B, num_classes)."""

    def __init__(
        self, patch_size: list[int], embed_dim: int, depths: list[int], num_heads: list[int], window_size: list[int],
        mlp_ratio: float = 4.0, dropout: float = 0.0, attention_dropout: float = 0.0,
        stochastic_depth_prob: float = 0.1, num_classes: int = 1000,
        norm_layer: Callable[..., nn.Module] | None = None,
    ):  # fmt: skip
        super().__init__()
        norm = norm_layer or partial(nn.LayerNorm, eps=1e-5)
        self.num_classes = num_classes
        patches = nn.Conv2d(3, embed_dim, tuple(patch_size), tuple(patch_size))
        stages: list[nn.Module] = [nn.Sequential(patches, Permute([0, 2, 3, 1]), norm(embed_dim))]
        total, number = sum(depths), 0
        for k, depth in enumerate(depths):
            blocks = []
            for layer in range(depth):
                shift = [0 if layer % 2 == 0 else side // 2 for side in window_size]
                skipped = stochastic_depth_prob * number / (total - 1)
                number += 1
                blocks.append(
                    SwinTransformerBlock(
                        embed_dim * 2**k, num_heads[k], window_size, shift, mlp_ratio, dropout, attention_dropout,
                        skipped, norm,
                    )
                )  # fmt: skip
            stages.append(nn.Sequential(*blocks))
            if k < len(depths) - 1:
                stages.append(PatchMerging(embed_dim * 2**k, norm))
        self.features = nn.Sequential(*stages)
        width = embed_dim * 2 ** (len(depths) - 1)
        self.norm = norm(width)
        self.permute = Permute([0, 3, 1, 2])
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten(1)
        self.head = nn.Linear(width, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        x = self.permute(self.norm(self.features(x)))
        return self.head(self.flatten(self.avgpool(x)))


def sized(embed_dim: int, depth: int, heads: int, depth_prob: float, settings: dict) -> SwinTransformer:
    settings = {"stochastic_depth_prob": depth_prob, **settings}
    return SwinTransformer(
        [4, 4], embed_dim, [2, 2, depth, 2], [heads * 2**k for k in range(4)], [7, 7], **settings
    )


@constructor
def swin_t(**settings) -> SwinTransformer:
    return sized(96, 6, 3, 0.2, settings)


@constructor
def swin_s(**settings) -> SwinTransformer:
    return sized(96, 18, 3, 0.3, settings)


@constructor
def swin_b(**settings) -> SwinTransformer:
    return sized(128, 18, 4, 0.5, settings)
