"""Multi-layer perceptron. Rumelhart, Hinton and Williams 1986, "Learning representations by back-propagating errors"."""

from __future__ import annotations

from .. import nn


class MLP(nn.Module):
    """Linear layers of the given sizes with an activation between two of them: MLP(784, 256, 10).

    All dims of an input but the first are flattened into one.
    """

    def __init__(self, *sizes: int, activation=nn.ReLU, dropout: float = 0.0):
        super().__init__()
        if len(sizes) < 2:
            raise ValueError(
                f"MLP: sizes are those of the input, the hidden layers and the output; got {sizes}"
            )
        layers: list[nn.Module] = []
        for n, m in zip(sizes, sizes[1:]):
            if layers:
                layers.append(activation())
                if dropout:
                    layers.append(nn.Dropout(dropout))
            layers.append(nn.Linear(n, m))
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return self.layers(x.flatten(1))  # (B, ...) -> (B, sizes[0]) -> (B, sizes[-1])


def mlp_xor() -> MLP:
    return MLP(2, 8, 1, activation=nn.Tanh)


def mlp_mnist(num_classes: int = 10) -> MLP:
    return MLP(28 * 28, 256, 128, num_classes)
