"""torchvision.datasets.mnist: MNIST and the sets in its format."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from ...data import vision
from ...data.idx import read_idx
from ...tensor import Tensor
from ...tensor_data import from_numpy
from ..transforms.functional import pillow
from .vision import VisionDataset, files_of, place


class MNIST(VisionDataset):
    """70,000 handwritten digits of 28 x 28. Found where `tinytorch.data.MNIST` finds it, or in torchvision's folders."""

    reader: Any = vision.MNIST
    classes = [
        "0 - zero", "1 - one", "2 - two", "3 - three", "4 - four", "5 - five", "6 - six", "7 - seven", "8 - eight", "9 - nine",
    ]  # fmt: skip

    def __init__(
        self, root=None, train: bool = True, transform=None, target_transform=None, download: bool = False
    ):
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        read = self.reader(
            root=place(self.root, f"{type(self).__name__}/raw"), train=train, download=download
        )
        self.data, self.targets = from_numpy(np.array(read.data[:, 0])), from_numpy(np.array(read.targets))

    @property
    def raw_folder(self) -> str:
        return os.path.join(self.root or "", type(self).__name__, "raw")

    @property
    def processed_folder(self) -> str:
        return os.path.join(self.root or "", type(self).__name__, "processed")

    # the names of the first releases
    train_data = test_data = property(lambda self: self.data)
    train_labels = test_labels = property(lambda self: self.targets)

    @property
    def class_to_idx(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.classes)}

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int):
        image = pillow().fromarray(self.data.array[index])
        return self.transformed(image, int(self.targets.array[index]))


class FashionMNIST(MNIST):
    """70,000 pictures of clothes in MNIST's format."""

    reader = vision.FashionMNIST
    classes = list(vision.FashionMNIST.classes)


class KMNIST(MNIST):
    """70,000 cursive Japanese characters in MNIST's format."""

    reader = vision.KMNIST
    classes = list(vision.KMNIST.classes)


class EMNIST(MNIST):
    """Letters and digits in MNIST's format, each turned and mirrored, in one of six splits. Cohen et al. (2017)."""

    splits = ("byclass", "bymerge", "balanced", "letters", "digits", "mnist")
    source = "https://www.itl.nist.gov/iaui/vip/cs_links/EMNIST/gzip.zip"
    digits, letters = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    merged = set("cijklmopsuvwxyz")  # small letters that look like capitals
    of_split = {
        "byclass": [*digits, *letters, *letters.lower()],
        "bymerge": sorted({*digits, *letters, *letters.lower()} - merged),
        "balanced": sorted({*digits, *letters, *letters.lower()} - merged),
        "letters": ["N/A", *letters.lower()],
        "digits": [*digits],
        "mnist": [*digits],
    }

    def __init__(self, root, split: str, train: bool = True, download: bool = False, **transforms):
        VisionDataset.__init__(self, root, **transforms)
        if split not in self.splits:
            raise ValueError(f"Unknown value {split!r} for argument split. Valid values are {self.splits}.")
        self.split, self.train, self.classes = split, train, self.of_split[split]
        part = "train" if train else "test"
        names = [f"emnist-{split}-{part}-{kind}-ubyte" for kind in ("images-idx3", "labels-idx1")]
        folder = Path(self.raw_folder)
        packed = [name if (folder / name).exists() else f"{name}.gz" for name in names]
        images, labels = map(read_idx, files_of("EMNIST", folder, packed, download, self.source))
        self.data, self.targets = from_numpy(images.copy()), from_numpy(labels.astype(np.int64))


def read_image_file(path: str) -> Tensor:
    """The pictures in a file of MNIST's format: uint8 (N, H, W)."""
    return from_numpy(read_idx(Path(path)).copy())


def read_label_file(path: str) -> Tensor:
    """The numbers in a file of MNIST's format: int64 (N,)."""
    return from_numpy(read_idx(Path(path)).astype(np.int64))
