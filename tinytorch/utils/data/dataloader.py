# ruff: noqa: F401
"""PyTorch's path to `tinytorch.data.loader` and `tinytorch.data.collate`."""

from ...data.collate import default_collate, default_convert
from ...data.fetch import get_worker_info
from ...data.loader import DataLoader
from ...data.loader import LocalIterator as _SingleProcessDataLoaderIter
from ...data.loader import WorkerIterator as _MultiProcessingDataLoaderIter

_BaseDataLoaderIter = (_SingleProcessDataLoaderIter, _MultiProcessingDataLoaderIter)  # for isinstance
