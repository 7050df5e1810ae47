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
        if name in sys.modules and not own_name(sys.modules[name]).startswith(ROOT):
            raise RuntimeError(
                f"as_torch: {name} itself has been imported in this process; install() has to come before that"
            )
    if not any(isinstance(finder, TorchFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, TorchFinder())
    importlib.import_module(ROOT).__name__ = "torch"  # programs compare with it
    for name in SHADOWED:
        sys.modules.setdefault(f"torch.{name}", Shadowed(name))


# Files whose package hands on a function of the same name, and where they are here.
SHADOWED = {
    "autograd.gradcheck": "testing.gradcheck",
    "nn.parallel.data_parallel": "nn.parallel.data_parallel",
    "nn.utils.spectral_norm": "nn.utils.spectral_norm",
    "nn.utils.weight_norm": "nn.utils.weight_norm",
}


class Shadowed(ModuleType):
    """Such a file under PyTorch's name. Were it imported as others are, Python would put it in the function's place."""

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        package, _, part = f"{ROOT}.{SHADOWED[self.__name__]}".rpartition(".")
        function = getattr(importlib.import_module(package), part)
        file = importlib.import_module(f"{package}.{part}")
        setattr(sys.modules[package], part, function)
        return getattr(file, name)


def own_name(module: ModuleType) -> str:
    """The name that the module has here, whatever programs are told."""
    return module.__name__ if module.__spec__ is None else module.__spec__.name


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
    home = own_name(package)
    path = f"{home}.{name}"
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name != path and error.name != home:
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
        re.match(rf"cannot import name '(\w+)' from '(torch|{ROOT}[\w.]*)'", str(error))
        if isinstance(error, ImportError)
        else None
    )
    if not found or found[2] not in sys.modules:
        return ""
    near = nearby(found[1], [n for n in dir(sys.modules[found[2]]) if not n.startswith("_")])
    return f"{found[2]} has no {found[1]!r}{near}. If PyTorch has it, tinytorch does not"
