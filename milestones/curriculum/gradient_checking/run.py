"""Gradient checking: what backpropagation says, beside what differences say.

The judge sends arrays and the name of a function; this script answers with the function's value and its gradients, as your package
computes them. On the other side the same function stands in plain NumPy, and its differences are taken there.

    tito milestones run gradient_checking
"""

from dataclasses import dataclass

import numpy as np

import tinytorch as torch
from tinytorch import nn
from tinytorch.nn import functional as F


@dataclass
class Knobs:
    pass


FUNCTIONS = {
    "add": lambda x, y: x + y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / (y * y + 1),
    "matmul": lambda x, y: x @ y.T,
    "exp": lambda x, y: torch.exp(x),
    "log": lambda x, y: torch.log(x * x + 1),
    "power": lambda x, y: (x * x + 1) ** 1.5,
    "sum": lambda x, y: x.sum(0) * y,
    "mean": lambda x, y: x.mean(1, keepdim=True) * y,
    "max": lambda x, y: x.max(1).values,
    "tanh": lambda x, y: torch.tanh(x),
    "sigmoid": lambda x, y: torch.sigmoid(x * y),
    "relu": lambda x, y: F.relu(x) * y,
    "softmax": lambda x, y: F.softmax(x, dim=1),
    "log_softmax": lambda x, y: F.log_softmax(x, dim=1),
    "broadcast": lambda x, y: x * y[0] + y[:, :1],
    "index": lambda x, y: x[1:, ::2] * 2,
    "network": lambda x, y: torch.tanh(x @ torch.relu(y.T @ x)) @ y.T,
}


def train(work):
    return None


def gradients_of(work, x, y, weights, name: str):
    """The function's value on x and y, and the gradients of the weighted sum of what comes out."""
    x = torch.tensor(np.array(x), requires_grad=True)
    y = torch.tensor(np.array(y), requires_grad=True)
    out = FUNCTIONS[name](x, y)
    (out * torch.tensor(np.array(weights)[: out.numel()]).reshape(out.shape)).sum().backward()
    empty = lambda p: np.zeros(p.shape) if p.grad is None else p.grad.numpy()
    return {"value": out.detach().numpy(), "gx": empty(x), "gy": empty(y)}


def build(knobs: Knobs):
    return nn.Sequential(nn.Linear(16, 8), nn.Tanh(), nn.Linear(8, 1))


def loss(model, tokens):
    """A small network on random numbers."""
    return (model(torch.tensor(np.asarray(tokens[:, :16], np.float32) / 8 - 1)) ** 2).mean()
