"""Boxes (x1, y1, x2, y2), one in a row."""

from __future__ import annotations

import math

import numpy as np

from ... import ops
from ...creation import zeros
from ...tensor import Tensor
from ...tensor_data import as_tensor


def box_area(boxes: Tensor, fmt: str = "xyxy") -> Tensor:
    boxes = boxes if fmt == "xyxy" else box_convert(boxes, fmt, "xyxy")
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def box_convert(boxes: Tensor, in_fmt: str, out_fmt: str) -> Tensor:
    """Between corners "xyxy", corner and size "xywh", centre and size "cxcywh"."""
    for name, given in (("in_fmt", in_fmt), ("out_fmt", out_fmt)):
        if given not in ("xyxy", "xywh", "cxcywh"):
            raise ValueError(f"box_convert: {name}={given!r} is not one of 'xyxy', 'xywh', 'cxcywh'")
    if in_fmt == out_fmt:
        return boxes.clone()
    a, b, c, d = boxes.unbind(-1)
    if in_fmt == "cxcywh":
        a, b, c, d = a - 0.5 * c, b - 0.5 * d, a + 0.5 * c, b + 0.5 * d
    elif in_fmt == "xywh":
        c, d = a + c, b + d
    if out_fmt == "cxcywh":
        a, b, c, d = (a + c) / 2, (b + d) / 2, c - a, d - b
    elif out_fmt == "xywh":
        c, d = c - a, d - b
    return ops.stack((a, b, c, d), dim=-1).to(boxes.dtype)


def intersection_and_union(boxes1: Tensor, boxes2: Tensor) -> tuple[Tensor, Tensor]:
    corner = ops.maximum(boxes1[:, None, :2], boxes2[None, :, :2])
    other = ops.minimum(boxes1[:, None, 2:], boxes2[None, :, 2:])
    size = (other - corner).clamp(min=0)  # (N, M, 2)
    shared = size[..., 0] * size[..., 1]
    return shared, box_area(boxes1)[:, None] + box_area(boxes2) - shared


def box_iou(boxes1: Tensor, boxes2: Tensor, fmt: str = "xyxy") -> Tensor:
    """Intersection over union of every pair: (N, 4), (M, 4) -> (N, M)."""
    if fmt != "xyxy":
        boxes1, boxes2 = (box_convert(boxes, fmt, "xyxy") for boxes in (boxes1, boxes2))
    shared, union = intersection_and_union(boxes1, boxes2)
    return shared / union


def hulls(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """(width, height) of the smallest box around every pair: (N, M, 2)."""
    corner = ops.minimum(boxes1[:, None, :2], boxes2[None, :, :2])
    return (ops.maximum(boxes1[:, None, 2:], boxes2[None, :, 2:]) - corner).clamp(min=0)


def generalized_box_iou(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """IoU minus the part of the smallest enclosing box that the union leaves empty. Rezatofighi et al. (2019)."""
    shared, union = intersection_and_union(boxes1, boxes2)
    size = hulls(boxes1, boxes2)
    hull = size[..., 0] * size[..., 1]
    return shared / union - (hull - union) / hull


def distance_box_iou(boxes1: Tensor, boxes2: Tensor, eps: float = 1e-7) -> Tensor:
    """IoU minus the centres' squared distance as a share of the enclosing box's diagonal. Zheng et al. (2019)."""
    middle = lambda boxes: (boxes[:, :2] + boxes[:, 2:]) / 2
    apart = ((middle(boxes1)[:, None] - middle(boxes2)[None]) ** 2).sum(-1)
    return box_iou(boxes1, boxes2) - apart / ((hulls(boxes1, boxes2) ** 2).sum(-1) + eps)


def complete_box_iou(boxes1: Tensor, boxes2: Tensor, eps: float = 1e-7) -> Tensor:
    """distance_box_iou minus how different the shapes are. Zheng et al. (2019)."""
    iou = box_iou(boxes1, boxes2)
    angle = lambda boxes: ops.atan((boxes[:, 2] - boxes[:, 0]) / (boxes[:, 3] - boxes[:, 1]))
    apart = 4 / math.pi**2 * (angle(boxes1)[:, None] - angle(boxes2)[None]) ** 2
    return distance_box_iou(boxes1, boxes2, eps) - apart / (1 - iou + apart + eps) * apart


def masks_to_boxes(masks: Tensor) -> Tensor:
    """The first and last column and row of each mask: (N, H, W) -> (N, 4)."""
    boxes = np.zeros((masks.shape[0], 4), np.float32)
    for box, mask in zip(boxes, masks.detach().cpu().numpy()):
        y, x = mask.nonzero()
        box[:] = x.min(), y.min(), x.max(), y.max()
    return as_tensor(boxes, device=masks.device)


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
