"""Batches mixed with themselves, pictures and labels alike."""

from __future__ import annotations

import math

from .... import random
from ....nn.functional import one_hot
from ....tensor import Tensor
from ....utils._pytree import tree_flatten, tree_unflatten
from ...tv_tensors import wrap
from ..functional import get_dimensions
from ..random import whole
from .boxes import getter
from .structure import Transform, changing


class Mixing(Transform):
    """A batch and its neighbour, the batch rolled by one; labels become shares of the num_classes classes."""

    def __init__(self, *, alpha: float = 1.0, num_classes: int | None = None, labels_getter="default"):
        self.alpha, self.num_classes, self.labels_getter = alpha, num_classes, labels_getter

    def forward(self, *inputs):
        sample = inputs if len(inputs) > 1 else inputs[0]
        labels = getter(self.labels_getter)(sample)
        if not isinstance(labels, Tensor) or labels.dim() not in (1, 2):
            raise ValueError(
                f"labels should be a tensor of (batch_size,) or (batch_size, num_classes), got {labels}"
            )
        if labels.dim() == 1 and self.num_classes is None:
            raise ValueError("num_classes must be passed if the labels are index-based (dimension 1)")
        items, spec = tree_flatten(sample)
        chosen = [change and item is not labels for item, change in zip(items, changing(items))]
        pictures = next(item for item, change in zip(items, chosen) if change)
        if pictures.dim() < 4:
            raise ValueError(
                f"Expected a batched input with 4 dims, but got {pictures.dim()} dimensions instead."
            )
        share = float(random.stream(None).beta(self.alpha, self.alpha))
        share, mix = self.mixer(share, *get_dimensions(pictures)[1:])
        out = [
            self.mixed(item, share) if item is labels else wrap(mix(item), like=item) if change else item
            for item, change in zip(items, chosen)
        ]
        return tree_unflatten(out, spec)

    def mixed(self, labels: Tensor, share: float) -> Tensor:
        shares = one_hot(labels, self.num_classes or 0) if labels.dim() == 1 else labels
        shares = shares if shares.is_floating_point() else shares.float()
        return shares * share + shares.roll(1, 0) * (1 - share)

    def mixer(self, share: float, H: int, W: int):
        """The share of the batch itself, and what mixes the pictures."""
        raise NotImplementedError


class MixUp(Mixing):
    """Every picture a weighted mean of two. Zhang et al. (2017), arXiv:1710.09412."""

    def mixer(self, share, H, W):
        return share, lambda x: x * share + x.roll(1, 0) * (1 - share)


class CutMix(Mixing):
    """A rectangle of one picture in another. Yun et al. (2019), arXiv:1905.04899."""

    def mixer(self, share, H, W):
        x, y, half = whole(0, W - 1), whole(0, H - 1), 0.5 * math.sqrt(1 - share)
        left, right = max(x - int(half * W), 0), min(x + int(half * W), W)
        top, bottom = max(y - int(half * H), 0), min(y + int(half * H), H)

        def mix(pictures):
            out = pictures.clone()
            out[..., top:bottom, left:right] = pictures.roll(1, 0)[..., top:bottom, left:right]
            return out

        return 1 - (right - left) * (bottom - top) / (H * W), mix
