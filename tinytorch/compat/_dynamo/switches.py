"""The switches of torch._dynamo. Nothing is compiled: see compiler.py."""

from __future__ import annotations

from types import SimpleNamespace

from ..compiler import allow_in_graph, assume_constant_result, disable, is_compiling, reset  # noqa: F401

config = SimpleNamespace(verbose=False, suppress_errors=False, cache_size_limit=8, optimize_ddp=True)


def mark_dynamic(t, index=None, **options) -> None:
    pass


maybe_mark_dynamic = mark_static = mark_static_address = mark_dynamic


def graph_break(msg: str = "") -> None:
    pass
