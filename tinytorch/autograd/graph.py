"""torch.autograd.graph: the graph's nodes, and hooks that see several gradients at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext

from ..compat.absent import refusing
from ..op import counted
from .engine import Node  # noqa: F401
from .saved_hooks import saved_tensors_hooks  # noqa: F401

(allow_mutation_on_saved_tensors,) = refusing(
    "what a node keeps may not be overwritten; clone the tensor before",
    "torch.autograd.graph.allow_mutation_on_saved_tensors",
)


class save_on_cpu(nullcontext):
    """In PyTorch, what backward needs waits in the host's memory; here it stays where it is. Results are the same."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda"):
        super().__init__()


class disable_saved_tensors_hooks(nullcontext):
    """There are none to be disabled."""

    def __init__(self, error_message: str):
        super().__init__()


def increment_version(tensor) -> None:
    """Count a write to the tensor's memory that happened behind autograd's back."""
    for t in [tensor] if hasattr(tensor, "array") else tensor:
        counted(t).count()


class Handles:
    """The hooks of several tensors, to be removed together."""

    def __init__(self, handles):
        self.handles = handles

    def remove(self) -> None:
        for handle in self.handles:
            handle.remove()

    def __enter__(self):
        return self

    def __exit__(self, *error) -> None:
        self.remove()


def register_multi_grad_hook(tensors: Sequence, fn: Callable, *, mode: str = "all") -> Handles:
    """Call fn with the list of all their gradients when the last one is there; with mode="any", with the first one, once."""
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    found: list = [None] * len(tensors)
    state = {"left": sum(t.requires_grad for t in tensors), "called": False}

    def hook_of(i: int):
        def hook(grad) -> None:
            found[i] = grad
            state["left"] -= 1
            if mode == "any" and not state["called"]:
                state["called"] = True
                fn(grad)
            elif mode == "all" and state["left"] == 0:
                fn(list(found))

        return hook

    return Handles([t.register_hook(hook_of(i)) for i, t in enumerate(tensors) if t.requires_grad])
