"""What a package does about a name that was not imported: hand it on now, or say which module brings it, or that nobody does.

Each package's `__init__` ends with `__getattr__ = missing_from(__name__)`. Imports under its `if TYPE_CHECKING:` are for
editors and type checkers; when the program runs they are carried out one by one, as their names are asked for, so that
`import tinytorch` need not read the whole package.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

ROOT = __name__.rpartition(".")[0]

# Names that later modules bring, without the leading "tinytorch.": {"optim": "05_optimizers", "nn.Conv2d": "06_spatial"}.
# The whole package has them all, so this is empty; `tito.levels` fills it when it cuts a level.
LATER: dict[str, str] = {}


class ComesLater(ImportError):
    """A name that a later module of the course brings. An ImportError, so that `from ... import` shows its text."""


def missing(name: str, later: Mapping[str, str] = LATER, package: str = ROOT) -> Any:
    """Raise what `package.name` deserves when it is not there."""
    full = f"{package}.{name}"
    hint = comes_with(full.removeprefix(f"{ROOT}."), later)
    if hint:
        raise ComesLater(hint, name=full)
    text = f"module {package!r} has no attribute {name!r}"
    if name.startswith("__"):  # Python itself asks for these
        raise AttributeError(text)
    table = handed_on(package)
    if name in table:
        return fetch(package, name, *table[name])
    path = f"{package}.{name}"
    if importlib.util.find_spec(path):  # a file that is read when it is first asked for: `tinytorch.fft`
        return importlib.import_module(path)
    import difflib  # here: a name that is missing is rare, and `import tinytorch` is to be quick

    near = difflib.get_close_matches(
        name, sorted(n for n in {*dir(sys.modules[package]), *table} if not n.startswith("_"))
    )
    if near:
        text += f"; near names: {', '.join(near)}"
    raise AttributeError(f"{text}. If PyTorch has it, tinytorch does not")


@cache
def handed_on(package: str) -> dict[str, tuple[str, str]]:
    """The names that a package's `if TYPE_CHECKING:` block imports: {"relu": ("tinytorch.nn.functional", "relu")}."""
    import ast

    with open(sys.modules[package].__file__ or "", encoding="utf-8") as source:
        tree = ast.parse(source.read())
    blocks = (
        node.body
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    table = {}
    for statement in (s for block in blocks for s in block if isinstance(s, ast.ImportFrom)):
        base = package.rsplit(".", statement.level - 1)[0] if statement.level > 1 else package
        module = f"{base}.{statement.module}" if statement.module else base
        table.update({alias.asname or alias.name: (module, alias.name) for alias in statement.names})
    return table


def fetch(package: str, name: str, module: str, original: str) -> Any:
    """Import a name and keep it, so that it is asked for once."""
    if module == package:  # `from . import nn`
        value = importlib.import_module(f"{package}.{original}")
    else:
        value = getattr(importlib.import_module(module), original)
    setattr(sys.modules[package], name, value)
    return value


def names_of(package: str) -> Callable[[], list[str]]:
    """A `__dir__` for a package that hands names on when they are asked for."""
    return lambda: sorted({*vars(sys.modules[package]), *handed_on(package)})


def comes_with(name: str, later: Mapping[str, str] = LATER) -> str:
    """Which module brings `name` ("optim.SGD", "Tensor.softmax") and how to start it; empty if no later one does."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):  # what is inside a package comes with it at the earliest
        module = later.get(".".join(parts[:end]))
        if module:
            return f"{ROOT}.{name} comes with module {module}. Start it with: tito module start {module[:2]}"
    return ""


def bring_methods() -> None:
    """Read the functions that are methods of Tensor too (`x.softmax`), if nobody has and this level has them."""
    for module in (
        "ops.histograms",
        "ops.placing",
        "sparse",
        "linalg.older",
        "special.gamma",
        "nn.functional",
        "nn.functional.spectrogram",
    ):
        if not comes_with(module):
            importlib.import_module(f"{ROOT}.{module}")


def missing_from(package: str) -> Callable[[str], Any]:
    """A `__getattr__` for the package of that name."""

    def __getattr__(name: str) -> Any:
        return missing(name, package=package)

    return __getattr__


class Finder:
    """Answers `import tinytorch.optim` as the name `tinytorch.optim` is answered, also where its file has another place.

    It has what `importlib.abc.MetaPathFinder` asks for; importing that class would take a tenth of `import numpy`.
    """

    def find_spec(self, fullname, path=None, target=None):
        package, _, name = fullname.rpartition(".")
        if fullname.partition(".")[0] != ROOT or not package:
            return None
        spec = sys.modules[package].__spec__
        home = package if spec is None else spec.name
        if home != package:  # `tinytorch.jit` is `tinytorch.compat.jit`, and so is what is inside
            return alias(fullname, importlib.import_module(f"{home}.{name}"))
        found = PathFinder.find_spec(fullname, path)
        if found:
            return found
        hint = comes_with(fullname.removeprefix(f"{ROOT}."))
        if hint:
            raise ComesLater(hint, name=fullname)
        module = getattr(sys.modules[package], name) if name in handed_on(package) else None
        return alias(fullname, module) if isinstance(module, ModuleType) else None


def alias(fullname: str, module: ModuleType) -> ModuleSpec:
    """What makes `import fullname` hand out a module that is there."""
    loader: Any = AliasLoader(module)  # it has what `importlib.abc.Loader` asks for
    return ModuleSpec(fullname, loader, is_package=hasattr(module, "__path__"))


class AliasLoader:
    """Loads nothing: hands out a module as it is."""

    def __init__(self, module: ModuleType):
        self.module, self.spec = module, module.__spec__

    def create_module(self, spec):
        return self.module

    def exec_module(self, module):
        module.__spec__ = self.spec  # the import system has put the alias's in its place


sys.meta_path.insert(0, Finder())
