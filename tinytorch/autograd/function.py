"""Function: an op of one's own with a hand-written backward pass."""

from __future__ import annotations

from ..op import local
from ..tensor import Tensor
from .engine import Node, Output, blank_node, node_of


class FunctionCtx:
    """What forward leaves for backward: tensors through save_for_backward, anything else as attributes."""

    def __init__(self, needs_input_grad):
        self.needs_input_grad = needs_input_grad
        self.saved_tensors: tuple = ()
        self.not_differentiable: tuple = ()
        self.dirty: tuple = ()
        self.materialize = True

    def save_for_backward(self, *tensors) -> None:
        self.saved_tensors = tensors
        self.versions = [t._version if isinstance(t, Tensor) else 0 for t in tensors]

    def mark_non_differentiable(self, *tensors) -> None:
        self.not_differentiable = tensors

    def mark_dirty(self, *tensors) -> None:
        self.dirty = tensors

    def set_materialize_grads(self, value: bool) -> None:
        self.materialize = value


class FunctionNode(Node):
    """A recorded call of a Function."""

    many: bool

    def __init__(self, function, context, args):
        self.function = function
        self.places = [i for i, a in enumerate(args) if isinstance(a, Tensor) and a.requires_grad]
        self.inputs = [node_of(args[i]) for i in self.places]
        blank_node(self)
        self.saved = (context,)

    @property
    def op_name(self) -> str:
        return self.function.__name__

    def name(self) -> str:
        return f"{self.op_name}Backward"

    @property
    def context(self) -> FunctionCtx:
        return self.saved[0]

    def pull(self, g) -> list:
        return [None if r is None else r.array for r in self.pull_tensors(g)]

    def refuse_stale(self) -> None:
        if self.saved is None:
            raise RuntimeError(
                f"Trying to backward through the graph a second time: what '{self.op_name}' had saved was freed. Use retain_graph=True"
            )
        self.check_saved()

    def pull_tensors(self, g) -> list:
        grads = self.gradients(g)
        results = self.function.backward(self.context, *grads)
        results = results if isinstance(results, tuple) else (results,)
        count = len(self.context.needs_input_grad)
        if len(results) < count or any(r is not None for r in results[count:]):
            raise RuntimeError(
                f"function {self.op_name}.backward returned an incorrect number of gradients (expected {count}, got {len(results)})"
            )
        return [results[i] for i in self.places]

    def check_saved(self) -> None:
        for t, version in zip(self.context.saved_tensors, getattr(self.context, "versions", ())):
            if isinstance(t, Tensor) and t._version != version:
                raise RuntimeError(
                    f"one of the variables needed for gradient computation has been modified by an inplace operation: {self.op_name} had saved it"
                )

    def gradients(self, g) -> list:
        as_tensor = lambda g: g if isinstance(g, Tensor) else Tensor.wrap(g)
        if not self.many:
            return [as_tensor(g)]
        zeros = lambda kind: Tensor.wrap(kind[2].zeros(*kind[:2])) if self.context.materialize else None
        return [as_tensor(g[i]) if i in g else zeros(kind) for i, kind in enumerate(self.dtype)]

    @property
    def saved_tensors(self):
        return self.context.saved_tensors


class Function:
    """Subclass with static `forward(ctx, *args)` and `backward(ctx, *grads)`; call with `.apply(*args)`."""

    @staticmethod
    def forward(ctx, *args):
        raise NotImplementedError("a Function needs a static method forward(ctx, *args)")

    @staticmethod
    def backward(ctx, *grads):
        raise NotImplementedError("a Function needs a static method backward(ctx, *grads)")

    @classmethod
    def apply(cls, *args):
        needs = tuple(isinstance(a, Tensor) and a.requires_grad for a in args)
        context = FunctionCtx(needs)
        recording, local.grad = local.grad, False
        try:
            if "setup_context" in cls.__dict__:
                result = cls.forward(*args)
                cls.setup_context(context, args, result)
            else:
                result = cls.forward(context, *args)
        finally:
            local.grad = recording
        if recording and any(needs):
            result = apart(result, args, context.dirty)
            attach(FunctionNode(cls, context, args), args, result)
        return result


def apart(result, args, dirty):
    """An input that forward hands back as it is becomes a tensor of its own, unless it was overwritten and said so."""
    if isinstance(result, tuple):
        return tuple(apart(out, args, dirty) for out in result)
    untouched = (
        isinstance(result, Tensor) and any(result is a for a in args) and not any(result is d for d in dirty)
    )
    return result.detach() if untouched else result


def attach(node: FunctionNode, args, result) -> None:
    """Make the results of forward know the node that made them."""
    from ..backend import module_of

    outputs = result if isinstance(result, tuple) else (result,)
    node.many = isinstance(result, tuple)
    node.shape, node.dtype = (None, []) if node.many else (result.array.shape, result.array.dtype)
    for i, out in enumerate(outputs):
        if not isinstance(out, Tensor):
            node.dtype.append(((), None, None))
            continue
        if node.many:
            node.dtype.append((out.array.shape, out.array.dtype, module_of(out.array)))
        if any(out is t for t in node.context.not_differentiable) or out.array.dtype.kind not in "fc":
            continue
        out.node = Output(node, i, out.array) if node.many else node
        out._requires_grad = True


def once_differentiable(backward):
    """Mark a backward that is not to be differentiated again."""
    return backward
