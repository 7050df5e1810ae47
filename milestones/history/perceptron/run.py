"""1957: the perceptron. One neuron, a threshold, and a rule that changes its weights when it is wrong.

Rosenblatt's machine looked at punch cards and learned, by itself, which were marked on the left and which on the right. His rule moves the
weights by the input whenever the answer is wrong, and that is what the gradient of the loss max(0, -t y) says.
"""

from dataclasses import dataclass

import numpy as np

import tinytorch as torch


@dataclass
class Knobs:
    passes: int = 10
    lr: float = 0.1


class Perceptron:
    """y = w . x + b; right of the line or left of it."""

    def __init__(self, inputs: int):
        self.w = torch.zeros(inputs, requires_grad=True)
        self.b = torch.zeros(1, requires_grad=True)

    def parameters(self):
        return [self.w, self.b]

    def __call__(self, x):
        return x @ self.w + self.b


def inputs_of(images):
    return torch.tensor(np.asarray(images, np.float32).reshape(len(images), -1))


def build(knobs: Knobs):
    return Perceptron(400)


def loss(model, images, labels):
    """How far on the wrong side the answers are, in the mean; -1 and 1 stand for left and right."""
    t = torch.tensor(2.0 * np.asarray(labels, np.float32) - 1)
    return (0.01 - t * model(inputs_of(images))).clamp(min=0).mean()


def train(work):
    """Card after card, as in 1957; only a wrong answer moves the weights."""
    knobs, images, labels = work.knobs, np.array(work.data["images"]), np.array(work.data["labels"])
    model, step, total = build(knobs), 0, knobs.passes * len(images)
    for _ in range(knobs.passes):
        for i in range(len(images)):
            now = loss(model, images[i : i + 1], labels[i : i + 1])
            for p in model.parameters():
                p.grad = None
            now.backward()
            with torch.no_grad():
                for p in model.parameters():
                    p -= knobs.lr * p.grad
            step += 1
            work.log(step, total, loss=now.item())
    return model


def predict(model, images):
    with torch.no_grad():
        return (model(inputs_of(images)).numpy() > 0).astype(np.int64)
