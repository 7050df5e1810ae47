"""Module: the base of all layers and models. It knows its parameters, its buffers and the modules inside it."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from typing import Any

from ..tensor import Tensor
from .conversion import Conversion
from .hooks import call_with_hooks, hooks_of_all
from .parameter import Buffer, Parameter
from .state import IncompatibleKeys as _IncompatibleKeys  # noqa: F401  # PyTorch's name
from .state import State


class Module(State, Conversion):
    """A layer, or a model made of layers. Subclass it: assign parameters and modules in `__init__`, compute in `forward`."""

    training: bool

    def __init__(self, *args, **kwargs):
        if args or kwargs:
            raise TypeError(f"{type(self).__name__}: Module() takes no arguments, got {[*args, *kwargs]}")
        for table in ("_parameters", "_buffers", "_modules"):
            self.__dict__[table] = {}
        self.__dict__.update(training=True, _non_persistent_buffers_set=set())
        self._init_hooks()

    def forward(self, *args):
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        )

    def __call__(self, *args, **kwargs):
        hooked = self._forward_hooks or self._forward_pre_hooks or hooks_of_all
        if hooked or self._backward_hooks or self._backward_pre_hooks:
            return call_with_hooks(self, args, kwargs)
        return self.forward(*args, **kwargs)

    __class_getitem__: Any = classmethod(types.GenericAlias)

    # ------------------------------------------------------------ what is assigned to a module

    def __setattr__(self, name: str, value) -> None:
        """Parameters, modules and buffers go to tables of their own; anything else is a plain attribute."""
        if isinstance(value, Parameter):
            self._require_init("parameters")
            self._forget(name, self._parameters)
            self.register_parameter(name, value)
        elif isinstance(value, Module) and name not in self.__dict__.get("_parameters", ()):
            self._require_init("module")
            self._forget(name, self._modules)
            self._modules[name] = value
        elif isinstance(value, Buffer) or self._is_registered(name):
            self._put(name, value)
        else:
            object.__setattr__(self, name, value)

    def _is_registered(self, name: str) -> bool:
        own = self.__dict__
        return "_parameters" in own and (
            name in own["_parameters"] or name in own["_buffers"] or name in own["_modules"]
        )

    def _put(self, name: str, value) -> None:
        """Assign to a name that stands in a table: None empties the place, a buffer takes another tensor."""
        if name in self._parameters:
            refuse_unless_none(value, "parameter", name, "torch.nn.Parameter or None")
            self.register_parameter(name, None)
        elif name in self._modules:
            refuse_unless_none(value, "child module", name, "torch.nn.Module or None")
            self._modules[name] = None
        else:
            if value is not None and not isinstance(value, Tensor):
                refuse_unless_none(value, "buffer", name, "torch.nn.Buffer, torch.Tensor or None")
            kept = name not in self._non_persistent_buffers_set
            self.register_buffer(name, value, value.persistent if isinstance(value, Buffer) else kept)

    def __getattr__(self, name: str):
        own = self.__dict__
        if "_parameters" in own:  # not a loop: layers read their parameters so at every call
            if name in (table := own["_parameters"]):
                return table[name]
            if name in (table := own["_buffers"]):
                return table[name]
            if name in (table := own["_modules"]):
                return table[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __delattr__(self, name: str) -> None:
        for table in (self._parameters, self._buffers, self._modules):
            if name in table:
                del table[name]
                self._non_persistent_buffers_set.discard(name)
                return
        object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        names = [*dir(type(self)), *self.__dict__, *self._parameters, *self._modules, *self._buffers]
        return sorted(name for name in names if not name[0].isdigit())

    def _require_init(self, what: str) -> None:
        if "_parameters" not in self.__dict__:
            raise AttributeError(f"cannot assign {what} before Module.__init__() call")

    def _forget(self, name: str, keep: dict) -> None:
        """Whatever was under this name is no longer there; in the table `keep` its place will be taken."""
        for table in (self.__dict__, self._parameters, self._buffers, self._modules):
            if table is not keep:
                table.pop(name, None)
        self._non_persistent_buffers_set.discard(name)

    def _check_name(self, name: str, kind: str, table: dict) -> None:
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {type_name(name)}")
        if "." in name:
            raise KeyError(f'{kind} name can\'t contain "."' + (f", got: {name}" if kind == "module" else ""))
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')
        if hasattr(self, name) and name not in table:
            raise KeyError(f"attribute '{name}' already exists")

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter under this name; None reserves the name."""
        self._require_init("parameter")
        self._check_name(name, "parameter", self._parameters)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{type_name(param)}' object to parameter '{name}' (torch.nn.Parameter or None required)"
            )
        if param is not None and param.grad_fn:
            raise ValueError(
                f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be created explicitly. To express"
                f" '{name}' as a function of another Tensor, compute the value in the forward() method."
            )
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that is state but not learned. One that is not `persistent` is left out of the state_dict."""
        self._require_init("buffer")
        self._check_name(name, "buffer", self._buffers)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{type_name(tensor)}' object to buffer '{name}' (torch Tensor or None required)"
            )
        self._buffers[name] = tensor
        self._non_persistent_buffers_set.discard(name)
        if not persistent:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a module under this name."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{type_name(module)} is not a Module subclass")
        self._check_name(name, "module", self._modules)
        self._modules[name] = module

    def register_module(self, name: str, module: Module | None) -> None:
        self.add_module(name, module)

    # ------------------------------------------------------------ walking through what is there

    def named_modules(
        self, memo: set | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module and all below it, with their dotted names; one that is there twice comes once."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, child in self._modules.items():
            if child is not None:
                yield from child.named_modules(memo, joined(prefix, name), remove_duplicate)

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        return (module for _, module in self.named_modules(remove_duplicate=remove_duplicate))

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly inside this one."""
        seen = set()
        for name, child in self._modules.items():
            if child is not None and child not in seen:
                seen.add(child)
                yield name, child

    def children(self) -> Iterator[Module]:
        return (child for _, child in self.named_children())

    def _named_members(self, get_members_fn, prefix="", recurse=True, remove_duplicate=True):
        modules = self.named_modules(None, prefix, remove_duplicate) if recurse else [(prefix, self)]
        seen = set()
        for path, module in modules:
            for name, tensor in get_members_fn(module):
                if tensor is None or tensor in seen:
                    continue
                if remove_duplicate:
                    seen.add(tensor)
                yield joined(path, name), tensor

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """All parameters with their dotted names; a shared one comes once, under its first name."""
        yield from self._named_members(lambda m: m._parameters.items(), prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters: what an optimizer wants."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        yield from self._named_members(lambda m: m._buffers.items(), prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    # ------------------------------------------------------------ by dotted name

    def get_submodule(self, target: str) -> Module:
        """The module with this dotted name, such as `encoder.layers.0`."""
        module = self
        for name in target.split(".") if target else ():
            if not hasattr(module, name):
                raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
            module = getattr(module, name)
            if not isinstance(module, Module):
                raise AttributeError(f"`{name}` is not an nn.Module")
        return module

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put a module in the place with this dotted name. `strict`: there must be one already."""
        if target == "":
            raise ValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, Module):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if strict or hasattr(parent, name):
            parent.get_submodule(name)
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter with this dotted name."""
        parameter = self._get_member(target)
        if not isinstance(parameter, Parameter):
            raise AttributeError(f"`{target.rpartition('.')[2]}` is not an nn.Parameter")
        return parameter

    def get_buffer(self, target: str) -> Tensor:
        """The buffer with this dotted name."""
        path, _, name = target.rpartition(".")
        buffer = self._get_member(target)
        if name not in self.get_submodule(path)._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        return buffer

    def _get_member(self, target: str):
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if not hasattr(module, name):
            raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
        return getattr(module, name)

    # ------------------------------------------------------------ changing all of it

    def train(self, mode: bool = True):
        """Training mode for this module and all below it: dropout drops, batch norm uses the batch's statistics."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for child in self.children():
            child.train(mode)
        return self

    def eval(self):
        """The opposite of train()."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True):
        """Ask for (or, to freeze the module, refuse) gradients for all parameters."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            if set_to_none:
                parameter.grad = None
            elif parameter.grad is not None:
                parameter.grad.detach_().zero_()

    def apply(self, fn: Callable[[Module], None]):
        """Call fn on every module below this one and then on this one."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def compile(self, *args, **kwargs) -> None:
        """Accepted for programs that call it; there is nothing to compile."""

    # ------------------------------------------------------------ how it looks

    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """What the printed module says about its settings."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        for name, child in self._modules.items():
            lines.append(f"({name}): " + repr(child).replace("\n", "\n  "))
        if not self._modules and len(lines) <= 1:
            return f"{self._get_name()}({extra})"
        return f"{self._get_name()}(\n  " + "\n  ".join(lines) + "\n)"


# ---------------------------------------------------------------- helpers


def joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def type_name(value) -> str:
    """The name of a value's class as PyTorch's errors write it."""
    if isinstance(value, Tensor):
        return value.type()
    cls = type(value)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def refuse_unless_none(value, kind: str, name: str, allowed: str) -> None:
    if value is not None:
        raise TypeError(f"cannot assign '{type_name(value)}' as {kind} '{name}' ({allowed} expected)")
