"""1986: XOR by backpropagation. A hidden layer finds for itself the features that make the problem easy.

Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors": sigmoid units, the squared error, and steps with
momentum (0.9 in the paper). Their smallest network for XOR has two hidden units and sometimes gets stuck; here it has eight.
"""

from dataclasses import dataclass

import numpy as np

import tinytorch as torch


@dataclass
class Knobs:
    hidden: int = 8
    steps: int = 1500
    lr: float = 0.5
    momentum: float = 0.9


class Network:
    """2 -> hidden -> 1, sigmoid units; weights and biases are plain tensors."""

    def __init__(self, hidden: int):
        self.w1 = torch.randn(2, hidden, requires_grad=True)
        self.b1 = torch.zeros(hidden, requires_grad=True)
        self.w2 = torch.randn(hidden, 1, requires_grad=True)
        self.b2 = torch.zeros(1, requires_grad=True)

    def parameters(self):
        return [self.w1, self.b1, self.w2, self.b2]

    def __call__(self, x):
        h = torch.sigmoid(x @ self.w1 + self.b1)
        return torch.sigmoid(h @ self.w2 + self.b2)


def build(knobs: Knobs):
    return Network(knobs.hidden)


def truth_table(work, inputs, targets, seeds):
    """For each seed train a network on its table of four rows; the answers it gives them."""
    knobs, answers = work.knobs, []
    x = torch.tensor(np.asarray(inputs, np.float32))
    for seed, wanted in zip(seeds, targets):
        torch.manual_seed(int(seed))
        t = torch.tensor(np.asarray(wanted, np.float32)[:, None])
        model = build(knobs)
        speed = [np.zeros(p.shape, np.float32) for p in model.parameters()]
        for _ in range(knobs.steps):
            for p in model.parameters():
                p.grad = None
            ((model(x) - t) ** 2).sum().backward()
            with torch.no_grad():
                for i, p in enumerate(model.parameters()):
                    speed[i] = knobs.momentum * speed[i] - knobs.lr * p.grad.numpy()
                    p += torch.tensor(speed[i])
        answers.append(model(x).detach().numpy()[:, 0])
    return {"probabilities": np.array(answers)}


def train(work):
    """Nothing to prepare: the judge's tables are what is learned."""
    return None


def loss(model, tokens):
    """For checking gradients: the squared error on random points of the square."""
    points = np.asarray(tokens[:, :2], np.float32) / 16
    x = torch.tensor(points)
    t = torch.tensor((points[:, :1] > 0.5).astype(np.float32))
    return ((model(x) - t) ** 2).sum()
