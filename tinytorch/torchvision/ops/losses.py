"""Losses of predicted boxes, one pair (x1, y1, x2, y2) in a row: 1 minus how well they overlap."""

from __future__ import annotations

import math

from ... import ops
from ...autograd.grad_mode import no_grad
from ...tensor import Tensor
from .boxes import box_area


def reduced(loss: Tensor, reduction: str) -> Tensor:
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(
            f"Invalid Value for arg 'reduction': '{reduction}'. Supported reduction modes: 'none', 'mean', 'sum'"
        )
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    return loss.mean() if loss.numel() else 0.0 * loss.sum()


def overlap(boxes1: Tensor, boxes2: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """Of each pair: the IoU, the union, and the (width, height) of the smallest box around both."""
    size = (
        ops.minimum(boxes1[..., 2:], boxes2[..., 2:]) - ops.maximum(boxes1[..., :2], boxes2[..., :2])
    ).clamp(min=0)
    shared = size[..., 0] * size[..., 1]
    union = box_area(boxes1) + box_area(boxes2) - shared
    hull = ops.maximum(boxes1[..., 2:], boxes2[..., 2:]) - ops.minimum(boxes1[..., :2], boxes2[..., :2])
    return shared / (union + eps), union, hull


def generalized_box_iou_loss(
    boxes1: Tensor, boxes2: Tensor, reduction: str = "none", eps: float = 1e-7
) -> Tensor:
    """Minus the share of the box around both that the union leaves empty. Rezatofighi et al. (2019), arXiv:1902.09630."""
    iou, union, hull = overlap(boxes1, boxes2, eps)
    area = hull[..., 0] * hull[..., 1]
    return reduced(1 - iou + (area - union) / (area + eps), reduction)


def centre_distance(boxes1: Tensor, boxes2: Tensor, hull: Tensor, eps: float) -> Tensor:
    """The centres' squared distance, as a share of the squared diagonal of the box around both."""
    centres = (boxes1[..., :2] + boxes1[..., 2:]) / 2 - (boxes2[..., :2] + boxes2[..., 2:]) / 2
    return (centres**2).sum(-1) / ((hull**2).sum(-1) + eps)


def distance_box_iou_loss(
    boxes1: Tensor, boxes2: Tensor, reduction: str = "none", eps: float = 1e-7
) -> Tensor:
    """Plus how far the centres are apart. Zheng et al. (2019), arXiv:1911.08287."""
    iou, _, hull = overlap(boxes1, boxes2, eps)
    return reduced(1 - iou + centre_distance(boxes1, boxes2, hull, eps), reduction)


def complete_box_iou_loss(
    boxes1: Tensor, boxes2: Tensor, reduction: str = "none", eps: float = 1e-7
) -> Tensor:
    """Plus how different the shapes are. Zheng et al. (2019), arXiv:1911.08287, (8)."""
    iou, _, hull = overlap(boxes1, boxes2, eps)
    distance = centre_distance(boxes1, boxes2, hull, eps)
    return reduced(1 - iou + distance + unlike_shapes(boxes1, boxes2, iou, eps), reduction)


def unlike_shapes(boxes1: Tensor, boxes2: Tensor, iou: Tensor, eps: float) -> Tensor:
    """The angles of the diagonals apart, squared, weighed the more the better the boxes overlap."""
    angle = lambda b: ops.atan((b[..., 2] - b[..., 0]) / (b[..., 3] - b[..., 1]))
    apart = 4 / math.pi**2 * (angle(boxes2) - angle(boxes1)) ** 2
    with no_grad():
        weight = apart / (1 - iou + apart + eps)
    return weight * apart
