"""Whole derivatives of functions: vector-Jacobian and Jacobian-vector products, Jacobians, Hessians."""

from __future__ import annotations

from .. import ops
from ..tensor import Tensor
from .grad import grad
from .grad_mode import enable_grad


def tracked(inputs, create_graph: bool):
    """The inputs as tensors of their own that require a gradient."""
    single = isinstance(inputs, Tensor)
    inputs = (inputs,) if single else tuple(inputs)
    keep = lambda x: x.view_as(x) if create_graph and x.requires_grad else x.detach().clone().requires_grad_()
    return tuple(keep(x) for x in inputs), single


def finish(result, create_graph: bool):
    if isinstance(result, tuple):
        return tuple(finish(r, create_graph) for r in result)
    return result if create_graph else result.detach()


@enable_grad()
def vjp(func, inputs, v=None, create_graph=False, strict=False):
    """func's outputs and v @ Jacobian."""
    inputs, single = tracked(inputs, create_graph)
    outputs = func(*inputs)
    grads = grad(outputs, inputs, v, create_graph=create_graph, allow_unused=True, materialize_grads=True)
    return finish(outputs, create_graph), finish(grads[0] if single else grads, create_graph)


@enable_grad()
def jvp(func, inputs, v=None, create_graph=False, strict=False):
    """func's outputs and Jacobian @ v, by differentiating a vjp with respect to its vector (the double-backward trick)."""
    inputs, _ = tracked(inputs, create_graph)
    outputs = func(*inputs)
    results = (outputs,) if isinstance(outputs, Tensor) else tuple(outputs)
    vectors = (v,) if isinstance(v, Tensor) else v
    if vectors is None:
        vectors = tuple(ops.add(x.detach() * 0, 1) for x in inputs)
    dummies = tuple((r.detach() * 0).requires_grad_() for r in results)
    pulled = grad(results, inputs, dummies, create_graph=True, allow_unused=True, materialize_grads=True)
    pulled, vectors = zip(*[(p, vec) for p, vec in zip(pulled, vectors) if p.requires_grad] or [((), ())])
    pushed = grad(
        pulled, dummies, vectors, create_graph=create_graph, allow_unused=True, materialize_grads=True
    )
    return finish(outputs, create_graph), finish(
        pushed[0] if isinstance(outputs, Tensor) else pushed, create_graph
    )


@enable_grad()
def jacobian(func, inputs, create_graph=False, strict=False, vectorize=False, strategy="reverse-mode"):
    """All derivatives of all outputs: shape (*output, *input) for each pair."""
    inputs, single = tracked(inputs, create_graph)
    outputs = func(*inputs)
    results = (outputs,) if isinstance(outputs, Tensor) else tuple(outputs)
    table = tuple(rows(out, inputs, create_graph) for out in results)
    table = tuple(r[0] for r in table) if single else table
    return finish(table[0] if isinstance(outputs, Tensor) else table, create_graph)


def rows(out, inputs, create_graph: bool):
    """One backward pass per element of one output."""
    flat = ops.reshape(out, -1)
    options = {
        "create_graph": create_graph,
        "retain_graph": True,
        "allow_unused": True,
        "materialize_grads": True,
    }
    if not out.requires_grad:
        return tuple(x.new_zeros((*out.shape, *x.shape)) for x in inputs)
    gradients = [grad(flat[i], inputs, **options) for i in range(flat.numel())]
    stacked = (
        ops.stack([g[k] for g in gradients]) if gradients else x.new_zeros((0, *x.shape))
        for k, x in enumerate(inputs)
    )
    return tuple(ops.reshape(s, (*out.shape, *x.shape)) for s, x in zip(stacked, inputs))


@enable_grad()
def hessian(
    func, inputs, create_graph=False, strict=False, vectorize=False, outer_jacobian_strategy="reverse-mode"
):
    """All second derivatives of a scalar function."""
    single = isinstance(inputs, Tensor)

    def gradient(*xs):
        out = func(*xs)
        if out.numel() != 1:
            raise RuntimeError(
                f"hessian: the function must return a single number, got shape {list(out.shape)}"
            )
        xs = [x if x.requires_grad else x.requires_grad_() for x in xs]
        grads = grad(out, xs, create_graph=True, allow_unused=True, materialize_grads=True)
        return grads[0] if single else grads

    return jacobian(gradient, inputs, create_graph=create_graph)


def hvp(func, inputs, v=None, create_graph=False, strict=False):
    """func's output and Hessian @ v."""
    single = isinstance(inputs, Tensor)
    xs, _ = tracked(inputs, create_graph)
    out = func(*xs)
    gradients = grad(out, xs, create_graph=True, allow_unused=True, materialize_grads=True)
    vectors = (v,) if isinstance(v, Tensor) else v
    result = grad(
        gradients, xs, vectors, create_graph=create_graph, allow_unused=True, materialize_grads=True
    )
    return finish(out, create_graph), finish(result[0] if single else result, create_graph)


vhp = hvp  # the Hessian is symmetric
