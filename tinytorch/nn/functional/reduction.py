"""From a loss per element to one number, and what PyTorch warns of on the way."""

from __future__ import annotations

import warnings

import numpy as np

from ... import ops
from ...op import Value, asked, broadcast_rule, not_a_tensor


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
            f"{asked()}: {reduction!r} is not a valid value for reduction; it must be 'mean', 'sum' or 'none'"
        )
    return reduction


def need_tensors(name: str, **arguments) -> None:
    for argument, given in arguments.items():
        if not isinstance(given, Value):
            raise not_a_tensor(argument, given, name)


def expect_same_size(name: str, input, target) -> None:
    """Warn of a target that broadcasts: (N, 1) against (N,) silently makes an (N, N) loss."""
    need_tensors(name, input=input, target=target)
    if input.array.dtype.kind in "biu" and target.array.dtype.kind in "biu":
        raise NotImplementedError(
            f"{name}: not implemented for integers, got input of {input.dtype!r} and target of {target.dtype!r}; use input.float()"
        )
    if target.size() != input.size():
        warnings.warn(
            f"Using a target size ({target.size()}) that is different to the input size ({input.size()}). "
            "This will likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=3,
        )
        broadcast_together(name, input=input, target=target)


def broadcast_together(name: str, **tensors) -> None:
    """An error that tells the arguments by their names if their shapes do not broadcast."""
    shapes = {argument: tuple(t.array.shape) for argument, t in tensors.items()}
    try:
        np.broadcast_shapes(*shapes.values())
    except ValueError:
        given = ", ".join(f"{argument} {list(shape)}" for argument, shape in shapes.items())
        raise RuntimeError(f"{name}: {given}: {broadcast_rule([*shapes.values()])}") from None
