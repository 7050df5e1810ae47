"""torch.library: ops of one's own. They run as the Python functions they are, with the gradient that was registered."""

from __future__ import annotations

import functools
from collections.abc import Callable

from ..autograd.function import Function
from ..autograd.grad_mode import is_grad_enabled
from .namespaces import register


class CustomOpDef:
    """What `custom_op` makes of a function."""

    def __init__(self, name: str, function: Callable):
        functools.update_wrapper(self, function)
        self.name, self.function = name, function
        self.backward: Callable | None = None
        self.setup_context: Callable | None = None
        register(name, self)

    def __call__(self, *args, **kwargs):
        if self.backward is None or not is_grad_enabled():
            return self.function(*args, **kwargs)
        return recorded(self).apply(*positional(self.function, args, kwargs))

    def register_autograd(self, backward: Callable, /, *, setup_context: Callable | None = None) -> None:
        """backward(ctx, *grads) gives the gradients; setup_context(ctx, inputs, output) keeps what it needs."""
        self.backward, self.setup_context = backward, setup_context

    def register_fake(self, fn: Callable, /) -> Callable:
        """fn would tell a compiler the shapes of the results; there is none."""
        return fn

    register_torch_dispatch = register_vmap = register_fake

    def register_kernel(self, device_types, fn: Callable | None = None, /):
        """On the CPU, fn is the op from now on; for devices that are not here it is kept nowhere."""

        def take(fn: Callable) -> Callable:
            names = [device_types] if isinstance(device_types, str) else device_types
            if names is None or "cpu" in names:
                self.function = fn
            return fn

        return take if fn is None else take(fn)


def recorded(op: CustomOpDef) -> type[Function]:
    """The op as an autograd.Function."""

    class Custom(Function):
        @staticmethod
        def forward(ctx, *inputs):
            output = op.function(*inputs)
            if op.setup_context is not None:
                op.setup_context(ctx, inputs, output)
            return output

        @staticmethod
        def backward(ctx, *grads):
            assert op.backward is not None
            return op.backward(ctx, *grads)

    return Custom


def positional(function: Callable, args, kwargs) -> tuple:
    """All arguments in the function's order, its defaults among them."""
    import inspect

    bound = inspect.signature(function).bind(*args, **kwargs)
    bound.apply_defaults()
    return bound.args + tuple(bound.kwargs.values())


defined: dict[str, CustomOpDef] = {}


def custom_op(
    name: str, fn: Callable | None = None, /, *, mutates_args=(), device_types=None, schema=None, tags=None
):
    """The function as an op `torch.ops.NAMESPACE.NAME`, to which `register_autograd` gives a gradient."""

    def make(fn: Callable) -> CustomOpDef:
        defined[name] = CustomOpDef(name, fn)
        return defined[name]

    return make if fn is None else make(fn)


triton_op = custom_op


def definition(op) -> CustomOpDef:
    found = op if isinstance(op, CustomOpDef) else defined.get(str(op))
    if found is None:
        raise RuntimeError(f"torch.library: no op {op!r} was defined with custom_op")
    return found


def register_autograd(op, backward: Callable, /, *, setup_context: Callable | None = None, lib=None) -> None:
    definition(op).register_autograd(backward, setup_context=setup_context)


def register_kernel(op, device_types, func: Callable | None = None, /, *, lib=None):
    return definition(op).register_kernel(device_types, func)


def register_fake(op, func: Callable | None = None, /, *, lib=None, allow_override: bool = False):
    """func would tell a compiler the shapes of the results; there is none."""
    return (lambda given: given) if func is None else func


impl_abstract = register_vmap = register_torch_dispatch = register_fake


class Library:
    """A namespace for ops: `define` a schema, then `impl` it for the CPU."""

    def __init__(self, ns: str, kind: str, dispatch_key: str = ""):
        self.ns, self.kind = ns, kind

    def define(self, schema: str, alias_analysis: str = "", *, tags=()) -> str:
        return schema.partition("(")[0]

    def impl(self, op_name: str, fn: Callable, dispatch_key: str = "", **options) -> None:
        if dispatch_key in ("", "CPU", "CompositeImplicitAutograd", "CompositeExplicitAutograd"):
            defined[f"{self.ns}::{op_name}"] = CustomOpDef(f"{self.ns}::{op_name}", fn)


def define(qualname: str, schema: str, *, lib=None, tags=()) -> None:
    """The op is there when `impl` has given it a function."""


def impl(qualname: str, types, func: Callable | None = None, *, lib=None):
    """func is the op on the CPU."""

    def take(func: Callable) -> Callable:
        if "cpu" in ([types] if isinstance(types, str) else types) or types == "default":
            defined[qualname] = CustomOpDef(qualname, func)
        return func

    return take if func is None else take(func)


def wrap_triton(kernel):
    raise NotImplementedError("torch.library.wrap_triton: tinytorch runs no Triton kernels")
