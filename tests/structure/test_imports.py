"""What `import tinytorch` may cost and touch, and habits that the package's source does not have."""

import ast
import subprocess
import sys

import pytest

from tests.structure.tree import PACKAGE, REPOSITORY, the_package

HEAVY = (
    "numba",
    "scipy",
    "matplotlib",
    "cupy",
    "torch",
    "tensorboard",
    "yaml",
    "rich",
    "click",
    "safetensors",
    "tito",
)


def python(code: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=120
    ).stdout.strip()


def test_import_is_lazy():
    loaded = python("import sys, tinytorch; print(*{name.partition('.')[0] for name in sys.modules})").split()
    assert not set(loaded) & set(HEAVY)


def test_tito_starts_without_numpy():
    loaded = python(
        "import sys, tito.levels; print(*{name.partition('.')[0] for name in sys.modules})"
    ).split()
    assert not {"numpy", "tinytorch"} & set(loaded)


def test_import_reads_the_core_and_leaves_the_rest_for_when_it_is_asked_for():
    """How long it takes beside numpy is what `tito benchmark --only start` measures; this holds what that time depends on."""
    loaded = python(
        "import sys, tinytorch; print(*[name for name in sys.modules if name.startswith('tinytorch.')])"
    ).split()
    folders = {name.split(".")[1] for name in loaded}
    assert not folders & {
        "nn",
        "optim",
        "data",
        "models",
        "serialization",
        "distributions",
        "train",
        "profiler",
        "text",
        "amp",
        "cuda",
    }
    assert len(loaded) < 60


# ---------------------------------------------------------------- habits


def edits_path(node: ast.AST) -> bool:
    if isinstance(node, ast.Assign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return any(ast.unparse(target).startswith("sys.path") for target in targets)
    return isinstance(node, ast.Call) and ast.unparse(node.func).startswith("sys.path.")


def imports_star(node: ast.AST) -> bool:
    return isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)


def swallows_everything(node: ast.AST) -> bool:
    if not isinstance(node, ast.ExceptHandler):
        return False
    blanket = node.type is None or ast.unparse(node.type) in ("Exception", "BaseException")
    return blanket and all(isinstance(s, ast.Pass | ast.Continue) or is_ellipsis(s) for s in node.body)


def is_ellipsis(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and statement.value.value is ...
    )


def imports_tito(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(alias.name.partition(".")[0] == "tito" for alias in node.names)
    return (
        isinstance(node, ast.ImportFrom)
        and not node.level
        and (node.module or "").partition(".")[0] == "tito"
    )


EXEMPT = {
    ("program.py", edits_path)
}  # it does for a script what `python script.py` does: its folder comes first


@pytest.mark.parametrize("habit", [edits_path, imports_star, swallows_everything, imports_tito])
def test_the_source_has_no(habit):
    package = the_package()
    found = [
        f"{PACKAGE.name}/{file}:{node.lineno}: {ast.unparse(node).splitlines()[0]}"
        for file, tree in package.trees.items()
        for node in ast.walk(tree)
        if habit(node) and (file, habit) not in EXEMPT
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("habit", "code"),
    [
        (edits_path, "sys.path.insert(0, 'x')"),
        (edits_path, "sys.path += ['x']"),
        (imports_star, "from numpy import *"),
        (swallows_everything, "try: f()\nexcept Exception: pass"),
        (swallows_everything, "try: f()\nexcept: ..."),
        (imports_tito, "from tito.levels import cut_init"),
        (imports_tito, "import tito"),
    ],
)
def test_the_habit_is_found(habit, code):
    assert any(habit(node) for node in ast.walk(ast.parse(code)))
