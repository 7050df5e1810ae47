"""Wrong versions of what a module teaches, made by the syntax tree: a module's checks must tell nearly all of them.

    python -m tito.mutants 03             # killed and survivors, as JSON
    python -m tito.mutants 13 --every=10  # a tenth of them: each version of a kernel is compiled

A mutant swaps an operator or its operands, drops a term or a sign, shifts a constant, an axis or a comparison, changes a
scale, drops a gradient, a condition or a statement. Each runs in a process forked from one that has NumPy loaded; the
package is imported there with one file's text replaced, and the first check that fails ends it.
"""

from __future__ import annotations

import ast
import copy
import importlib.machinery
import json
import os
import select
import signal
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from .errors import CourseError
from .weave import Taught, find, span, split_lines, weave_file

SWAPS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
COMPARISONS: dict[type, list[type]] = {
    ast.Lt: [ast.LtE, ast.Gt], ast.LtE: [ast.Lt, ast.GtE], ast.Gt: [ast.GtE, ast.Lt], ast.GtE: [ast.Gt, ast.LtE],
    ast.Eq: [ast.NotEq], ast.NotEq: [ast.Eq], ast.In: [ast.NotIn], ast.NotIn: [ast.In], ast.Is: [ast.IsNot], ast.IsNot: [ast.Is],
}  # fmt: skip
NAMES = {
    "maximum": "minimum", "minimum": "maximum", "exp": "exp2", "log": "log2", "log1p": "log", "max": "min", "min": "max",
    "sum": "max", "subtract": "add", "add": "subtract", "multiply": "true_divide", "tanh": "sin", "erf": "tanh", "square": "abs", "sqrt": "abs",
}  # fmt: skip
SYMMETRIC = {
    "maximum",
    "minimum",
    "max",
    "min",
    "add",
    "multiply",
    "add_op",
    "mul",
    "logaddexp",
    "expect_same_size",
}  # of two arguments
COMMUTES = (ast.Add, ast.Mult, ast.BitAnd, ast.BitOr, ast.BitXor)


@dataclass(frozen=True)
class Mutant:
    """One wrong version of one symbol."""

    symbol: str
    file: str
    what: str  # "x - peak -> x + peak", with a number where that is not the first such change
    source: str  # the whole file

    @property
    def name(self) -> str:
        return f"{self.symbol}: {self.what}"


def mutants_of(source: str, one: Taught) -> Iterator[Mutant]:
    """Every mutant of one symbol."""
    statement = find(source, one.symbol)
    first, last = span(statement)
    lines = split_lines(source)
    margin = " " * statement.col_offset
    seen = {ast.unparse(statement)}
    counts: dict[str, int] = {}
    for index, node in enumerate(taught_nodes(statement)):
        for number, (what, _) in enumerate(changes(node)):
            copied = copy.deepcopy(statement)
            target = list(taught_nodes(copied))[index]
            replace(copied, target, list(changes(target))[number][1])
            text = ast.unparse(ast.fix_missing_locations(copied))
            if text not in seen:
                seen.add(text)
                new = [*lines[: first - 1], textwrap.indent(text, margin) + "\n", *lines[last:]]
                counts[what] = counts.get(what, 0) + 1
                name = what if counts[what] == 1 else f"{what} (the {counts[what]}.)"
                yield Mutant(one.symbol, one.file, name, "".join(new))


def taught_nodes(statement: ast.stmt) -> list[ast.AST]:
    """The nodes of what a stub takes out: bodies without docstrings and without the texts of errors."""
    roots: list[ast.AST] = []
    for node in ast.walk(statement):
        if isinstance(node, ast.FunctionDef):
            roots += node.body[1:] if ast.get_docstring(node) is not None else node.body
            if node is not statement:
                continue
        elif (
            isinstance(node, ast.keyword)
            and isinstance(statement, ast.Expr)
            and isinstance(node.value, ast.Lambda)
        ):
            roots.append(node.value)
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        roots.append(statement)
    found: dict[int, ast.AST] = {}
    for root in roots:
        for node in walk_code(root):
            found[id(node)] = node
    return list(found.values())


