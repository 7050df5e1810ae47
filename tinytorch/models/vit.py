"""Vision Transformer. Dosovitskiy et al. 2020 (arXiv:2010.11929). state_dict keys as torchvision's."""

from __future__ import annotations

import math
from collections import OrderedDict

from .. import nn
from ..creation import empty, zeros
from ..ops import cat


class MLPBlock(nn.Sequential):
    """Two linear layers with a gelu between them."""

    def __init__(self, dim: int, hidden: int, dropout: float):
        super().__init__(
            nn.Linear(dim, hidden),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, dim),
            nn.Dropout(dropout),
        )
        for layer in (self[0], self[3]):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.normal_(layer.bias, std=1e-6)


class EncoderBlock(nn.Module):
    """z' = z + MSA(LN(z)); z'' = z' + MLP(LN(z')): eq. 2 and 3."""

    def __init__(self, heads: int, dim: int, mlp_dim: int, dropout: float, attention_dropout: float):
        super().__init__()
        self.ln_1 = nn.LayerNorm(dim, eps=1e-6)
        self.self_attention = nn.MultiheadAttention(dim, heads, dropout=attention_dropout, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.ln_2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = MLPBlock(dim, mlp_dim, dropout)

    def forward(self, z):
        y = self.ln_1(z)
        y, _ = self.self_attention(y, y, y, need_weights=False)
        z = z + self.dropout(y)
        return z + self.mlp(self.ln_2(z))


class Encoder(nn.Module):
    """Positions, then blocks, then a norm: (B, T, dim) -> the same."""

    def __init__(
        self,
        length: int,
        layers: int,
        heads: int,
        dim: int,
        mlp_dim: int,
        dropout: float,
        attention_dropout: float,
    ):
        super().__init__()
        self.pos_embedding = nn.Parameter(nn.init.normal_(empty(1, length, dim), std=0.02))
        self.dropout = nn.Dropout(dropout)
        blocks = [EncoderBlock(heads, dim, mlp_dim, dropout, attention_dropout) for _ in range(layers)]
        self.layers = nn.Sequential(
            OrderedDict((f"encoder_layer_{i}", block) for i, block in enumerate(blocks))
        )
        self.ln = nn.LayerNorm(dim, eps=1e-6)

    def forward(self, z):
        return self.ln(self.layers(self.dropout(z + self.pos_embedding)))


class VisionTransformer(nn.Module):
    """An image as a sequence of patches, with a class token in front whose result is classified: fig. 1."""

    def __init__(
        self,
        image_size: int = 224,
        patch_size: int = 16,
        num_layers: int = 12,
        num_heads: int = 12,
        hidden_dim: int = 768,
        mlp_dim: int = 3072,
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        num_classes: int = 1000,
    ):
        super().__init__()
        if image_size % patch_size:
            raise ValueError(
                f"VisionTransformer: image_size={image_size} is no multiple of patch_size={patch_size}"
            )
        self.image_size, self.patch_size = image_size, patch_size
        self.conv_proj = nn.Conv2d(
            3, hidden_dim, patch_size, stride=patch_size
        )  # one linear map for every patch
        self.class_token = nn.Parameter(zeros(1, 1, hidden_dim))
        length = (image_size // patch_size) ** 2 + 1
        self.encoder = Encoder(length, num_layers, num_heads, hidden_dim, mlp_dim, dropout, attention_dropout)
        self.heads = nn.Sequential(OrderedDict(head=nn.Linear(hidden_dim, num_classes)))
        nn.init.trunc_normal_(self.conv_proj.weight, std=math.sqrt(1 / (3 * patch_size**2)))
        nn.init.zeros_(self.conv_proj.bias)
        nn.init.zeros_(self.heads.head.weight)
        nn.init.zeros_(self.heads.head.bias)

    def forward(self, x):
        if tuple(x.shape[-2:]) != (self.image_size, self.image_size):
            raise ValueError(
                f"VisionTransformer: images of {tuple(x.shape[-2:])} for a model of image_size={self.image_size}"
            )
        z = self.conv_proj(x).flatten(2).transpose(1, 2)  # (B, C, H / P, W / P) -> (B, T, C)
        z = cat([self.class_token.expand(len(x), -1, -1), z], dim=1)
        return self.heads(self.encoder(z)[:, 0])


def vit_b_16(num_classes: int = 1000, image_size: int = 224) -> VisionTransformer:
    return VisionTransformer(image_size, num_classes=num_classes)


def vit_s_16(num_classes: int = 1000, image_size: int = 224) -> VisionTransformer:
    return VisionTransformer(image_size, num_heads=6, hidden_dim=384, mlp_dim=1536, num_classes=num_classes)


def vit_cifar(num_classes: int = 10) -> VisionTransformer:
    return VisionTransformer(32, 4, 6, 3, 192, 384, dropout=0.1, num_classes=num_classes)
