"""torch.ops: functions by the names that PyTorch registers them under, `torch.ops.aten.relu.default`, and those of torch.library."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from ..later import ROOT, missing


class Packet:
    """One name with its overloads: calling it or any of them calls the one function there is."""

    def __init__(self, name: str, function: Callable):
        self.__name__, self.function = name, function

    def __call__(self, *args, **kwargs):
        return self.function(*args, **kwargs)

    def __getattr__(self, overload: str) -> Packet:
        if overload.startswith("__"):
            raise AttributeError(overload)
        one = Packet(f"{self.__name__}.{overload}", self.function)
        setattr(self, overload, one)
        return one

    def overloads(self) -> list[str]:
        return ["default"]

    def __repr__(self) -> str:
        return f"<op {self.__name__}>"


class Namespace:
    """`torch.ops.NAME`: the ops that were registered under NAME."""

    def __init__(self, name: str):
        self._name = name

    def __getattr__(self, op: str) -> Packet:
        if op.startswith("__"):
            raise AttributeError(op)
        raise AttributeError(f"'_OpNamespace' '{self._name}' object has no attribute '{op}'")

    def __repr__(self) -> str:
        return f"<namespace {self._name}>"


class Aten(Namespace):
    """PyTorch's own ops: the functions, or methods, of the same name here."""

    def __getattr__(self, op: str) -> Packet:
        if op.startswith("__"):
            raise AttributeError(op)
        packet = Packet(f"aten.{op}", lambda *args, **kwargs: self._find(op)(*args, **kwargs))
        setattr(self, op, packet)
        return packet

    def _find(self, op: str) -> Callable:
        front = sys.modules[ROOT]
        for home in (front, front.nn.functional, front.Tensor):
            found: Any = getattr(home, op, None)
            if found is not None:
                return found
        raise NotImplementedError(f"torch.ops.aten.{op}: tinytorch has no function of this name")


registered: dict[str, Namespace] = {"aten": Aten("aten")}


def register(qualified_name: str, function: Callable) -> Packet:
    """`torch.ops.NAMESPACE.NAME` is this function from now on."""
    namespace, _, name = qualified_name.partition("::")
    if not name:
        raise ValueError(f"torch.library: the name of an op is NAMESPACE::NAME, got {qualified_name!r}")
    home = registered.setdefault(namespace, Namespace(namespace))
    setattr(home, name.partition(".")[0], Packet(f"{namespace}.{name}", function))
    return getattr(home, name.partition(".")[0])


def ask(name: str):
    """A `__getattr__` for `tinytorch.ops`."""
    return registered[name] if name in registered else missing(name, package=f"{ROOT}.ops")
