"""torchvision.tv_tensors: tensors that say what they are, so that a transform does the right thing to each.

What is computed from one is a plain tensor, as in torchvision; `wrap` gives it its kind again.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from ..tensor import Tensor
from ..tensor_data import as_tensor
from .transforms.functional import is_picture, pil_to_tensor


class TVTensor(Tensor):
    """A tensor of one of the kinds below."""

    def __new__(cls, data, *, dtype=None, device=None, requires_grad=None, **settings):
        values = pil_to_tensor(data) if is_picture(data) else as_tensor(data, dtype=dtype, device=device)
        made: Any = values.detach().as_subclass(cls)
        made.requires_grad = values.requires_grad if requires_grad is None else requires_grad
        vars(made).update(cls.checked(made, **settings))
        return made

    def __init__(self, *args, **settings):
        pass  # __new__ has done it

    @classmethod
    def checked(cls, made: Tensor) -> dict[str, Any]:
        """The attributes besides the numbers."""
        return {}

    def __deepcopy__(self, memo):
        return wrap(self.detach().clone(), like=self).requires_grad_(self.requires_grad)

    def __reduce__(self):
        return restored, (type(self), self.as_subclass(Tensor), extras(self))


def restored(kind: type, values: Tensor, settings: dict) -> TVTensor:
    return kind(values, **settings)


def extras(tensor: Tensor) -> dict[str, Any]:
    return {
        n: getattr(tensor, n)
        for n in ("format", "canvas_size", "clamping_mode")
        if isinstance(tensor, BoundingBoxes)
    }


class Image(TVTensor):
    """A picture (..., C, H, W); (H, W) gets a channel."""

    def __new__(cls, data, **settings):
        made = super().__new__(cls, data, **settings)
        if made.dim() < 2:
            raise ValueError("Tensor must have at least 2 dimensions")
        return wrap(made.unsqueeze(0), like=made) if made.dim() == 2 else made


class Video(TVTensor):
    """Pictures one after another: (..., T, C, H, W)."""


class Mask(TVTensor):
    """Which pixels belong to a thing, one thing per plane, or the class of each pixel: (..., H, W)."""


class BoundingBoxFormat(Enum):
    """Two corners, a corner and the size, or the middle and the size."""

    XYXY = "XYXY"
    XYWH = "XYWH"
    CXCYWH = "CXCYWH"


class BoundingBoxes(TVTensor):
    """Boxes (N, 4) in a picture of canvas_size (height, width)."""

    format: BoundingBoxFormat
    canvas_size: tuple[int, int]
    clamping_mode: str | None

    def __new__(cls, data, *, format, canvas_size, clamping_mode="soft", **settings):
        return super().__new__(
            cls, data, format=format, canvas_size=canvas_size, clamping_mode=clamping_mode, **settings
        )

    @classmethod
    def checked(cls, made, format, canvas_size, clamping_mode):
        if made.dim() > 2 or made.shape[-1:] != (4,):
            raise ValueError(f"Expected a tensor of shape (N, 4), got {tuple(made.shape)}")
        format = BoundingBoxFormat[format.upper()] if isinstance(format, str) else format
        return {"format": format, "canvas_size": tuple(canvas_size), "clamping_mode": clamping_mode}

    def _describe(self, name: str) -> str:
        return f"{super()._describe(name)[:-1]}, format={self.format}, canvas_size={self.canvas_size})"


def wrap(wrappee: Tensor, *, like: Tensor, **changes) -> Any:
    """The numbers as the kind that `like` is, with its attributes or the changed ones."""
    if not isinstance(like, TVTensor):
        return wrappee
    made: Any = wrappee.as_subclass(type(like))
    vars(made).update({**extras(like), **changes})
    return made


def set_return_type(return_type: str) -> None:
    """Asked for by programs; here what is computed is always a plain tensor."""
    if return_type != "Tensor":
        raise NotImplementedError(
            f"tv_tensors.set_return_type({return_type!r}): operations give plain tensors here"
        )
