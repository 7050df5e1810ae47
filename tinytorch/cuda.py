"""torch.cuda as programs ask for it: is there a GPU, which, how full is it."""

from __future__ import annotations

from . import backend
from .backend import cuda_available as is_available
from .random import manual_seed


def device_count() -> int:
    return backend.cupy().cuda.runtime.getDeviceCount() if is_available() else 0


def current_device() -> int:
    return backend.cupy().cuda.Device().id


def set_device(device) -> None:
    backend.cupy().cuda.Device(backend.device(device).index or 0).use()


def get_device_name(device=None) -> str:
    properties = backend.cupy().cuda.runtime.getDeviceProperties(backend.device(device or "cuda").index or 0)
    return properties["name"].decode()


def get_device_capability(device=None) -> tuple[int, int]:
    number = backend.cupy().cuda.Device(backend.device(device or "cuda").index or 0).compute_capability
    return int(number[:-1]), int(number[-1])


def synchronize(device=None) -> None:
    if is_available():
        backend.cupy().cuda.Device().synchronize()


def empty_cache() -> None:
    if is_available():
        backend.cupy().get_default_memory_pool().free_all_blocks()


def memory_allocated(device=None) -> int:
    return backend.cupy().get_default_memory_pool().used_bytes() if is_available() else 0


def memory_reserved(device=None) -> int:
    return backend.cupy().get_default_memory_pool().total_bytes() if is_available() else 0


def manual_seed_all(seed: int) -> None:
    manual_seed(seed)


def is_bf16_supported() -> bool:
    return False  # tinytorch has no bfloat16 tensors
