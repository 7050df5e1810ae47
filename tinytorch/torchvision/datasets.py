"""torchvision.datasets: pictures as Pillow images with their class numbers."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .. import random
from ..data import vision
from ..data.dataset import Dataset
from ..tensor_data import from_numpy
from .transforms.functional import pillow

EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")


class VisionDataset(Dataset):
    """A picture and its target, each through its transform."""

    def __init__(
        self,
        root=None,
        transforms=None,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
    ):
        if transforms is not None and (transform is not None or target_transform is not None):
            raise ValueError("Only transforms or transform/target_transform can be passed as argument")
        self.root = os.path.expanduser(root) if isinstance(root, str) else root
        self.transforms, self.transform, self.target_transform = transforms, transform, target_transform

    def transformed(self, image, target) -> tuple[Any, Any]:
        if self.transforms is not None:
            return self.transforms(image, target)
        image = image if self.transform is None else self.transform(image)
        return image, target if self.target_transform is None else self.target_transform(target)

    def __repr__(self) -> str:
        lines = [f"Dataset {type(self).__name__}", f"    Number of datapoints: {len(self)}"]  # type: ignore[arg-type]
        lines += [] if self.root is None else [f"    Root location: {self.root}"]
        split = getattr(self, "train", None)
        lines += [] if split is None else [f"    Split: {'Train' if split else 'Test'}"]
        if self.transform is not None:
            lines.append(
                "    StandardTransform\nTransform: " + repr(self.transform).replace("\n", "\n           ")
            )
        return "\n".join(lines)


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


def place(root, inside: str):
    """torchvision's own folder below root, where there is one; otherwise root."""
    folder = None if root is None else Path(root) / inside
    return folder if folder is not None and folder.is_dir() else root


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


class ImageFolder(VisionDataset):
    """root/CLASS/PICTURE: the folders are the classes, in alphabetical order."""

    def __init__(
        self,
        root,
        transform=None,
        target_transform=None,
        loader=None,
        is_valid_file=None,
        allow_empty: bool = False,
    ):
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.loader = loader or open_picture
        self.classes = sorted(entry.name for entry in os.scandir(root) if entry.is_dir())
        if not self.classes:
            raise FileNotFoundError(f"Couldn't find any class folder in {root}.")
        self.class_to_idx = {name: i for i, name in enumerate(self.classes)}
        valid = is_valid_file or (lambda path: path.lower().endswith(EXTENSIONS))
        self.samples = [
            (path, i)
            for name, i in self.class_to_idx.items()
            for path in files_below(os.path.join(root, name))
            if valid(path)
        ]
        empty = sorted(set(self.classes) - {self.classes[i] for _, i in self.samples})
        if empty and not allow_empty:
            raise FileNotFoundError(
                f"Found no valid file for the classes {', '.join(empty)}. Supported extensions are: {', '.join(EXTENSIONS)}"
            )
        self.imgs, self.targets = self.samples, [i for _, i in self.samples]

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int):
        path, target = self.samples[index]
        return self.transformed(self.loader(path), target)


def files_below(folder: str) -> list[str]:
    return [
        os.path.join(at, name)
        for at, _, names in sorted(os.walk(folder, followlinks=True))
        for name in sorted(names)
    ]


def open_picture(path: str):
    with open(path, "rb") as file:
        return pillow().open(file).convert("RGB")
