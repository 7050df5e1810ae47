"""Readers of published image sets: MNIST, Fashion-MNIST, KMNIST, CIFAR-10, CIFAR-100."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from .idx import read_idx
from .images import ImageDataset, as_targets
from .locate import locate
from .unpickle import read_pickle


class MNIST(ImageDataset):
    """70,000 handwritten digits, (1, 28, 28). LeCun et al. 1998, "Gradient-based learning applied to document recognition"."""

    name = "mnist"
    classes = tuple("0123456789")

    def __init__(
        self,
        root=None,
        train: bool = True,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = True,
    ):
        part = "train" if train else "t10k"
        names = [f"{part}-images-idx3-ubyte.gz", f"{part}-labels-idx1-ubyte.gz"]
        self.folder = locate(self.name, root, download, only=names)
        images, labels = (read_idx(packed_or_not(self.folder / name)) for name in names)
        if images.ndim != 3 or labels.ndim != 1 or images.dtype != np.uint8:
            raise ValueError(
                f"{self.folder / names[0]}: holds {images.dtype} {images.shape}, not uint8 (N, 28, 28)"
            )
        check_labels(labels, len(self.classes), self.folder / names[1])
        super().__init__(images[:, None], as_targets(labels), transform, target_transform)


class FashionMNIST(MNIST):
    """70,000 pictures of clothes in MNIST's format. Xiao et al. 2017, arXiv:1708.07747."""

    name = "fashion_mnist"
    classes = (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    )


class KMNIST(MNIST):
    """70,000 cursive Japanese characters in MNIST's format. Clanuwat et al. 2018, arXiv:1812.01718."""

    name = "kmnist"
    classes = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")


class CIFAR10(ImageDataset):
    """60,000 photographs, (3, 32, 32). Krizhevsky 2009, "Learning multiple layers of features from tiny images"."""

    classes = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

    def __init__(
        self,
        root=None,
        train: bool = True,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = True,
    ):
        names = [f"data_batch_{i}" for i in range(1, 6)] if train else ["test_batch"]
        self.folder = locate("cifar10", root, download, only=names)
        batches = [read_cifar_batch(self.folder / name, len(self.classes)) for name in names]
        data, targets = (np.concatenate(column) for column in zip(*batches))
        super().__init__(data, targets, transform, target_transform)


class CIFAR100(ImageDataset):
    """60,000 photographs, (3, 32, 32), in 100 classes, whose names lie beside them. Krizhevsky 2009, as CIFAR-10."""

    def __init__(
        self,
        root=None,
        train: bool = True,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = True,
    ):
        name = "train" if train else "test"
        self.folder = locate("cifar100", root, download, only=[name, "meta"])
        self.classes = read_class_names(self.folder / "meta")
        data, targets = read_cifar_batch(self.folder / name, len(self.classes), b"fine_labels")
        super().__init__(data, targets, transform, target_transform)


def read_class_names(path: Path) -> tuple[str, ...]:
    meta = read_pickle(path, encoding="bytes")
    if not isinstance(meta, dict) or not isinstance(meta.get(b"fine_label_names"), list):
        raise ValueError(f"{path}: not CIFAR-100's class names: the dict needs the list b'fine_label_names'")
    return tuple(name.decode() for name in meta[b"fine_label_names"])


def packed_or_not(path: Path) -> Path:
    return path if path.is_file() else path.with_suffix("")


def read_cifar_batch(path: Path, classes: int, key: bytes = b"labels") -> tuple[np.ndarray, np.ndarray]:
    """uint8 images (N, 3, 32, 32) and int64 labels (N,) of one batch file."""
    batch = read_pickle(path, encoding="bytes")
    if not isinstance(batch, dict) or not {b"data", key} <= batch.keys():
        raise ValueError(f"{path}: not a CIFAR batch: the dict needs the keys b'data' and {key!r}")
    data, labels = batch[b"data"], as_targets(batch[key])
    if getattr(data, "dtype", None) != np.uint8 or data.shape != (len(labels), 3072):
        raise ValueError(
            f"{path}: b'data' must be a uint8 array of shape ({len(labels)}, 3072), a row per label"
        )
    check_labels(labels, classes, path)
    return data.reshape(-1, 3, 32, 32), labels  # a row is red, green, blue, each 32 rows of 32


def check_labels(labels: np.ndarray, classes: int, path: Path) -> None:
    if labels.size and not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(
            f"{path}: labels from {labels.min()} to {labels.max()}, but there are {classes} classes"
        )
