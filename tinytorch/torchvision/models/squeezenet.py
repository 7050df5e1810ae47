"""torchvision.models.squeezenet. Iandola et al. (2016), arXiv:1602.07360."""

from __future__ import annotations

from functools import partial

from ... import nn
from ...ops import cat
from .weights import SqueezeNet1_0_Weights, SqueezeNet1_1_Weights, constructor  # noqa: F401


class Fire(nn.Module):
    """A 1 x 1 convolution to few channels, then 1 x 1 and 3 x 3 side by side (fig. 1)."""

    def __init__(self, inplanes: int, squeeze_planes: int, expand1x1_planes: int, expand3x3_planes: int):
        super().__init__()
        self.squeeze = nn.Conv2d(inplanes, squeeze_planes, kernel_size=1)
        self.squeeze_activation = nn.ReLU(inplace=True)
        self.expand1x1 = nn.Conv2d(squeeze_planes, expand1x1_planes, kernel_size=1)
        self.expand1x1_activation = nn.ReLU(inplace=True)
        self.expand3x3 = nn.Conv2d(squeeze_planes, expand3x3_planes, kernel_size=3, padding=1)
        self.expand3x3_activation = nn.ReLU(inplace=True)

    def forward(self, x):
        x = self.squeeze_activation(self.squeeze(x))
        return cat(
            [self.expand1x1_activation(self.expand1x1(x)), self.expand3x3_activation(self.expand3x3(x))], 1
        )


# The squeezed channels of each fire module, a quarter of either half of what comes out; "M" for a max-pooling.
COLUMNS: dict[str, list] = {
    "1_0": [16, 16, 32, "M", 32, 48, 48, 64, "M", 64],
    "1_1": [16, 16, "M", 32, 32, "M", 48, 48, 64, 64],
}


class SqueezeNet(nn.Module):
    """A convolution, eight fire modules, a convolution to the classes: (B, 3, H, W) -> (B, num_classes)."""

    def __init__(self, version: str = "1_0", num_classes: int = 1000, dropout: float = 0.5):
        super().__init__()
        if version not in COLUMNS:
            raise ValueError(f"Unsupported SqueezeNet version {version}: 1_0 or 1_1 expected")
        channels, kernel = (96, 7) if version == "1_0" else (64, 3)
        pool = partial(nn.MaxPool2d, kernel_size=3, stride=2, ceil_mode=True)
        layers: list[nn.Module] = [nn.Conv2d(3, channels, kernel, stride=2), nn.ReLU(inplace=True), pool()]
        for entry in COLUMNS[version]:
            if entry == "M":
                layers.append(pool())
                continue
            layers.append(Fire(channels, entry, 4 * entry, 4 * entry))
            channels = 8 * entry
        self.num_classes = num_classes
        self.features = nn.Sequential(*layers)
        last = nn.Conv2d(512, num_classes, kernel_size=1)
        self.classifier = nn.Sequential(
            nn.Dropout(dropout), last, nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d((1, 1))
        )
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                if layer is last:
                    nn.init.normal_(layer.weight, mean=0.0, std=0.01)
                else:
                    nn.init.kaiming_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)

    def forward(self, x):
        return self.classifier(self.features(x)).flatten(1)


@constructor
def squeezenet1_0(**settings) -> SqueezeNet:
    return SqueezeNet("1_0", **settings)


@constructor
def squeezenet1_1(**settings) -> SqueezeNet:
    return SqueezeNet("1_1", **settings)
