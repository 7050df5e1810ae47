"""Losses that compare numbers with numbers: regression, probabilities of yes or no, and whole distributions."""

from __future__ import annotations

import math
import warnings

import numpy as np

from ...autograd.grad_mode import no_grad
from ...backend import may_look
from ...op import asked, op
from ...ops import (
    abs,
    broadcast_shapes,
    clamp,
    exp,
    expand,
    log,
    log1p,
    sigmoid,
    square,
    sum,
    unsqueeze,
    where,
    xlogy,
)
from ...tensor import Tensor
from .activation import logsigmoid
from .reduction import broadcast_together, chosen, expect_same_size, need_tensors, reduced

# ---------------------------------------------------------------- distances


def mse_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """The squared error, (input - target)²."""
    reduction = chosen(reduction, size_average, reduce)
    expect_same_size("mse_loss", input, target)
    return weighted(square(input - target), weight, reduction)


def l1_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """The absolute error, |input - target|."""
    reduction = chosen(reduction, size_average, reduce)
    expect_same_size("l1_loss", input, target)
    return weighted(abs(input - target), weight, reduction)


def smooth_l1_loss(input, target, size_average=None, reduce=None, reduction="mean", beta=1.0):
    """|error| - beta/2, but error² / (2 beta) where the error is below beta. Girshick, Fast R-CNN (2015)."""
    reduction = chosen(reduction, size_average, reduce)
    expect_same_size("smooth_l1_loss", input, target)
    if beta < 0:
        raise RuntimeError(f"smooth_l1_loss does not support negative values for beta, got {beta}")
    error = abs(input - target)
    if beta == 0:
        return reduced(error, reduction)
    return reduced(where(error < beta, 0.5 * error * error / beta, error - 0.5 * beta), reduction)


def huber_loss(input, target, reduction="mean", delta=1.0, weight=None):
    """error² / 2, but delta * (|error| - delta/2) where the error is above delta. Huber (1964)."""
    reduction = chosen(reduction)
    expect_same_size("huber_loss", input, target)
    if delta <= 0:
        raise RuntimeError(f"huber_loss does not support non-positive values for delta, got {delta}")
    error = abs(input - target)
    loss = where(error <= delta, 0.5 * error * error, delta * (error - 0.5 * delta))
    return reduced(loss if weight is None else loss * same_size(weight, input), reduction)


def weighted(loss, weight, reduction: str):
    """The loss reduced; with a weight per element the mean is a weighted one."""
    if weight is None:
        return reduced(loss, reduction)
    loss = loss * same_size(weight, loss)
    return sum(loss) / sum(weight) if reduction == "mean" else reduced(loss, reduction)


def same_size(weight, input):
    if weight.size() != input.size():
        raise ValueError(
            f"{asked()}: Weights and input must have the same size, got {weight.size()} and {input.size()}"
        )
    return weight


# ---------------------------------------------------------------- yes or no


@op
def cross_entropy_of_bits(input, target):
    """-target * log(input) - (1 - target) * log(1 - input), each log at least -100, so that no loss is infinite."""
    if input.size and may_look(input) and not (input.min() >= 0 and input.max() <= 1):
        wrong = input[~((input >= 0) & (input <= 1))][0]
        raise RuntimeError(
            f"binary_cross_entropy: all elements of input should be between 0 and 1, but there is {wrong};"
            " are these logits? Then use binary_cross_entropy_with_logits"
        )
    with np.errstate(divide="ignore"):
        yes, no = np.maximum(np.log(input), -100), np.maximum(np.log1p(-input), -100)
    return (target - 1) * no - target * yes


cross_entropy_of_bits.vjps(
    input=lambda g, input, target: g * (input - target) / clamp(input * (1 - input), min=1e-12),
    target=lambda g, input: g * (log1p(-input) - log(input)),
)


