"""torch._C: the few names of PyTorch's inner library that programs ask for."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace

from .. import dtypes
from ..backend import default_device as _get_default_device  # noqa: F401
from ..backend import device as _device
from ..random import Generator  # noqa: F401
from .absent import absent
from .futures import Future  # noqa: F401

Graph, Node, Value, ScriptModule, Function = absent(
    "tinytorch compiles nothing", "Graph", "Node", "Value", "ScriptModule", "Function"
)


_TensorMeta = type  # the class of Tensor's class


class DisableTorchFunctionSubclass(nullcontext):
    """Without effect, as for plain tensors in PyTorch: no op asks its arguments for `__torch_function__`."""


DisableTorchFunction = DisableTorchFunctionSubclass


def _get_tracing_state() -> None:
    """Nothing is being traced."""


def _are_functorch_transforms_active() -> bool:
    return False


def _is_torch_function_mode_enabled() -> bool:
    return False


def _log_api_usage_once(name: str) -> None:
    """PyTorch counts calls for its makers; nobody does here."""


def _disabled_torch_function_impl(func, types, args=(), kwargs=None):
    return func(*args, **(kwargs or {}))


def _switch_of_the_compiler(*args) -> bool:
    """There is no compiler to be switched."""
    return False


_jit_set_texpr_fuser_enabled = _jit_set_profiling_mode = _jit_set_profiling_executor = _switch_of_the_compiler
_jit_set_nvfuser_enabled = _jit_set_nvfuser_guard_mode = _switch_of_the_compiler
_jit_override_can_fuse_on_cpu = _jit_override_can_fuse_on_gpu = _switch_of_the_compiler
_jit_can_fuse_on_cpu = _jit_can_fuse_on_gpu = _switch_of_the_compiler


def _parse_to(*args, device=None, dtype=None, non_blocking=False, copy=False, memory_format=None):
    """What the arguments of `to` mean: (device, dtype, non_blocking, memory_format)."""
    for arg in args:
        if isinstance(arg, bool):
            non_blocking = arg
        elif isinstance(arg, dtypes.dtype):
            dtype = arg
        elif hasattr(arg, "array"):
            device, dtype = arg.device, arg.dtype
        elif arg is not None:
            device = arg
    return None if device is None else _device(device), dtype, non_blocking, memory_format


_nn = SimpleNamespace(_parse_to=_parse_to)
