"""Milestone 5: a small transformer that writes, character by character, in two languages: English and Python.

One model reads both; how a text begins says which of the two it goes on with.

    tito milestone test 5                   # the small setting: trained here and now
    tito milestone train 5 --setting full   # then: tito milestone test 5 --setting full
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

import tinytorch as torch
from tinytorch import optim
from tinytorch.checkpoint import checkpoint_path, latest, load_checkpoint, save_checkpoint
from tinytorch.models import GPT, GPTConfig
from tinytorch.nn.utils import clip_grad_norm_
from tinytorch.text import CharTokenizer


@dataclass
class Knobs:
    n_layer: int = 2
    n_head: int = 4
    n_embd: int = 64
    block_size: int = 48
    batch_size: int = 24  # half of the windows are English, half are Python
    steps: int = 800
    lr: float = 3e-3
    warmup: int = 50
    weight_decay: float = 0.1
    temperature: float = 0.4  # for writing: below 1 the likelier characters become likelier still


LANGUAGES = ("english", "python")
POINTS, LAST = 6, 4  # points of the run that are stored, and one more so many steps before the end


# ---------------------------------------------------------------- model and data


def alphabet_of(data) -> CharTokenizer:
    """The 120 commonest characters of both texts; the rest are written as the first of them, a space."""
    codes, counts = np.unique(np.concatenate([data[name] for name in LANGUAGES]), return_counts=True)
    common = codes[np.argsort(-counts, kind="stable")][:120]
    return CharTokenizer("".join(chr(code) for code in common))


def tokens_of(tokenizer: CharTokenizer, codes):
    """Character codes of any shape -> tokens of the same shape."""
    table = np.full(0x110000, tokenizer.encode(" ")[0], np.int64)
    for token in range(tokenizer.vocab_size):
        table[ord(tokenizer.decode([token]))] = token
    return table[np.asarray(codes)]


class Writer:
    """The model and its alphabet."""

    def __init__(self, tokenizer: CharTokenizer, knobs: Knobs):
        shape = (knobs.n_layer, knobs.n_head, knobs.n_embd)
        self.tokenizer = tokenizer
        self.gpt = GPT(GPTConfig(tokenizer.vocab_size, knobs.block_size, *shape, dropout=0.0, bias=False))

    def parameters(self):
        return self.gpt.parameters()


def batch(work, tokens, step: int):
    """Windows (B, T) of both texts and the same windows one character later, drawn by the step's number."""
    T, half = work.knobs.block_size, work.knobs.batch_size // 2
    rng = np.random.default_rng((work.seed, step))
    windows = []
    for name in LANGUAGES:
        starts = rng.integers(0, len(tokens[name]) - T - 1, half)
        windows.append(tokens[name][starts[:, None] + np.arange(T + 1)])
    rows = np.concatenate(windows)
    return torch.tensor(rows[:, :-1]), torch.tensor(rows[:, 1:])


# ---------------------------------------------------------------- training


def pipeline(work):
    """Model, optimizer and schedule, the same for a run, for the rest of a stopped one and for a replay."""
    knobs = work.knobs
    writer = Writer(alphabet_of(work.data), knobs)
    optimizer = optim.AdamW(writer.gpt.parameter_groups(knobs.weight_decay), lr=knobs.lr, betas=(0.9, 0.99))
    rise = optim.lr_scheduler.LinearLR(optimizer, 1 / knobs.warmup, total_iters=knobs.warmup)
    fall = optim.lr_scheduler.CosineAnnealingLR(optimizer, knobs.steps - knobs.warmup, knobs.lr / 10)
    schedule = optim.lr_scheduler.SequentialLR(optimizer, [rise, fall], [knobs.warmup])
    return writer, optimizer, schedule


