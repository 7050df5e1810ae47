"""LeNet-5. LeCun, Bottou, Bengio and Haffner 1998, "Gradient-based learning applied to document recognition", fig. 2."""

from __future__ import annotations

from .. import nn


class LeNet5(nn.Module):
    """Two convolutions with pooling, then three linear layers: (B, in_channels, 28, 28) -> (B, num_classes).

    The paper pads digits to 32 x 32, which here the first convolution does; each map of its second convolution sees only
    some of the first's maps (table I), here all; its output layer measures distances, here it is linear.
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 1, activation=nn.Tanh, pool=nn.AvgPool2d):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(in_channels, 6, 5, padding=2),  # C1: (B, 6, 28, 28)
            activation(),
            pool(2),  # S2: (B, 6, 14, 14)
            nn.Conv2d(6, 16, 5),  # C3: (B, 16, 10, 10)
            activation(),
            pool(2),  # S4: (B, 16, 5, 5)
        )
        self.classifier = nn.Sequential(
            nn.Linear(16 * 5 * 5, 120),  # C5
            activation(),
            nn.Linear(120, 84),  # F6
            activation(),
            nn.Linear(84, num_classes),
        )

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


def lenet5(num_classes: int = 10) -> LeNet5:
    return LeNet5(num_classes)


def lenet5_modern(num_classes: int = 10) -> LeNet5:
    return LeNet5(num_classes, activation=nn.ReLU, pool=nn.MaxPool2d)
