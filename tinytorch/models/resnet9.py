"""ResNet-9: a residual network that learns CIFAR-10 in minutes. David Page 2018, "How to train your ResNet", part 4."""

from __future__ import annotations

from .. import nn


class ConvNorm(nn.Sequential):
    """3 x 3 convolution, batch norm, relu, and a 2 x 2 max-pooling if asked for."""

    def __init__(self, n: int, m: int, pool: bool = False):
        layers = [nn.Conv2d(n, m, 3, padding=1, bias=False), nn.BatchNorm2d(m), nn.ReLU(inplace=True)]
        super().__init__(*layers, *[nn.MaxPool2d(2)] * pool)


class Residual(nn.Module):
    """x + f(x)."""

    def __init__(self, *layers: nn.Module):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return x + self.layers(x)


class ResNet9(nn.Module):
    """(B, 3, 32, 32) -> (B, num_classes). `width` is that of the first layer; `scale` tempers the logits."""

    def __init__(self, num_classes: int = 10, in_channels: int = 3, width: int = 64, scale: float = 0.125):
        super().__init__()
        w = width
        self.features = nn.Sequential(
            ConvNorm(in_channels, w),
            ConvNorm(w, 2 * w, pool=True),  # (B, 2w, 16, 16)
            Residual(ConvNorm(2 * w, 2 * w), ConvNorm(2 * w, 2 * w)),
            ConvNorm(2 * w, 4 * w, pool=True),  # (B, 4w, 8, 8)
            ConvNorm(4 * w, 8 * w, pool=True),  # (B, 8w, 4, 4)
            Residual(ConvNorm(8 * w, 8 * w), ConvNorm(8 * w, 8 * w)),
            nn.AdaptiveMaxPool2d(1),
            nn.Flatten(),
        )
        self.classifier = nn.Linear(8 * w, num_classes, bias=False)
        self.scale = scale

    def forward(self, x):
        return self.classifier(self.features(x)) * self.scale


def resnet9(num_classes: int = 10) -> ResNet9:
    return ResNet9(num_classes)


def resnet9_small(num_classes: int = 10) -> ResNet9:
    return ResNet9(num_classes, width=16)
