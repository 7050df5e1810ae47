"""2017: the transformer. Attention alone carries a sequence from one end to the other.

The task is one that Vaswani and others' paper makes easy and a network without attention finds hard: read a row of symbols, then write it
backwards. Every symbol has to be fetched from another place, and the places change with the length. A small decoder with two layers
of attention learns it in seconds.
"""

from dataclasses import dataclass

import numpy as np

import tinytorch as torch
from tinytorch import optim
from tinytorch.models import GPT, GPTConfig


@dataclass
class Knobs:
    symbols: int = 10
    length: int = 8
    n_layer: int = 2
    n_head: int = 2
    n_embd: int = 48
    steps: int = 250
    batch_size: int = 64
    lr: float = 3e-3


def build(knobs: Knobs):
    """Symbols 0 to 9 and the sign for "now backwards", 10."""
    shape = (knobs.n_layer, knobs.n_head, knobs.n_embd)
    return GPT(GPTConfig(16, 2 * knobs.length + 1, *shape, dropout=0.0, bias=False))


def loss(model, tokens):
    return model(torch.tensor(tokens[:, :-1]), torch.tensor(tokens[:, 1:]))[1]


def train(work):
    """On rows drawn at random: the row, the sign, the row backwards. Only the second half is scored."""
    knobs = work.knobs
    model = build(knobs)
    optimizer = optim.AdamW(model.parameters(), lr=knobs.lr)
    rng = np.random.default_rng(work.seed)
    for step in range(1, knobs.steps + 1):
        rows = rng.integers(0, knobs.symbols, (knobs.batch_size, knobs.length))
        sign = np.full((knobs.batch_size, 1), knobs.symbols)
        x = np.concatenate([rows, sign, rows[:, ::-1]], 1)
        targets = x[:, 1:].copy()
        targets[:, : knobs.length] = -1  # not scored
        for group in optimizer.param_groups:
            group["lr"] = knobs.lr * min(1, step / 50) * (1 - (step - 1) / knobs.steps)
        now = model(torch.tensor(x[:, :-1]), torch.tensor(targets))[1]
        optimizer.zero_grad()
        now.backward()
        optimizer.step()
        work.log(step, knobs.steps, loss=now.item())
    return model


def backwards(work, rows):
    """The rows (N, length) as the model writes them backwards, its likeliest symbol each time."""
    sign = np.full((len(rows), 1), work.knobs.symbols)
    start = torch.tensor(np.concatenate([rows, sign], 1))
    whole = work.model.generate(start, rows.shape[1], temperature=0)
    return {"rows": whole.numpy()[:, rows.shape[1] + 1 :]}
