"""The package as its source says it is: who owns a file, on which floor it stands, what it imports."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tito.curriculum import Module, owners, read_modules
from tito.levels import bindings, line_levels, package_files, read_tags, statements

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "tinytorch"
MODULES = REPOSITORY / "modules"

# Which floor a file stands on; the longest prefix of its path that stands here decides. Imports point to the same floor
# or down. The front door hands on what every floor has, so nothing inside the package comes in through it.
FRONT_DOOR = 8
FLOORS = {
    "__init__.py": FRONT_DOOR,
    "__main__.py": FRONT_DOOR,
    "as_torch.py": FRONT_DOOR,
    "program.py": FRONT_DOOR,
    "spawned.py": FRONT_DOOR,
    "torchvision": FRONT_DOOR,
    "backend.py": 0,
    "compat": 0,
    "compat/_higher_order_ops": 1,
    "compat/_utils.py": 1,
    "compat/hub.py": 5,
    "compat/jit": 4,
    "compat/library.py": 2,
    "compat/overrides.py": 1,
    "formats.py": 0,
    "settings.py": 0,
    "sharing.py": 0,
    "version.py": 0,
    "cuda": 0,
    "cuda/tensor_types.py": 1,
    "cuda/amp": 6,
    "compat/cpu/amp.py": 6,
    "dtypes.py": 0,
    "later.py": 0,
    "printing.py": 0,
    "random.py": 0,
    "random_state.py": 1,
    "utils": 0,
    "utils/dlpack.py": 1,
    "utils/flop_counter.py": 6,
    "op.py": 1,
    "ops": 1,
    "tensor.py": 1,
    "tensor_convert.py": 1,
    "tensor_data.py": 1,
    "tensor_inplace.py": 1,
    "tensor_methods.py": 1,
    "buffers.py": 1,
    "creation.py": 1,
    "fft.py": 1,
    "signal": 1,
    "return_types.py": 1,
    "foreach.py": 1,
    "inplace.py": 1,
    "func.py": 2,
    "queries.py": 1,
    "sparse.py": 1,
    "storage.py": 1,
    "linalg": 2,
    "linalg/products.py": 1,
    "special": 1,
    "special/gamma.py": 2,
    "autograd": 2,
    "gradients.py": 2,
    "slopes.py": 2,
    "testing": 2,
    "utils/checkpoint.py": 2,
    "utils/hooks.py": 4,
    "nn/functional": 3,
    "nn": 4,
    "distributions": 4,
    "optim": 5,
    "data": 5,
    "utils/data": 5,
    "utils/data.py": 5,
    "utils/tensorboard.py": 5,
    "serialization": 5,
    "serialization.py": 5,
    "checkpoint.py": 5,
    "config.py": 5,
    "utils/model_zoo.py": 5,
    "logging.py": 5,
    "amp": 5,
    "train": 6,
    "train.py": 6,
    "profiler": 6,
    "profiler.py": 6,
    "kernels": 6,
    "text": 7,
    "models": 7,
}


@dataclass(frozen=True)
class Import:
    """One name that one line of a file imports, and the file of the package it comes from."""

    file: str
    line: int
    text: str
    target: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: `{self.text}`"


class Package:
    """A package's files and imports, read without running any of it."""

    def __init__(self, root: Path, modules: Iterable[Module]):
        self.root = root
        self.files = [
            path.relative_to(root).as_posix() for path in package_files(root) if path.suffix == ".py"
        ]
        self.owners = owners(modules)

    @cached_property
    def trees(self) -> dict[str, ast.Module]:
        return {file: ast.parse((self.root / file).read_text(encoding="utf-8"), file) for file in self.files}

    @cached_property
    def hands_on(self) -> dict[str, dict[str, tuple[ast.stmt, int]]]:
        """For each `__init__.py`, the names bound in it: by which statement, from which level."""
        return {file: self._bound_in(file) for file in self.files if file.endswith("__init__.py")}

    def _bound_in(self, file: str) -> dict[str, tuple[ast.stmt, int]]:
        tags = read_tags((self.root / file).read_text(encoding="utf-8"))
        return {
            name: (statement, level)
            for statement in statements(self.trees[file])
            for name, level in bindings(statement, line_levels(statement, tags))
        }

    # ------------------------------------------------------------ floors and levels

    def floor(self, file: str) -> int | None:
        """The floor of a file; None when the table does not say."""
        prefixes = [file, *(parent.as_posix() for parent in Path(file).parents)]
        return next((FLOORS[prefix] for prefix in prefixes if prefix in FLOORS), None)

    def level(self, file: str) -> int:
        """The first level that has the file. A package is there with the first file in its folder."""
        if file in self.owners:
            return self.owners[file].number
        folder = file.removesuffix("__init__.py")
        inside = [module.number for owned, module in self.owners.items() if owned.startswith(folder)]
        return min(inside, default=0)

    # ------------------------------------------------------------ imports

    def imports(self, file: str) -> Iterator[Import]:
        """What a file imports of the package when it runs, at its top or inside a function."""
        for statement in runtime_imports(self.trees[file]):
            text = ast.unparse(statement)
            for module, name in self._absolute(statement, file):
                target = self.resolve(module, name)
                if target:
                    yield Import(file, statement.lineno, text, target)

    def _absolute(
        self, statement: ast.Import | ast.ImportFrom, file: str
    ) -> Iterator[tuple[tuple[str, ...], str]]:
        """The dotted paths inside the package that a statement names, each as a module and a name in it."""
        if isinstance(statement, ast.Import):
            paths = [tuple(alias.name.split(".")) for alias in statement.names]
            yield from ((path[1:], "") for path in paths if path[0] == self.root.name)
            return
        base = tuple(statement.module.split(".")) if statement.module else ()
        if statement.level:
            base = (*Path(file).parts[: -statement.level], *base)
        elif base[0] == self.root.name:
            base = base[1:]
        else:
            return
        yield from ((base, alias.name) for alias in statement.names)

    def resolve(self, module: tuple[str, ...], name: str) -> str:
        """The file that `from module import name` reads: where the name is defined, or a submodule; empty if unknown."""
        file = self._module_file(module)
        statement, _ = self.hands_on.get(file, {}).get(name, (None, 0))
        if isinstance(statement, ast.ImportFrom):
            alias = next(alias for alias in statement.names if (alias.asname or alias.name) == name)
            origin = next((path for path in self._absolute(statement, file) if path[1] == alias.name), None)
            if origin and origin != (module, name):
                return self.resolve(*origin)
        return (
            self._module_file((*module, name)) if name and not isinstance(statement, ast.Import) else ""
        ) or file

    def _module_file(self, module: tuple[str, ...]) -> str:
        path = "/".join(module)
        candidates = (f"{path}.py", f"{path}/__init__.py") if path else ("__init__.py",)
        return next((file for file in candidates if file in self.trees), "")


