"""torch.xpu: a kind of GPU that tinytorch does not know."""

from __future__ import annotations


def is_available() -> bool:
    return False


def device_count() -> int:
    return 0


def manual_seed(seed: int) -> None:
    pass


manual_seed_all = manual_seed


def synchronize(device=None) -> None:
    pass


empty_cache = synchronize
