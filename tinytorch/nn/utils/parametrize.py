"""Parameters that are computed from others: `weight` becomes a function of `parametrizations.weight.original`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from copy import deepcopy

from ...autograd.grad_mode import no_grad
from ...tensor import Tensor
from ..container import ModuleDict, ModuleList
from ..module import Module
from ..parameter import Parameter

_cached: dict | None = None  # results by (module, name), inside `cached()`


@contextlib.contextmanager
def cached() -> Iterator[None]:
    """Compute each parametrized tensor once within this block."""
    global _cached
    before, _cached = _cached, {} if _cached is None else _cached
    try:
        yield
    finally:
        _cached = before


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, in the order in which they are applied, and what they are applied to.

    That is `original`, or `original0`, `original1`, ... if the first one's `right_inverse` gives several tensors.
    """

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False):
        if not modules:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        with no_grad():
            new = original
            for module in reversed(list(self)):
                if hasattr(module, "right_inverse"):
                    with contextlib.suppress(NotImplementedError):
                        new = module.right_inverse(new)
        self.is_tensor = isinstance(new, Tensor)
        if not self.is_tensor and not isinstance(new, Sequence):
            raise ValueError(
                f"'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got {type(new).__name__}"
            )
        self.ntensors = 1 if self.is_tensor else len(new)
        expected = (original.dtype, original.shape)
        if self.is_tensor:
            require_same(
                "When `right_inverse` outputs one tensor, it may not change the dtype.",
                new.dtype,
                original.dtype,
            )
            original.data = new.detach()
            register(self, "original", original)
        else:
            for i, piece in enumerate(new):
                piece = Parameter(piece) if isinstance(original, Parameter) else piece
                register(self, f"original{i}", piece.requires_grad_(original.requires_grad))
        if not unsafe:
            check_result(self(), *expected)

    def originals(self) -> list[Tensor]:
        return (
            [self.original]
            if self.is_tensor
            else [getattr(self, f"original{i}") for i in range(self.ntensors)]
        )

    @no_grad()
    def right_inverse(self, value: Tensor) -> None:
        """Set the originals so that the result is this value."""
        for module in reversed(list(self)):
            if not hasattr(module, "right_inverse"):
                raise RuntimeError(
                    f"parametrization {type(module).__name__} does not implement right_inverse."
                )
            value = module.right_inverse(value)
        values = [value] if self.is_tensor else value
        if len(values) != self.ntensors:
            raise ValueError(
                f"'right_inverse' must return a sequence of tensors of length {self.ntensors}. Got a sequence of length {len(values)}."
            )
        for original, new in zip(self.originals(), values):
            require_same(
                "The tensor returned by `right_inverse` has another dtype than `original`.",
                new.dtype,
                original.dtype,
            )
            original.data = new.detach()

    def forward(self) -> Tensor:
        first, *others = self
        x = first(*self.originals())
        for module in others:
            x = module(x)
        return x


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Let `module.tensor_name` be the parametrization's result from now on.

    Its optional `right_inverse(value)` finds the starting point, and allows assignment. `unsafe` lets it change the shape.
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        if not unsafe:
            before = getattr(module, tensor_name)
            check_result(parametrization(before), before.dtype, before.shape)
        chain = module.parametrizations[tensor_name]
        chain.append(parametrization)
        chain.unsafe |= unsafe
    elif tensor_name in module._parameters or tensor_name in module._buffers:
        chain = ParametrizationList([parametrization], getattr(module, tensor_name), unsafe=unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            module.__class__ = parametrized_class(type(module))
            module.parametrizations = ModuleDict()
        setattr(type(module), tensor_name, computed(tensor_name))
        module.parametrizations[tensor_name] = chain
    else:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element with name '{tensor_name}'"
        )
    return module


def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:
    """Make it an ordinary parameter again: with its value of now, or, if not `leave_parametrized`, that of its original."""
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    chain = module.parametrizations[tensor_name]
    if not chain.is_tensor and not leave_parametrized:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in terms of a sequence of"
            " tensors."
        )
    value = getattr(module, tensor_name)
    if chain.is_tensor:
        tensor = chain.original
        if leave_parametrized:
            tensor.data = value.detach()
    else:
        tensor = Parameter(value) if value.requires_grad else value
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    register(module, tensor_name, tensor)
    if not is_parametrized(module):
        del module.parametrizations
        module.__class__ = type(module).__bases__[0]
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether the module has parametrizations, or this tensor of it."""
    chains = getattr(module, "parametrizations", None)
    if not isinstance(chains, ModuleDict):
        return False
    return len(chains) > 0 if tensor_name is None else tensor_name in chains


def type_before_parametrizations(module: Module) -> type:
    """The module's class as the user wrote it."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


# ---------------------------------------------------------------- helpers


def parametrized_class(cls: type) -> type:
    """A class of its own for one module, to put properties on."""

    def copy(self, memo):
        twin = self.__new__(type(self))
        memo[id(self)] = twin
        twin.__dict__.update(deepcopy(self.__dict__, memo))
        return twin

    def refuse(self):
        raise RuntimeError("Serialization of parametrized modules is only supported through state_dict().")

    members = {"__getstate__": refuse, "__module__": cls.__module__}
    if not hasattr(cls, "__deepcopy__"):
        members["__deepcopy__"] = copy
    return type(f"Parametrized{cls.__name__}", (cls,), members)


def computed(name: str) -> property:
    def get(self) -> Tensor:
        if _cached is None:
            return self.parametrizations[name]()
        key = (id(self), name)
        if key not in _cached:
            _cached[key] = self.parametrizations[name]()
        return _cached[key]

    return property(get, lambda self, value: self.parametrizations[name].right_inverse(value))


def register(module: Module, name: str, tensor: Tensor) -> None:
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


def require_same(rule: str, got, expected) -> None:
    if got != expected:
        raise ValueError(f"{rule}\nexpected: {expected}\ngot: {got}")


def check_result(result, dtype, shape) -> None:
    if not isinstance(result, Tensor):
        raise ValueError(f"A parametrization must return a tensor. Got {type(result).__name__}.")
    for what, got, expected in (("dtype", result.dtype, dtype), ("shape", result.shape, shape)):
        rule = f"Registering a parametrization may not change the {what} of the tensor, unless `unsafe` flag is enabled."
        require_same(rule, got, expected)
