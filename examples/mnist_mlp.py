"""Handwritten digits with a multilayer perceptron, and every line of the training loop in sight.

    python examples/mnist_mlp.py [epochs=3 lr=1e-3 hidden=128 batch_size=64 data=mnist]

Reads MNIST from $TINYTORCH_DATA, datasets/ or ~/.tinytorch/datasets (downloading it if need be); `data=drawn` takes digits
that the package draws itself.

Measured: 96.58% on the 10,000 test images after 3 epochs, seed 0, one run; 1.0 s an epoch in plain NumPy with one BLAS thread
on a two-core x86-64 machine.
"""

import time
from dataclasses import dataclass
from typing import Literal

import tinytorch as torch
from tinytorch import nn, optim
from tinytorch.config import parse_args
from tinytorch.data import MNIST, DataLoader, DrawnDigits
from tinytorch.models import MLP


@dataclass
class Knobs:
    data: Literal["mnist", "drawn"] = "mnist"
    epochs: int = 3
    lr: float = 1e-3
    hidden: int = 128
    batch_size: int = 64
    seed: int = 0


def digits(name: str, train: bool):
    return MNIST(train=train) if name == "mnist" else DrawnDigits(train=train)


def train_epoch(model, loader, optimizer) -> float:
    """One pass over the data; the mean loss."""
    model.train()
    total = 0.0
    for images, labels in loader:
        loss = nn.functional.cross_entropy(model(images.flatten(1)), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
    return total / len(loader.dataset)


@torch.no_grad()
def accuracy(model, loader) -> float:
    model.eval()
    right = sum((model(images.flatten(1)).argmax(1) == labels).sum().item() for images, labels in loader)
    return right / len(loader.dataset)


def main(arguments: list[str] | None = None) -> float:
    """Train and test; the accuracy on the test images."""
    knobs = parse_args(Knobs, arguments)
    torch.manual_seed(knobs.seed)
    loader = DataLoader(digits(knobs.data, True), batch_size=knobs.batch_size, shuffle=True)
    test = DataLoader(digits(knobs.data, False), batch_size=1000)
    model = MLP(784, knobs.hidden, 10)
    optimizer = optim.Adam(model.parameters(), lr=knobs.lr)
    result = 0.0
    for epoch in range(knobs.epochs):
        begun = time.perf_counter()
        loss = train_epoch(model, loader, optimizer)
        result = accuracy(model, test)
        print(
            f"epoch {epoch + 1}: loss {loss:.4f}, test accuracy {result:.2%}, {time.perf_counter() - begun:.1f} s"
        )
    return result


if __name__ == "__main__":
    main()
