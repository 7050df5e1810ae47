"""Milestone 2: a convolutional network that reads handwritten digits.

Two layers of small filters, each followed by a pooling, find strokes and then parts of digits; one linear layer decides.

    tito milestone test 2
"""

from dataclasses import dataclass

import numpy as np

import tinytorch as torch
from tinytorch import nn, optim


@dataclass
class Knobs:
    channels: int = 8  # of the first convolution; the second has twice as many
    steps: int = 500  # of 64 digits: half of the 60,000 are seen, once
    batch_size: int = 64
    lr: float = 0.004


def build(knobs: Knobs):
    c = knobs.channels
    return nn.Sequential(
        nn.Conv2d(1, c, 5, stride=2, padding=2),  # (B, 1, 28, 28) -> (B, c, 14, 14)
        nn.ReLU(),
        nn.Conv2d(c, 2 * c, 3, padding=1),  # -> (B, 2c, 14, 14)
        nn.ReLU(),
        nn.MaxPool2d(2),  # -> (B, 2c, 7, 7)
        nn.Flatten(),
        nn.Linear(2 * c * 7 * 7, 10),
    )


def inputs_of(images):
    """uint8 pictures (B, 1, 28, 28) -> numbers around 0."""
    return torch.tensor(images.astype(np.float32) / 128 - 0.25)


def loss(model, images, labels):
    return nn.functional.cross_entropy(model(inputs_of(images)), torch.tensor(np.asarray(labels)))


def learner(model, knobs: Knobs, steps: int):
    """A function that takes one step on one batch and returns the loss before it. The rate falls to 0 in a straight line."""
    optimizer = optim.Adam(model.parameters(), lr=knobs.lr)
    done = 0

    def learn(images, labels) -> float:
        nonlocal done
        for group in optimizer.param_groups:
            group["lr"] = knobs.lr * (1 - done / steps)
        done += 1
        now = loss(model, images, labels)
        optimizer.zero_grad()
        now.backward()
        optimizer.step()
        return now.item()

    return learn


def train(work):
    """Take batches in a random order, one step each; when all pictures have been seen, begin again."""
    knobs, images, labels = work.knobs, work.data["images"], work.data["labels"]
    model = build(knobs)
    learn = learner(model, knobs, knobs.steps)
    batches = shuffled(len(images), knobs.batch_size, np.random.default_rng(work.seed))
    for step in range(1, knobs.steps + 1):
        rows = next(batches)
        work.log(step, knobs.steps, loss=learn(images[rows], labels[rows]))
    return model


def shuffled(count: int, size: int, rng):
    """Batches of row numbers without end: every pass goes over all rows in a new order."""
    while True:
        order = rng.permutation(count)
        yield from (order[i : i + size] for i in range(0, count - size + 1, size))


def predict(model, images):
    """The digit each picture shows, says the model."""
    with torch.no_grad():
        parts = [model(inputs_of(images[i : i + 500])).numpy().argmax(1) for i in range(0, len(images), 500)]
    return np.concatenate(parts)
