"""The loss of a classifier: the cross-entropy between its scores and the true classes."""

from __future__ import annotations

import numpy as np

from ...backend import kernel, module_of
from ...creation import zeros
from ...op import op
from ...ops import gather, reshape, scatter, squeeze, sum, unsqueeze, where
from .half import widened
from .reduction import chosen, reduced
from .softmax import log_softmax

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
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    if target.shape == input.shape:
        return soft_cross_entropy(input, target, weight, reduction, label_smoothing)
    check_classes(input, target, weight, ignore_index)
    if input.ndim == 2 and weight is None and not label_smoothing:
        return softmax_cross_entropy(input, target, ignore_index=ignore_index, reduction=reduction)
    log_probs = log_softmax(input, class_dim(input))
    loss = nll_loss(log_probs, target, weight, ignore_index=ignore_index, reduction=reduction)
    if not label_smoothing:
        return loss
    spread = smoothing_loss(log_probs, target, weight, ignore_index, reduction)
    return (1 - label_smoothing) * loss + label_smoothing * spread


def nll_loss(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"):
    """-input at the target class, where input holds log-probabilities; the mean is weighted by the classes' weights."""
    reduction = chosen(reduction, size_average, reduce)
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
            f"Expected floating point type for target with class probabilities, got {target.dtype!r}"
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
def softmax_cross_entropy_forward(logits, target, ignore_index: int):
    """(N, C), (N,) -> (N,) losses, 0 where the class is ignore_index; and (N, C) the softmax, which the gradient needs."""
    kept, target = target != ignore_index, np.where(target == ignore_index, 0, target)
    rows = module_of(logits).arange(len(logits))
    shifted = logits - logits.max(1, keepdims=True) if logits.size else logits
    picked = shifted[rows, target]
    softmax = np.exp(shifted)
    total = softmax.sum(1, keepdims=True)
    softmax /= total
    return np.where(kept, np.log(total[:, 0]) - picked, 0), softmax


@kernel
def softmax_cross_entropy_gradient(softmax, target, g, ignore_index: int):
    """(N, C), (N,), (N,) -> (N, C): (softmax - one_hot(target)) * g, and 0 in rows that are ignored."""
    kept, target = target != ignore_index, np.where(target == ignore_index, 0, target)
    rows = module_of(softmax).arange(len(softmax))
    g = np.where(kept, g, 0).astype(softmax.dtype, copy=False)
    grad = softmax * g[:, None]
    grad[rows, target] -= g
    return grad


def two_step_cross_entropy(logits, target, ignore_index: int, reduction: str):
    """`softmax_cross_entropy` from ops that have second derivatives."""
    return nll_loss(log_softmax(logits, 1), target, ignore_index=ignore_index, reduction=reduction)


@op(saves=True, composed=two_step_cross_entropy)
def softmax_cross_entropy(logits, target, *, ignore_index=-100, reduction="mean"):
    """(N, C), (N,) -> the mean, the sum, or (N,) of -log_softmax(logits) at the targets."""
    losses, softmax = softmax_cross_entropy_forward(widened(logits), target, ignore_index)
    count = (target != ignore_index).sum() if reduction == "mean" else 1
    loss = losses if reduction == "none" else losses.sum() / count
    return loss.astype(logits.dtype, copy=False), (softmax, count)


def spread_over_rows(g, saved, target, ignore_index: int):
    """The gradient of the logits from that of the loss."""
    softmax, count = saved
    g = np.broadcast_to(g / count, target.shape)
    return softmax_cross_entropy_gradient(softmax, target, g, ignore_index)


softmax_cross_entropy.vjps(logits=spread_over_rows, target=None)


# ---------------------------------------------------------------- classes


def one_hot(tensor, num_classes=-1):
    """Class numbers (...) -> (..., num_classes): a 1 in the place of the class, zeros elsewhere."""
    if tensor.array.dtype != np.int64:
        raise RuntimeError(
            f"one_hot is only applicable to index tensor of type LongTensor, got {tensor.dtype!r}"
        )
    if tensor.numel() == 0 and num_classes <= 0:
        raise RuntimeError("Can not infer total number of classes from empty tensor.")
    if tensor.numel() and tensor.min() < 0:
        raise RuntimeError(f"Class values must be non-negative, got {tensor.min().item()}")
    if num_classes == -1:
        num_classes = tensor.max().item() + 1
    if tensor.numel() and tensor.max() >= num_classes:
        raise RuntimeError(
            f"Class values must be smaller than num_classes, got {tensor.max().item()} with {num_classes} classes"
        )
    blank = zeros(*tensor.shape, num_classes, dtype=tensor.dtype, device=tensor.device)
    return scatter(blank, -1, unsqueeze(tensor, -1), 1)


def class_dim(input) -> int:
    """Where the classes are: (C,) for one example, (N, C, ...) for many."""
    if input.ndim == 0:
        raise IndexError("cross_entropy: the input needs a dim for the classes, but it is 0D")
    return 0 if input.ndim == 1 else 1


def by_class(weight, input):
    """The weights of the classes, shaped so that they broadcast against input; 1 if there are none."""
    if weight is None:
        return 1
    classes = input.shape[class_dim(input)]
    if weight.shape != (classes,):
        raise RuntimeError(
            f"weight tensor should be defined either for all {classes} classes or no classes but got weight tensor of shape: {list(weight.shape)}"
        )
    return reshape(weight, (-1,) + (1,) * (input.ndim - 2))


def with_valid_classes(input, target, ignore_index: int):
    """Where the target counts; and the target, with class 0 where it does not, as one number if there is one example."""
    kept, target = target != ignore_index, where(target == ignore_index, 0, target).long()
    return (reshape(kept, ()), reshape(target, ())) if input.ndim == 1 else (kept, target)


def check_classes(input, target, weight, ignore_index: int) -> None:
    """Raise what PyTorch raises for shapes, dtypes and class numbers that do not fit."""
    shape, places = input.shape, target.shape
    if input.ndim == 0:
        raise ValueError("Expected 1 or more dimensions (got 0)")
    if target.array.dtype not in (np.int64, np.uint8):
        raise RuntimeError(
            f"expected target dtype to be Long or Byte, but got {target.dtype!r}; use target.long() for class numbers"
        )
    if input.ndim > 1 and (not places or shape[0] != places[0]):
        raise ValueError(
            f"Expected input batch_size ({shape[0]}) to match target batch_size ({places[0] if places else 'none: it is a scalar'})."
        )
    if input.ndim <= 2 and target.ndim > 1:
        raise RuntimeError(
            f"0D or 1D target tensor expected, multi-target not supported: got target {list(places)} for input {list(shape)}"
        )
    if places != ((shape[0], *shape[2:]) if input.ndim > 1 else ()) and not (
        input.ndim == 1 and places == (1,)
    ):
        raise RuntimeError(f"Expected target size {[shape[0], *shape[2:]]}, got {list(places)}")
    by_class(weight, input)
    if weight is not None and weight.dtype != input.dtype:
        raise RuntimeError(
            f"expected weight of the input's dtype {input.dtype!r}, but found {weight.dtype!r}"
        )
    classes, kept = shape[class_dim(input)], target.array[target.array != ignore_index]
    if kept.size and not (kept.min() >= 0 and kept.max() < classes):
        worst = kept.min() if kept.min() < 0 else kept.max()
        raise IndexError(f"Target {worst} is out of bounds: there are {classes} classes")