def one_step(writer: Writer, optimizer, schedule, x, y) -> float:
    _, loss = writer.gpt(x, y)
    optimizer.zero_grad()
    loss.backward()
    clip_grad_norm_(writer.gpt.parameters(), 1.0)
    optimizer.step()
    schedule.step()
    return loss.item()


def train(work):
    """Train to the end, from the start or from where a stopped run was saved last."""
    total = work.knobs.steps
    writer, optimizer, schedule = pipeline(work)
    parts = {"model": writer.gpt, "optimizer": optimizer, "scheduler": schedule}
    folder = work.folder / "checkpoints" if work.folder else None
    points = {total * (i + 1) // (POINTS + 1) for i in range(POINTS)} | {total - LAST, total}
    begun = load_checkpoint(latest(folder), **parts).step if folder and latest(folder) else 0
    tokens = {name: tokens_of(writer.tokenizer, work.data[name]) for name in LANGUAGES}
    for step in range(begun + 1, total + 1):
        work.log(step, total, loss=one_step(writer, optimizer, schedule, *batch(work, tokens, step)))
        if folder and step in points:
            save_checkpoint(checkpoint_path(folder, step), **parts, step=step, config=work.knobs)
    return writer


# ---------------------------------------------------------------- what the judge asks for


def restore(work, checkpoint: Path):
    """The model of a stored point."""
    writer = Writer(alphabet_of(work.data), work.knobs)
    load_checkpoint(checkpoint, model=writer.gpt, rng=False)
    return writer


def replay(work, checkpoint: Path, steps: int):
    """Go on from a stored point for some steps: their losses, and the model after them."""
    writer, optimizer, schedule = pipeline(work)
    begun = load_checkpoint(checkpoint, model=writer.gpt, optimizer=optimizer, scheduler=schedule).step
    tokens = {name: tokens_of(writer.tokenizer, work.data[name]) for name in LANGUAGES}
    losses = [
        one_step(writer, optimizer, schedule, *batch(work, tokens, step))
        for step in range(begun + 1, begun + steps + 1)
    ]
    return losses, writer


def score(work, windows):
    """For windows of character codes (N, T): the logits of the character after each place (N, T, V), and the V characters."""
    writer = work.model
    with torch.no_grad():
        logits, _ = writer.gpt(torch.tensor(tokens_of(writer.tokenizer, windows)))
    characters = [ord(writer.tokenizer.decode([token])) for token in range(writer.tokenizer.vocab_size)]
    return {"logits": logits.numpy(), "alphabet": np.array(characters, np.int64)}


def write(work, beginnings, length: int, seed: int):
    """Texts (N, length), as character codes, that go on from the beginnings given."""
    writer = work.model
    torch.manual_seed(seed)
    start = torch.tensor(tokens_of(writer.tokenizer, beginnings))
    whole = writer.gpt.generate(start, length, temperature=work.knobs.temperature).numpy()
    return {
        "texts": np.array(
            [[ord(c) for c in writer.tokenizer.decode(row[start.shape[1] :].tolist())] for row in whole]
        )
    }


def build(knobs: Knobs):
    """A fresh model of 16 tokens: enough to hold its gradients against the changes of its loss."""
    return Writer(CharTokenizer("abcdefghijklmnop"), knobs)


def loss(model, tokens):
    return model.gpt(torch.tensor(tokens[:, :-1]), torch.tensor(tokens[:, 1:]))[1]


def learner(model, knobs: Knobs, steps: int):
    """A function that takes one step on one batch and returns the loss before it."""
    optimizer = optim.AdamW(model.parameters(), lr=knobs.lr)

    def learn(tokens) -> float:
        now = loss(model, tokens)
        optimizer.zero_grad()
        now.backward()
        optimizer.step()
        return now.item()

    return learn


def predict(model, tokens):
    """The likeliest next token at each place: (N, T + 1) -> (N, T)."""
    with torch.no_grad():
        return model.gpt(torch.tensor(tokens[:, :-1]))[0].numpy().argmax(-1)
