"""U-Net: from an image to a class for each of its pixels. Ronneberger, Fischer and Brox 2015 (arXiv:1505.04597), fig. 1."""

from __future__ import annotations

from .. import nn
from ..ops import cat


class DoubleConv(nn.Sequential):
    """Two 3 x 3 convolutions, each with batch norm (not in the paper) and relu."""

    def __init__(self, n: int, m: int, padding: int, norm: bool):
        layers: list[nn.Module] = []
        for channels in (n, m):
            layers.append(nn.Conv2d(channels, m, 3, padding=padding, bias=not norm))
            if norm:
                layers.append(nn.BatchNorm2d(m))
            layers.append(nn.ReLU(inplace=True))
        super().__init__(*layers)


class UNet(nn.Module):
    """Down `depth` times by pooling, up again by transposed convolutions, each level joined to its counterpart.

    (B, in_channels, H, W) -> (B, num_classes, H, W), H and W multiples of 2**depth. padding=0 is the paper's: each
    convolution takes two pixels off, so that (572, 572) gives (388, 388).
    """

    def __init__(
        self,
        in_channels: int = 3,
        num_classes: int = 2,
        width: int = 64,
        depth: int = 4,
        padding: int = 1,
        norm: bool = True,
    ):
        super().__init__()
        widths = [width * 2**level for level in range(depth + 1)]
        below = [in_channels, *widths]
        self.multiple = 2**depth if padding else 1
        self.down = nn.ModuleList(DoubleConv(n, m, padding, norm) for n, m in zip(below, widths))
        self.pool = nn.MaxPool2d(2)
        pairs = list(zip(widths[:0:-1], widths[-2::-1]))  # (1024, 512), ..., (128, 64)
        self.up = nn.ModuleList(nn.ConvTranspose2d(n, m, 2, stride=2) for n, m in pairs)
        self.merge = nn.ModuleList(DoubleConv(n, m, padding, norm) for n, m in pairs)
        self.head = nn.Conv2d(width, num_classes, 1)

    def forward(self, x):
        if x.shape[-2] % self.multiple or x.shape[-1] % self.multiple:
            raise ValueError(
                f"UNet: height and width must be multiples of {self.multiple}, got {tuple(x.shape[-2:])}"
            )
        seen = []
        for level, convs in enumerate(self.down):
            x = convs(x if level == 0 else self.pool(x))
            seen.append(x)
        for up, merge, skip in zip(self.up, self.merge, reversed(seen[:-1])):
            x = up(x)
            x = merge(cat([center(skip, x.shape[-2:]), x], dim=1))
        return self.head(x)


def center(x, size):
    """The middle of x, of the size given."""
    top, left = (x.shape[-2] - size[0]) // 2, (x.shape[-1] - size[1]) // 2
    return x if tuple(x.shape[-2:]) == tuple(size) else x[..., top : top + size[0], left : left + size[1]]


def unet(num_classes: int = 2, in_channels: int = 3) -> UNet:
    return UNet(in_channels, num_classes)


def unet_paper(num_classes: int = 2) -> UNet:
    return UNet(1, num_classes, padding=0, norm=False)


def unet_small(num_classes: int = 2, in_channels: int = 3) -> UNet:
    return UNet(in_channels, num_classes, width=16, depth=3)
