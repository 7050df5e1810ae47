"""Labelled images held in memory: what MNIST, CIFAR-10 and the drawn sets have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..tensor_data import from_numpy
from .dataset import Dataset, Rows
from .transforms import ToFloat, Transform


class ImageDataset(Dataset):
    """`data`: uint8 images (N, C, H, W); `targets`: int64 labels (N,). A sample is (float32 image (C, H, W), label).

    `transform` gets uint8 images and takes the place of the default, which scales to 0 ... 1. A `Transform` (see
    transforms.py) is applied to a whole batch at once; any other function is called per image.
    """

    classes: Sequence[str] = ()

    def __init__(
        self,
        data: np.ndarray,
        targets: np.ndarray,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
    ):
        if data.ndim != 4 or len(data) != len(targets):
            raise ValueError(
                f"{type(self).__name__}: images {data.shape} and labels {targets.shape} must be (N, C, H, W) and (N,) for the same N"
            )
        self.data, self.targets = data, targets
        self.transform = ToFloat() if transform is None else transform
        self.target_transform = target_transform

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple:
        label = int(self.targets[index])
        return as_image(
            self.transform(self.data[index])
        ), label if self.target_transform is None else self.target_transform(label)

    def __getitems__(self, indices: Sequence[int]):
        if not isinstance(self.transform, Transform) or self.target_transform is not None:
            return [self[i] for i in indices]
        rows = np.asarray(indices, np.int64)
        return Rows([as_image(self.transform(self.data.take(rows, axis=0))), self.targets.take(rows)])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self)} images {self.data.shape[1:]}, {len(self.classes)} classes)"


def as_image(value):
    return from_numpy(np.require(value, requirements=["C", "W"])) if isinstance(value, np.ndarray) else value


def as_targets(labels) -> np.ndarray:
    return np.ascontiguousarray(labels, dtype=np.int64)
