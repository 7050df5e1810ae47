"""torch._dynamo: switches of a compiler that is not here. See compiler.py."""

from __future__ import annotations

from types import SimpleNamespace

from .compiler import allow_in_graph, disable, is_compiling, reset  # noqa: F401

config = SimpleNamespace(verbose=False, suppress_errors=False, cache_size_limit=8, optimize_ddp=True)


def mark_dynamic(t, index, **options) -> None:
    pass


mark_static = mark_dynamic
