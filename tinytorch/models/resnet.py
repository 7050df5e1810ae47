"""Residual networks. He, Zhang, Ren and Sun 2015 (arXiv:1512.03385). state_dict keys as torchvision's."""

from __future__ import annotations

from .. import nn


def conv3x3(n: int, m: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(n, m, 3, stride, padding=1, bias=False)


def conv1x1(n: int, m: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(n, m, 1, stride, bias=False)


class BasicBlock(nn.Module):
    """x + f(x), with f two 3 x 3 convolutions (fig. 5, left)."""

    expansion = 1

    def __init__(self, n: int, width: int, stride: int = 1, downsample=None):
        super().__init__()
        self.conv1 = conv3x3(n, width, stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = conv3x3(width, width)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = downsample

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return self.relu(out + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    """x + f(x), with f a 3 x 3 convolution between two 1 x 1 that narrow and widen (fig. 5, right).

    The stride is the 3 x 3 convolution's, as in torchvision; in the paper it is the first one's.
    """

    expansion = 4

    def __init__(self, n: int, width: int, stride: int = 1, downsample=None):
        super().__init__()
        self.conv1 = conv1x1(n, width)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = conv3x3(width, width, stride)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = conv1x1(width, width * self.expansion)
        self.bn3 = nn.BatchNorm2d(width * self.expansion)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return self.relu(out + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    """A stem, four stages of blocks, and a linear layer on the mean over all places: (B, 3, H, W) -> (B, num_classes).

    stem "imagenet" reduces 224 x 224 by 4 with a 7 x 7 convolution and a pooling (table 1); "cifar" keeps 32 x 32.
    """

    def __init__(self, block, depths, num_classes: int = 1000, stem: str = "imagenet"):
        super().__init__()
        if stem not in ("imagenet", "cifar"):
            raise ValueError(f"ResNet: stem must be 'imagenet' or 'cifar', got {stem!r}")
        large = stem == "imagenet"
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False) if large else conv3x3(3, 64)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1) if large else nn.Identity()
        self.layer1 = stage(block, 64, 64, depths[0])
        self.layer2 = stage(block, 64 * block.expansion, 128, depths[1], stride=2)
        self.layer3 = stage(block, 128 * block.expansion, 256, depths[2], stride=2)
        self.layer4 = stage(block, 256 * block.expansion, 512, depths[3], stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(512 * block.expansion, num_classes)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.avgpool(x).flatten(1))


def stage(block, n: int, width: int, depth: int, stride: int = 1) -> nn.Sequential:
    """Blocks of one width; the first has the stride, and a projection of x where its shape changes (option B)."""
    m = width * block.expansion
    downsample = None
    if stride != 1 or n != m:
        downsample = nn.Sequential(conv1x1(n, m, stride), nn.BatchNorm2d(m))
    return nn.Sequential(block(n, width, stride, downsample), *[block(m, width) for _ in range(depth - 1)])


def resnet18(num_classes: int = 1000, stem: str = "imagenet") -> ResNet:
    return ResNet(BasicBlock, [2, 2, 2, 2], num_classes, stem)


def resnet34(num_classes: int = 1000, stem: str = "imagenet") -> ResNet:
    return ResNet(BasicBlock, [3, 4, 6, 3], num_classes, stem)


def resnet50(num_classes: int = 1000, stem: str = "imagenet") -> ResNet:
    return ResNet(Bottleneck, [3, 4, 6, 3], num_classes, stem)
