# ruff: noqa: F401
"""PyTorch's path to `tinytorch.data.loader` and `tinytorch.data.collate`."""

from collections.abc import Callable
from typing import Any

from ...data.collate import default_collate, default_convert
from ...data.fetch import get_worker_info
from ...data.loader import DataLoader, _DatasetKind
from ...data.loader import LocalIterator as _SingleProcessDataLoaderIter
from ...data.loader import WorkerIterator as _MultiProcessingDataLoaderIter

_BaseDataLoaderIter = (_SingleProcessDataLoaderIter, _MultiProcessingDataLoaderIter)  # for isinstance

_collate_fn_t = Callable[[list], Any]
_worker_init_fn_t = Callable[[int], None]
