"""Boxes (x1, y1, x2, y2), one in a row."""

from __future__ import annotations

import numpy as np

from ... import ops
from ...creation import zeros
from ...tensor import Tensor
from ...tensor_data import as_tensor


def box_area(boxes: Tensor) -> Tensor:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def box_convert(boxes: Tensor, in_fmt: str, out_fmt: str) -> Tensor:
    """Between corners "xyxy", corner and size "xywh", centre and size "cxcywh"."""
    for name, given in (("in_fmt", in_fmt), ("out_fmt", out_fmt)):
        if given not in ("xyxy", "xywh", "cxcywh"):
            raise ValueError(f"box_convert: {name}={given!r} is not one of 'xyxy', 'xywh', 'cxcywh'")
    a, b, c, d = boxes.unbind(-1)
    if in_fmt == "cxcywh":
        a, b, c, d = a - 0.5 * c, b - 0.5 * d, a + 0.5 * c, b + 0.5 * d
    elif in_fmt == "xywh":
        c, d = a + c, b + d
    if out_fmt == "cxcywh":
        a, b, c, d = (a + c) / 2, (b + d) / 2, c - a, d - b
    elif out_fmt == "xywh":
        c, d = c - a, d - b
    return ops.stack((a, b, c, d), dim=-1)


def intersection_and_union(boxes1: Tensor, boxes2: Tensor) -> tuple[Tensor, Tensor]:
    corner = ops.maximum(boxes1[:, None, :2], boxes2[None, :, :2])
    other = ops.minimum(boxes1[:, None, 2:], boxes2[None, :, 2:])
    size = (other - corner).clamp(min=0)  # (N, M, 2)
    shared = size[..., 0] * size[..., 1]
    return shared, box_area(boxes1)[:, None] + box_area(boxes2) - shared


def box_iou(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """Intersection over union of every pair: (N, 4), (M, 4) -> (N, M)."""
    shared, union = intersection_and_union(boxes1, boxes2)
    return shared / union


def generalized_box_iou(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """IoU minus the part of the smallest enclosing box that the union leaves empty. Rezatofighi et al. (2019)."""
    shared, union = intersection_and_union(boxes1, boxes2)
    corner = ops.minimum(boxes1[:, None, :2], boxes2[None, :, :2])
    other = ops.maximum(boxes1[:, None, 2:], boxes2[None, :, 2:])
    size = (other - corner).clamp(min=0)
    hull = size[..., 0] * size[..., 1]
    return shared / union - (hull - union) / hull


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Indices of the boxes, best first, that overlap no better one by more than the threshold."""
    order = np.argsort(-scores.detach().cpu().numpy(), kind="stable")
    overlap = box_iou(boxes.detach(), boxes.detach()).cpu().numpy() > iou_threshold
    alive, kept = np.ones(len(order), dtype=bool), []
    for index in order:
        if alive[index]:
            kept.append(int(index))
            alive &= ~overlap[index]
    return as_tensor(np.array(kept, dtype=np.int64), device=boxes.device)


def batched_nms(boxes: Tensor, scores: Tensor, idxs: Tensor, iou_threshold: float) -> Tensor:
    """nms among the boxes of each category in idxs: they are moved apart by category first."""
    if boxes.numel() == 0:
        return zeros(0, dtype=idxs.dtype, device=boxes.device)
    offsets = idxs.to(boxes) * (boxes.max() + 1)
    return nms(boxes + offsets[:, None], scores, iou_threshold)


def clip_boxes_to_image(boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """Corners inside a picture of (height, width)."""
    height, width = size
    limits = as_tensor([width, height, width, height], device=boxes.device).to(boxes.dtype)
    return ops.minimum(boxes.clamp(min=0), limits)


def remove_small_boxes(boxes: Tensor, min_size: float) -> Tensor:
    """Indices of the boxes whose sides are at least min_size."""
    return ops.where(((boxes[:, 2:] - boxes[:, :2]) >= min_size).all(dim=1))[0]
