"""torch.mps: Apple's GPU, which tinytorch does not use. What needs no GPU can be called."""

from __future__ import annotations

from ..random import get_rng_state, manual_seed, seed, set_rng_state  # noqa: F401


def is_available() -> bool:
    return False


def device_count() -> int:
    return 0


def synchronize() -> None:
    pass


empty_cache = synchronize


def current_allocated_memory() -> int:
    return 0


driver_allocated_memory = current_allocated_memory
