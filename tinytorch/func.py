"""torch.func: transformations of functions. vmap is a loop over the batch, the others are calls of autograd."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from . import ops
from .autograd import functional
from .autograd.grad import grad as gradients
from .autograd.grad_mode import enable_grad
from .tensor import Tensor

# ---------------------------------------------------------------- nests of tensors


def each(function: Callable, nest) -> Any:
    """function applied to every tensor of nested tuples, lists and dicts."""
    if isinstance(nest, Tensor):
        return function(nest)
    if isinstance(nest, dict):
        return {key: each(function, part) for key, part in nest.items()}
    if isinstance(nest, (tuple, list)):
        parts = [each(function, part) for part in nest]
        return type(nest)(*parts) if hasattr(nest, "_fields") else type(nest)(parts)
    return nest


def tensors_of(nest) -> list[Tensor]:
    found: list[Tensor] = []
    each(found.append, nest)
    return found


def filled(nest, tensors) -> Any:
    """A nest of this form that holds these tensors, in order."""
    rest = iter(tensors)
    return each(lambda _: next(rest), nest)


# ---------------------------------------------------------------- modules as functions


def functional_call(
    module,
    parameter_and_buffer_dicts,
    args=None,
    kwargs=None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
):
    """module(*args, **kwargs) with these tensors in the place of its parameters and buffers of the same names."""
    dicts = parameter_and_buffer_dicts
    given = dict(dicts) if isinstance(dicts, dict) else {k: v for d in dicts for k, v in d.items()}
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    known = {
        **dict(module.named_parameters(remove_duplicate=False)),
        **dict(module.named_buffers(remove_duplicate=False)),
    }
    unexpected, absent = sorted(given.keys() - known.keys()), sorted(known.keys() - given.keys())
    if unexpected or (strict and absent):
        raise RuntimeError(
            f"functional_call: unexpected keys {unexpected}, missing keys {absent if strict else []}"
        )
    if tie_weights:  # a tensor that stands under several names is replaced under all of them
        names = {id(known[name]): tensor for name, tensor in given.items()}
        given = {name: names[id(tensor)] for name, tensor in known.items() if id(tensor) in names} | given
    before = [swap(module, name, tensor) for name, tensor in given.items()]
    try:
        return module(*args, **(kwargs or {}))
    finally:
        for name, tensor in zip(given, before):
            swap(module, name, tensor)


def swap(module, name: str, tensor: Tensor) -> Tensor:
    """Put a tensor in the place of a parameter or buffer; returns what was there."""
    path, _, last = name.rpartition(".")
    owner = module.get_submodule(path)
    place = owner._parameters if last in owner._parameters else owner._buffers
    before, place[last] = place[last], tensor
    return before


def stack_module_state(models: Sequence) -> tuple[dict, dict]:
    """The parameters of several modules of one kind stacked, and their buffers: what vmap over `functional_call` wants."""
    stack = lambda dicts: {key: ops.stack([d[key] for d in dicts]) for key in dicts[0]}
    parameters = stack([dict(m.named_parameters()) for m in models])
    leaves = {key: value.detach().requires_grad_() for key, value in parameters.items()}
    return leaves, stack([dict(m.named_buffers()) for m in models])


# ---------------------------------------------------------------- derivatives


def grad_and_value(func: Callable, argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Callable:
    """A function that returns the gradients of func's number and the number itself."""

    @enable_grad()
    def differentiate(*args, **kwargs):
        numbers = (argnums,) if isinstance(argnums, int) else argnums
        nested = any(t.requires_grad for n in numbers for t in tensors_of(args[n]))
        args = list(args)
        for n in numbers:  # a history of their own, which goes on to the caller's where there is one
            args[n] = each(
                lambda t: t.view_as(t) if t.requires_grad else t.detach().requires_grad_(), args[n]
            )
        out = func(*args, **kwargs)
        value, aux = out if has_aux else (out, None)
        if not isinstance(value, Tensor) or value.dim():
            raise RuntimeError("grad: the function must return a scalar tensor")
        wanted = [args[n] for n in numbers]
        found = iter(
            gradients(value, tensors_of(wanted), create_graph=True, allow_unused=True, materialize_grads=True)
        )
        own = tensors_of(wanted)
        keep = lambda t: t if nested or depends_on_others(t, own) else t.detach()
        results = tuple(each(lambda _: keep(next(found)), w) for w in wanted)
        results = results[0] if isinstance(argnums, int) else results
        value, aux = keep(value), each(keep, aux)
        return (results, (value, aux)) if has_aux else (results, value)

    return differentiate


