"""Recording work on the GPU to repeat it: not here."""

from __future__ import annotations

from ..compat.absent import absent, refusing

NO_GRAPHS = "tinytorch records no CUDA graphs; run the step itself"
CUDAGraph, MemPool, graph = absent(NO_GRAPHS, "CUDAGraph", "MemPool", "graph")
make_graphed_callables, graph_pool_handle = refusing(NO_GRAPHS, "make_graphed_callables", "graph_pool_handle")


def is_current_stream_capturing() -> bool:
    return False
