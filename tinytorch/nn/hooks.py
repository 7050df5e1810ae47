"""Functions that a module calls around its forward and backward pass."""

from __future__ import annotations

import itertools
import warnings
from collections import OrderedDict
from collections.abc import Callable

from ..autograd.function import Function
from ..op import local
from ..tensor import Tensor

_numbers = itertools.count()


class RemovableHandle:
    """What registering a hook returns; remove(), or the end of a `with` block, takes the hook off again."""

    def __init__(self, hooks: OrderedDict, hook, prepend: bool = False, flags=()):
        self.id, self.hooks, self.flags = next(_numbers), hooks, flags
        hooks[self.id] = hook
        if prepend:
            hooks.move_to_end(self.id, last=False)
        for flag in flags:
            flag[self.id] = True

    def remove(self) -> None:
        self.hooks.pop(self.id, None)
        for flag in self.flags:
            flag.pop(self.id, None)

    def __enter__(self):
        return self

    def __exit__(self, *error) -> None:
        self.remove()


class Hooks:
    """A module's hooks by kind, each in the order in which they will be called."""

    _forward_pre_hooks: OrderedDict[int, Callable]
    _forward_hooks: OrderedDict[int, Callable]
    _backward_pre_hooks: OrderedDict[int, Callable]
    _backward_hooks: OrderedDict[int, Callable]
    _state_dict_pre_hooks: OrderedDict[int, Callable]
    _state_dict_hooks: OrderedDict[int, Callable]
    _load_state_dict_pre_hooks: OrderedDict[int, Callable]
    _load_state_dict_post_hooks: OrderedDict[int, Callable]
    # which of the hooks of a call want its keyword arguments, and which are called even if it fails
    _hooks_with_kwargs: OrderedDict[int, bool]
    _hooks_always_called: OrderedDict[int, bool]

    def _init_hooks(self) -> None:
        for table in Hooks.__annotations__:
            self.__dict__[table] = OrderedDict()

    def _add_hook(self, table: str, hook, prepend: bool = False, flags=()) -> RemovableHandle:
        return RemovableHandle(getattr(self, table), hook, prepend, [getattr(self, flag) for flag in flags])

    def register_forward_pre_hook(self, hook, *, prepend=False, with_kwargs=False) -> RemovableHandle:
        """Call hook(module, args) before forward; what it returns replaces the arguments.

        `with_kwargs`: hook(module, args, kwargs), which returns None or (args, kwargs).
        """
        return self._add_hook("_forward_pre_hooks", hook, prepend, ["_hooks_with_kwargs"] * with_kwargs)

    def register_forward_hook(
        self, hook, *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> RemovableHandle:
        """Call hook(module, args, output) after forward; what it returns replaces the output.

        `with_kwargs`: hook(module, args, kwargs, output). `always_call`: even if forward, or another hook, raises.
        """
        flags = ["_hooks_with_kwargs"] * with_kwargs + ["_hooks_always_called"] * always_call
        return self._add_hook("_forward_hooks", hook, prepend, flags)

    def register_full_backward_hook(self, hook, prepend: bool = False) -> RemovableHandle:
        """Call hook(module, grad_input, grad_output) when the gradients of the inputs are known; what it returns
        replaces grad_input."""
        return self._add_hook("_backward_hooks", hook, prepend)

    register_backward_hook = register_full_backward_hook

    def register_full_backward_pre_hook(self, hook, prepend: bool = False) -> RemovableHandle:
        """Call hook(module, grad_output) when the gradients of the outputs are known; what it returns replaces them."""
        return self._add_hook("_backward_pre_hooks", hook, prepend)


class Everywhere(Hooks):
    """Hooks of all modules: they are called before a module's own."""

    def __init__(self):
        self._init_hooks()
        self._all: dict[int, bool] = {}

    def _add_hook(self, table: str, hook, prepend: bool = False, flags=()) -> RemovableHandle:
        return super()._add_hook(table, hook, prepend, [*flags, "_all"])


everywhere = Everywhere()
hooks_of_all = everywhere._all  # empty as long as there are none: what each call of a module asks
register_module_forward_pre_hook = everywhere.register_forward_pre_hook
register_module_forward_hook = everywhere.register_forward_hook
register_module_full_backward_hook = everywhere.register_full_backward_hook
register_module_full_backward_pre_hook = everywhere.register_full_backward_pre_hook


# ---------------------------------------------------------------- calling them


def call_with_hooks(module, args: tuple, kwargs: dict):
    """module.forward(*args, **kwargs) with everything that is to happen around it."""
    called: set[int] = set()
    output = None
    try:
        args, kwargs = run_pre_hooks(module, args, kwargs)
        gradients = BackwardHooks.of(module)
        if gradients:
            args = gradients.watch_inputs(args)
        output = module.forward(*args, **kwargs)
        for key, hook in registered(module, "_forward_hooks"):
            called.add(key)
            output = replaced(output, call_forward_hook(key, hook, module, args, kwargs, output))
        return gradients.watch_outputs(output) if gradients else output
    except Exception:
        for key, hook in registered(module, "_forward_hooks"):
            if key not in called and flagged(module, "_hooks_always_called", key):
                call_in_spite_of_error(key, hook, module, args, kwargs, output)
        raise


def registered(module, table: str) -> list:
    return [*getattr(everywhere, table).items(), *getattr(module, table).items()]


def flagged(module, flag: str, key: int) -> bool:
    return key in getattr(module, flag) or key in getattr(everywhere, flag)


def replaced(old, new):
    return old if new is None else new


def run_pre_hooks(module, args: tuple, kwargs: dict):
    for key, hook in registered(module, "_forward_pre_hooks"):
        if flagged(module, "_hooks_with_kwargs", key):
            result = hook(module, args, kwargs)
            if result is not None and not (isinstance(result, tuple) and len(result) == 2):
                raise RuntimeError(
                    f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {result}."
                )
            args, kwargs = replaced((args, kwargs), result)
        else:
            result = hook(module, args)
            args = replaced(args, result if result is None or isinstance(result, tuple) else (result,))
    return args, kwargs


def call_forward_hook(key: int, hook, module, args, kwargs, output):
    if flagged(module, "_hooks_with_kwargs", key):
        return hook(module, args, kwargs, output)
    return hook(module, args, output)


def call_in_spite_of_error(key: int, hook, module, args, kwargs, output) -> None:
    try:
        call_forward_hook(key, hook, module, args, kwargs, output)
    except Exception as error:  # the error from forward is the one to report
        warnings.warn(
            "module forward hook with ``always_call=True`` raised an exception that was silenced as another error was"
            f" raised in forward: {error}",
            stacklevel=2,
        )


class Gate(Function):
    """Hands tensors through unchanged; on the way back their gradients go through `visit`, which may replace them."""

    @staticmethod
    def forward(ctx, visit, *tensors):
        ctx.visit = visit
        ctx.set_materialize_grads(False)
        views = tuple(t.view_as(t) for t in tensors)
        ctx.mark_non_differentiable(*[view for view, t in zip(views, tensors) if not t.requires_grad])
        return views

    @staticmethod
    def backward(ctx, *grads):
        return (None, *ctx.visit(grads))


class BackwardHooks:
    """The backward hooks of one call of a module: one gate before forward, one behind it."""

    @classmethod
    def of(cls, module) -> BackwardHooks | None:
        before = [hook for _, hook in registered(module, "_backward_pre_hooks")]
        after = [hook for _, hook in registered(module, "_backward_hooks")]
        return cls(module, before, after) if before or after else None

    def __init__(self, module, before: list, after: list):
        self.module, self.before, self.after = module, before, after
        self.grad_output: tuple | None = None

    def watch_inputs(self, args: tuple) -> tuple:
        args, self.inputs = gated(args, self.inputs_done)
        self.input_count = len(args)
        return args

    def watch_outputs(self, output):
        many = isinstance(output, tuple)
        if not many and not isinstance(output, Tensor):
            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but received"
                f" {type(output)}",
                stacklevel=4,
            )
        outputs, self.outputs = gated(output if many else (output,), self.outputs_done)
        self.output_count = len(outputs)
        return outputs if many else outputs[0]

    def outputs_done(self, grads: tuple) -> tuple:
        grad_output = spread(grads, self.outputs, self.output_count)
        for hook in self.before:
            grad_output = checked(hook(self.module, grad_output), grad_output, "pre hook", "grad_output")
        if self.inputs is None:  # no input needs a gradient: nothing more will come
            for hook in self.after:
                hook(self.module, (None,) * self.input_count, grad_output)
        else:
            self.grad_output = grad_output
        return tuple(grad_output[i] for i in self.outputs)

    def inputs_done(self, grads: tuple) -> tuple:
        grad_output, self.grad_output = self.grad_output, None
        if grad_output is None:  # this gradient came past the outputs, in a second-order pass
            return grads
        grad_input = spread(grads, self.inputs, self.input_count)
        for hook in self.after:
            grad_input = checked(hook(self.module, grad_input, grad_output), grad_input, "hook", "grad_input")
        return tuple(grad_input[i] for i in self.inputs)


def gated(values: tuple, visit):
    """The values with a gate behind the tensors among them, and where those are; None where no gradient is needed."""
    places = [i for i, v in enumerate(values) if isinstance(v, Tensor)]
    if not local.grad or not any(values[i].requires_grad for i in places):
        return values, None
    through = Gate.apply(visit, *[values[i] for i in places])
    out = list(values)
    for i, tensor in zip(places, through):
        out[i] = tensor
    return tuple(out) if type(values) is tuple else type(values)(*out), places


def spread(grads: tuple, places: list[int], count: int) -> tuple:
    """The gradients in their places, None elsewhere."""
    out = [None] * count
    for i, g in zip(places, grads):
        out[i] = g
    return tuple(out)


def checked(result, old: tuple, kind: str, what: str) -> tuple:
    if result is None:
        return old
    result = result if isinstance(result, tuple) else (result,)
    if len(result) != len(old):
        raise RuntimeError(
            f"Backward {kind} returned an invalid number of {what}, got {len(result)}, but expected {len(old)}"
        )
    return result
