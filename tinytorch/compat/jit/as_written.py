"""The decorators of torch.jit hand back what they decorate, which then runs as Python."""

from __future__ import annotations

import builtins
from typing import Any, Final  # noqa: F401

from ...nn.module import Module
from ..absent import absent
from ..futures import Future


class ScriptModule(Module):
    """The base class of modules written for compilation; their methods run as Python."""


class TracerWarning(Warning):
    """What tracing would warn with."""


ScriptFunction, CompilationUnit, TopLevelTracedModule = absent(
    "tinytorch compiles nothing", "ScriptFunction", "CompilationUnit", "TopLevelTracedModule"
)


def script(obj, *args, **kwargs):
    """obj itself."""
    return obj


def trace(func, example_inputs=None, *args, **kwargs):
    """func itself."""
    return func


def trace_module(mod, inputs=None, *args, **kwargs):
    """mod itself."""
    return mod


def ignore(fn=None, **kwargs):
    return fn if callable(fn) else lambda given: given


def unused(fn):
    return fn


export = script_method = script_if_tracing = interface = unused
_overload = _overload_method = unused  # of the functions of one name the last one stays, as Python has it


def annotate(the_type, the_value: Any) -> Any:
    return the_value


def _get_trace_graph(*args, **kwargs):
    raise NotImplementedError("torch.jit._get_trace_graph: tinytorch traces no graphs")


def freeze(mod, *args, **kwargs):
    return mod


def optimize_for_inference(mod, *args, **kwargs):
    return mod


def is_scripting() -> bool:
    return False


is_tracing = is_scripting


def fork(func, *args, **kwargs) -> Future:
    """The future of func(*args), which is there at once: outside a compiled function PyTorch runs it at once too."""
    future: Future = Future()
    future.set_result(func(*args, **kwargs))
    return future


def wait(future: Future):
    return future.wait()


def isinstance(obj, target_type) -> bool:
    """isinstance, that also understands List[int] and its like by their outer type."""
    import typing

    return builtins.isinstance(obj, typing.get_origin(target_type) or target_type)


def save(m, f, *args, **kwargs) -> None:
    raise NotImplementedError(
        "torch.jit.save: tinytorch compiles nothing; use torch.save(module.state_dict(), path)"
    )


def load(f, *args, **kwargs):
    raise NotImplementedError(
        "torch.jit.load: tinytorch cannot run compiled modules; load a state_dict into the module's class"
    )
