"""torchvision.datasets.fakedata: pictures of noise."""

from __future__ import annotations

import numpy as np

from ... import random
from ..transforms.functional import pillow
from .vision import VisionDataset


class FakeData(VisionDataset):
    """Random pictures with random labels, the same for the same index."""

    def __init__(
        self, size: int = 1000, image_size: tuple[int, int, int] = (3, 224, 224), num_classes: int = 10, transform=None,
        target_transform=None, random_offset: int = 0,
    ):  # fmt: skip
        super().__init__(None, transform=transform, target_transform=target_transform)
        self.size, self.image_size, self.num_classes, self.random_offset = (
            size,
            image_size,
            num_classes,
            random_offset,
        )

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int):
        if not 0 <= index < len(self):
            raise IndexError(f"{type(self).__name__} index out of range")
        draw = random.Generator().manual_seed(index + self.random_offset).numpy
        channels, height, width = self.image_size
        pixels = draw.integers(0, 256, (height, width, channels), dtype=np.uint8)
        image = pillow().fromarray(pixels if channels == 3 else pixels[..., 0])
        return self.transformed(image, int(draw.integers(0, self.num_classes)))
