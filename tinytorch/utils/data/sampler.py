# ruff: noqa: F401
"""PyTorch's path to `tinytorch.data.sampler`."""

from ...data.sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
