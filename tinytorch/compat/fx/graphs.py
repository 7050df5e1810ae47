"""The classes of torch.fx can be named; nothing is traced, functions run as Python."""

from __future__ import annotations

from ..absent import absent

NO_GRAPHS = "tinytorch traces no graphs; call the module itself"
Graph, GraphModule, Interpreter, Node, Proxy, Tracer, Transformer = absent(
    NO_GRAPHS, "Graph", "GraphModule", "Interpreter", "Node", "Proxy", "Tracer", "Transformer"
)


def wrap(fn_or_name):
    """fn_or_name itself: it would have told a tracer not to look inside."""
    return fn_or_name


def symbolic_trace(root, concrete_args=None):
    raise NotImplementedError(f"torch.fx.symbolic_trace: {NO_GRAPHS}")
