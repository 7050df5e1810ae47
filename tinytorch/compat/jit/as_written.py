"""The decorators of torch.jit hand back what they decorate, which then runs as Python."""

from __future__ import annotations

from typing import Any, Final  # noqa: F401

from ...nn.module import Module


class ScriptModule(Module):
    """The base class of modules written for compilation; their methods run as Python."""


class ScriptFunction:
    """What PyTorch makes of a function; here nothing is one."""


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


def annotate(the_type, the_value: Any) -> Any:
    return the_value


def freeze(mod, *args, **kwargs):
    return mod


def optimize_for_inference(mod, *args, **kwargs):
    return mod


def is_scripting() -> bool:
    return False


is_tracing = is_scripting


def save(m, f, *args, **kwargs) -> None:
    raise NotImplementedError(
        "torch.jit.save: tinytorch compiles nothing; use torch.save(module.state_dict(), path)"
    )


def load(f, *args, **kwargs):
    raise NotImplementedError(
        "torch.jit.load: tinytorch cannot run compiled modules; load a state_dict into the module's class"
    )
