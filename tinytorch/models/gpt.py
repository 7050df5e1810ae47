"""GPT: a Transformer decoder that predicts the next token. Radford et al. 2019, "Language models are unsupervised multitask
learners" (GPT-2), on Vaswani et al. 2017 (arXiv:1706.03762). Parameter names as in GPT-2's published weights.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .. import nn, random
from ..autograd.grad_mode import no_grad
from ..creation import arange, empty
from ..nn import functional as F
from ..nn.functional.multi_head import merge_heads, split_heads
from ..ops import cat
from ..tensor_data import tensor
from ..text.sampling import sample_next


@dataclass
class GPTConfig:
    vocab_size: int = 50257
    block_size: int = 1024  # the longest context
    n_layer: int = 12
    n_head: int = 12
    n_embd: int = 768
    dropout: float = 0.0  # 0.1 in the paper; small data wants 0.2
    bias: bool = True  # in linear layers and norms


class Cache:
    """Keys and values of all layers for the tokens seen so far: what a new token's queries look at."""

    def __init__(self, config: GPTConfig, batch: int, *, device=None, dtype=None):
        shape = (config.n_layer, 2, batch, config.n_head, config.block_size, config.n_embd // config.n_head)
        self.memory = empty(shape, device=device, dtype=dtype)
        self.length = 0

    def extend(self, layer: int, k, v):
        """Put in the keys and values (B, H, T, D) of new tokens; all of that layer's, old and new."""
        end = self.length + k.shape[2]
        keys, values = self.memory[layer]
        keys[:, :, self.length : end], values[:, :, self.length : end] = k, v
        return keys[:, :, :end], values[:, :, :end]


class CausalSelfAttention(nn.Module):
    """Every token looks at itself and those before it."""

    def __init__(self, config: GPTConfig, layer: int):
        super().__init__()
        if config.n_embd % config.n_head:
            raise ValueError(f"GPT: n_embd={config.n_embd} is no multiple of n_head={config.n_head}")
        self.c_attn = nn.Linear(config.n_embd, 3 * config.n_embd, bias=config.bias)
        self.c_proj = nn.Linear(config.n_embd, config.n_embd, bias=config.bias)
        self.resid_dropout = nn.Dropout(config.dropout)
        self.n_head, self.dropout, self.layer = config.n_head, config.dropout, layer

    def forward(self, x, cache: Cache | None = None):
        qkv = self.c_attn(x)
        q, k, v = split_heads(qkv, parts=3, heads=self.n_head, batch_first=True)  # each (B, H, T, D)
        mask, T = None, x.shape[1]
        if cache is not None and cache.length and T > 1:  # new tokens stand behind those in the cache
            places = arange(cache.length + T, device=x.device)
            mask = places <= places[-T:, None]  # (T, S)
        causal = cache is None or cache.length == 0
        if cache is not None:
            k, v = cache.extend(self.layer, k, v)
        p = self.dropout if self.training else 0.0
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=p, is_causal=causal)
        return self.resid_dropout(self.c_proj(merge_heads(y, batch_first=True)))


