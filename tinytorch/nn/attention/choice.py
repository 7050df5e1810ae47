"""Which of PyTorch's implementations of attention is to be used: here there is one."""

from __future__ import annotations

import contextlib
from enum import IntEnum


class SDPBackend(IntEnum):
    """PyTorch's implementations of scaled_dot_product_attention. Here there is one."""

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4


@contextlib.contextmanager
def sdpa_kernel(backends: SDPBackend | list[SDPBackend], set_priority: bool = False):
    """Would choose among them; the results are the same."""
    yield {}
