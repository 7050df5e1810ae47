"""Losses that are 0 once the right answer is ahead by a margin: for ranking, embeddings and hinges."""

from __future__ import annotations

import math

import numpy as np

from ...op import asked
from ...ops import clamp_min, gather, minimum, reshape, sqrt, sum, unsqueeze, where
from .activation import logsigmoid, relu
from .classes import check_labels
from .distance import pairwise_distance
from .reduction import broadcast_together, chosen, reduced

# ---------------------------------------------------------------- two classes: target is 1 or -1


def soft_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """log(1 + exp(-target * input))."""
    reduction = chosen(reduction, size_average, reduce)
    broadcast_together("soft_margin_loss", input=input, target=target)
    return reduced(-logsigmoid(target * input), reduction)


def hinge_embedding_loss(input, target, margin=1.0, size_average=None, reduce=None, reduction="mean"):
    """For a distance `input`: itself where the target is 1, max(0, margin - input) where it is -1."""
    reduction = chosen(reduction, size_average, reduce)
    broadcast_together("hinge_embedding_loss", input=input, target=target)
    apart = where(target != 1, clamp_min(margin - input, 0), 0.0)
    together = where(target != -1, input, 0.0)
    return reduced(apart + together, reduction)


def margin_ranking_loss(input1, input2, target, margin=0.0, size_average=None, reduce=None, reduction="mean"):
    """max(0, margin - target * (input1 - input2)): with target 1, input1 should be the larger one."""
    reduction = chosen(reduction, size_average, reduce)
    if not input1.ndim == input2.ndim == target.ndim:
        raise RuntimeError(
            f"margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.size()}, input2: {input2.size()}, target: {target.size()} "
        )
    broadcast_together("margin_ranking_loss", input1=input1, input2=input2, target=target)
    return reduced(clamp_min(-target * (input1 - input2) + margin, 0), reduction)


def cosine_embedding_loss(
    input1, input2, target, margin=0.0, size_average=None, reduce=None, reduction="mean"
):
    """1 - cos(input1, input2) where the target is 1, max(0, cos - margin) where it is -1."""
    reduction = chosen(reduction, size_average, reduce)
    dim = target.ndim
    if dim > 1 or input1.ndim != dim + 1 or input2.ndim != dim + 1:
        raise RuntimeError(
            f"cosine_embedding_loss: {dim}D target tensor expects {dim + 1}D input tensors, and no more than 1D targets, but found"
            f" inputs with sizes {list(input1.shape)} and {list(input2.shape)}."
        )
    broadcast_together("cosine_embedding_loss", input1=input1, input2=input2)
    if dim and input1.array.shape[0] != target.array.shape[0]:
        raise RuntimeError(
            f"cosine_embedding_loss: target {list(target.shape)} needs an entry for each row of input1 {list(input1.shape)}"
        )
    size1, size2 = sum(input1 * input1, dim=dim) + 1e-12, sum(input2 * input2, dim=dim) + 1e-12
    cosine = sum(input1 * input2, dim=dim) / sqrt(size1 * size2)
    together = where(target == 1, 1 - cosine, 0.0)
    apart = where(target == -1, clamp_min(cosine - margin, 0), 0.0)
    return reduced(together + apart, reduction)


# ---------------------------------------------------------------- triplets


def triplet_margin_loss(
    anchor,
    positive,
    negative,
    margin=1.0,
    p=2,
    eps=1e-6,
    swap=False,
    size_average=None,
    reduce=None,
    reduction="mean",
):
    """max(0, margin + |anchor - positive| - |anchor - negative|), with p-norms. Schroff et al., FaceNet (2015)."""
    reduction = chosen(reduction, size_average, reduce)
    distance = lambda x, y: pairwise_distance(x, y, p, eps)
    return triplet_loss(anchor, positive, negative, distance, margin, swap, reduction)


def triplet_margin_with_distance_loss(
    anchor, positive, negative, *, distance_function=None, margin=1.0, swap=False, reduction="mean"
):
    """`triplet_margin_loss` with a distance of one's own."""
    reduction = chosen(reduction)
    return triplet_loss(
        anchor, positive, negative, distance_function or pairwise_distance, margin, swap, reduction
    )


