"""torch.overrides: which arguments would take a function over. Here none does: ops look at no `__torch_function__`."""

from __future__ import annotations

from ..op import Value
from .absent import refusing


def has_torch_function(relevant_args) -> bool:
    return False


has_torch_function_unary = has_torch_function


def has_torch_function_variadic(*args) -> bool:
    return False


def handle_torch_function(public_api, relevant_args, *args, **kwargs):
    """The function itself."""
    return public_api(*args, **kwargs)


def is_tensor_like(inp) -> bool:
    return isinstance(inp, Value) or hasattr(inp, "__torch_function__")


class TorchFunctionMode:
    """In PyTorch a context that sees every call; here it can be named and subclassed, and not entered."""

    def __enter__(self):
        raise NotImplementedError(
            f"{type(self).__name__}: tinytorch's functions do not go through __torch_function__, so no mode can take them over"
        )

    def __exit__(self, *error) -> None:
        pass


get_overridable_functions, get_testing_overrides, resolve_name, wrap_torch_function = refusing(
    "tinytorch's functions do not go through __torch_function__",
    "get_overridable_functions",
    "get_testing_overrides",
    "resolve_name",
    "wrap_torch_function",
)
