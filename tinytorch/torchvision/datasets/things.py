"""Published photographs with what stands in them: Pascal VOC and COCO."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from .vision import VisionDataset, files_of, opened

VOC_SOURCE = "http://host.robots.ox.ac.uk/pascal/VOC"


class VOC(VisionDataset):
    """What the two tasks of Pascal VOC have in common. Everingham et al. (2010)."""

    task, folder, ending = "", "", ""

    def __init__(
        self, root, year: str = "2012", image_set: str = "train", download: bool = False, transform=None,
        target_transform=None, transforms=None,
    ):  # fmt: skip
        super().__init__(root, transforms, transform, target_transform)
        sets = ["train", "trainval", "val", "test"]
        if image_set not in sets:
            raise ValueError(f"Unknown value {image_set!r} for argument image_set. Valid values are {sets}.")
        self.year, self.image_set = year, image_set
        inside = "TrainVal/VOCdevkit/VOC2011" if year == "2011" else f"VOCdevkit/VOC{year}"
        base = Path(self.root) / inside
        (lists,) = files_of(
            type(self).__name__, base, [f"ImageSets/{self.task}/{image_set}.txt"], download, VOC_SOURCE
        )
        names = lists.read_text().split()
        self.images = [str(base / "JPEGImages" / f"{name}.jpg") for name in names]
        self.targets = [str(base / self.folder / f"{name}{self.ending}") for name in names]

    def __len__(self) -> int:
        return len(self.images)


class VOCSegmentation(VOC):
    """The class of every pixel, as a picture with a palette; 255 is the border of a thing."""

    task, folder, ending = "Segmentation", "SegmentationClass", ".png"

    @property
    def masks(self) -> list[str]:
        return self.targets

    def __getitem__(self, index: int):
        image = opened(self.images[index]).convert("RGB")
        return self.transformed(image, opened(self.masks[index]))


class VOCDetection(VOC):
    """The things in a picture and their boxes, as the nest of dictionaries that the XML file is."""

    task, folder, ending = "Main", "Annotations", ".xml"

    @property
    def annotations(self) -> list[str]:
        return self.targets

    def __getitem__(self, index: int):
        image = opened(self.images[index]).convert("RGB")
        return self.transformed(
            image, self.parse_voc_xml(ElementTree.parse(self.annotations[index]).getroot())
        )

    @staticmethod
    def parse_voc_xml(node) -> dict[str, Any]:
        """{tag: text or {tag: ...}}; what stands there several times, and `object` always, is a list."""
        if not len(node):
            return {node.tag: (node.text or "").strip()}
        inside = defaultdict(list)
        for child in node:
            for tag, value in VOCDetection.parse_voc_xml(child).items():
                inside[tag].append(value)
        lists = {"object"} if node.tag == "annotation" else set()
        return {node.tag: {tag: v[0] if len(v) == 1 and tag not in lists else v for tag, v in inside.items()}}


class CocoDetection(VisionDataset):
    """COCO's photographs, each with the list of its annotations as they stand in the JSON file. Lin et al. (2014)."""

    def __init__(self, root, annFile, transform=None, target_transform=None, transforms=None):
        super().__init__(root, transforms, transform, target_transform)
        content = json.loads(Path(annFile).read_text(encoding="utf-8"))
        self.pictures = {picture["id"]: picture["file_name"] for picture in content["images"]}
        self.categories = {category["id"]: category for category in content.get("categories", [])}
        self.annotations = defaultdict(list)
        for annotation in content.get("annotations", []):
            self.annotations[annotation["image_id"]].append(annotation)
        self.ids = sorted(self.pictures)

    def __len__(self) -> int:
        return len(self.ids)

    def target(self, annotations: list[dict]) -> list:
        return list(annotations)

    def __getitem__(self, index: int):
        number = self.ids[index]
        image = opened(Path(self.root) / self.pictures[number]).convert("RGB")
        return self.transformed(image, self.target(self.annotations[number]))


class CocoCaptions(CocoDetection):
    """COCO's photographs, each with a list of sentences."""

    def target(self, annotations):
        return [annotation["caption"] for annotation in annotations]
