"""Questions about tensors and their dtypes, as functions."""

from __future__ import annotations

from . import dtypes, ops
from .op import Value
from .storage import UntypedStorage
from .tensor import Size, Tensor
from .tensor_data import as_tensor


def is_tensor(obj) -> bool:
    """Whether obj is a tensor."""
    return isinstance(obj, Tensor)


def is_floating_point(input) -> bool:
    """Whether input holds real floating-point numbers."""
    return input.is_floating_point()


def is_complex(input) -> bool:
    """Whether input holds complex numbers."""
    return input.is_complex()


def is_signed(input) -> bool:
    """Whether input's dtype has negative numbers."""
    return input.is_signed()


def is_nonzero(input) -> bool:
    """Whether the one element of input is not zero."""
    if input.numel() != 1:
        raise RuntimeError(
            f"Boolean value of Tensor with {input.numel()} values is ambiguous: is_nonzero wants one element"
        )
    return bool(input.item() != 0)


def is_same_size(input, other) -> bool:
    """Whether two tensors have one shape."""
    return input.is_same_size(other)


def is_storage(obj) -> bool:
    return isinstance(obj, UntypedStorage)


def numel(input) -> int:
    """The number of elements."""
    return input.numel()


def get_device(input) -> int:
    """The number of the GPU that holds input, -1 for the CPU."""
    return input.get_device()


def detach(input) -> Tensor:
    """The same memory as a constant."""
    return input.detach()


def typename(obj) -> str:
    """The full name of an object's type: "torch.FloatTensor", "tinytorch.nn.linear.Linear", "list"."""
    if isinstance(obj, Tensor):
        return obj.type()
    kind = obj if hasattr(obj, "__qualname__") else type(obj)
    return (
        kind.__qualname__
        if kind.__module__ in ("builtins", None)
        else f"{kind.__module__}.{kind.__qualname__}"
    )


def result_type(tensor1, tensor2) -> dtypes.dtype:
    """The dtype of tensor1 + tensor2; either may be a number."""
    return dtypes.from_numpy(
        dtypes.result_np([t.array if isinstance(t, Value) else t for t in (tensor1, tensor2)])
    )


def can_cast(from_, to) -> bool:
    """Whether an in-place result of one dtype may go into another: never to a lower kind (float to integer)."""
    rank = {"b": 0, "u": 1, "i": 1, "f": 2, "c": 3}
    return rank[dtypes.to_numpy(from_).kind] <= rank[dtypes.to_numpy(to).kind]


def asarray(obj, *, dtype=None, device=None, copy=None, requires_grad=False) -> Tensor:
    """A tensor from anything that holds numbers, sharing its memory where that is possible and copy does not forbid it."""
    out = as_tensor(obj, dtype=dtype, device=device)
    if copy:
        out = out.detach().clone()
    return out.requires_grad_() if requires_grad else out


def _shape_as_tensor(input):
    """The sizes of input as a tensor."""
    return as_tensor(list(input.shape))


def broadcast_shapes(*shapes) -> Size:
    """The shape that tensors of these shapes have together."""
    return Size(ops.broadcast_shapes(*shapes))
