"""What may be wrong with the arguments of a convolution, in PyTorch's words where it has some."""

from __future__ import annotations

from ... import dtypes
from ...tensor import Tensor
from .windows import places, reach


def check_kinds(name: str, n: int, x, weight, bias) -> None:
    for argument, value in (("input", x), ("weight", weight), ("bias", bias)):
        if not isinstance(value, Tensor) and not (argument == "bias" and value is None):
            raise TypeError(f"{name}: {argument} must be a Tensor, got {type(value).__name__}")
    if weight.array.ndim != n + 2:
        raise RuntimeError(f"{name}: expected a {n + 2}D weight, but got one of size {list(weight.shape)}")
    if x.array.ndim not in (n + 1, n + 2):
        raise RuntimeError(
            f"Expected {n + 1}D (unbatched) or {n + 2}D (batched) input to {name}, but got input of size: {list(x.shape)}"
        )
    for argument, value in (("weight", weight), ("bias", bias)):
        if value is not None and value.array.dtype != x.array.dtype:
            raise RuntimeError(
                f"{name}: input ({dtypes.of(x.array)!r}) and {argument} ({dtypes.of(value.array)!r}) should have the same dtype"
            )


def check_settings(name: str, stride, padding, dilation, groups) -> None:
    for setting, value in (("stride", stride), ("dilation", dilation), ("groups", (groups,))):
        if min(value) < 1:
            raise RuntimeError(
                f"{name}: non-positive {setting} is not supported, got {setting}={list(value)}"
            )
    if min(padding) < 0:
        raise RuntimeError(f"{name}: negative padding is not supported, got padding={list(padding)}")


def check_filters(name: str, shape, weight, bias, padding, dilation, groups) -> None:
    if weight[0] < groups or weight[0] % groups:
        raise RuntimeError(
            f"{name}: Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got weight of size {list(weight)}"
        )
    if shape[1] != weight[1] * groups:
        raise RuntimeError(
            f"{name}: Given groups={groups}, weight of size {list(weight)}, expected input{list(shape)} to have {weight[1] * groups}"
            f" channels, but got {shape[1]} channels instead"
        )
    check_bias(name, weight, bias, weight[0])
    padded = [s + 2 * p for s, p in zip(shape[2:], padding)]
    if min(places(padded, weight[2:], (1,) * len(padded), dilation)) < 1:
        sizes, kernel = (" x ".join(map(str, s)) for s in (padded, reach(weight[2:], dilation)))
        raise RuntimeError(
            f"{name}: calculated padded input size per channel: ({sizes}). Kernel size: ({kernel}). Kernel size can't be greater"
            " than actual input size"
        )


def check_transposed(name: str, shape, weight, bias, stride, dilation, extra, groups) -> None:
    if weight[0] % groups or shape[1] != weight[0]:
        raise RuntimeError(
            f"{name}: Given transposed=1, weight of size {list(weight)} and groups={groups}, expected input{list(shape)} to have"
            f" {weight[0]} channels, divisible by groups, but got {shape[1]} channels instead"
        )
    check_bias(name, weight, bias, weight[1] * groups)
    if any(e < 0 or (e >= s and e >= d) for e, s, d in zip(extra, stride, dilation)):
        raise RuntimeError(
            f"{name}: output padding must be smaller than either stride or dilation, but got output_padding={list(extra)},"
            f" stride={list(stride)}, dilation={list(dilation)}"
        )


def check_bias(name: str, weight, bias, size: int) -> None:
    if bias is not None and bias.array.shape != (size,):
        raise RuntimeError(
            f"{name}: Given weight of size {list(weight)}, expected bias to be 1-dimensional with {size} elements, but got bias of size"
            f" {list(bias.shape)} instead"
        )