class MLP(nn.Module):
    """Two linear layers, four times as wide in between."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.c_fc = nn.Linear(config.n_embd, 4 * config.n_embd, bias=config.bias)
        self.gelu = nn.GELU(approximate="tanh")
        self.c_proj = nn.Linear(4 * config.n_embd, config.n_embd, bias=config.bias)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x):
        return self.dropout(self.c_proj(self.gelu(self.c_fc(x))))


class Block(nn.Module):
    """Attention, then the MLP, each added to what came in; the norms come first (section 2.3)."""

    def __init__(self, config: GPTConfig, layer: int):
        super().__init__()
        self.ln_1 = nn.LayerNorm(config.n_embd, bias=config.bias)
        self.attn = CausalSelfAttention(config, layer)
        self.ln_2 = nn.LayerNorm(config.n_embd, bias=config.bias)
        self.mlp = MLP(config)

    def forward(self, x, cache: Cache | None = None):
        x = x + self.attn(self.ln_1(x), cache)
        return x + self.mlp(self.ln_2(x))


class GPT(nn.Module):
    """Tokens (B, T) -> logits of the next token at every place (B, T, V), and their loss if targets (B, T) are given."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.config = config
        self.transformer = nn.ModuleDict(
            {
                "wte": nn.Embedding(config.vocab_size, config.n_embd),
                "wpe": nn.Embedding(config.block_size, config.n_embd),
                "drop": nn.Dropout(config.dropout),
                "h": nn.ModuleList(Block(config, layer) for layer in range(config.n_layer)),
                "ln_f": nn.LayerNorm(config.n_embd, bias=config.bias),
            }
        )
        self.lm_head = nn.Linear(config.n_embd, config.vocab_size, bias=False)
        self.lm_head.weight = self.transformer.wte.weight  # Press and Wolf 2016 (arXiv:1608.05859)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Normal with std 0.02; projections into the residual stream, 2 a layer, smaller, so that its variance stays (2.3)."""
        for name, p in self.named_parameters():
            if p.dim() >= 2:
                std = 0.02 / math.sqrt(2 * self.config.n_layer) if name.endswith("c_proj.weight") else 0.02
                nn.init.normal_(p, mean=0.0, std=std)
            elif name.endswith("bias"):
                nn.init.zeros_(p)

    def forward(self, tokens, targets=None, cache: Cache | None = None):
        logits = self.lm_head(self.features(tokens, cache))
        if targets is None:
            return logits, None
        return logits, F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-1)

    def features(self, tokens, cache: Cache | None = None):
        """What the last layer makes of every token: (B, T) -> (B, T, C)."""
        start = cache.length if cache is not None else 0
        T = tokens.shape[1]
        if start + T > self.config.block_size:
            raise ValueError(f"GPT: {start + T} tokens are more than block_size={self.config.block_size}")
        positions = arange(start, start + T, device=tokens.device)
        x = self.transformer.drop(self.transformer.wte(tokens) + self.transformer.wpe(positions))
        for block in self.transformer.h:
            x = block(x, cache)
        if cache is not None:
            cache.length += T
        return self.transformer.ln_f(x)

    @no_grad()
    def generate(
        self, tokens, max_new_tokens: int, temperature: float = 1.0, top_k=None, top_p=None, generator=None
    ):
        """The tokens (B, T) with max_new_tokens drawn after them, each from the block_size tokens before it.

        temperature 0 takes the likeliest; top_k and top_p leave unlikely tokens out. Deterministic under a seed.
        """
        training = self.training
        self.eval()
        rng = random.stream(generator)
        cache = self.new_cache(len(tokens))
        new = tokens[:, -self.config.block_size :]
        for _ in range(max_new_tokens):
            logits = self.lm_head(self.features(new, cache)[:, -1])
            drawn = sample_next(logits, rng, temperature, top_k, top_p)  # (B,)
            new = tensor(drawn, dtype=tokens.dtype, device=tokens.device).unsqueeze(1)
            tokens = cat([tokens, new], dim=1)
            if cache.length == self.config.block_size:  # positions shift, and with them every key and value
                new, cache.length = tokens[:, -self.config.block_size :], 0
        self.train(training)
        return tokens

    def new_cache(self, batch: int) -> Cache:
        weight = self.lm_head.weight
        return Cache(self.config, batch, device=weight.device, dtype=weight.dtype)

    def parameter_groups(self, weight_decay: float = 0.1) -> list[dict]:
        """For an optimizer: matrices decay, biases and norms do not."""
        parameters = [p for p in self.parameters() if p.requires_grad]
        return [
            {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": weight_decay},
            {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
        ]


def gpt2() -> GPT:
    return GPT(GPTConfig())


def gpt2_medium() -> GPT:
    return GPT(GPTConfig(n_layer=24, n_head=16, n_embd=1024))


def gpt_small(vocab_size: int, block_size: int = 256, dropout: float = 0.2) -> GPT:
    """About 10 million parameters: for a book's worth of characters."""
    return GPT(
        GPTConfig(vocab_size, block_size, n_layer=6, n_head=6, n_embd=384, dropout=dropout, bias=False)
    )


def gpt_tiny(vocab_size: int, block_size: int = 128, dropout: float = 0.0) -> GPT:
    """Under a million parameters: learns in minutes on a laptop."""
    return GPT(
        GPTConfig(vocab_size, block_size, n_layer=4, n_head=4, n_embd=128, dropout=dropout, bias=False)
    )
