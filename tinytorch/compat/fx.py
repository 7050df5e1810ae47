"""torch.fx is there to be imported; nothing is traced, functions run as Python."""

from __future__ import annotations


def wrap(fn_or_name):
    """fn_or_name itself: it would have told a tracer not to look inside."""
    return fn_or_name


def symbolic_trace(root, concrete_args=None):
    raise NotImplementedError("torch.fx.symbolic_trace: tinytorch traces no graphs; call the module itself")
