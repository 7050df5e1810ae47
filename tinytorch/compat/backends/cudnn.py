"""torch.backends.cudnn: there is no cuDNN; its switches change nothing."""

from __future__ import annotations

import contextlib

enabled = True
benchmark = deterministic = False
allow_tf32 = True
benchmark_limit = 10


def is_available() -> bool:
    return False


def version() -> None:
    return None


@contextlib.contextmanager
def flags(enabled=False, benchmark=False, benchmark_limit=10, deterministic=False, allow_tf32=True, **_):
    yield
