"""`import torch` answered by tinytorch: torch, its submodules and torchvision are tinytorch's own module objects.

    from tinytorch import as_torch
    as_torch.install()
    import torch.nn as nn  # tinytorch.nn

`python -m tinytorch script.py` does this before it runs the script.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

from .later import alias

ROOT = __name__.rpartition(".")[0]
ANSWERED = {"torch": ROOT, "torchvision": f"{ROOT}.torchvision"}


def install() -> None:
    """From here on `torch` means tinytorch in this process. An installed PyTorch is left alone."""
    for name in ANSWERED:
        if name in sys.modules and not sys.modules[name].__name__.startswith(ROOT):
            raise RuntimeError(
                f"as_torch: {name} itself has been imported in this process; install() has to come before that"
            )
    if not any(isinstance(finder, TorchFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, TorchFinder())


class TorchFinder:
    """A finder for `sys.meta_path` that stands before all others."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname.partition(".")[0] not in ANSWERED:
            return None
        return alias(fullname, module_for(fullname))

    def find_distributions(self, context):
        """What `importlib.metadata.version("torchvision")` asks: the version that the module itself says."""
        return [distribution(context.name)] if context.name in ANSWERED else []


def distribution(name: str):
    from importlib.metadata import Distribution  # here: few programs ask

    class Answer(Distribution):
        def read_text(self, filename):
            version = importlib.import_module(ANSWERED[name]).__version__
            return (
                f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
                if filename == "METADATA"
                else None
            )

        def locate_file(self, path):
            return path

    return Answer()


def module_for(fullname: str) -> ModuleType:
    """The module of tinytorch that stands for `torch.nn.modules.conv`: what the attributes say, else a file of that name."""
    top, *parts = fullname.split(".")
    module = importlib.import_module(ANSWERED[top])
    for part in parts:
        inside = getattr(module, part, None)
        if not isinstance(inside, ModuleType):
            inside = submodule(module, part) if inside is None else None
        if inside is None:
            raise no_module(fullname, module, part)
        module = inside
    return module


def submodule(package: ModuleType, name: str) -> ModuleType | None:
    path = f"{package.__name__}.{name}"
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name != path and error.name != package.__name__:
            raise  # the file is there, and something that it needs is not
        return None


def no_module(fullname: str, package: ModuleType, name: str) -> ModuleNotFoundError:
    import pkgutil  # here: an import that fails is rare

    modules = {
        n for n, value in vars(package).items() if isinstance(value, ModuleType) and not n.startswith("_")
    }
    modules.update(found.name for found in pkgutil.iter_modules(getattr(package, "__path__", [])))
    text = f"No module named '{fullname}': here {fullname.partition('.')[0]} is tinytorch, which has no such module"
    return ModuleNotFoundError(text + nearby(name, modules), name=fullname)


def nearby(name: str, names) -> str:
    import difflib

    near = difflib.get_close_matches(name, names)
    return f"; near names: {', '.join(near)}" if near else ""


def hint(error: BaseException | None) -> str:
    """What to add to Python's own text about a `from torch.nn import X` that found no X; else nothing."""
    import re

    found = (
        re.match(rf"cannot import name '(\w+)' from '({ROOT}[\w.]*)'", str(error))
        if isinstance(error, ImportError)
        else None
    )
    if not found or found[2] not in sys.modules:
        return ""
    near = nearby(found[1], [n for n in dir(sys.modules[found[2]]) if not n.startswith("_")])
    return f"{found[2]} has no {found[1]!r}{near}. If PyTorch has it, tinytorch does not"
