"""Parts of feature maps, each brought to one size: what stands in the boxes that a detector looks at more closely."""

from __future__ import annotations

import math

import numpy as np

from ... import ops
from ...creation import zeros_like
from ...nn import functional as F
from ...nn.module import Module
from ...tensor import Tensor
from ...tensor_data import as_tensor


def pair(size) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (int(size[0]), int(size[-1]))


def numbered(boxes) -> np.ndarray:
    """Boxes with the number of their picture, (K, 5): a list has the boxes (L, 4) of each picture."""
    if isinstance(boxes, Tensor):
        if boxes.dim() != 2 or boxes.shape[1] != 5:
            raise ValueError(f"The boxes tensor shape is not correct as Tensor[K, 5]: {tuple(boxes.shape)}")
        return boxes.detach().cpu().numpy().astype(np.float64)
    parts = [b.detach().cpu().numpy().astype(np.float64).reshape(-1, 4) for b in boxes]
    return np.concatenate([np.insert(part, 0, k, axis=1) for k, part in enumerate(parts)])


def roi_align(
    input: Tensor, boxes, output_size, spatial_scale: float = 1.0, sampling_ratio: int = -1, aligned: bool = False
) -> Tensor:  # fmt: skip
    """Means of points between the pixels: (B, C, H, W), K boxes (x1, y1, x2, y2) -> (K, C, h, w). He et al. (2017).

    A point's weights are a product of one for its row and one for its column, so every box is two small matrices.
    aligned puts pixel k's middle at k + 0.5. Boxes get no gradient.
    """
    height, width = pair(output_size)
    rois = numbered(boxes)
    corners = rois[:, 1:] * spatial_scale - (0.5 if aligned else 0.0)
    rows = [mixing(y1, y2, height, input.shape[2], sampling_ratio, aligned) for _, y1, _, y2 in corners]
    columns = [mixing(x1, x2, width, input.shape[3], sampling_ratio, aligned) for x1, _, x2, _ in corners]
    return mixed(input, rois[:, 0].astype(int), rows, columns, (height, width))


def mixing(start: float, end: float, bins: int, extent: int, ratio: int, aligned: bool) -> np.ndarray:
    """(bins, extent): how much each pixel counts in each bin from start to end, the mean of `ratio` points in it."""
    length = end - start if aligned else max(end - start, 1.0)
    points = ratio if ratio > 0 else max(math.ceil(length / bins), 1)
    at = start + (np.arange(bins * points) + 0.5) * (length / (bins * points))
    inside = (at >= -1) & (at <= extent)
    at = np.clip(at, 0, extent - 1)
    low = np.minimum(at.astype(int), extent - 1)
    high, part = np.minimum(low + 1, extent - 1), at - low
    weights, which = np.zeros((bins, extent), np.float64), np.repeat(np.arange(bins), points)
    np.add.at(weights, (which, low), inside * (1 - part) / points)
    np.add.at(weights, (which, high), inside * part / points)
    return weights


def mixed(input: Tensor, pictures: np.ndarray, rows: list, columns: list, size: tuple[int, int]) -> Tensor:
    """rows @ picture @ columns.T for every box, one picture after another; the boxes keep their order."""
    height, width = size
    _, C, H, W = input.shape
    if not len(pictures):
        return input.new_zeros((0, C, height, width))
    parts, order = [], []
    for number in np.unique(pictures):
        here = np.flatnonzero(pictures == number)
        up, across = (as_tensor(np.stack([m[k] for k in here])).to(input) for m in (rows, columns))
        half = up.reshape(-1, H) @ input[int(number)]  # (K * h, H) @ (C, H, W) -> (C, K * h, W)
        half = half.reshape(C, len(here), height, W).transpose(0, 1)
        parts.append(half @ across.transpose(1, 2).unsqueeze(1))  # (K, C, h, W) @ (K, 1, W, w)
        order.append(here)
    back = np.argsort(np.concatenate(order), kind="stable")
    return ops.cat(parts)[as_tensor(back, device=input.device)]


def roi_pool(input: Tensor, boxes, output_size, spatial_scale: float = 1.0) -> Tensor:
    """Maxima of bins of whole pixels: (B, C, H, W), K boxes (x1, y1, x2, y2) -> (K, C, h, w). Girshick (2015)."""
    size, rois = pair(output_size), numbered(boxes)
    if not len(rois):
        return input.new_zeros((0, input.shape[1], *size))
    corners = np.floor(rois[:, 1:] * spatial_scale + 0.5).astype(int)
    return ops.stack([pooled(input[int(n)], box, size) for n, box in zip(rois[:, 0], corners.tolist())])


def pooled(picture: Tensor, box: list[int], size: tuple[int, int]) -> Tensor:
    """The bins are those of adaptive pooling; what of the box is outside counts as less than everything, or as 0 alone."""
    _, H, W = picture.shape
    x1, y1, x2, y2 = box
    x2, y2 = max(x2 + 1, x1 + 1), max(y2 + 1, y1 + 1)
    borders = (max(-x1, 0), max(x2 - W, 0), max(-y1, 0), max(y2 - H, 0))
    if not any(borders):
        return F.adaptive_max_pool2d(picture[:, y1:y2, x1:x2], size)
    wide = F.pad(picture, borders, value=-math.inf)
    left, top = borders[0], borders[2]
    out = F.adaptive_max_pool2d(wide[:, y1 + top : y2 + top, x1 + left : x2 + left], size)
    return ops.where(out == -math.inf, zeros_like(out), out)


