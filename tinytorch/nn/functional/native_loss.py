"""Losses as `torch.kl_div` and its like take them: the reduction is a number, 0 for none, 1 for mean, 2 for sum."""

from __future__ import annotations

from . import ctc, loss, margin_loss

REDUCTIONS = ("none", "mean", "sum")


def binary_cross_entropy_with_logits(input, target, weight=None, pos_weight=None, reduction=1):
    """`nn.functional.binary_cross_entropy_with_logits` in another order."""
    return loss.binary_cross_entropy_with_logits(
        input, target, weight, pos_weight=pos_weight, reduction=REDUCTIONS[reduction]
    )


def cosine_embedding_loss(input1, input2, target, margin=0.0, reduction=1):
    """`nn.functional.cosine_embedding_loss`."""
    return margin_loss.cosine_embedding_loss(
        input1, input2, target, margin=margin, reduction=REDUCTIONS[reduction]
    )


def ctc_loss(log_probs, targets, input_lengths, target_lengths, blank=0, reduction=1, zero_infinity=False):
    """`nn.functional.ctc_loss`."""
    return ctc.ctc_loss(
        log_probs, targets, input_lengths, target_lengths, blank, REDUCTIONS[reduction], zero_infinity
    )


def hinge_embedding_loss(input, target, margin=1.0, reduction=1):
    """`nn.functional.hinge_embedding_loss`."""
    return margin_loss.hinge_embedding_loss(input, target, margin=margin, reduction=REDUCTIONS[reduction])


def kl_div(input, target, reduction=1, *, log_target=False):
    """`nn.functional.kl_div`."""
    each = loss.kl_div(input, target, reduction="none", log_target=log_target)
    return each if reduction == 0 else each.mean() if reduction == 1 else each.sum()


def margin_ranking_loss(input1, input2, target, margin=0.0, reduction=1):
    """`nn.functional.margin_ranking_loss`."""
    return margin_loss.margin_ranking_loss(
        input1, input2, target, margin=margin, reduction=REDUCTIONS[reduction]
    )


def poisson_nll_loss(input, target, log_input, full, eps, reduction):
    """`nn.functional.poisson_nll_loss`."""
    return loss.poisson_nll_loss(
        input, target, log_input=log_input, full=full, eps=eps, reduction=REDUCTIONS[reduction]
    )


def triplet_margin_loss(anchor, positive, negative, margin=1.0, p=2.0, eps=1e-6, swap=False, reduction=1):
    """`nn.functional.triplet_margin_loss`."""
    return margin_loss.triplet_margin_loss(
        anchor, positive, negative, margin=margin, p=p, eps=eps, swap=swap, reduction=REDUCTIONS[reduction]
    )
