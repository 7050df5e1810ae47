"""torch.autograd.forward_ad: tensors with a direction, and the derivative of what is computed from them in that direction.

Nothing is carried forward here. A dual tensor is a leaf of a graph like any other, and a derivative is asked of that graph when
`unpack_dual` wants it: the vjp is linear in its vector, and its derivative by that vector is the jvp.
"""

from __future__ import annotations

from typing import NamedTuple

from ..tensor import Tensor
from .grad import grad
from .grad_mode import enable_grad


class UnpackedDualTensor(NamedTuple):
    """What `unpack_dual` returns."""

    primal: Tensor
    tangent: Tensor | None


levels: list[dual_level] = []


class dual_level:
    """The block in which dual tensors have their tangents."""

    def __enter__(self) -> int:
        if levels:
            raise RuntimeError("Nested forward mode AD is not supported at the moment")
        self.duals: list[tuple[Tensor, Tensor]] = []
        self.recording = enable_grad()
        self.recording.__enter__()
        levels.append(self)
        return 0

    def __exit__(self, *error) -> None:
        levels.remove(self)
        self.recording.__exit__(*error)


entered: list[dual_level] = []


def enter_dual_level() -> int:
    """`dual_level` without a block."""
    entered.append(dual_level())
    return entered[-1].__enter__()


def exit_dual_level(*, level: int | None = None) -> None:
    entered.pop().__exit__()


def make_dual(tensor: Tensor, tangent: Tensor, *, level: int | None = None) -> Tensor:
    """The tensor with a direction of its shape."""
    if not levels:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to enter_dual_level() first."
        )
    if not tensor.is_floating_point() and not tensor.is_complex():
        raise ValueError(f"Expected primal to be floating point or complex, but got: {tensor.dtype}")
    if not tangent.is_floating_point() and not tangent.is_complex():
        raise ValueError(f"Expected tangent to be floating point or complex, but got: {tangent.dtype}")
    if tensor.shape != tangent.shape:
        raise RuntimeError(
            f"Expected primal and tangent to have the same shape, got {list(tensor.shape)} and {list(tangent.shape)}"
        )
    dual = tensor.view_as(tensor) if tensor.requires_grad else tensor.detach().requires_grad_()
    if tangent.stride() != tensor.stride():
        tangent = tangent.contiguous() if tensor.is_contiguous() else tangent.clone()
    levels[-1].duals.append((dual, tangent))
    return dual


def unpack_dual(tensor: Tensor, *, level: int | None = None) -> UnpackedDualTensor:
    """The tensor, and its derivative in the direction of all dual tensors that it was computed from; None if there are none."""
    if not levels:
        return UnpackedDualTensor(tensor, None)
    given = next((tangent for dual, tangent in levels[-1].duals if dual is tensor), None)
    return UnpackedDualTensor(tensor, derivative(tensor) if given is None else given)


def derivative(tensor: Tensor) -> Tensor | None:
    duals = levels[-1].duals
    if not duals or not tensor.requires_grad:
        return None
    vector = tensor.new_zeros(tensor.shape).requires_grad_()
    pulled = grad(tensor, [dual for dual, _ in duals], vector, create_graph=True, allow_unused=True)
    pairs = [(p, tangent) for p, (_, tangent) in zip(pulled, duals) if p is not None]
    if not pairs:
        return None
    pairs = [(p, tangent) for p, tangent in pairs if p.requires_grad]
    if not pairs:
        return tensor.new_zeros(tensor.shape)
    found = grad(
        [p for p, _ in pairs],
        vector,
        [tangent for _, tangent in pairs],
        create_graph=True,
        allow_unused=True,
        materialize_grads=True,
    )
    return found[0]
