"""A loss and layers of detectors and of residual networks."""

from __future__ import annotations

from ... import ops
from ...creation import ones, zeros
from ...nn.functional import binary_cross_entropy_with_logits
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
