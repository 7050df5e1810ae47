"""torchvision.datasets.vision: what the data sets of pictures have in common."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...data.dataset import Dataset
from ..transforms.functional import pillow


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
        self.transform, self.target_transform = transform, target_transform
        if transform is not None or target_transform is not None:
            transforms = StandardTransform(transform, target_transform)
        self.transforms = transforms

    def transformed(self, image, target) -> tuple[Any, Any]:
        """Both as they are handed out. What a program has put in the place of the transforms since counts."""
        if self.transforms is not None and not isinstance(self.transforms, StandardTransform):
            return self.transforms(image, target)
        return StandardTransform(self.transform, self.target_transform)(image, target)

    def extra_repr(self) -> str:
        """A place for a class's own line."""
        return ""

    def __repr__(self) -> str:
        lines = [f"Dataset {type(self).__name__}", f"    Number of datapoints: {len(self)}"]  # type: ignore[arg-type]
        lines += [] if self.root is None else [f"    Root location: {self.root}"]
        split = getattr(self, "train", None)
        lines += [] if split is None else [f"    Split: {'Train' if split else 'Test'}"]
        lines += [f"    {line}" for line in self.extra_repr().splitlines()]
        lines += [] if self.transforms is None else [f"    {self.transforms!r}"]
        return "\n".join(lines)


class StandardTransform:
    """A transform for the picture and one for the target."""

    def __init__(self, transform: Callable | None = None, target_transform: Callable | None = None):
        self.transform, self.target_transform = transform, target_transform

    def __call__(self, input: Any, target: Any) -> tuple[Any, Any]:
        input = input if self.transform is None else self.transform(input)
        return input, target if self.target_transform is None else self.target_transform(target)

    def __repr__(self) -> str:
        lines = ["StandardTransform"]
        for head, transform in (
            ("Transform: ", self.transform),
            ("Target transform: ", self.target_transform),
        ):
            if transform is not None:
                lines.append(head + repr(transform).replace("\n", "\n" + " " * len(head)))
        return "\n".join(lines)


def place(root, inside: str):
    """torchvision's own folder below root, where there is one; otherwise root."""
    folder = None if root is None else Path(root) / inside
    return folder if folder is not None and folder.is_dir() else root


def files_of(name: str, root, paths: list[str], download: bool, source: str) -> list[Path]:
    """The files that a data set needs below root; an error that says what is missing and where it is published."""
    found = [Path(root) / path for path in paths]
    missing = [path for path in found if not path.exists()]
    if missing:
        hint = (
            f"tinytorch does not download it; fetch it from {source}"
            if download
            else f"It is published at {source}"
        )
        raise RuntimeError(f"{name}: dataset not found or incomplete: {missing[0]} is not there. {hint}")
    return found


def opened(path) -> Any:
    """The picture in a file, which is closed again."""
    with pillow().open(path) as picture:
        picture.load()
    return picture
