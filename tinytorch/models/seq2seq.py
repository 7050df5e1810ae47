"""From sequence to sequence: a GRU reads, a GRU writes, and attention looks back at what was read.

The encoder is bidirectional as in Bahdanau, Cho and Bengio 2014 (arXiv:1409.0473). The attention is the "general" one of
Luong, Pham and Manning 2015 (arXiv:1508.04025), section 3.1: it looks after the decoder's step and not before it, so that in
training all steps are computed at once.
"""

from __future__ import annotations

import math

from .. import nn
from ..autograd.grad_mode import no_grad
from ..creation import arange, full
from ..nn import functional as F
from ..nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from ..ops import cat


class Encoder(nn.Module):
    """Tokens (B, S) -> annotations (B, S, 2H) and the decoder's first state (1, B, H)."""

    def __init__(self, vocab_size: int, dim: int, hidden: int, dropout: float):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, dim)
        self.dropout = nn.Dropout(dropout)
        self.rnn = nn.GRU(dim, hidden, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(hidden, hidden)

    def forward(self, source, lengths):
        x = self.dropout(self.embedding(source))  # (B, S) -> (B, S, dim)
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        annotations, state = self.rnn(packed)
        annotations, _ = pad_packed_sequence(annotations, batch_first=True, total_length=source.shape[1])
        return annotations, F.tanh(self.bridge(state[1])).unsqueeze(
            0
        )  # the backward direction has read it all


class Attention(nn.Module):
    """score(h, s) = h @ W @ s: how well decoder state h goes with annotation s."""

    def __init__(self, hidden: int, annotation: int):
        super().__init__()
        self.W_a = nn.Linear(annotation, hidden, bias=False)
        self.W_c = nn.Linear(annotation + hidden, hidden, bias=False)

    def forward(self, h, annotations, outside):
        scores = h @ self.W_a(annotations).transpose(1, 2)  # (B, T, H) @ (B, H, S)
        weights = F.softmax(scores.masked_fill(outside, -math.inf), dim=-1)
        context = weights @ annotations  # (B, T, 2H)
        return F.tanh(self.W_c(cat([context, h], dim=-1))), weights


class Decoder(nn.Module):
    """Tokens so far (B, T) -> logits of the next ones (B, T, V)."""

    def __init__(self, vocab_size: int, dim: int, hidden: int, dropout: float):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, dim)
        self.dropout = nn.Dropout(dropout)
        self.rnn = nn.GRU(dim, hidden, batch_first=True)
        self.attention = Attention(hidden, 2 * hidden)
        self.W_s = nn.Linear(hidden, vocab_size)

    def forward(self, target, state, annotations, outside):
        h, state = self.rnn(self.dropout(self.embedding(target)), state)
        h, weights = self.attention(h, annotations, outside)
        return self.W_s(self.dropout(h)), state, weights


class Seq2Seq(nn.Module):
    """Source tokens (B, S) with their lengths, and target tokens (B, T) -> logits (B, T, V), one for each next token."""

    def __init__(
        self, source_size: int, target_size: int, dim: int = 128, hidden: int = 256, dropout: float = 0.1
    ):
        super().__init__()
        self.encoder = Encoder(source_size, dim, hidden, dropout)
        self.decoder = Decoder(target_size, dim, hidden, dropout)

    def forward(self, source, lengths, target):
        annotations, state = self.encoder(source, lengths)
        logits, _, _ = self.decoder(target, state, annotations, padding(source, lengths))
        return logits

    @no_grad()
    def translate(self, source, lengths, begin: int, end: int, max_length: int = 50):
        """The likeliest token each time, until all sequences have ended: tokens (B, T), attention weights (B, T, S)."""
        annotations, state = self.encoder(source, lengths)
        outside = padding(source, lengths)
        token = full((len(source), 1), begin, device=source.device)
        done, tokens, looks = token != token, [], []
        for _ in range(max_length):
            logits, state, weights = self.decoder(token, state, annotations, outside)
            token = logits.argmax(-1).masked_fill(done, end)  # (B, 1)
            done = done | (token == end)
            tokens.append(token)
            looks.append(weights)
            if bool(done.all()):
                break
        return cat(tokens, dim=1), cat(looks, dim=1)


def padding(source, lengths):
    """(B, 1, S): True behind a sequence's end."""
    return (
        arange(source.shape[1], device=source.device) >= lengths.to(source.device).unsqueeze(1)
    ).unsqueeze(1)


def seq2seq_small(source_size: int, target_size: int) -> Seq2Seq:
    return Seq2Seq(source_size, target_size, dim=64, hidden=128)
