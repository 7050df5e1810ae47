"""Published pictures with a class for each: SVHN, STL-10, USPS, and the faces of CelebA with what is said of them."""

from __future__ import annotations

import bz2
from pathlib import Path

import numpy as np

from ...tensor_data import as_tensor, from_numpy
from ..transforms.functional import pillow
from .vision import VisionDataset, files_of, opened


class Photographs(VisionDataset):
    """Pictures (N, 3, H, W) with a class each, of one split."""

    data: np.ndarray
    labels: np.ndarray
    split: str

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int):
        image = pillow().fromarray(np.ascontiguousarray(self.data[index].transpose(1, 2, 0)))
        return self.transformed(image, int(self.labels[index]))

    def extra_repr(self) -> str:
        return f"Split: {self.split}"


class SVHN(Photographs):
    """House numbers, one digit in the middle of 32 x 32. Netzer et al. (2011)."""

    source = "http://ufldl.stanford.edu/housenumbers"

    def __init__(
        self, root, split: str = "train", transform=None, target_transform=None, download: bool = False
    ):
        super().__init__(root, transform=transform, target_transform=target_transform)
        if split not in ("train", "test", "extra"):
            raise ValueError(
                f"Unknown value {split!r} for argument split. Valid values are train, test, extra."
            )
        from scipy.io import loadmat  # here: nothing else of SciPy's readers is used

        self.split = split
        (path,) = files_of("SVHN", self.root, [f"{split}_32x32.mat"], download, self.source)
        content = loadmat(path)
        self.data = content["X"].transpose(3, 2, 0, 1)  # (32, 32, 3, N) -> (N, 3, 32, 32)
        self.labels = content["y"].astype(np.int64).reshape(-1) % 10  # a zero is written as 10


class STL10(Photographs):
    """96 x 96 photographs in ten classes, most of them without a label (-1). Coates et al. (2011)."""

    base_folder = "stl10_binary"
    source = "http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz"
    splits = ("train", "train+unlabeled", "unlabeled", "test")

    def __init__(
        self, root, split: str = "train", folds: int | None = None, transform=None, target_transform=None,
        download: bool = False,
    ):  # fmt: skip
        super().__init__(root, transform=transform, target_transform=target_transform)
        if split not in self.splits:
            raise ValueError(f"Unknown value {split!r} for argument split. Valid values are {self.splits}.")
        self.split, self.folds = split, folds
        parts = [self.read(part, download) for part in split.split("+")]
        self.data, self.labels = (np.concatenate(column) for column in zip(*parts))
        self.classes = self.lines("class_names.txt", download)
        if folds is not None and split == "train":
            chosen = np.array(self.lines("fold_indices.txt", download)[folds].split(), np.int64)
            self.data, self.labels = self.data[chosen], self.labels[chosen]

    def read(self, part: str, download: bool) -> tuple[np.ndarray, np.ndarray]:
        """Each picture's bytes go column by column: uint8 (N, 3, 96, 96), and int64 classes from 0."""
        names = [f"{part}_X.bin"] + ([f"{part}_y.bin"] if part != "unlabeled" else [])
        pixels, *labels = (np.fromfile(path, np.uint8) for path in self.files(names, download))
        images = pixels.reshape(-1, 3, 96, 96).transpose(0, 1, 3, 2)
        return images, labels[0].astype(np.int64) - 1 if labels else np.full(len(images), -1)

    def files(self, names: list[str], download: bool) -> list[Path]:
        return files_of("STL10", Path(self.root) / self.base_folder, names, download, self.source)

    def lines(self, name: str, download: bool) -> list[str]:
        return self.files([name], download)[0].read_text().splitlines()


class USPS(VisionDataset):
    """Digits of 16 x 16 from envelopes, as text: a class and 256 numbers in a line. Hull (1994)."""

    source = "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass"

    def __init__(
        self, root, train: bool = True, transform=None, target_transform=None, download: bool = False
    ):
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        (path,) = files_of("USPS", self.root, [f"usps{'' if train else '.t'}.bz2"], download, self.source)
        with bz2.open(path, "rt") as lines:
            rows = [line.split() for line in lines]
        values = np.array([[value.split(":")[-1] for value in row[1:]] for row in rows], np.float32)
        self.data = ((values.reshape(-1, 16, 16) + 1) / 2 * 255).astype(np.uint8)
        self.targets = [int(row[0]) - 1 for row in rows]

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int):
        return self.transformed(pillow().fromarray(self.data[index]), self.targets[index])


class CelebA(VisionDataset):
    """Faces with 40 attributes, who it is, a box and landmarks: target_type says which. Liu et al. (2015)."""

    base_folder = "celeba"
    source = "http://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"
    of_type = {
        "attr": "list_attr_celeba.txt",
        "identity": "identity_CelebA.txt",
        "bbox": "list_bbox_celeba.txt",
        "landmarks": "list_landmarks_align_celeba.txt",
    }

    def __init__(
        self, root, split: str = "train", target_type: list[str] | str = "attr", transform=None, target_transform=None,
        download: bool = False,
    ):  # fmt: skip
        super().__init__(root, transform=transform, target_transform=target_transform)
        if split not in ("train", "valid", "test", "all"):
            raise ValueError(
                f"Unknown value {split!r} for argument split. Valid values are train, valid, test, all."
            )
        self.split, self.target_type = (
            split,
            [target_type] if isinstance(target_type, str) else list(target_type),
        )
        self.folder = Path(self.root) / self.base_folder
        wanted = [
            "list_eval_partition.txt",
            *(self.of_type[kind] for kind in ("attr", *self.target_type)),
            "img_align_celeba",
        ]
        files_of("CelebA", self.folder, wanted, download, self.source)
        _, parts, names = self.read("list_eval_partition.txt")
        kept = (
            np.ones(len(names), bool)
            if split == "all"
            else parts[:, 0] == ["train", "valid", "test"].index(split)
        )
        self.filename = [name for name, keep in zip(names, kept) if keep]
        self.attr_names = self.read(self.of_type["attr"])[0]
        for kind in ("attr", *self.target_type):
            values = self.read(self.of_type[kind])[1][kept]
            setattr(self, kind, from_numpy((values + 1) // 2 if kind == "attr" else values))

    def read(self, name: str) -> tuple[list[str], np.ndarray, list[str]]:
        """The columns' names where the file has them, after a line that counts the rows; the numbers; the pictures' names."""
        lines = (self.folder / name).read_text().splitlines()
        header = []
        if lines[0].strip().isdigit():
            header, lines = lines[1].split(), lines[2:]
        rows = [line.split() for line in lines if line.strip()]
        return header, np.array([row[1:] for row in rows], np.int64), [row[0] for row in rows]

    def __len__(self) -> int:
        return len(self.filename)

    def __getitem__(self, index: int):
        image = opened(self.folder / "img_align_celeba" / self.filename[index])
        targets = [getattr(self, kind)[index] for kind in self.target_type]
        targets = [t[0] if kind == "identity" else t for kind, t in zip(self.target_type, targets)]
        if not targets:
            return self.transformed(image, None)
        return self.transformed(image, as_tensor(targets[0]) if len(targets) == 1 else tuple(targets))

    def extra_repr(self) -> str:
        return f"Target type: {self.target_type}\nSplit: {self.split}"
