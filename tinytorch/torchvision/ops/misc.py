"""A loss and layers of detectors and of residual networks."""

from __future__ import annotations

import math

from ... import ops
from ...creation import bernoulli, full, ones, zeros
from ...nn.functional import binary_cross_entropy_with_logits, max_pool2d, max_pool3d, pad
from ...nn.module import Module
from ...tensor import Tensor
from .layers import (  # noqa: F401
    MLP,
    Conv2dNormActivation,
    Conv3dNormActivation,
    ConvNormActivation,
    Permute,
    SqueezeExcitation,
)


def sigmoid_focal_loss(
    inputs: Tensor, targets: Tensor, alpha: float = 0.25, gamma: float = 2, reduction: str = "none"
) -> Tensor:
    """Cross-entropy that counts easy examples less. Lin et al. (2017), arXiv:1708.02002."""
    p = ops.sigmoid(inputs)
    right = p * targets + (1 - p) * (1 - targets)
    loss = binary_cross_entropy_with_logits(inputs, targets, reduction="none") * (1 - right) ** gamma
    if alpha >= 0:
        loss = (alpha * targets + (1 - alpha) * (1 - targets)) * loss
    return {"none": lambda: loss, "mean": loss.mean, "sum": loss.sum}[reduction]()


class FrozenBatchNorm2d(Module):
    """Batch norm with fixed statistics and a fixed weight and bias."""

    def __init__(self, num_features: int, eps: float = 1e-5):
        super().__init__()
        self.eps = eps
        self.register_buffer("weight", ones(num_features))
        self.register_buffer("bias", zeros(num_features))
        self.register_buffer("running_mean", zeros(num_features))
        self.register_buffer("running_var", ones(num_features))

    def _load_from_state_dict(self, state_dict, prefix, *rest) -> None:
        state_dict.pop(f"{prefix}num_batches_tracked", None)
        super()._load_from_state_dict(state_dict, prefix, *rest)

    def forward(self, x: Tensor) -> Tensor:
        scale = self.weight * (self.running_var + self.eps).rsqrt()
        bias = self.bias - self.running_mean * scale
        return x * scale.reshape(1, -1, 1, 1) + bias.reshape(1, -1, 1, 1)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.weight.shape[0]}, eps={self.eps})"


def stochastic_depth(input: Tensor, p: float, mode: str, training: bool = True) -> Tensor:
    """All of input ("batch"), or whole rows of it ("row"), zeroed with probability p. Huang et al. (2016), arXiv:1603.09382."""
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"drop probability has to be between 0 and 1, but got {p}")
    if mode not in ("batch", "row"):
        raise ValueError(f"mode has to be either 'batch' or 'row', but got {mode}")
    if not training or p == 0.0:
        return input
    shape = [input.shape[0] if mode == "row" else 1, *[1] * (input.ndim - 1)]
    kept = input.new_empty(shape).bernoulli_(1.0 - p)
    return input * (kept if p == 1.0 else kept / (1.0 - p))


class StochasticDepth(Module):
    """stochastic_depth as a module."""

    def __init__(self, p: float, mode: str):
        super().__init__()
        self.p, self.mode = p, mode

    def forward(self, input):
        return stochastic_depth(input, self.p, self.mode, self.training)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p}, mode={self.mode})"


def drop_block2d(
    input: Tensor, p: float, block_size: int, inplace: bool = False, eps: float = 1e-6, training: bool = True
) -> Tensor:
    """Squares of block_size zeroed, so that a share p is gone; the rest is scaled. Ghiasi et al. (2018), arXiv:1810.12890."""
    return blocks_dropped(input, p, block_size, inplace, eps, training, max_pool2d)


def drop_block3d(
    input: Tensor, p: float, block_size: int, inplace: bool = False, eps: float = 1e-6, training: bool = True
) -> Tensor:
    """`drop_block2d` with cubes."""
    return blocks_dropped(input, p, block_size, inplace, eps, training, max_pool3d)


def blocks_dropped(input, p, block_size, inplace, eps, training, max_pool) -> Tensor:
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"drop probability has to be between 0 and 1, but got {p}.")
    if block_size % 2 == 0:
        raise ValueError(f"block size should be odd. Got {block_size} which is even.")
    if not training or p == 0.0:
        return input
    batch, channels, *sizes = input.shape
    size = min(block_size, *sizes)
    places = [n - size + 1 for n in sizes]
    rate = p * math.prod(sizes) / (size ** len(sizes) * math.prod(places))
    corners = bernoulli(
        full((batch, channels, *places), min(rate, 1.0), dtype=input.dtype, device=input.device)
    )
    corners = pad(corners, [size // 2] * (2 * len(sizes)))
    kept = 1 - max_pool(corners, size, 1, size // 2)[(..., *(slice(0, n) for n in sizes))]
    scale = kept.numel() / (eps + kept.sum())
    return input.mul_(kept).mul_(scale) if inplace else input * kept * scale


class DropBlock2d(Module):
    """drop_block2d as a layer."""

    drop = staticmethod(drop_block2d)

    def __init__(self, p: float, block_size: int, inplace: bool = False, eps: float = 1e-6):
        super().__init__()
        self.p, self.block_size, self.inplace, self.eps = p, block_size, inplace, eps

    def forward(self, input: Tensor) -> Tensor:
        return self.drop(input, self.p, self.block_size, self.inplace, self.eps, self.training)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p}, block_size={self.block_size}, inplace={self.inplace})"


class DropBlock3d(DropBlock2d):
    """drop_block3d as a layer."""

    drop = staticmethod(drop_block3d)