def ps_roi_align(
    input: Tensor, boxes, output_size, spatial_scale: float = 1.0, sampling_ratio: int = -1
) -> Tensor:
    """roi_align whose bin (i, j) has channels of its own: (B, C * h * w, H, W) -> (K, C, h, w). Li et al. (2017)."""
    h, w = pair(output_size)
    if input.shape[1] % (h * w):
        raise RuntimeError(
            f"input channels must be a multiple of pooling height * pooling width, got {input.shape[1]}"
        )
    all_bins = roi_align(input, boxes, (h, w), spatial_scale, sampling_ratio, aligned=True)
    own = all_bins.reshape(all_bins.shape[0], -1, h * w, h * w)  # channel of a bin, bin
    return own.diagonal(dim1=2, dim2=3).reshape(own.shape[0], own.shape[1], h, w)


class RoIAlign(Module):
    """roi_align as a layer."""

    def __init__(self, output_size, spatial_scale: float, sampling_ratio: int, aligned: bool = False):
        super().__init__()
        self.output_size, self.spatial_scale = output_size, spatial_scale
        self.sampling_ratio, self.aligned = sampling_ratio, aligned

    def forward(self, input: Tensor, rois):
        return roi_align(input, rois, self.output_size, self.spatial_scale, self.sampling_ratio, self.aligned)

    def __repr__(self) -> str:
        return (
            f"RoIAlign(output_size={self.output_size}, spatial_scale={self.spatial_scale},"
            f" sampling_ratio={self.sampling_ratio}, aligned={self.aligned})"
        )


class RoIPool(Module):
    """roi_pool as a layer."""

    def __init__(self, output_size, spatial_scale: float):
        super().__init__()
        self.output_size, self.spatial_scale = output_size, spatial_scale

    def forward(self, input: Tensor, rois):
        return roi_pool(input, rois, self.output_size, self.spatial_scale)

    def __repr__(self) -> str:
        return f"RoIPool(output_size={self.output_size}, spatial_scale={self.spatial_scale})"


class PSRoIAlign(Module):
    """ps_roi_align as a layer."""

    def __init__(self, output_size, spatial_scale: float, sampling_ratio: int):
        super().__init__()
        self.output_size, self.spatial_scale, self.sampling_ratio = output_size, spatial_scale, sampling_ratio

    def forward(self, input: Tensor, rois):
        return ps_roi_align(input, rois, self.output_size, self.spatial_scale, self.sampling_ratio)


class MultiScaleRoIAlign(Module):
    """roi_align of each box on the level of a feature pyramid that fits its size. Lin et al. (2016), arXiv:1612.03144, (1)."""

    def __init__(
        self, featmap_names: list[str], output_size, sampling_ratio: int, *, canonical_scale: int = 224,
        canonical_level: int = 4,
    ):  # fmt: skip
        super().__init__()
        self.featmap_names, self.output_size, self.sampling_ratio = (
            featmap_names,
            pair(output_size),
            sampling_ratio,
        )
        self.canonical_scale, self.canonical_level = canonical_scale, canonical_level

    def forward(
        self, x: dict[str, Tensor], boxes: list[Tensor], image_shapes: list[tuple[int, int]]
    ) -> Tensor:
        """A pyramid by name, the boxes of each picture, and the pictures' (height, width) -> (K, C, h, w)."""
        maps = [feature for name, feature in x.items() if name in self.featmap_names]
        tallest = max(height for height, _ in image_shapes)
        scales = [2.0 ** round(math.log2(feature.shape[-2] / tallest)) for feature in maps]
        rois = numbered(boxes)
        levels = self.levels(rois, scales)
        out, order = [], []
        for k, (feature, scale) in enumerate(zip(maps, scales)):
            here = np.flatnonzero(levels == k)
            part = as_tensor(rois[here]).to(feature)
            out.append(roi_align(feature, part, self.output_size, scale, self.sampling_ratio))
            order.append(here)
        back = np.argsort(np.concatenate(order), kind="stable")
        return ops.cat(out)[as_tensor(back, device=maps[0].device)]

    def levels(self, rois: np.ndarray, scales: list[float]) -> np.ndarray:
        """The number of each box's map: a box of canonical_scale belongs to canonical_level, one half as large a level lower."""
        lowest, highest = -math.log2(scales[0]), -math.log2(scales[-1])
        side = np.sqrt((rois[:, 3] - rois[:, 1]) * (rois[:, 4] - rois[:, 2]))
        level = np.floor(
            self.canonical_level + np.log2(np.maximum(side, 1e-12) / self.canonical_scale) + 1e-6
        )
        return (np.clip(level, lowest, highest) - lowest).astype(int)

    def __repr__(self) -> str:
        return (
            f"MultiScaleRoIAlign(featmap_names={self.featmap_names}, output_size={self.output_size},"
            f" sampling_ratio={self.sampling_ratio})"
        )
