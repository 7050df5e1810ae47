"""VGG. Simonyan and Zisserman 2014 (arXiv:1409.1556), table 1. state_dict keys as torchvision's."""

from __future__ import annotations

from .. import nn

# The columns of table 1: channels of the 3 x 3 convolutions, "M" for a 2 x 2 max-pooling.
A = [64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"]
B = [64, 64, "M", 128, 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"]
D = [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"]
E = [64, 64, "M", 128, 128, "M", 256, 256, 256, 256, "M", 512, 512, 512, 512, "M", 512, 512, 512, 512, "M"]


class VGG(nn.Module):
    """Stacks of 3 x 3 convolutions between poolings, then linear layers: (B, 3, H, W) -> (B, num_classes).

    cifar=True is for images of 32 x 32, which five poolings bring to 1 x 1: one linear layer is left of the three.
    """

    def __init__(
        self,
        columns,
        num_classes: int = 1000,
        batch_norm: bool = False,
        dropout: float = 0.5,
        cifar: bool = False,
    ):
        super().__init__()
        self.features = convolutions(columns, batch_norm)
        self.avgpool = nn.Identity() if cifar else nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Linear(512, num_classes) if cifar else classifier(num_classes, dropout)
        self.apply(initialize)

    def forward(self, x):
        x = self.avgpool(self.features(x))  # (B, 512, 7, 7)
        return self.classifier(x.flatten(1))


def convolutions(columns, batch_norm: bool) -> nn.Sequential:
    layers: list[nn.Module] = []
    channels = 3
    for entry in columns:
        if entry == "M":
            layers.append(nn.MaxPool2d(2, 2))
            continue
        layers.append(nn.Conv2d(channels, entry, 3, padding=1))
        if batch_norm:
            layers.append(nn.BatchNorm2d(entry))
        layers.append(nn.ReLU(inplace=True))
        channels = entry
    return nn.Sequential(*layers)


def classifier(num_classes: int, dropout: float) -> nn.Sequential:
    hidden = [nn.Linear(512 * 7 * 7, 4096), nn.ReLU(inplace=True), nn.Dropout(dropout)]
    hidden += [nn.Linear(4096, 4096), nn.ReLU(inplace=True), nn.Dropout(dropout)]
    return nn.Sequential(*hidden, nn.Linear(4096, num_classes))


def initialize(layer) -> None:
    """He et al. 2015 (arXiv:1502.01852) for convolutions; without it or batch norm the deep ones do not start."""
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(layer.bias)
    elif isinstance(layer, nn.Linear):
        nn.init.normal_(layer.weight, 0, 0.01)
        nn.init.zeros_(layer.bias)


def vgg11(num_classes: int = 1000, **settings) -> VGG:
    return VGG(A, num_classes, **settings)


def vgg13(num_classes: int = 1000, **settings) -> VGG:
    return VGG(B, num_classes, **settings)


def vgg16(num_classes: int = 1000, **settings) -> VGG:
    return VGG(D, num_classes, **settings)


def vgg19(num_classes: int = 1000, **settings) -> VGG:
    return VGG(E, num_classes, **settings)


def vgg11_cifar(num_classes: int = 10) -> VGG:
    return VGG(A, num_classes, batch_norm=True, cifar=True)
