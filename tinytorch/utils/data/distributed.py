# ruff: noqa: F401
"""PyTorch's path to `tinytorch.data.sampler.DistributedSampler`."""

from ...data.sampler import DistributedSampler
