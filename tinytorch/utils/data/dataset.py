# ruff: noqa: F401
"""PyTorch's path to `tinytorch.data.dataset`."""

from ...data.dataset import (
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    TensorDataset,
    random_split,
)
