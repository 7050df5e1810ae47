"""1998: LeNet-5. Convolutions, pooling, and three layers that decide; it read cheques for years.

LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition". The network is `tinytorch.models.LeNet5`, with
tanh and mean pooling as in the paper; the steps are Adam's, which came 16 years later.
"""

from dataclasses import dataclass

import numpy as np

import tinytorch as torch
from tinytorch import nn, optim
from tinytorch.models import LeNet5


@dataclass
class Knobs:
    steps: int = 700
    batch_size: int = 64
    lr: float = 0.003


def build(knobs: Knobs):
    return LeNet5()


def inputs_of(images):
    """-0.1 is paper, 1.175 is ink (section II.B)."""
    return torch.tensor(images.astype(np.float32) / 255 * 1.275 - 0.1)


def loss(model, images, labels):
    return nn.functional.cross_entropy(model(inputs_of(images)), torch.tensor(np.asarray(labels)))


def train(work):
    knobs, images, labels = work.knobs, work.data["images"], work.data["labels"]
    model = build(knobs)
    optimizer = optim.Adam(model.parameters(), lr=knobs.lr)
    rng = np.random.default_rng(work.seed)
    for step in range(1, knobs.steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = knobs.lr * (1 - (step - 1) / knobs.steps)
        rows = rng.integers(0, len(images), knobs.batch_size)
        now = loss(model, images[rows], labels[rows])
        optimizer.zero_grad()
        now.backward()
        optimizer.step()
        work.log(step, knobs.steps, loss=now.item())
    return model


def predict(model, images):
    with torch.no_grad():
        parts = [model(inputs_of(images[i : i + 500])).numpy().argmax(1) for i in range(0, len(images), 500)]
    return np.concatenate(parts)
