"""Transforms that training a detector needs: of boxes, and of pictures with what stands in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ....tensor import Tensor
from ....utils._pytree import tree_flatten, tree_unflatten
from ...ops.boxes import box_iou
from ...tv_tensors import BoundingBoxes, Mask, wrap
from ..functional import InterpolationMode
from ..random import uniform, whole
from . import functional as F
from .structure import Transform


class ClampBoundingBoxes(Transform):
    """Boxes inside their picture."""

    def __init__(self, clamping_mode="auto"):
        self.clamping_mode = clamping_mode

    def change(self, inpt):
        return F.clamp_bounding_boxes(inpt) if isinstance(inpt, BoundingBoxes) else inpt


class ConvertBoundingBoxFormat(Transform):
    """Boxes told another way."""

    def __init__(self, format):
        self.format = format

    def change(self, inpt):
        boxes = isinstance(inpt, BoundingBoxes)
        return F.convert_bounding_box_format(inpt, new_format=self.format) if boxes else inpt


def find_labels(inputs):
    """The labels of a sample: what stands under "labels", or any name with "label" in it, of its one dictionary."""
    parts = inputs if isinstance(inputs, (tuple, list)) else (inputs,)
    for part in parts:
        if isinstance(part, dict):
            names = [n for n in part if "label" in str(n).lower()]
            if names:
                return part["labels" if "labels" in names else names[0]]
    if len(parts) == 2 and isinstance(parts[1], Tensor):
        return parts[1]
    raise ValueError(
        "Could not infer where the labels are in the sample. Try passing a callable as the labels_getter parameter"
    )


def getter(labels_getter) -> Callable[[Any], Any]:
    if labels_getter is None:
        return lambda inputs: None
    if callable(labels_getter):
        return labels_getter
    if labels_getter == "default":
        return find_labels
    return lambda inputs: (inputs[1] if isinstance(inputs, (tuple, list)) else inputs)[labels_getter]


class SanitizeBoundingBoxes(Transform):
    """Boxes that are too small or outside are left out, with their labels and masks."""

    def __init__(self, min_size: float = 1.0, min_area: float = 1.0, labels_getter="default"):
        self.min_size, self.min_area, self.labels_getter = min_size, min_area, labels_getter

    def forward(self, *inputs):
        whole_input = inputs if len(inputs) > 1 else inputs[0]
        labels = getter(self.labels_getter)(whole_input)
        labels = labels if isinstance(labels, (tuple, list)) else [labels]
        items, spec = tree_flatten(whole_input)
        boxes = next((item for item in items if isinstance(item, BoundingBoxes)), None)
        if boxes is None:
            raise ValueError("No bounding boxes were found in the sample")
        _, valid = F.sanitize_bounding_boxes(boxes, min_size=self.min_size, min_area=self.min_area)
        belongs = lambda item: isinstance(item, BoundingBoxes) or any(item is label for label in labels)
        masks = lambda item: isinstance(item, Mask) and item.shape[:1] == valid.shape
        out = [wrap(i[valid], like=i) if belongs(i) or masks(i) else i for i in items]
        return tree_unflatten(out, spec)


class RandomIoUCrop(Transform):
    """A part that shows enough of some thing; how much is enough is drawn too. Liu et al. (2015), arXiv:1512.02325."""

    def __init__(
        self, min_scale: float = 0.3, max_scale: float = 1.0, min_aspect_ratio: float = 0.5,
        max_aspect_ratio: float = 2.0, sampler_options=None, trials: int = 40,
    ):  # fmt: skip
        self.min_scale, self.max_scale, self.trials = min_scale, max_scale, trials
        self.min_aspect_ratio, self.max_aspect_ratio = min_aspect_ratio, max_aspect_ratio
        self.options = sampler_options or [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0]

    def make_params(self, flat_inputs):
        boxes = next((item for item in flat_inputs if isinstance(item, BoundingBoxes)), None)
        if boxes is None:
            raise TypeError("RandomIoUCrop() requires input sample to contain bounding boxes.")
        H, W = boxes.canvas_size
        corners = F.convert_bounding_box_format(boxes, new_format="XYXY").as_subclass(Tensor).float()
        enough = self.options[whole(0, len(self.options) - 1)]
        while enough < 1.0:
            for _ in range(self.trials):
                found = self.part(H, W, corners, enough)
                if found is not None:
                    return found
            enough = self.options[whole(0, len(self.options) - 1)]
        return {}

    def part(self, H: int, W: int, corners: Tensor, enough: float) -> dict | None:
        w, h = (int(side * uniform(self.min_scale, self.max_scale)) for side in (W, H))
        if not (h and w and self.min_aspect_ratio <= w / h <= self.max_aspect_ratio):
            return None
        left, top = int((W - w) * uniform(0, 1)), int((H - h) * uniform(0, 1))
        x, y = (corners[:, 0] + corners[:, 2]) / 2, (corners[:, 1] + corners[:, 3]) / 2
        inside = (x > left) & (x < left + w) & (y > top) & (y < top + h)
        if not inside.any():
            return None
        area = corners.new_tensor([[left, top, left + w, top + h]])
        if float(box_iou(corners[inside], area).max()) < enough:
            return None
        return {"place": (top, left, h, w), "inside": inside}

    def transform(self, inpt, params):
        if not params:
            return inpt
        out = F.crop(inpt, *params["place"])
        if isinstance(inpt, BoundingBoxes):
            # those whose middle is outside become nothing, which SanitizeBoundingBoxes leaves out
            out = wrap(out * params["inside"].unsqueeze(-1).to(out.dtype), like=out)
        return out


class RandomZoomOut(Transform):
    """The picture somewhere on a larger canvas of one colour."""

    def __init__(self, fill=0, side_range=(1.0, 4.0), p: float = 0.5):
        self.fill, self.side_range, self.p = fill, side_range, p

    def draw(self, img):
        if uniform(0, 1) >= self.p:
            return None
        H, W = F.get_size(img)
        factor = uniform(*self.side_range)
        height, width = int(H * factor), int(W * factor)
        left, top = int((width - W) * uniform(0, 1)), int((height - H) * uniform(0, 1))
        return ([left, top, width - W - left, height - H - top],)

    def change(self, inpt, borders):
        return F.pad(inpt, borders, self.fill)


class ScaleJitter(Transform):
    """As large as fits into target_size, times a random scale (Ghiasi et al. 2020, arXiv:2012.07177)."""

    def __init__(
        self, target_size, scale_range=(0.1, 2.0), interpolation=InterpolationMode.BILINEAR, antialias=True
    ):
        self.target_size, self.scale_range = target_size, scale_range
        self.interpolation, self.antialias = interpolation, antialias

    def draw(self, img):
        H, W = F.get_size(img)
        ratio = uniform(*self.scale_range) * min(self.target_size[0] / H, self.target_size[1] / W)
        return ([int(H * ratio), int(W * ratio)],)

    def change(self, inpt, size):
        return F.resize(inpt, size, self.interpolation, antialias=self.antialias)


class RandomShortestSize(ScaleJitter):
    """The shorter side of one of the sizes, the longer at most max_size."""

    def __init__(self, min_size, max_size=None, interpolation=InterpolationMode.BILINEAR, antialias=True):
        self.min_size = [min_size] if isinstance(min_size, int) else list(min_size)
        self.max_size, self.interpolation, self.antialias = max_size, interpolation, antialias

    def draw(self, img):
        H, W = F.get_size(img)
        ratio = self.min_size[whole(0, len(self.min_size) - 1)] / min(H, W)
        if self.max_size is not None:
            ratio = min(ratio, self.max_size / max(H, W))
        return ([int(H * ratio), int(W * ratio)],)


class RandomResize(ScaleJitter):
    """The shorter side of a random length."""

    def __init__(
        self, min_size: int, max_size: int, interpolation=InterpolationMode.BILINEAR, antialias=True
    ):
        self.min_size, self.max_size = min_size, max_size
        self.interpolation, self.antialias = interpolation, antialias

    def draw(self, img):
        return ([whole(self.min_size, self.max_size - 1)],)
