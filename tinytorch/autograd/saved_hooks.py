"""Functions of the program's own between what a node keeps for the backward pass and what it gets then."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from typing import Any

from ..op import Value, interpret, shares_memory
from ..tensor import Tensor
from .engine import Node, Output
from .grad_mode import no_grad

KEPT: Any = vars(Node)["saved"]  # the slot, which classes of this file read through


class Packed:
    """What `pack` made of a tensor, and where the tensor stood in the graph."""

    def __init__(self, tensor, pack: Callable, unpack: Callable, as_array: bool):
        self.history = tensor.node, tensor._leaf, tensor._requires_grad
        self.as_array, self.pack, self.unpack = as_array, pack, unpack
        self.put(tensor.detach())

    def put(self, tensor) -> None:
        with no_grad():
            self.object: Any = self.pack(tensor)
        self.counter = tensor._counter if self.shares(tensor) else None

    def get(self):
        with no_grad():
            tensor = self.unpack(self.object)
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"saved_tensors_hooks: the unpack hook must return a tensor, got {type(tensor).__name__}"
            )
        if self.as_array:
            return tensor.array
        tensor = tensor.detach()
        tensor.node, tensor._leaf, tensor._requires_grad = self.history
        return tensor

    def shares(self, tensor) -> bool:
        return isinstance(self.object, Value) and shares_memory(self.object.array, tensor.array)


class Unpacking:
    """What a node kept: what is read of it is unpacked then."""

    def __init__(self, kept):
        self.kept = kept

    def __len__(self) -> int:
        return len(self.kept)

    def __getitem__(self, key):
        found = self.kept[key]
        return (
            [*Unpacking(found)] if isinstance(key, slice) else found.get() if type(found) is Packed else found
        )


class Unpacks:
    """What makes of a class of nodes one whose tensors are packed."""

    __slots__ = ()
    time: int
    op_name: str

    @property
    def saved(self):
        kept = KEPT.__get__(self)
        return None if kept is None else Unpacking(kept)

    @saved.setter
    def saved(self, values) -> None:
        KEPT.__set__(self, values)

    def refuse_stale(self) -> None:
        kept = KEPT.__get__(self)
        packed = [v for v in kept or () if type(v) is Packed]
        self.saved = kept and [v for v in kept if type(v) is not Packed]
        try:
            Node.refuse_stale(self)  # type: ignore[arg-type]
        finally:
            self.saved = kept
        if any(p.counter is not None and p.counter.last > self.time for p in packed):
            raise RuntimeError(
                f"one of the variables needed for gradient computation has been modified by an inplace operation: '{self.op_name}' kept"
                " a value for the backward pass, and it was overwritten since. Clone it before the in-place operation"
            )

    def keep_copy_of(self, tensor: Tensor) -> None:
        for v in KEPT.__get__(self):
            if type(v) is Packed and v.shares(tensor):
                v.put(tensor.detach().clone())

    def keep_result_in(self, tensor: Tensor) -> None:
        """The result stays as it was packed."""


inside = threading.local()  # the blocks that this thread is inside of


@cache
def unpacking(node_class: Any) -> Any:
    return type(node_class.__name__, (Unpacks, node_class), {"__slots__": ()})


class saved_tensors_hooks:
    """`with saved_tensors_hooks(pack, unpack):` what ops inside keep of tensors goes through pack when they run, and what pack
    returned through unpack when the backward pass wants it. What a Function of the program's own saves does not."""

    def __init__(self, pack_hook: Callable, unpack_hook: Callable):
        self.pack_hook, self.unpack_hook = pack_hook, unpack_hook
        self.entered: list[interpret] = []

    def __enter__(self) -> None:
        self.entered.append(interpret(self._record))
        self.entered[-1].__enter__()
        inside.hooks = [*getattr(inside, "hooks", ()), self]

    def __exit__(self, *error) -> None:
        inside.hooks.pop()
        self.entered.pop().__exit__(*error)

    def _record(self, op, args, kwargs, below):
        out = below(op, args, kwargs)
        if inside.hooks[-1] is not self:  # those of the innermost block are asked, and no others
            return out
        for result in out if isinstance(out, tuple) else (out,):
            node = result.node
            node = node.of if isinstance(node, Output) else node
            if isinstance(node, Node) and hasattr(node, "plan") and not isinstance(node, Unpacks):
                self._pack(node)
        return out

    def _pack(self, node) -> None:
        pack = lambda tensor, as_array: Packed(tensor, self.pack_hook, self.unpack_hook, as_array)
        kept = [pack(v, False) if isinstance(v, Tensor) else v for v in node.saved]
        at = node.plan.out_at
        if at is not None and not isinstance(kept[at], tuple):
            kept[at] = pack(Tensor.wrap(kept[at]), True)
        node.__class__ = unpacking(type(node))  # type: ignore[arg-type]
        node.saved = kept