def triplet_loss(anchor, positive, negative, distance, margin: float, swap: bool, reduction: str):
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise RuntimeError(
            f"{asked()}: The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got:"
            f" anchor {list(anchor.shape)}, positive {list(positive.shape)}, and negative {list(negative.shape)}"
        )
    if margin <= 0:
        raise ValueError(f"{asked()}: margin must be greater than 0, got {margin}")
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:  # the negative's distance to whichever of the two it is closer to. Balntas et al. (2016)
        far = minimum(far, distance(positive, negative))
    return reduced(clamp_min(margin + near - far, 0), reduction)


# ---------------------------------------------------------------- many classes


def multi_margin_loss(
    input, target, p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction="mean"
):
    """The mean over the wrong classes of max(0, margin - input[target] + input[class])**p: (N, C), (N,) -> (N,)."""
    reduction = chosen(reduction, size_average, reduce)
    if p not in (1, 2):
        raise ValueError(f"multi_margin_loss: only p == 1 and p == 2 supported, got {p}")
    if weight is not None and weight.ndim != 1:
        raise ValueError(f"multi_margin_loss: weight must be one-dimensional, got {weight.ndim}D")
    scores, labels = reshape(input, (-1, input.shape[-1] if input.ndim else 1)), reshape(target, (-1, 1))
    if len(scores) != len(labels):
        raise RuntimeError(
            f"multi_margin_loss: inconsistent target size, got {list(target.shape)} for input {list(input.shape)}"
        )
    classes = scores.shape[1]
    if target.array.dtype.kind not in "iu":
        raise RuntimeError(
            f"multi_margin_loss: target holds class numbers: expected scalar type Long but found {target.dtype!r}"
        )
    if weight is not None and len(weight) != classes:
        raise RuntimeError(
            f"multi_margin_loss: inconsistent weight size, expected {classes} but got {list(weight.shape)}"
        )
    check_labels(labels.array, classes, ignore_index=0)
    gap = relu(margin - gather(scores, 1, labels) + scores)  # (N, C)
    gap = gap if p == 1 else gap * gap
    gap = where(labels == labels.new_tensor(np.arange(classes)), 0.0, gap)
    gap = gap if weight is None else gap * weight[labels]
    loss = sum(gap, dim=1) / classes
    return reduced(reshape(loss, target.shape), reduction)


def multilabel_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """The mean of max(0, 1 - input[right] + input[wrong]) over pairs of classes; -1 ends each row's list of right ones."""
    reduction = chosen(reduction, size_average, reduce)
    if input.shape != target.shape:
        raise RuntimeError(
            f"multilabel_margin_loss: inconsistent target size: {list(target.shape)} for input of size: {list(input.shape)}"
        )
    classes = input.shape[-1] if input.ndim else 1
    scores, labels = reshape(input, (-1, classes)), reshape(target, (-1, classes))
    listed = labels.wrap(np.cumprod(labels.array >= 0, axis=1).astype(bool))  # (N, C): before the first -1
    labels = where(listed, labels, 0)
    is_right = (unsqueeze(labels, 2) == labels.new_tensor(np.arange(classes))) & unsqueeze(
        listed, 2
    )  # (N, right, C)
    gap = relu(1 - unsqueeze(gather(scores, 1, labels), 2) + unsqueeze(scores, 1))  # (N, right, wrong)
    counts = unsqueeze(listed, 2) & ~unsqueeze(is_right.any(dim=1), 1)
    loss = sum(where(counts, gap, 0.0), dim=(1, 2)) / classes
    return reduced(reshape(loss, input.shape[:-1]), reduction)


def multilabel_soft_margin_loss(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    """binary_cross_entropy_with_logits, averaged over the classes (the last dim)."""
    reduction = chosen(reduction, size_average, reduce)
    loss = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    loss = loss if weight is None else loss * weight
    return reduced(sum(loss, dim=-1) / math.prod(input.shape[-1:]), reduction)