def binary_cross_entropy(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    """-log of the probability that was given to the truth: input is the probability of yes, target is 1 (yes) or 0 (no)."""
    reduction = chosen(reduction, size_average, reduce)
    need_tensors("binary_cross_entropy", input=input, target=target)
    if target.size() != input.size():
        raise ValueError(
            f"binary_cross_entropy: Using a target size ({target.size()}) that is different to the input size ({input.size()}) is deprecated. "
            "Please ensure they have the same size."
        )
    if target.dtype != input.dtype:
        raise RuntimeError(
            f"binary_cross_entropy: target must have the input's dtype {input.dtype!r}, got {target.dtype!r}"
        )
    loss = cross_entropy_of_bits(input, target)
    if weight is not None:
        loss = loss * expand(weight, broadcast_shapes(target.shape, weight.shape))
    return reduced(loss, reduction)


@op
def cross_entropy_of_scores(input, target, *, reduction="none"):
    """cross_entropy_of_bits(sigmoid(input), target), with its logarithms taken on paper: (1 - target) * x - log(sigmoid(x)).

    It can be reduced here too: for the few scores of a small network another op would cost more than the loss itself.
    """
    loss = np.maximum(input, 0) - input * target + np.log1p(np.exp(-np.abs(input)))
    if reduction == "none":
        return loss
    return np.add.reduce(loss, None) / share_of(loss.shape, reduction)


cross_entropy_of_scores.vjps(
    input=lambda g, input, target, input_shape, reduction: (
        g / share_of(input_shape, reduction) * (sigmoid(input) - target)
    ),
    target=lambda g, input, input_shape, reduction: -g / share_of(input_shape, reduction) * input,
)


def share_of(shape, reduction: str) -> int:
    """By what a loss is divided."""
    return math.prod(shape) if reduction == "mean" else 1


def binary_cross_entropy_with_logits(
    input, target, weight=None, size_average=None, reduce=None, reduction="mean", pos_weight=None
):
    """binary_cross_entropy(sigmoid(input), target), exact for every input; pos_weight multiplies the loss of a yes."""
    reduction = chosen(reduction, size_average, reduce)
    need_tensors("binary_cross_entropy_with_logits", input=input, target=target)
    if target.array.shape != input.array.shape:
        raise ValueError(
            f"binary_cross_entropy_with_logits: Target size ({target.size()}) must be the same as input size ({input.size()})"
        )
    if not target.is_floating_point():
        raise RuntimeError(
            f"binary_cross_entropy_with_logits: target must be floating point, got {target.dtype!r}; use target.float()"
        )
    if weight is None and pos_weight is None:
        return cross_entropy_of_scores(input, target, reduction=reduction)
    loss = cross_entropy_of_scores(input, target)
    if pos_weight is not None:
        broadcast_together(
            "binary_cross_entropy_with_logits", input=input, pos_weight=pos_weight
        )  # a yes costs -log(sigmoid(x)), and counts pos_weight times
        loss = loss - (pos_weight - 1) * target * logsigmoid(input)
    return reduced(loss if weight is None else loss * weight, reduction)


# ---------------------------------------------------------------- distributions


def kl_div(input, target, size_average=None, reduce=None, reduction="mean", log_target=False):
    """target * (log(target) - input), the Kullback-Leibler divergence from log-probabilities `input` to probabilities `target`.

    "batchmean" divides the sum by the first dim: the divergence as it is defined.
    """
    if reduction == "mean" and size_average is None and reduce is None:
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size."
            "'batchmean' divides only by the batch size, and aligns with the KL div math definition."
            "'mean' will be changed to behave the same as 'batchmean' in the next major release.",
            stacklevel=2,
        )
    batch = reduction == "batchmean"
    reduction = chosen("sum" if batch else reduction, size_average, reduce)
    if not (input.is_floating_point() and target.is_floating_point()):
        raise RuntimeError(f"kl_div: Integral inputs not supported, got {input.dtype!r} and {target.dtype!r}")
    broadcast_together("kl_div", input=input, target=target)
    loss = reduced(
        exp(target) * (target - input) if log_target else xlogy(target, target) - target * input, reduction
    )
    return loss / input.shape[0] if batch and input.ndim else loss


def poisson_nll_loss(
    input, target, log_input=True, full=False, size_average=None, eps=1e-8, reduce=None, reduction="mean"
):
    """-log of the probability of the count `target` at the rate exp(input), or input itself without log_input.

    log(target!) is left out, or with full=True approximated by Stirling's formula.
    """
    reduction = chosen(reduction, size_average, reduce)
    broadcast_together("poisson_nll_loss", input=input, target=target)
    loss = exp(input) - target * input if log_input else input - target * log(input + eps)
    if full:
        stirling = target * log(target) - target + 0.5 * log(2 * math.pi * target)
        loss = loss + where(target <= 1, 0.0, stirling)
    return reduced(loss, reduction)


def gaussian_nll_loss(input, target, var, full=False, eps=1e-6, reduction="mean"):
    """-log of the density of target under a normal distribution with mean input and variance var, which is at least eps."""
    if isinstance(var, float):
        var = input.new_full(input.shape, var)
    if not isinstance(var, Tensor):
        raise TypeError(f"gaussian_nll_loss: var must be a Tensor or a float, got {type(var).__name__}")
    if (var < 0).any():
        raise ValueError("gaussian_nll_loss: var has negative entry/entries")
    if var.shape != input.shape:
        if input.shape[:-1] == var.shape:  # one variance for each row
            var = unsqueeze(var, -1)
        elif input.ndim != var.ndim or [v for n, v in zip(input.shape, var.shape) if n != v] != [1]:
            raise ValueError(
                f"gaussian_nll_loss: var is of incorrect size {list(var.shape)}; input has {list(input.shape)}"
            )
    reduction = chosen(reduction)
    var = var.clone()
    with no_grad():  # the gradient is that of the variance that was given
        var.clamp_(min=eps)
    loss = 0.5 * (log(var) + square(input - target) / var)
    return reduced(loss + 0.5 * math.log(2 * math.pi) if full else loss, reduction)
