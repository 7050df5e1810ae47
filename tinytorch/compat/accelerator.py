"""torch.accelerator: the GPU, under a name that does not say whose."""

from __future__ import annotations

import importlib

from .. import backend, later
from ..cuda.runtime import current_device as current_device_index  # noqa: F401
from ..cuda.runtime import device_count, is_available, synchronize  # noqa: F401
from ..cuda.runtime import set_device as set_device_index  # noqa: F401


def get_device_module(device=None):
    """What `torch.cuda` is to a CUDA device, for the device's kind."""
    kind = backend.device(device or ("cuda" if is_available() else "cpu")).type
    return importlib.import_module(f"{later.ROOT}.{kind}")


def current_accelerator(check_available: bool = False) -> backend.device | None:
    return backend.device("cuda") if is_available() else None
