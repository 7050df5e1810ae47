"""torchvision.models._api: networks by name, and published weights. They are read from PyTorch's cache, not downloaded."""

from __future__ import annotations

import difflib
import fnmatch
import functools
from collections.abc import Callable
from enum import Enum
from typing import Any

from ...compat.hub import load_state_dict_from_url
from ..transforms.functional import InterpolationMode
from ..transforms.presets import ImageClassification, SemanticSegmentation

HOME = "https://download.pytorch.org/models/"
BUILDERS: dict[str, Callable] = {}
WEIGHTS: dict[str, type[WeightsEnum]] = {}


class WeightsEnum(Enum):
    """Which published weights a program asks for: a file, and the size of the pictures that they were made for."""

    model: str  # the constructor they belong to, an attribute of each enum

    @property
    def file(self) -> list[str]:
        return self.value.split()

    @property
    def url(self) -> str:
        return HOME + self.file[0]

    def get_state_dict(self, progress: bool = True, check_hash: bool = False, **options):
        """The tensors, if the file is in PyTorch's cache; an error that says which file belongs where if it is not."""
        return load_state_dict_from_url(self.url, progress=progress, check_hash=check_hash, **options)

    def transforms(self, **options):
        """What prepares a picture for these weights."""
        crop, resize, *mode = self.file[1:]
        interpolation = InterpolationMode(mode[0] if mode else "bilinear")
        if crop == "-":
            return SemanticSegmentation(**{"resize_size": int(resize), **options})
        settings = {"crop_size": int(crop), "resize_size": int(resize), "interpolation": interpolation}
        return ImageClassification(**{**settings, **options})

    @property
    def meta(self):
        raise NotImplementedError(
            f"{self.model}: the names of the classes come with torchvision, not with tinytorch"
        )

    @property
    def num_classes(self) -> int:
        return 21 if self.file[1] == "-" else 1000

    @classmethod
    def verify(cls, obj):
        """The member that obj is or names."""
        if obj is None or isinstance(obj, cls):
            return obj
        if isinstance(obj, str):
            return cls[obj.rpartition(".")[2]]
        raise TypeError(
            f"Invalid Weight class provided; expected {cls.__name__} but received {type(obj).__name__}."
        )


def published(model: str, name: str, **files: str) -> type[WeightsEnum]:
    """The enum that torchvision calls name: "file crop resize [interpolation]" of each version; crop is - for segmentation."""
    default = next((v for v in ("IMAGENET1K_V2", "IMAGENET1K_V1") if v in files), next(iter(files)))
    make: Any = WeightsEnum  # an enum without members makes enums
    made = make(name, [*files.items(), ("DEFAULT", files[default])], module=__package__)
    made.model = model
    WEIGHTS[model] = made
    return made


def chosen(model: str, weights=None, pretrained: bool = False):
    """The member of the model's enum that is asked for, or None. pretrained=True means the first that were published."""
    known = WEIGHTS.get(model)
    if isinstance(weights, bool):  # the first argument was `pretrained` once
        weights, pretrained = None, weights
    if weights is None and not pretrained:
        return None
    if known is None:
        raise NotImplementedError(f"{model}: no weights are known for it")
    return next(iter(known)) if weights is None else known.verify(weights)


def constructor(build: Callable, finish: Callable | None = None, **when_pretrained) -> Callable:
    """build(**settings) as torchvision's constructors are: it can be asked for weights.

    when_pretrained: settings without which the published tensors do not fit, some told by the member; finish(net, settings)
    then does what had been asked for.
    """

    @functools.wraps(build)
    def construct(pretrained: bool = False, progress: bool = True, *, weights=None, **settings):
        member = chosen(build.__name__, weights, pretrained)
        if member is None:
            return build(**settings)
        if settings.setdefault("num_classes", member.num_classes) != member.num_classes:
            raise ValueError(
                f"The parameter 'num_classes' expected value {member.num_classes} but got {settings['num_classes']} instead."
            )
        needed = {
            name: value(member) if callable(value) else value for name, value in when_pretrained.items()
        }
        net = build(**{**settings, **needed})
        net.load_state_dict(member.get_state_dict(progress=progress))
        if finish is not None:
            finish(net, settings)
        return net

    BUILDERS[build.__name__] = construct
    return construct


def list_models(module=None, include=None, exclude=None) -> list[str]:
    """Names that `get_model` knows: of one file, if given, and fitting the shell patterns."""
    names = [n for n, build in BUILDERS.items() if module is None or build.__module__ == module.__name__]
    fits = lambda name, patterns: any(
        fnmatch.fnmatch(name, p) for p in ([patterns] if isinstance(patterns, str) else patterns)
    )
    return sorted(
        n for n in names if (not include or fits(n, include)) and not (exclude and fits(n, exclude))
    )


def get_model_builder(name: str) -> Callable:
    """The constructor of that name, in any case."""
    if name.lower() not in BUILDERS:
        near = ", ".join(difflib.get_close_matches(name.lower(), BUILDERS))
        raise ValueError(f"Unknown model {name}" + (f"; near names: {near}" if near else ""))
    return BUILDERS[name.lower()]


def get_model(name: str, **config):
    """The network of that name: get_model("resnet18", num_classes=10)."""
    return get_model_builder(name)(**config)


def get_model_weights(name) -> type[WeightsEnum]:
    """The enum of a network, told by its name or its constructor."""
    return WEIGHTS[(name if isinstance(name, str) else name.__name__).lower()]


def get_weight(name: str) -> WeightsEnum:
    """The member of that name: "ResNet50_Weights.DEFAULT"."""
    kind, _, member = name.partition(".")
    for known in WEIGHTS.values():
        if known.__name__ == kind:
            return known[member]
    raise ValueError(f"The weight enum '{kind}' could not be found")
