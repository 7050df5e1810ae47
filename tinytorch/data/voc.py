"""Pascal VOC: JPEG images with boxes in XML files. BCCD, blood cells under the microscope, comes in this form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from ..tensor_data import from_numpy
from .dataset import Dataset
from .images import as_image
from .locate import locate
from .transforms import ToFloat


class VOCDetection(Dataset):
    """Images and boxes of a folder with `JPEGImages`, `Annotations` and `ImageSets/Main/<image_set>.txt`.

    A sample is (float32 image (3, H, W) in 0 ... 1, target); target has `boxes` (n, 4) as x1, y1, x2, y2 in pixels,
    `labels` (n,) as positions in `classes`, `difficult` (n,), and `name`. `transform` gets the uint8 image and takes the
    place of the scaling, `transforms` gets image and target and returns both. Images differ in their number of boxes, so
    a loader needs `collate_fn=lambda batch: tuple(zip(*batch))`.
    """

    def __init__(
        self,
        root,
        classes: Sequence[str],
        image_set: str = "train",
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        transforms: Callable | None = None,
    ):
        self.folder, self.classes = Path(root), tuple(classes)
        self.names = read_names(self.folder / "ImageSets" / "Main" / f"{image_set}.txt")
        self.transform = ToFloat() if transform is None else transform
        self.target_transform, self.transforms = target_transform, transforms

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> tuple:
        name = self.names[index]
        image = as_image(self.transform(self.image(index)))
        target: Any = {"name": name, **{key: from_numpy(value) for key, value in self.target(index).items()}}
        if self.target_transform is not None:
            target = self.target_transform(target)
        return (image, target) if self.transforms is None else self.transforms(image, target)

    def image(self, index: int) -> np.ndarray:
        """The uint8 image (3, H, W)."""
        return read_image(self.folder / "JPEGImages" / f"{self.names[index]}.jpg")

    def target(self, index: int) -> dict[str, np.ndarray]:
        return read_boxes(self.folder / "Annotations" / f"{self.names[index]}.xml", self.classes)


class BCCD(VOCDetection):
    """364 images (3, 480, 640) of blood with 4,888 boxes around red cells, white cells and platelets; 205 train, 87 val, 72 test.

    Two of the published boxes are empty (in BloodImage_00338 and _00343).
    """

    def __init__(self, root=None, image_set: str = "train", download: bool = True, **options):
        super().__init__(locate("bccd", root, download), ("RBC", "WBC", "Platelets"), image_set, **options)


def read_names(path: Path) -> list[str]:
    names = [line.split()[0] for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    for name in names:
        if "/" in name or "\\" in name or name.startswith("."):
            raise ValueError(f"{path}: {name!r} is not the name of an image")
    return names


def read_image(path: Path) -> np.ndarray:
    """uint8 (3, H, W), whatever the file's own colours."""
    try:
        from PIL import Image
    except ImportError:
        raise ImportError(f"reading {path.name} needs Pillow: pip install pillow") from None
    try:
        with Image.open(path) as image:
            return np.ascontiguousarray(np.asarray(image.convert("RGB")).transpose(2, 0, 1))
    except FileNotFoundError:
        raise
    except (
        OSError,
        SyntaxError,
        ValueError,
        Image.DecompressionBombError,
    ) as error:  # these rarely name the file
        raise ValueError(f"{path}: not read as an image: {error}") from error


def read_boxes(path: Path, classes: Sequence[str]) -> dict[str, np.ndarray]:
    """The `object` elements of an annotation: boxes (n, 4) float32, labels (n,) int64, difficult (n,) bool."""
    objects = read_xml(path).findall("object")
    try:
        boxes = [
            [float(o.findtext(f"bndbox/{side}", "")) for side in ("xmin", "ymin", "xmax", "ymax")]
            for o in objects
        ]
        labels = [classes.index(o.findtext("name", "").strip()) for o in objects]
        difficult = [o.findtext("difficult", "0").strip() == "1" for o in objects]
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{path}: an object without a complete bndbox, or of a class other than {', '.join(classes)} ({error})"
        ) from error
    return {
        "boxes": np.array(boxes, np.float32).reshape(-1, 4),
        "labels": np.array(labels, np.int64),
        "difficult": np.array(difficult, bool),
    }


def read_xml(path: Path) -> ElementTree.Element:
    """The root element. A document type is refused: it can define entities that expand to gigabytes or read other files."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        if "<!DOCTYPE" in text:
            raise ValueError("it has a document type, which an annotation does not need")
        root = ElementTree.fromstring(text)
        if root.tag != "annotation":
            raise ValueError(f"its root is <{root.tag}>, not <annotation>")
        return root
    except (UnicodeDecodeError, ElementTree.ParseError, ValueError) as error:
        raise ValueError(f"{path}: not read as an annotation: {error}") from error
