"""A multilayer perceptron above 95% on MNIST: the first network everyone trains, with Adam.

tito milestones run mnist_mlp
"""

from dataclasses import dataclass

import numpy as np

import tinytorch as torch
from tinytorch import nn, optim


@dataclass
class Knobs:
    hidden: int = 128
    steps: int = 1400
    batch_size: int = 64
    lr: float = 0.002


def build(knobs: Knobs):
    return nn.Sequential(nn.Linear(784, knobs.hidden), nn.ReLU(), nn.Linear(knobs.hidden, 10))


def inputs_of(images):
    """uint8 pictures -> rows of numbers around 0."""
    return torch.tensor(images.reshape(len(images), -1).astype(np.float32) / 128 - 0.25)


def loss(model, images, labels):
    return nn.functional.cross_entropy(model(inputs_of(images)), torch.tensor(np.asarray(labels)))


def train(work):
    knobs, images, labels = work.knobs, work.data["images"], work.data["labels"]
    model = build(knobs)
    optimizer = optim.Adam(model.parameters(), lr=knobs.lr)
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
