"""torchvision.datasets.folder: a folder for each class."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from ..transforms.functional import pillow
from .vision import VisionDataset

IMG_EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")


def has_file_allowed_extension(filename: str, extensions: str | tuple[str, ...]) -> bool:
    return filename.lower().endswith(extensions if isinstance(extensions, str) else tuple(extensions))


def is_image_file(filename: str) -> bool:
    return has_file_allowed_extension(filename, IMG_EXTENSIONS)


def find_classes(directory) -> tuple[list[str], dict[str, int]]:
    """The names of the folders in directory, and their numbers."""
    classes = sorted(entry.name for entry in os.scandir(directory) if entry.is_dir())
    if not classes:
        raise FileNotFoundError(f"Couldn't find any class folder in {directory}.")
    return classes, {name: i for i, name in enumerate(classes)}


def make_dataset(
    directory, class_to_idx: dict[str, int] | None = None, extensions=None, is_valid_file=None, allow_empty: bool = False
) -> list[tuple[str, int]]:  # fmt: skip
    """(path, class) of every file below the class's folder that has one of the endings, or that is_valid_file takes."""
    if class_to_idx is None:
        class_to_idx = find_classes(directory)[1]
    if not class_to_idx:
        raise ValueError("'class_to_index' must have at least one entry to collect any samples.")
    if (extensions is None) == (is_valid_file is None):
        raise ValueError("Both extensions and is_valid_file cannot be None or not None at the same time")
    valid = is_valid_file or (lambda path: has_file_allowed_extension(path, extensions))
    samples = [
        (path, class_to_idx[name])
        for name in sorted(class_to_idx)
        for path in files_below(os.path.join(os.path.expanduser(directory), name))
        if valid(path)
    ]
    found = {i for _, i in samples}
    empty = sorted(name for name, i in class_to_idx.items() if i not in found)
    if empty and not allow_empty:
        known = "" if extensions is None else f" Supported extensions are: {shown(extensions)}"
        raise FileNotFoundError(f"Found no valid file for the classes {', '.join(empty)}.{known}")
    return samples


def shown(extensions) -> str:
    return extensions if isinstance(extensions, str) else ", ".join(extensions)


class DatasetFolder(VisionDataset):
    """root/CLASS/FILE, each file read by loader: the folders are the classes, in alphabetical order."""

    def __init__(
        self, root, loader: Callable[[str], Any], extensions=None, transform=None, target_transform=None, is_valid_file=None,
        allow_empty: bool = False,
    ):  # fmt: skip
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.loader, self.extensions = loader, extensions
        self.classes, self.class_to_idx = self.find_classes(self.root)
        self.samples = self.make_dataset(self.root, self.class_to_idx, extensions, is_valid_file, allow_empty)
        self.targets = [i for _, i in self.samples]

    def find_classes(self, directory):
        return find_classes(directory)

    @staticmethod
    def make_dataset(directory, class_to_idx, extensions=None, is_valid_file=None, allow_empty: bool = False):
        return make_dataset(directory, class_to_idx, extensions, is_valid_file, allow_empty)

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int):
        path, target = self.samples[index]
        return self.transformed(self.loader(path), target)


class ImageFolder(DatasetFolder):
    """root/CLASS/PICTURE."""

    def __init__(
        self, root, transform=None, target_transform=None, loader=None, is_valid_file=None, allow_empty: bool = False,
    ):  # fmt: skip
        extensions = IMG_EXTENSIONS if is_valid_file is None else None
        super().__init__(
            root,
            loader or default_loader,
            extensions,
            transform,
            target_transform,
            is_valid_file,
            allow_empty,
        )
        self.imgs = self.samples


def files_below(folder: str) -> list[str]:
    return [
        os.path.join(at, name)
        for at, _, names in sorted(os.walk(folder, followlinks=True))
        for name in sorted(names)
    ]


def pil_loader(path: str):
    with open(path, "rb") as file:
        return pillow().open(file).convert("RGB")


default_loader = pil_loader
