"""How a transform of v2 goes through what it is handed: pictures, boxes and masks change alike, the rest stays."""

from __future__ import annotations

from enum import Enum
from typing import Any

from ....utils._pytree import tree_flatten, tree_unflatten
from ...tv_tensors import Image, TVTensor, Video
from .. import transforms as v1
from ..functional import is_picture
from . import functional as F


def changing(items: list) -> list[bool]:
    """Which of them a transform changes. A tensor of no kind is a picture if it is the first one and no other is there."""
    pictures = any(isinstance(item, (Image, Video)) or is_picture(item) for item in items)
    first = next((k for k, item in enumerate(items) if F.is_plain(item)), None)
    return [
        isinstance(item, TVTensor) or is_picture(item) or (k == first and not pictures)
        for k, item in enumerate(items)
    ]


class Transform(v1.Transform):
    """Called with any nest of things. A class of one's own has `transform`, and `make_params` if it draws."""

    functional: Any = F

    def make_params(self, flat_inputs: list) -> dict[str, Any]:
        """What is the same for everything that changes together: drawn for the first picture."""
        first = next(
            (item for item in flat_inputs if not isinstance(item, F.BoundingBoxes)), *flat_inputs[:1]
        )
        return {"drawn": self.draw(first)}

    def transform(self, inpt, params: dict[str, Any]):
        return inpt if params["drawn"] is None else self.change(inpt, *params["drawn"])

    def check_inputs(self, flat_inputs: list) -> None:
        """A place for a class of one's own to refuse."""

    def __repr__(self) -> str:
        plain = {n: v for n, v in vars(self).items() if not n.startswith("_") and n != "training"}
        shown = (
            f"{n}={v.value if isinstance(v, Enum) else v}"
            for n, v in plain.items()
            if isinstance(v, (bool, int, float, str, tuple, list, Enum))
        )
        return f"{type(self).__name__}({', '.join(shown)})"

    def forward(self, *inputs):
        items, spec = tree_flatten(inputs if len(inputs) > 1 else inputs[0])
        self.check_inputs(items)
        chosen = changing(items)
        params = self.make_params([item for item, change in zip(items, chosen) if change])
        out = [self.transform(item, params) if change else item for item, change in zip(items, chosen)]
        return tree_unflatten(out, spec)


class OfPictures(Transform):
    """Boxes and masks stay as they are, whatever the change is."""

    def transform(self, inpt, params):
        return inpt if isinstance(inpt, (F.BoundingBoxes, F.Mask)) else super().transform(inpt, params)


def of_structures(kind: type, walk: type = Transform) -> Any:
    """A transform of v1 made to go through structures."""
    names = {
        "__doc__": kind.__doc__,
        "__module__": __name__.rpartition(".")[0],
        "__qualname__": kind.__name__,
    }
    return type(kind.__name__, (walk, kind), names)
