"""From a loss per element to one number, and what PyTorch warns of on the way."""

from __future__ import annotations

import warnings

from ... import ops
from ...op import Value


def reduced(loss, reduction: str):
    """The mean or the sum of a loss, or with "none" the loss as it is."""
    if reduction == "none":
        return loss
    return ops.mean(loss) if reduction == "mean" else ops.sum(loss)


def chosen(reduction: str, size_average=None, reduce=None) -> str:
    """The reduction asked for: "mean", "sum" or "none". size_average and reduce are its old form, two booleans."""
    if size_average is not None or reduce is not None:
        reduction = "none" if reduce is False else "sum" if size_average is False else "mean"
        warnings.warn(
            f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.",
            stacklevel=3,
        )
    if reduction == "elementwise_mean":
        warnings.warn(
            "reduction='elementwise_mean' is deprecated. Please use reduction='mean' instead.", stacklevel=3
        )
        return "mean"
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(
            f"{reduction} is not a valid value for reduction; it must be 'mean', 'sum' or 'none'"
        )
    return reduction


def expect_same_size(name: str, input, target) -> None:
    """Warn of a target that broadcasts: (N, 1) against (N,) silently makes an (N, N) loss."""
    for argument, given in (("input", input), ("target", target)):
        if not isinstance(given, Value):
            raise TypeError(f"{name}(): argument '{argument}' must be Tensor, not {type(given).__name__}")
    if target.size() != input.size():
        warnings.warn(
            f"Using a target size ({target.size()}) that is different to the input size ({input.size()}). "
            "This will likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=3,
        )