def walk_code(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(node, ast.Raise) or isinstance(child, ast.arguments | ast.JoinedStr):
            continue  # what an error says is checked by its text, not by mutants
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("warn"):
            continue
        yield from walk_code(child)


def changes(node: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    """What can be wrong with a node: a description and the node in its place (None drops a statement)."""
    for new in versions(node):
        yield f"{shown(node)} -> {shown(new) if new is not None else 'nothing'}", new


def shown(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) < 90 else text[:87] + "..."


def versions(node: ast.AST) -> Iterator[ast.AST | None]:
    if isinstance(node, ast.BinOp):
        kind = type(node.op)
        if kind in SWAPS:
            yield ast.BinOp(node.left, SWAPS[kind](), node.right)
        if kind not in COMMUTES:
            yield ast.BinOp(node.right, node.op, node.left)
        yield node.left
        if kind in (ast.Add, ast.Mult, ast.Sub):
            yield node.right
    elif isinstance(node, ast.UnaryOp) and not isinstance(node.operand, ast.Constant):
        yield node.operand
    elif isinstance(node, ast.Compare):
        for new in COMPARISONS.get(type(node.ops[0]), ()):
            yield ast.Compare(node.left, [new(), *node.ops[1:]], node.comparators)
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        if len(node.values) > 1:
            yield node.values[0]
            yield node.values[-1]
    elif isinstance(node, ast.IfExp):
        yield ast.IfExp(node.test, node.orelse, node.body)
        yield node.body
        yield node.orelse
    elif isinstance(node, ast.Constant):
        yield from constants(node.value)
    elif isinstance(node, ast.Lambda):
        yield ast.Lambda(node.args, ast.BinOp(node.body, ast.Mult(), ast.Constant(0)))  # a dropped gradient
        yield ast.Lambda(node.args, ast.UnaryOp(ast.USub(), node.body))
        yield ast.Lambda(node.args, ast.BinOp(node.body, ast.Mult(), ast.Constant(2)))
    elif isinstance(node, ast.Call):
        yield from calls(node)
    elif isinstance(node, ast.If):
        yield ast.If(ast.Constant(False), node.body, node.orelse)
        yield ast.If(ast.Constant(True), node.body, node.orelse)
    elif isinstance(node, ast.AugAssign):
        if type(node.op) in SWAPS:
            yield ast.AugAssign(node.target, SWAPS[type(node.op)](), node.value)
        yield None
    elif isinstance(node, ast.Slice):
        for end in ("lower", "upper"):
            if getattr(node, end) is not None:
                lower, upper = (None if k == end else getattr(node, k) for k in ("lower", "upper"))
                yield ast.Slice(lower, upper, node.step)
    elif isinstance(node, ast.Return) and node.value is not None and not isinstance(node.value, ast.Constant):
        yield ast.Return(ast.Constant(None))


def constants(value) -> Iterator[ast.AST]:
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
        yield ast.Constant(value - 1)
    elif isinstance(value, float):
        yield ast.Constant(value * 1.5 if value else 1.0)
        yield ast.Constant(-value if value else -1.0)


def calls(node: ast.Call) -> Iterator[ast.AST]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in NAMES:
        new = NAMES[name]
        f = (
            ast.Attribute(node.func.value, new, ast.Load())
            if isinstance(node.func, ast.Attribute)
            else ast.Name(new, ast.Load())
        )
        yield ast.Call(f, node.args, node.keywords)
    if (
        len(node.args) == 2
        and name not in SYMMETRIC
        and not any(isinstance(a, ast.Starred) for a in node.args)
    ):
        yield ast.Call(node.func, node.args[::-1], node.keywords)
    for k in node.keywords:  # a wrong axis, a forgotten setting
        if k.arg in ("dim", "axis") and not isinstance(k.value, ast.Constant):
            yield ast.Call(
                node.func,
                node.args,
                [ast.keyword(k.arg, ast.Constant(0)) if x is k else x for x in node.keywords],
            )
        if k.arg in ("dim", "axis", "keepdim", "keepdims", "dtype"):
            yield ast.Call(node.func, node.args, [x for x in node.keywords if x is not k])


def replace(tree: ast.AST, target: ast.AST, new: ast.AST | None) -> None:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is target:
                setattr(parent, name, new)
                return
            if isinstance(value, list) and any(v is target for v in value):
                i = next(i for i, v in enumerate(value) if v is target)
                value[i : i + 1] = [new if new is not None else ast.Pass()]
                return


# ---------------------------------------------------------------- trying them


@dataclass
class Trial:
    """How the checks judged one version of one file."""

    name: str
    killed_by: str  # "" when every check passed
    message: str = ""


def substitute(root: Path, file: Path, source: str) -> None:
    """From here on importing that file of the package under `root` runs `source`.

    A hook for paths, under all finders: the package has a finder of its own, which asks Python's for files.
    """

    class Loader(importlib.machinery.SourceFileLoader):
        def get_code(self, fullname):
            if Path(self.path).resolve() == file.resolve():
                return compile(source, self.path, "exec", dont_inherit=True)
            return super().get_code(fullname)

    def hook(folder: str):
        if not Path(folder).resolve().is_relative_to(root.resolve()):
            raise ImportError(f"{folder} is not the package's")
        return importlib.machinery.FileFinder(folder, (Loader, [".py"]))

    sys.path_hooks.insert(0, hook)
    sys.path_importer_cache.clear()


def try_versions(
    root: Path, checks: Path, versions: Iterable[tuple[str, str, str]], jobs: int = 2, seconds: float = 60.0
) -> list[Trial]:
    """The checks' verdict on (name, file, text) triples. Call it in a process that has not imported tinytorch."""
    import numpy  # noqa: F401

    assert "tinytorch" not in sys.modules
    if not hasattr(os, "fork"):
        raise CourseError("mutants run in forked processes: this needs Linux, macOS or WSL")
    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(lambda v: try_one(root, checks, v[0], v[1], v[2], seconds), versions))


def try_one(root: Path, checks: Path, name: str, file: str, source: str, seconds: float) -> Trial:
    with tempfile.TemporaryDirectory(prefix="tito-") as folder:
        return try_in(folder, root, checks, name, file, source, seconds)


def try_in(folder: str, root: Path, checks: Path, name: str, file: str, source: str, seconds: float) -> Trial:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            if file.startswith("kernels/"):  # else machine code made from the text on disk would be judged
                os.environ["NUMBA_CACHE_DIR"] = folder
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            os.write(writing, json.dumps(judge(root, checks, name, file, source)).encode())
        finally:
            os._exit(0)
    os.close(writing)
    ready, _, _ = select.select([reading], [], [], seconds)
    if not ready:
        os.kill(child, signal.SIGKILL)
    data = b"".join(iter(lambda: os.read(reading, 65536), b"")) if ready else b""
    os.close(reading)
    os.waitpid(child, 0)
    if not data:
        return Trial(name, "(the process)", "too slow, or it crashed")
    return Trial(name, *json.loads(data))


def judge(root: Path, checks: Path, name: str, file: str, source: str) -> tuple[str, str]:
    """A check that fails on the package with one file replaced; those about the changed symbol are asked first."""
    from .runner import load_checks, load_package, run_here

    if file:
        substitute(root / "tinytorch", root / "tinytorch" / file, source)
    job = {"root": str(root), "checks": str(checks)}
    problem = load_package(job)
    if problem:
        return "import tinytorch", problem["message"]
    functions, problem = load_checks(job)
    if problem:
        return "(loading the checks)", problem["message"]
    symbol = name.partition(":")[0]
    for check, function in sorted(functions.items(), key=lambda item: symbol not in item[1].check.of):
        record = run_here(job, check, function)
        if record["outcome"] != "passed":
            return check, record["message"]
    return "", ""


def examine(course, module, jobs: int = 2, symbols: Iterable[str] = (), every: int = 1) -> dict:
    """The reference, every stub and every mutant of a module (or every so many-th one), judged by its checks."""
    start = time.monotonic()
    taught = [one for one in course.taught(module) if not symbols or one.symbol in symbols]
    sources = {one.file: (course.package / one.file).read_bytes().decode() for one in taught}
    stubs = [(one.symbol, one.file, weave_file(sources[one.file], [one])) for one in taught]
    mutants = [m for one in taught for m in mutants_of(sources[one.file], one)][::every]
    (reference,) = try_versions(course.root, module.checks, [("reference", "", "")], seconds=300)
    patience = 30 + 6 * (time.monotonic() - start)  # a loaded machine must not kill mutants
    versions = [*stubs, *((m.name, m.file, m.source) for m in mutants)]
    trials = try_versions(course.root, module.checks, versions, jobs, patience)
    stubbed, mutated = trials[: len(stubs)], trials[len(stubs) :]
    equivalent = justified(module)
    survivors = [t.name for t in mutated if not t.killed_by]
    counted = [t for t in mutated if t.name not in equivalent]
    killed = sum(bool(t.killed_by) for t in counted)
    return {
        "module": module.name,
        "reference": asdict(reference),
        "stubs_that_pass": [t.name for t in stubbed if not t.killed_by],
        "stub_verdicts": {t.name: t.message for t in stubbed},
        "mutants": len(mutated),
        "killed": sum(bool(t.killed_by) for t in mutated),
        "survivors": [name for name in survivors if name not in equivalent],
        "justified": {name: equivalent[name] for name in survivors if name in equivalent},
        "stale_justifications": [name for name in equivalent if name not in survivors]
        if not symbols and every == 1
        else [],
        "rate": killed / len(counted) if counted else 1.0,
        "seconds": round(time.monotonic() - start, 1),
    }


def justified(module) -> dict[str, str]:
    """Mutants that compute the same, and why: the lesson's mutants.yaml, which students are not given."""
    import yaml

    path = module.folder / "mutants.yaml"
    return (yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path.is_file() else {}


def main() -> None:
    from .course import the_course

    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ["TINYTORCH_KERNELS"] = "reference"  # the bodies that are mutated are to run
    course = the_course()
    every = next((int(word.partition("=")[2]) for word in sys.argv if word.startswith("--every=")), 1)
    name, *symbols = [word for word in sys.argv[1:] if not word.startswith("--")]
    verdict = examine(course, course.module(name), symbols=symbols, every=every)
    print(json.dumps(verdict, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
