"""grad: gradients as values, without touching `.grad`."""

from __future__ import annotations

from collections.abc import Iterable

from ..ops import stack
from ..tensor import Tensor
from .engine import node_of, run, run_for


def as_list(value) -> list:
    return list(value) if isinstance(value, Iterable) and not isinstance(value, Tensor) else [value]


def grad(
    outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False, only_inputs=True, allow_unused=None,
    is_grads_batched=False, materialize_grads=False,
):  # fmt: skip
    """The gradients of the (sum of the) outputs with respect to each input.

    is_grads_batched: grad_outputs have one dim more, in front, and so have the results; one walk back for each entry.
    """
    outputs, inputs = as_list(outputs), as_list(inputs)
    if not inputs:
        raise RuntimeError("grad: `inputs` argument to `grad()` cannot be empty.")
    for argument, tensors in (("outputs", outputs), ("inputs", inputs)):
        for t in tensors:
            if not isinstance(t, Tensor):
                raise TypeError(f"grad: {argument} must be Tensors, got {type(t).__name__}")
    if is_grads_batched:
        settings = {"allow_unused": allow_unused, "materialize_grads": materialize_grads}
        return batched(outputs, inputs, as_list(grad_outputs), retain_graph, create_graph, settings)
    seeds = seed_gradients(outputs, grad_outputs)
    for i, x in enumerate(inputs):
        if not x.requires_grad:
            raise RuntimeError(
                f"grad: One of the differentiated Tensors does not require grad: input {i}, of shape {list(x.shape)}"
            )
    retain = create_graph if retain_graph is None else retain_graph
    results = run_for(outputs, seeds, inputs, create_graph, retain)
    for i, (x, g) in enumerate(zip(inputs, results)):
        if g is None and materialize_grads:
            results[i] = x.new_zeros(x.shape)
        elif g is None and not allow_unused:
            raise RuntimeError(
                f"grad: One of the differentiated Tensors appears to not have been used in the graph: input {i}, of shape {list(x.shape)}."
                " Set allow_unused=True if this is the desired behavior"
            )
    return tuple(results)


def batched(outputs, inputs, grad_outputs, retain_graph, create_graph, settings) -> tuple:
    """`grad` for each entry of the batch, and the results stacked."""
    entries = list(zip(*[[None] * len(grad_outputs[0]) if g is None else g.unbind(0) for g in grad_outputs]))
    walks = [
        grad(
            outputs,
            inputs,
            entry,
            retain_graph or create_graph or i < len(entries) - 1,
            create_graph,
            **settings,
        )
        for i, entry in enumerate(entries)
    ]
    return tuple(None if parts[0] is None else stack(parts) for parts in zip(*walks))


def backward(
    tensors, grad_tensors=None, retain_graph=None, create_graph=False, grad_variables=None, inputs=None
) -> None:
    """The sum of gradients of several tensors, into the leaves' `.grad`."""
    tensors = as_list(tensors)
    seeds = seed_gradients(tensors, grad_tensors)
    retain = create_graph if retain_graph is None else retain_graph
    if inputs is not None:
        for x, g in zip(as_list(inputs), run_for(tensors, seeds, as_list(inputs), create_graph, retain)):
            x.grad = g if x.grad is None else x.grad + g
        return
    run([node_of(t) for t in tensors], seeds, retain, create_graph)


def seed_gradients(outputs, given) -> list:
    given = [None] * len(outputs) if given is None else as_list(given)
    if len(given) != len(outputs):
        raise RuntimeError(f"got {len(outputs)} tensors and {len(given)} gradients")
    for out in outputs:
        if not out.requires_grad:
            raise RuntimeError("element 0 of tensors does not require grad and does not have a grad_fn")
    return [out._seed_gradient(g) for out, g in zip(outputs, given)]
