"""Milestone 1: two networks that work, with nothing but layers, losses and gradients.

The first solves XOR, which no single layer can. The second reads handwritten digits. There is no optimizer yet: a step is one
line, the parameter minus a little of its gradient.

    tito milestone test 1
"""

from dataclasses import dataclass

import numpy as np

import tinytorch as torch
from tinytorch import nn


@dataclass
class Knobs:
    xor_hidden: int = 8
    xor_steps: int = 600
    xor_lr: float = 1.0
    hidden: int = 64
    steps: int = 900
    batch_size: int = 64
    lr: float = 0.1


# ---------------------------------------------------------------- the step that learns


def descend(model, loss, lr: float) -> float:
    """One step of gradient descent: every parameter goes a little against its gradient."""
    for p in model.parameters():
        p.grad = None
    loss.backward()
    with torch.no_grad():
        for p in model.parameters():
            p -= lr * p.grad
    return loss.item()


# ---------------------------------------------------------------- XOR


def xor_network(hidden: int):
    return nn.Sequential(nn.Linear(2, hidden), nn.Tanh(), nn.Linear(hidden, 1))


def truth_table(work, inputs, targets, seeds):
    """For each seed train a network on its table of four rows; the probabilities it gives them."""
    x = torch.tensor(np.asarray(inputs, np.float32))  # (4, 2)
    answers = []
    for seed, wanted in zip(seeds, targets):
        torch.manual_seed(int(seed))
        y = torch.tensor(np.asarray(wanted, np.float32)[:, None])  # (4, 1)
        model = xor_network(work.knobs.xor_hidden)
        for _ in range(work.knobs.xor_steps):
            descend(model, nn.functional.binary_cross_entropy_with_logits(model(x), y), work.knobs.xor_lr)
        answers.append(torch.sigmoid(model(x)).detach().numpy()[:, 0])
    return {"probabilities": np.array(answers)}


# ---------------------------------------------------------------- digits


def build(knobs: Knobs):
    return nn.Sequential(nn.Linear(28 * 28, knobs.hidden), nn.ReLU(), nn.Linear(knobs.hidden, 10))


def inputs_of(images):
    """uint8 pictures -> rows of numbers around 0."""
    return torch.tensor(images.reshape(len(images), -1).astype(np.float32) / 128 - 0.25)


def loss(model, images, labels):
    return nn.functional.cross_entropy(model(inputs_of(images)), torch.tensor(np.asarray(labels)))


def learner(model, knobs: Knobs, steps: int):
    """A function that takes one step on one batch and returns the loss before it."""
    return lambda images, labels: descend(model, loss(model, images, labels), knobs.lr)


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
        parts = [
            model(inputs_of(images[i : i + 1000])).numpy().argmax(1) for i in range(0, len(images), 1000)
        ]
    return np.concatenate(parts)
