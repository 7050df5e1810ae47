"""Normalisation layers over a batch, or over each image of it, with running statistics."""

from __future__ import annotations

import warnings

from ..creation import ones, zeros
from ..dtypes import int64
from ..tensor_data import tensor
from . import functional as F
from .module import Module
from .norm import affine_parameters, reset_affine

# ---------------------------------------------------------------- over the batch


class _NormBase(Module):
    """What batch and instance norm share: weight and bias per channel, running mean and variance."""

    _version = 2  # since 2, num_batches_tracked is part of the state

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device=None,
        dtype=None,
        *,
        bias: bool = True,
    ):
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        affine_parameters(self, num_features, affine, affine and bias, device, dtype)
        tracked = track_running_stats
        self.register_buffer(
            "running_mean", zeros(num_features, device=device, dtype=dtype) if tracked else None
        )
        self.register_buffer(
            "running_var", ones(num_features, device=device, dtype=dtype) if tracked else None
        )
        self.register_buffer(
            "num_batches_tracked", tensor(0, device=device, dtype=int64) if tracked else None
        )
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        self.reset_running_stats()
        reset_affine(self)

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, bias={self.bias is not None},"
            f" track_running_stats={self.track_running_stats}"
        )

    def _load_from_state_dict(
        self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
    ) -> None:
        old = local_metadata.get("version") is None or local_metadata["version"] < 2
        if old and self.track_running_stats and self.num_batches_tracked is not None:
            state_dict.setdefault(prefix + "num_batches_tracked", self.num_batches_tracked)
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )


class _BatchNorm(_NormBase):
    """Each channel shifted to mean 0 and scaled to variance 1, then times weight plus bias. Ioffe and Szegedy (2015).

    In training by the batch's own statistics, which the running ones follow in steps of `momentum` (None: their plain
    average over all batches); in evaluation by the running ones.
    """

    ranks: tuple[int, ...]  # how many dimensions an input may have

    def forward(self, input):
        if input.dim() not in self.ranks:
            raise ValueError(
                f"{type(self).__name__}: expected {' or '.join(f'{n}D' for n in self.ranks)} input (got {input.dim()}D input): {list(input.shape)}"
            )
        use_running = not self.training or self.track_running_stats
        return F.batch_norm(
            input,
            self.running_mean if use_running else None,
            self.running_var if use_running else None,
            self.weight,
            self.bias,
            self.training or (self.running_mean is None and self.running_var is None),
            self._count_batch(),
            self.eps,
        )

    def _count_batch(self) -> float:
        """Take note of one more training batch; by how much the running statistics shall follow it."""
        if self.training and self.track_running_stats and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:
                return 1.0 / self.num_batches_tracked.item()
        return self.momentum or 0.0


class BatchNorm1d(_BatchNorm):
    """Batch norm of (N, C) or (N, C, L)."""

    ranks = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Batch norm of (N, C, H, W)."""

    ranks = (4,)


class BatchNorm3d(_BatchNorm):
    """Batch norm of (N, C, D, H, W)."""

    ranks = (5,)


class SyncBatchNorm(_BatchNorm):
    """Batch norm over the batches of all processes; tinytorch trains in one, where that is batch norm."""

    ranks = tuple(range(2, 10))

    def __init__(self, *args, process_group=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.process_group = process_group

    @classmethod
    def convert_sync_batchnorm(cls, module, process_group=None):
        """The module as it is: one process needs no synchronisation."""
        return module


class _InstanceNorm(_NormBase):
    """Each channel of each image shifted to mean 0 and scaled to variance 1. Ulyanov et al. (2016)."""

    rank: int  # the number of dimensions without a batch

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device=None,
        dtype=None,
        *,
        bias: bool = True,
    ):
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def forward(self, input):
        if input.dim() not in (self.rank, self.rank + 1):
            raise ValueError(
                f"{type(self).__name__}: expected {self.rank}D or {self.rank + 1}D input (got {input.dim()}D input): {list(input.shape)}"
            )
        self._check_channels(input, input.dim() - self.rank)
        if input.dim() == self.rank:
            return self._normalise(input.unsqueeze(0)).squeeze(0)
        return self._normalise(input)

    def _check_channels(self, input, dim: int) -> None:
        size = input.size(dim)
        if size != self.num_features and self.affine:
            raise ValueError(
                f"expected input's size at dim={dim} to match num_features ({self.num_features}), but got: {size}."
            )
        if size != self.num_features:
            warnings.warn(
                f"input's size at dim={dim} does not match num_features. You can silence this warning by not passing in"
                " num_features, which is not used because affine=False",
                stacklevel=3,
            )

    def _normalise(self, input):
        use_input_stats = self.training or not self.track_running_stats
        return F.instance_norm(
            input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            use_input_stats,
            self.momentum or 0.0,
            self.eps,
        )


class InstanceNorm1d(_InstanceNorm):
    """Instance norm of (N, C, L) or (C, L)."""

    rank = 2


class InstanceNorm2d(_InstanceNorm):
    """Instance norm of (N, C, H, W) or (C, H, W)."""

    rank = 3


class InstanceNorm3d(_InstanceNorm):
    """Instance norm of (N, C, D, H, W) or (C, D, H, W)."""

    rank = 4
