"""torchvision.datasets.cifar."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...data import vision
from ..transforms.functional import pillow
from .vision import VisionDataset, place


class CIFAR10(VisionDataset):
    """60,000 photographs of 32 x 32 in ten classes."""

    reader: Any = vision.CIFAR10
    base_folder = "cifar-10-batches-py"

    def __init__(
        self, root=None, train: bool = True, transform=None, target_transform=None, download: bool = False
    ):
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        read = self.reader(root=place(self.root, self.base_folder), train=train, download=download)
        self.classes = list(read.classes)
        self.data = np.ascontiguousarray(read.data.transpose(0, 2, 3, 1))  # (N, 3, 32, 32) -> (N, 32, 32, 3)
        self.targets = read.targets.tolist()

    @property
    def class_to_idx(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.classes)}

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int):
        return self.transformed(pillow().fromarray(self.data[index]), self.targets[index])


class CIFAR100(CIFAR10):
    """60,000 photographs of 32 x 32 in a hundred classes."""

    reader = vision.CIFAR100
    base_folder = "cifar-100-python"
