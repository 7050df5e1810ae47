"""torchvision.models.alexnet: the network for one GPU. Krizhevsky (2014), arXiv:1404.5997."""

from __future__ import annotations

from ... import nn
from .weights import AlexNet_Weights, constructor  # noqa: F401


class AlexNet(nn.Module):
    """Five convolutions and three linear layers: (B, 3, H, W) -> (B, num_classes)."""

    def __init__(self, num_classes: int = 1000, dropout: float = 0.5):
        super().__init__()
        convolutions = [(3, 64, 11, 4, 2), (64, 192, 5, 1, 2), (192, 384, 3, 1, 1), (384, 256, 3, 1, 1)]
        layers: list[nn.Module] = []
        for k, (n, m, kernel, stride, padding) in enumerate([*convolutions, (256, 256, 3, 1, 1)]):
            layers += [nn.Conv2d(n, m, kernel, stride, padding), nn.ReLU(inplace=True)]
            if k in (0, 1, 4):
                layers.append(nn.MaxPool2d(kernel_size=3, stride=2))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d((6, 6))
        self.classifier = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Linear(4096, num_classes),
        )

    def forward(self, x):
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


@constructor
def alexnet(**settings) -> AlexNet:
    return AlexNet(**settings)
