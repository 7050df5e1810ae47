"""XOR, the function that no single layer can learn: a 2-8-1 network from ten seeds.

    python examples/xor.py [steps=300 lr=0.05 hidden=8 seeds=10]

Measured: all four answers right from each of ten seeds (0 to 9).
"""

from dataclasses import dataclass

import tinytorch as torch
from tinytorch import nn, optim
from tinytorch.config import parse_args
from tinytorch.models import MLP


@dataclass
class Knobs:
    hidden: int = 8  # units of the hidden layer
    steps: int = 300
    lr: float = 0.05
    seeds: int = 10


X = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = torch.tensor([[0.0], [1.0], [1.0], [0.0]])


def train(seed: int, knobs: Knobs) -> tuple[float, int]:
    """The loss at the end, and how many of the four answers are right."""
    torch.manual_seed(seed)
    model = MLP(2, knobs.hidden, 1, activation=nn.Tanh)
    optimizer = optim.Adam(model.parameters(), lr=knobs.lr)
    for _ in range(knobs.steps):
        loss = nn.functional.binary_cross_entropy_with_logits(model(X), Y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    right = ((model(X) > 0) == (Y > 0.5)).sum()
    return loss.item(), int(right)


def main(arguments: list[str] | None = None) -> int:
    """Train from every seed; the number of seeds that solved it."""
    knobs = parse_args(Knobs, arguments)
    solved = 0
    for seed in range(knobs.seeds):
        loss, right = train(seed, knobs)
        solved += right == 4
        print(f"seed {seed}: loss {loss:.5f}, {right} of 4 right")
    print(f"solved from {solved} of {knobs.seeds} seeds")
    return solved


if __name__ == "__main__":
    main()