def grad(func: Callable, argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Callable:
    """A function that returns the gradients of func's number with respect to the arguments argnums."""
    both = grad_and_value(func, argnums, has_aux)

    def differentiate(*args, **kwargs):
        results, value = both(*args, **kwargs)
        return (results, value[1]) if has_aux else results

    return differentiate


def depends_on_others(tensor: Tensor, own: list[Tensor]) -> bool:
    """Whether a tensor's history leads to leaves other than these."""
    known = {t._leaf for t in own}
    stack, seen = [tensor.grad_fn] if tensor.grad_fn is not None else [], set()
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if not node.inputs and node not in known:
            return True
        stack.extend(node.inputs)
    return False


def jacrev(func: Callable, argnums: int | tuple[int, ...] = 0, has_aux: bool = False, **options) -> Callable:
    """A function that returns func's Jacobian: for each tensor of its output a nest like the arguments argnums."""

    def differentiate(*args, **kwargs):
        numbers = (argnums,) if isinstance(argnums, int) else argnums
        wanted = tuple(args[n] for n in numbers)
        seen: dict[str, Any] = {}

        def of_tensors(*tensors):
            full = list(args)
            for n, value in zip(numbers, filled(wanted, tensors)):
                full[n] = value
            out = func(*full, **kwargs)
            seen["out"], seen["aux"] = out if has_aux else (out, None)
            return tuple(tensors_of(seen["out"]))

        inputs = tuple(tensors_of(wanted))
        nested = any(t.requires_grad for t in inputs)
        table = functional.jacobian(of_tensors, inputs, create_graph=nested)
        rows = (filled(wanted, row) for row in table)
        one = isinstance(argnums, int)
        result = each(lambda _: next(rows)[0] if one else next(rows), seen["out"])
        return (result, each(lambda t: t.detach(), seen["aux"])) if has_aux else result

    return differentiate


jacfwd = jacrev


def hessian(func: Callable, argnums: int | tuple[int, ...] = 0) -> Callable:
    """A function that returns the Jacobian of func's Jacobian."""
    return jacfwd(jacrev(func, argnums), argnums)


def vjp(func: Callable, *primals, has_aux: bool = False):
    """func's output and a function from its gradient to those of the primals."""
    nested = any(t.requires_grad for t in tensors_of(primals))
    with enable_grad():
        inputs = each(lambda t: t.view_as(t) if t.requires_grad else t.detach().requires_grad_(), primals)
        out = func(*inputs)
        out, aux = out if has_aux else (out, None)

    def pull(cotangents, retain_graph: bool = True, create_graph: bool | None = None):
        seeds = tensors_of(cotangents)
        if create_graph is None:
            create_graph = nested or any(t.requires_grad for t in seeds)
        found = gradients(
            tensors_of(out),
            tensors_of(inputs),
            seeds,
            retain_graph=retain_graph,
            create_graph=create_graph,
            allow_unused=True,
            materialize_grads=True,
        )
        return filled(inputs, found)

    result = out if nested else each(lambda t: t.detach(), out)
    return (result, pull, aux) if has_aux else (result, pull)


def jvp(func: Callable, primals: tuple, tangents: tuple, *, strict: bool = False, has_aux: bool = False):
    """func's output and its derivative in the direction of the tangents."""
    seen: dict[str, Any] = {}

    def of_tensors(*tensors):
        out = func(*filled(primals, tensors))
        seen["out"], seen["aux"] = out if has_aux else (out, None)
        return tuple(tensors_of(seen["out"]))

    inputs, directions = tuple(tensors_of(primals)), tuple(tensors_of(tangents))
    nested = any(t.requires_grad for t in (*inputs, *directions))
    values, slopes = functional.jvp(of_tensors, inputs, directions, create_graph=nested)
    result = filled(seen["out"], values), filled(seen["out"], slopes)
    return (*result, each(lambda t: t.detach(), seen["aux"])) if has_aux else result


# ---------------------------------------------------------------- vmap


def vmap(
    func: Callable, in_dims: Any = 0, out_dims: Any = 0, randomness: str = "error", *, chunk_size=None
) -> Callable:
    """func applied to each element of a batch, one after another, and the results stacked."""

    def mapped(*args, **kwargs):
        dims = in_dims if isinstance(in_dims, (tuple, list)) else (in_dims,) * len(args)
        if len(dims) != len(args):
            raise ValueError(f"vmap: in_dims has {len(dims)} entries for {len(args)} arguments")
        sizes = {size for arg, dim in [*zip(args, dims), (kwargs, 0)] for size in batch_sizes(arg, dim)}
        if len(sizes) != 1:
            raise ValueError(
                f"vmap: expected all tensors to have the same size in the mapped dimension, got sizes {sorted(sizes)}"
            )
        (size,) = sizes
        results = [
            func(*[pick(a, d, i) for a, d in zip(args, dims)], **pick(kwargs, 0, i)) for i in range(size)
        ]
        return joined(results, out_dims)

    return mapped


def batch_sizes(nest, dim) -> list[int]:
    if isinstance(nest, (tuple, list)):
        dims = dim if isinstance(dim, (tuple, list)) else [dim] * len(nest)
        return [size for part, d in zip(nest, dims) for size in batch_sizes(part, d)]
    if isinstance(nest, dict):
        return [
            size
            for key, part in nest.items()
            for size in batch_sizes(part, dim[key] if isinstance(dim, dict) else dim)
        ]
    return [nest.shape[dim]] if isinstance(nest, Tensor) and dim is not None else []


def pick(nest, dim, i: int):
    """The i-th element of a batch; where dim is None, all of it."""
    if isinstance(nest, (tuple, list)):
        dims = dim if isinstance(dim, (tuple, list)) else [dim] * len(nest)
        return type(nest)(pick(part, d, i) for part, d in zip(nest, dims))
    if isinstance(nest, dict):
        return {key: pick(part, dim[key] if isinstance(dim, dict) else dim, i) for key, part in nest.items()}
    return ops.select(nest, dim, i) if isinstance(nest, Tensor) and dim is not None else nest


def joined(results: list, dim):
    first = results[0]
    if isinstance(first, (tuple, list)):
        dims = dim if isinstance(dim, (tuple, list)) else [dim] * len(first)
        return type(first)(joined([r[k] for r in results], d) for k, d in enumerate(dims))
    if isinstance(first, dict):
        return {
            key: joined([r[key] for r in results], dim[key] if isinstance(dim, dict) else dim)
            for key in first
        }
    if not isinstance(first, Tensor):
        raise ValueError(f"vmap: the function must return tensors, got {type(first).__name__}")
    return ops.stack(results, dim=dim)
