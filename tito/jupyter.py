"""What the first cell of a module's notebook loads: `%load_ext tito.jupyter`.

From then on `import tinytorch` finds the workspace's package; a cell that holds one of the student's functions, classes or
rows goes into its file when it is run, and takes effect at once; `%tito module test 03` runs tito.
"""

from __future__ import annotations

import ast
import gc
import importlib.util
import json
import linecache
import subprocess
import sys
from pathlib import Path
from types import CodeType, FunctionType

from .errors import TitoError
from .notebook import memory_of, put_back
from .weave import find, names_of
from .workspace import find_workspace


def load_ipython_extension(shell) -> None:
    """Called by IPython, in the notebook's folder: modules/NN_name."""
    shell.tito = Bridge()
    import_from(shell.tito.workspace.package)
    shell.input_transformers_post.append(shell.tito.transform)
    shell.register_magic_function(shell.tito.tito, magic_name="tito")


def import_from(package: Path) -> None:
    """Import the package that lies there, wherever another one of its name may be installed."""
    if "tinytorch" in sys.modules:
        raise TitoError("tinytorch is imported already. Restart the kernel, and run this cell first.")
    spec = importlib.util.spec_from_file_location("tinytorch", package / "__init__.py")
    assert spec and spec.loader
    module = sys.modules["tinytorch"] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules["tinytorch"]
        raise


class Bridge:
    """Between a running notebook and the student's files."""

    def __init__(self):
        self.workspace = find_workspace()
        self.module = self.workspace.module(Path.cwd().name)
        memory = json.loads(memory_of(self.workspace, self.module).read_text(encoding="utf-8"))
        self.keys = {key.partition(":")[2]: key for key in memory}

    def transform(self, lines: list[str]) -> list[str]:
        """A cell that is one statement of the student's files becomes a call that puts it there."""
        text = "".join(lines)
        try:
            body = ast.parse(text).body
        except SyntaxError:
            return lines  # Python itself says it best
        names = names_of(body[0]) if len(body) == 1 else []
        key = next((self.keys[name] for name in names if name in self.keys), "")
        return [f"get_ipython().tito.install({key!r}, {text!r})\n"] if key else lines

    def install(self, key: str, text: str) -> None:
        """The cell's text into its file, and into the package that is running."""
        file, _, symbol = key.partition(":")
        if not put_back(self.workspace, self.module, {key: text}):
            return
        print(f"{symbol} is in tinytorch/{file}")
        if not renew(self.workspace.file(file), file, symbol):
            print("It counts after a restart of the kernel.")

    def tito(self, line: str) -> None:
        """`%tito module test 03`"""
        done = subprocess.run(
            [sys.executable, "-m", "tito", *line.split()], cwd=self.workspace.root, capture_output=True,
            encoding="utf-8", errors="replace",
        )  # fmt: skip
        print(done.stdout + done.stderr)


def renew(path: Path, file: str, symbol: str) -> bool:
    """Let a symbol of a file that was changed count in this process; says whether that could be done.

    Functions and methods keep their identity and get new code: what was made of them (ops, kernels, other modules' imports,
    objects of a class) stays as it is.
    """
    module = sys.modules.get("tinytorch." + file.removesuffix(".py").replace("/", "."))
    if module is None:
        return True
    linecache.checkcache(str(path))
    tree = ast.parse(path.read_text(encoding="utf-8"))
    statement = find(path.read_text(encoding="utf-8"), symbol)
    if not isinstance(statement, ast.FunctionDef | ast.ClassDef):
        exec(compile(ast.Module([statement], []), str(path), "exec"), vars(module))  # a row, a table
        return isinstance(statement, ast.Expr)
    codes = codes_of(compile(tree, str(path), "exec"))
    changed = 0
    for living in gc.get_objects():
        if isinstance(living, FunctionType) and living.__module__ == module.__name__:
            name = living.__qualname__
            if name in codes and (name == symbol or name.startswith(f"{symbol}.")):
                try:
                    living.__code__ = codes[name]
                except ValueError:  # it closes over other names than before
                    return False
                changed += 1
    return changed > 0 and not file.startswith("kernels/")  # those are compiled when they are imported


def codes_of(code: CodeType, within: str = "") -> dict[str, CodeType]:
    """The code of each function and method of a file, by its dotted name."""
    found: dict[str, CodeType] = {}
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            name = f"{within}{inner.co_name}"
            found[name] = inner
            found |= codes_of(inner, f"{name}.")
    return found