def runtime_imports(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """All import statements, also those inside functions, but not those under `if TYPE_CHECKING:`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from runtime_imports(ast.Module(body=node.orelse, type_ignores=[]))
        else:
            yield from runtime_imports(node)


# ---------------------------------------------------------------- the rules


def climbing(package: Package) -> list[str]:
    """Imports that point up a floor."""
    found = []
    for file in package.files:
        here = package.floor(file)
        if here is None or here == FRONT_DOOR or file.endswith("__init__.py"):
            continue
        for imported in package.imports(file):
            there = package.floor(imported.target)
            if there is not None and there > here:
                found.append(f"{imported} goes up from floor {here} to {imported.target} on floor {there}")
    return list(dict.fromkeys(found))  # a statement that imports several names is told once


def ahead(package: Package) -> list[str]:
    """Imports of what a later module brings."""
    found = []
    for file in package.owners.keys() & set(package.files):
        for imported in package.imports(file):
            here, there = package.level(file), package.level(imported.target)
            if there > here:
                found.append(
                    f"{imported}: {file} comes with {here:02}, but {imported.target} with {there:02}"
                )
    return sorted(set(found))


def handed_on_early(package: Package) -> list[str]:
    """Names that an `__init__.py` hands on before the file they come from is there."""
    found = []
    for file, names in package.hands_on.items():
        for name, (statement, tag) in names.items():
            target = package.resolve(Path(file).parent.parts, name)
            if package.level(target) > max(tag, package.level(file)):
                where = f"{file}:{statement.lineno}: `{name}` is tagged # {tag:02}"
                found.append(f"{where}, but {target} comes with {package.level(target):02}")
    return found


def speechless(package: Package) -> list[str]:
    """Packages that get something with a later level than their own and cannot say so at the level before."""
    found = []
    for file, names in package.hands_on.items():
        folder = file.removesuffix("__init__.py")
        levels = [module.number for owned, module in package.owners.items() if owned.startswith(folder)]
        levels += [tag for _, tag in names.values()]
        if max(levels, default=0) > package.level(file) and "__getattr__" not in names:
            dots = "." * len(Path(file).parts)
            found.append(
                f"{file}: `from {dots}later import missing_from`, `__getattr__ = missing_from(__name__)`"
            )
    return found


def unplaced(package: Package) -> list[str]:
    """Files whose floor nobody wrote down."""
    return [file for file in package.files if package.floor(file) is None]


def the_package() -> Package:
    return Package(PACKAGE, read_modules(MODULES))
