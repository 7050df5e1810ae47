"""Settings that programs make for the whole process. Those that mean nothing here are remembered and change nothing."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable


class Settings:
    """What the functions below set."""

    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    interop_threads = 1
    deterministic = warn_only = warn_always = False
    matmul_precision = "highest"


# ---------------------------------------------------------------- threads


def set_num_threads(num: int) -> None:
    """How many threads a compiled kernel may use."""
    Settings.threads = thread_count("set_num_threads", num)


def get_num_threads() -> int:
    return Settings.threads


def set_num_interop_threads(num: int) -> None:
    Settings.interop_threads = thread_count("set_num_interop_threads", num)


def get_num_interop_threads() -> int:
    return Settings.interop_threads


def thread_count(name: str, num: int) -> int:
    if not isinstance(num, int) or isinstance(num, bool):
        raise RuntimeError(f"{name} expects an int, but got {type(num).__name__}")
    if num < 1:
        raise RuntimeError(f"{name} expects a positive integer, got {num}")
    return num


# ---------------------------------------------------------------- determinism and precision


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Every algorithm here is deterministic, so there is nothing to switch."""
    Settings.deterministic, Settings.warn_only = bool(mode), warn_only


def are_deterministic_algorithms_enabled() -> bool:
    return Settings.deterministic


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    return Settings.warn_only


def set_float32_matmul_precision(precision: str) -> None:
    """float32 products are computed in float32 whatever is asked for."""
    if precision not in ("highest", "high", "medium"):
        warnings.warn(
            f"{precision} is not one of 'highest', 'high', or 'medium'; set_float32_matmul_precision has no effect",
            stacklevel=2,
        )
        return
    Settings.matmul_precision = precision


def get_float32_matmul_precision() -> str:
    return Settings.matmul_precision


def set_flush_denormal(mode: bool) -> bool:
    """Whether tiny numbers are now flushed to zero: no, NumPy keeps them."""
    return False


def set_warn_always(b: bool) -> None:
    Settings.warn_always = bool(b)


def is_warn_always_enabled() -> bool:
    return Settings.warn_always


# ---------------------------------------------------------------- compilers


def compile(model: Callable | None = None, **options):
    """The function or module itself: there is no compiler. Also a decorator, `@torch.compile` or `@torch.compile(mode=...)`."""
    return (lambda given: given) if model is None else model
