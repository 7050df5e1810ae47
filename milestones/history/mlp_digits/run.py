"""1989: handwritten digits. A network with a hidden layer reads digits of 16 x 16 pixels, the size of the post office's zip codes.

LeCun and others, "Backpropagation applied to handwritten zip code recognition": tanh units and stochastic steps, a digit at a time then, a few at a
time here. Their network already shared weights; this one does not, and 1998 says what that is worth.
"""

from dataclasses import dataclass

import numpy as np

import tinytorch as torch
from tinytorch import nn, optim


@dataclass
class Knobs:
    hidden: int = 40
    steps: int = 1500
    batch_size: int = 32
    lr: float = 0.1


def build(knobs: Knobs):
    return nn.Sequential(nn.Linear(256, knobs.hidden), nn.Tanh(), nn.Linear(knobs.hidden, 10))


def inputs_of(images):
    """-1 is paper, 1 is ink."""
    return torch.tensor(images.reshape(len(images), -1).astype(np.float32) / 127.5 - 1)


def loss(model, images, labels):
    return nn.functional.cross_entropy(model(inputs_of(images)), torch.tensor(np.asarray(labels)))


def train(work):
    knobs, images, labels = work.knobs, work.data["images"], work.data["labels"]
    model = build(knobs)
    optimizer = optim.SGD(model.parameters(), lr=knobs.lr)
    rng = np.random.default_rng(work.seed)
    for step in range(1, knobs.steps + 1):
        rows = rng.integers(0, len(images), knobs.batch_size)
        now = loss(model, images[rows], labels[rows])
        optimizer.zero_grad()
        now.backward()
        optimizer.step()
        work.log(step, knobs.steps, loss=now.item())
    return model


def predict(model, images):
    with torch.no_grad():
        return model(inputs_of(images)).numpy().argmax(1)
