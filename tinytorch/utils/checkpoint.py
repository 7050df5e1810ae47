"""Gradient checkpointing: keep a function's inputs, not what it computed on the way, and compute that again for the backward pass."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

from .. import random
from ..autograd.engine import node_of
from ..autograd.function import Function
from ..autograd.grad import grad
from ..autograd.grad_mode import enable_grad, is_grad_enabled, no_grad
from ..op import Value, interpret
from ..tensor import Tensor


class CheckpointError(RuntimeError):
    """The second run of a checkpointed function did not give what the first one gave."""


def no_contexts() -> tuple[AbstractContextManager, AbstractContextManager]:
    return contextlib.nullcontext(), contextlib.nullcontext()


def checkpoint(
    function: Callable, *args, use_reentrant: bool | None = None, context_fn: Callable = no_contexts,
    determinism_check: str = "default", debug: bool = False, early_stop: bool = True, preserve_rng_state: bool = True, **kwargs,
):  # fmt: skip
    """function(*args, **kwargs), of which only the inputs are kept: the backward pass runs it again, with the same random numbers.

    Both of PyTorch's variants are this one, which works with `autograd.grad` and second derivatives. With
    `use_reentrant=True` nothing has a gradient unless one of `args` requires one, as there.
    """
    if use_reentrant is None:
        warn_about_reentrant("checkpoint")
        use_reentrant = True
    if use_reentrant:
        refuse_for_reentrant(kwargs, context_fn, debug)
    if not is_grad_enabled() or (use_reentrant and none_requires_grad(args)):
        with no_grad():
            return function(*args, **kwargs)
    contexts = context_fn()
    region = Region(function, args, kwargs, contexts[1], preserve_rng_state, determinism_check != "none")
    return region.first_run(contexts[0])


def checkpoint_sequential(
    functions, segments: int, input, use_reentrant: bool | None = None, *, preserve_rng_state: bool = True
):
    """Functions (or a Sequential's modules) one after another in `segments` parts, all but the last of them checkpointed."""
    if use_reentrant is None:
        warn_about_reentrant("checkpoint_sequential")
        use_reentrant = True
    functions = list(functions.children()) if hasattr(functions, "children") else list(functions)
    size = len(functions) // segments
    parts = [functions[k * size : (k + 1) * size] for k in range(segments - 1)]
    for part in parts:
        input = checkpoint(
            chain(part), input, use_reentrant=use_reentrant, preserve_rng_state=preserve_rng_state
        )
    return chain(functions[len(parts) * size :])(input)


def get_device_states(*args) -> tuple[list[int], list]:
    """The GPUs that tensors among args are on, and the states of their generators: one generator serves all of them here."""
    devices = sorted({t.get_device() for t in tensors_in(args) if t.is_cuda})
    return devices, [random.get_rng_state() for _ in devices]


def set_device_states(devices, states, *, device_type=None) -> None:
    for state in states:
        random.set_rng_state(state)


def detach_variable(inputs: tuple) -> tuple:
    """The same tensors with no history, asking for gradients as before."""
    return tuple(x.detach().requires_grad_(x.requires_grad) if isinstance(x, Tensor) else x for x in inputs)


def chain(functions: list) -> Callable:
    def run(x):
        for function in functions:
            x = function(x)
        return x

    return run


def warn_about_reentrant(name: str) -> None:
    warnings.warn(
        f"torch.utils.checkpoint.{name}: the use_reentrant parameter should be passed explicitly; use_reentrant=False is recommended,"
        " and what you get without it is use_reentrant=True.",
        stacklevel=3,
    )


def refuse_for_reentrant(kwargs: Mapping, context_fn, debug: bool) -> None:
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    if context_fn is not no_contexts or debug:
        raise ValueError("Passing `context_fn` or `debug` is only supported when use_reentrant=False.")


def none_requires_grad(args) -> bool:
    if any(isinstance(a, Tensor) and a.requires_grad for a in args):
        return False
    warnings.warn("None of the inputs have requires_grad=True. Gradients will be None", stacklevel=3)
    return True


# What the second run has to restore beside random numbers: functions that look at the state of things and return a
# context that brings it back. Automatic mixed precision adds itself here.
states: list[Callable[[], AbstractContextManager]] = []


class Region:
    """One checkpointed call: enough to make it again."""

    def __init__(
        self,
        function: Callable,
        args,
        kwargs,
        context: AbstractContextManager,
        keep_random: bool,
        check: bool,
    ):
        self.function, self.args, self.kwargs, self.context, self.check = (
            function,
            args,
            kwargs,
            context,
            check,
        )
        self.random = random.get_rng_state() if keep_random else None
        self.states = [state() for state in states]

    def first_run(self, context: AbstractContextManager):
        """Run without recording; afterwards one node stands for all of it."""
        sources = Sources()
        sources.add(tensors_in((self.args, self.kwargs)))
        with no_grad(), context, interpret(sources.watch):
            result = self.function(*self.args, **self.kwargs)
        outputs = list(tensors_in(result))
        self.shapes = [(t.shape, t.dtype) for t in outputs]
        return with_tensors(result, iter(Checkpoint.apply(self, outputs, *sources.tensors)))

    def second_run(self, sources, create_graph: bool) -> tuple[list[Tensor], list[Tensor]]:
        """The outputs with their history, which ends at stand-ins for the tensors that the region started from."""
        with contextlib.ExitStack() as stack:
            stack.enter_context(random.fork_rng(enabled=self.random is not None))
            if self.random is not None:
                random.set_rng_state(self.random)
            for context in (enable_grad(), self.context, *self.states):
                stack.enter_context(context)
            inputs = stack.enter_context(cut_off(sources, create_graph))
            outputs = list(tensors_in(self.function(*self.args, **self.kwargs)))
        again = [(t.shape, t.dtype) for t in outputs]
        if self.check and again != self.shapes:
            raise CheckpointError(
                f"torch.utils.checkpoint: the forward pass gave tensors of {self.shapes}, its recomputation gave {again}."
                " The function must do the same both times"
            )
        return outputs, inputs


class Checkpoint(Function):
    """The node of a region."""

    @staticmethod
    def forward(ctx, region: Region, outputs: list[Tensor], *sources):
        ctx.region = region
        ctx.save_for_backward(*sources)
        ctx.set_materialize_grads(False)
        return tuple(out.detach() for out in outputs)

    @staticmethod
    def backward(ctx, *grads):
        create_graph = is_grad_enabled()
        outputs, inputs = ctx.region.second_run(ctx.saved_tensors, create_graph)
        pairs = [(out, g) for out, g in zip(outputs, grads) if g is not None and out.requires_grad]
        if not pairs:
            return (None,) * (2 + len(inputs))
        results, seeds = zip(*pairs)
        return (None, None, *grad(results, inputs, seeds, create_graph=create_graph, allow_unused=True))


class Sources:
    """The tensors with gradients that a region starts from: its arguments, and parameters and others that it finds by itself."""

    def __init__(self):
        self.tensors: list[Tensor] = []
        self.known: set[int] = set()

    def add(self, tensors) -> None:
        for t in tensors:
            if t.requires_grad and id(t) not in self.known:
                self.known.add(id(t))
                self.tensors.append(t)

    def watch(self, op, args, kwargs, below):
        """An interpreter: under no_grad nothing new requires a gradient, so what does comes from outside."""
        self.add(a for a in args if isinstance(a, Value))
        return below(op, args, kwargs)


@contextlib.contextmanager
def cut_off(sources, create_graph: bool) -> Iterator[list[Tensor]]:
    """For a while the sources have no history but a stand-in each, so that gradients can be taken with respect to them.

    A stand-in is a view for second derivatives, which go on from there, and a new leaf otherwise.
    """
    stand_ins = [t.view_as(t) if create_graph else t.detach().requires_grad_() for t in sources]
    before = [t.node for t in sources]
    try:
        for t, stand_in in zip(sources, stand_ins):
            t.node = node_of(stand_in)
        yield stand_ins
    finally:
        for t, node in zip(sources, before):
            t.node, t._requires_grad = node, True


# ---------------------------------------------------------------- tensors inside tuples, lists and dicts


def tensors_in(value) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list, Mapping)):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from tensors_in(part)


def with_tensors(value, replacements: Iterator[Tensor]) -> Any:
    """The same nest with its tensors replaced one by one."""
    if isinstance(value, Tensor):
        return next(replacements)
    if isinstance(value, dict):
        out = type(value)()
        out.update((key, with_tensors(part, replacements)) for key, part in value.items())
        return out
    if isinstance(value, (tuple, list)):
        parts = [with_tensors(part, replacements) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value
