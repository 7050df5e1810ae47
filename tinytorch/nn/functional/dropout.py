"""Dropout: some of the values, or whole channels, are replaced by 0 in training. Srivastava et al. (2014)."""

from __future__ import annotations

import math
import warnings

import numpy as np

from ... import random
from ...backend import kernel, module_of
from ...op import Value, asked, not_a_tensor, op
from ...tensor_inplace import inplace


@kernel
def dropout_forward(x, p: float, rng):
    """x with each value 0 with probability p and otherwise divided by 1 - p; and (bool) where it was kept."""
    kept = keep_mask(x, x.shape, p, rng)
    return x * kept * x.dtype.type(1 / (1 - p)), kept


def keep_mask(x, shape, p: float, rng):
    """True with probability 1 - p. Each place has a number of its own, so that threads can share the work."""
    places = module_of(x).arange(math.prod(shape), dtype=np.uint32)
    return (random.hashed(places, random.key(rng)) >= int(p * 2**32)).reshape(shape)


@op(saves=True)
def dropout_op(x, *, p):
    """x with each value 0 with probability p and otherwise divided by 1 - p."""
    return dropout_forward(x, p, random.stream(None))


@op
@kernel
def where_kept(g, *, kept, p):
    """g divided by 1 - p where a value was kept, and 0 elsewhere."""
    return g * kept * g.dtype.type(1 / (1 - p))


dropout_op.vjps(x=lambda g, saved, p: where_kept(g, kept=saved, p=p))
where_kept.vjps(g=lambda g, kept, p: where_kept(g, kept=kept, p=p))


def dropout(input, p=0.5, training=True, inplace=False):
    """In training, each value is 0 with probability p and otherwise divided by 1 - p, so that the mean stays."""
    check_probability(p)
    if not isinstance(input, Value):
        raise not_a_tensor("input", input)
    if p == 0 or not training or input.numel() == 0:
        return input
    if input.array.dtype.kind not in "fc":
        raise RuntimeError(f"dropout: the input must be floating point or complex, got {input.dtype!r}")
    if p == 1:
        return input.mul_(0) if inplace else input * 0
    return dropout_(input, p=p) if inplace else dropout_op(input, p=p)


dropout_ = inplace(dropout_op)


def check_probability(p) -> None:
    if not isinstance(p, (int, float)):
        raise TypeError(f"dropout(): argument 'p' must be float, not {type(p).__name__}")
    if not 0 <= p <= 1:
        raise ValueError(f"{asked()}: dropout probability has to be between 0 and 1, but got {p}")


# ---------------------------------------------------------------- whole channels


def channel_mask(input, p: float):
    """(N, C, 1, 1, ...): a kept channel is 1, a dropped one 0."""
    shape = (*input.shape[:2], *[1] * (input.ndim - 2))
    kept = keep_mask(input.array, shape, p, random.stream(None))
    return input.wrap(kept.astype(input.array.dtype))


def feature_dropout(input, p=0.5, training=True, inplace=False):
    """dropout of whole channels: input is (N, C, ...)."""
    check_probability(p)
    if p == 0 or not training or input.numel() == 0:
        return input
    if input.ndim < 2:
        raise RuntimeError(f"Feature dropout requires at least 2 dimensions in the input, got {input.ndim}")
    factor = 0 if p == 1 else channel_mask(input, p) * (1 / (1 - p))
    return input.mul_(factor) if inplace else input * factor


def unbatched(input, p, training, inplace):
    """feature_dropout for one example, (C, ...)."""
    if inplace:
        feature_dropout(input.unsqueeze(0), p, training, inplace)
        return input
    return feature_dropout(input.unsqueeze(0), p, training).squeeze(0)


def dropout1d(input, p=0.5, training=True, inplace=False):
    """dropout of whole channels: input is (N, C, L) or (C, L). Tompson et al. (2015)."""
    check_probability(p)
    if input.ndim not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {input.ndim}D input. Note that dropout1d exists to provide "
            "channel-wise dropout on inputs with 1 spatial dimension, a channel dimension, and an optional batch dimension "
            "(i.e. 2D or 3D inputs)."
        )
    return (feature_dropout if input.ndim == 3 else unbatched)(input, p, training, inplace)


def dropout2d(input, p=0.5, training=True, inplace=False):
    """dropout of whole channels: input is (N, C, H, W)."""
    check_probability(p)
    if input.ndim not in (3, 4):
        warn_of_dims("dropout2d", input.ndim, 2)
    if input.ndim == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is desired - input is"
            " interpreted as shape (N, C, L), where C is the channel dim. This behavior will change in a future release to"
            " interpret the input as one without a batch dimension, i.e. shape (C, H, W). To maintain the 1D channel-wise dropout"
            " behavior, please switch to using dropout1d instead.",
            stacklevel=2,
        )
    return feature_dropout(input, p, training, inplace)


def dropout3d(input, p=0.5, training=True, inplace=False):
    """dropout of whole channels: input is (N, C, D, H, W) or (C, D, H, W)."""
    check_probability(p)
    if input.ndim not in (4, 5):
        warn_of_dims("dropout3d", input.ndim, 3)
    return (feature_dropout if input.ndim == 5 else unbatched)(input, p, training, inplace)


def warn_of_dims(name: str, got: int, spatial: int) -> None:
    warnings.warn(
        f"{name}: Received a {got}-D input to {name}, which is deprecated and will result in an error in a future release. To"
        " retain the behavior and silence this warning, please use dropout instead. Note that"
        f" {name} exists to provide channel-wise dropout on inputs with {spatial} spatial dimensions, a channel dimension, and an"
        f" optional batch dimension (i.e. {spatial + 1}D or {spatial + 2}D inputs).",
        stacklevel=3,
    )


# ---------------------------------------------------------------- for selu networks


def alpha_dropout(input, p=0.5, training=False, inplace=False):
    """Dropout that keeps mean 0 and variance 1: a dropped value becomes selu's lower limit. Klambauer et al. (2017)."""
    check_probability(p)
    if p == 0 or not training or input.numel() == 0:
        return input
    return saturated(input, keep_mask(input.array, input.shape, p, random.stream(None)), p, inplace)


def feature_alpha_dropout(input, p=0.5, training=False, inplace=False):
    """alpha_dropout of whole channels: input is (N, C, ...)."""
    check_probability(p)
    if p == 0 or not training or input.numel() == 0:
        return input
    if input.ndim < 2:
        raise RuntimeError(f"Feature dropout requires at least 2 dimensions in the input, got {input.ndim}")
    return saturated(input, channel_mask(input, p).array, p, inplace)


def saturated(input, kept, p: float, inplace: bool):
    """a * (input where kept, else -LIMIT) + b, with a and b (section 3 of the paper) chosen for mean 0 and variance 1."""
    if p == 1:
        return input.mul_(0) if inplace else input * 0
    a = 1 / math.sqrt((LIMIT * LIMIT * p + 1) * (1 - p))
    kept = kept.astype(input.array.dtype)
    scale, shift = input.wrap(kept * a), input.wrap((kept - 1) * (LIMIT * a) + LIMIT * a * p)
    return input.mul_(scale).add_(shift) if inplace else input * scale + shift


LIMIT = 1.7580993408473766  # selu(-infinity) = -LIMIT: the product of its scale and its alpha
alpha_dropout_ = inplace(alpha_dropout)
feature_alpha_dropout_ = inplace(feature_alpha_dropout)
feature_dropout_ = inplace(feature_dropout)
