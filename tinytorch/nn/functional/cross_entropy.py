"""The loss of a classifier: the cross-entropy between its scores and the true classes."""

from __future__ import annotations

import numpy as np

from ...backend import kernel, may_look, module_of
from ...op import asked, local, op
from ...ops import gather, squeeze, sum, unsqueeze, where
from .classes import (
    are_classes,
    by_class,
    check_classes,
    check_labels,
    check_sizes,
    class_dim,
    with_valid_classes,
)
from .half import widened
from .reduction import chosen, need_tensors, reduced
from .softmax import log_softmax, peak

# Shapes: input is (N, C), or (N, C, d1, d2, ...) with a class at each place, or (C,) for one example.


def cross_entropy(
    input,
    target,
    weight=None,
    size_average=None,
    ignore_index=-100,
    reduce=None,
    reduction="mean",
    label_smoothing=0.0,
):
    """-log softmax(input) at the target class; or, with target probabilities of input's shape, its mean under them.

    weight: a factor for each class. ignore_index: a class that does not count. label_smoothing: the part of the target
    that is spread over all classes alike. Szegedy et al. (2016).
    """
    reduction = chosen(reduction, size_average, reduce)
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(f"{asked()}: label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    need_tensors("cross_entropy", input=input, target=target)
    if target.array.shape == input.array.shape:
        return soft_cross_entropy(input, target, weight, reduction, label_smoothing)
    if input.array.ndim == 2 and weight is None and not label_smoothing:
        check_sizes(input, target, weight)
        remember = local.grad and input._requires_grad
        return softmax_cross_entropy(
            input, target, ignore_index=ignore_index, reduction=reduction, remember=remember
        )
    check_classes(input, target, weight, ignore_index)
    log_probs = log_softmax(input, class_dim(input))
    loss = nll_loss(log_probs, target, weight, ignore_index=ignore_index, reduction=reduction)
    if not label_smoothing:
        return loss
    spread = smoothing_loss(log_probs, target, weight, ignore_index, reduction)
    return (1 - label_smoothing) * loss + label_smoothing * spread


def nll_loss(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"):
    """-input at the target class, where input holds log-probabilities; the mean is weighted by the classes' weights."""
    reduction = chosen(reduction, size_average, reduce)
    need_tensors("nll_loss", input=input, target=target)
    check_classes(input, target, weight, ignore_index)
    dim = class_dim(input)
    kept, target = with_valid_classes(input, target, ignore_index)
    picked = squeeze(gather(input, dim, unsqueeze(target, dim)), dim)
    weights = kept.to(input.dtype) if weight is None else where(kept, weight[target], 0.0)
    loss = where(kept, -picked * weights, 0.0)
    return sum(loss) / sum(weights) if reduction == "mean" else reduced(loss, reduction)


def soft_cross_entropy(input, target, weight, reduction: str, label_smoothing: float):
    """cross_entropy for a target that is a distribution over the classes."""
    if not target.is_floating_point():
        raise RuntimeError(
            f"cross_entropy: Expected floating point type for target with class probabilities, got {target.dtype!r}"
        )
    dim = class_dim(input)
    classes = input.shape[dim]
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / classes
    loss = -sum(by_class(weight, input) * (target * log_softmax(input, dim)), dim=dim)
    return sum(loss) / (input.numel() / classes) if reduction == "mean" else reduced(loss, reduction)


def smoothing_loss(log_probs, target, weight, ignore_index: int, reduction: str):
    """The mean of -log_probs over the classes: the cross-entropy with a target that is spread evenly."""
    dim = class_dim(log_probs)
    kept, target = with_valid_classes(log_probs, target, ignore_index)
    loss = where(kept, -sum(by_class(weight, log_probs) * log_probs, dim=dim), 0.0) / log_probs.shape[dim]
    if reduction != "mean":
        return reduced(loss, reduction)
    return sum(loss) / sum(kept if weight is None else where(kept, weight[target], 0.0))


# ---------------------------------------------------------------- softmax and loss in one


@kernel
def softmax_cross_entropy_forward(logits, target):
    """(N, C), (N,) -> (N,) losses, (N, 1) the largest logit of each row, (N, 1) the sum of the exps of the rest to it."""
    rows = module_of(logits).arange(len(logits))
    top = peak(logits, 1)
    shifted = logits - top
    picked = shifted[rows, target]
    total = np.exp(shifted, out=shifted).sum(1, keepdims=True)
    return np.log(total[:, 0]) - picked, top, total


@kernel
def softmax_cross_entropy_gradient(logits, top, total, target, g):
    """(N, C), (N, 1), (N, 1), (N,), (N,) -> (N, C): (softmax - one_hot(target)) * g.

    The softmax is computed again: to keep it would take as much memory as the logits.
    """
    rows = module_of(logits).arange(len(logits))
    grad = logits - top
    np.exp(grad, out=grad)
    grad *= g[:, None] / total
    grad[rows, target] -= g
    return grad


@kernel
def softmax_cross_entropy_both(logits, target, share):
    """(N, C), (N,) -> the sum of the losses, each of which counts for so much, and its gradient (N, C).

    None, if some target is no class.
    """
    if not are_classes(target, logits.shape[1]):
        return None
    losses, top, total = softmax_cross_entropy_forward(logits, target)
    each = np.full(len(logits), share, total.dtype)
    return losses.sum() * share, softmax_cross_entropy_gradient(logits, top, total, target, each)


def two_step_cross_entropy(logits, target, ignore_index: int, reduction: str, remember: bool):
    """`softmax_cross_entropy` from ops that have second derivatives."""
    return nll_loss(log_softmax(logits, 1), target, ignore_index=ignore_index, reduction=reduction)


@op(saves=True, composed=two_step_cross_entropy)
def softmax_cross_entropy(logits, target, *, ignore_index=-100, reduction="mean", remember=False):
    """(N, C), (N,) -> the mean, the sum, or (N,) of -log_softmax(logits) at the targets.

    `remember`: a gradient will be wanted. If all losses count alike, it is found at once, while each row and its exps are at hand.
    """
    scores = widened(logits)
    if (
        remember
        and len(target)
        and ignore_index < 0
        and reduction != "none"
        and isinstance(logits, np.ndarray)
    ):
        share = 1 / len(target) if reduction == "mean" else 1.0
        found = softmax_cross_entropy_both(scores, target, share)
        if found is not None:
            loss, gradient = found
            return loss.astype(logits.dtype, copy=False), gradient
    kept = which_count(target, logits.shape[1], ignore_index)
    count = 1
    if reduction == "mean":
        count = len(target) if kept is None else np.count_nonzero(kept)
    target = target.copy() if kept is None else target * kept  # class 0 stands in for what is ignored
    losses, top, total = softmax_cross_entropy_forward(scores, target)
    if kept is not None:
        losses = np.where(kept, losses, 0)
    loss = losses if reduction == "none" else losses.sum() / count
    return loss.astype(logits.dtype, copy=False), (top, total, target, kept, count)


def which_count(target, classes: int, ignore_index: int):
    """Where the target is no class to be ignored; None where that is everywhere, as it mostly is."""
    if not may_look(target):
        return target != ignore_index
    if are_classes(target, classes) and not 0 <= ignore_index < classes:
        return None
    check_labels(target, classes, ignore_index)
    kept = target != ignore_index
    return None if kept.all() else kept


def spread_over_rows(g, logits, saved):
    """The gradient of the logits from that of the loss."""
    if type(saved) is np.ndarray:
        return saved * g  # never `saved` itself: who asks for a gradient may write to it, and ask again
    top, total, target, kept, count = saved
    g = g / module_of(g).maximum(count, 1) if kept is not None else g / max(count, 1)
    each = (g if g.ndim else g.repeat(len(logits))).astype(total.dtype, copy=False)
    if kept is not None:
        each = each * kept
    return softmax_cross_entropy_gradient(widened(logits), top, total, target, each)


softmax_cross_entropy.vjps(logits=spread_over_rows, target=None)
