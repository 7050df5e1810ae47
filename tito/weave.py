"""Files of the package with the taught bodies taken out, and put back.

    woven = weave_file(source, [Taught("softmax_op", steps=[...], label="03_activations: softmax_op")])

A symbol is found by the syntax tree and replaced by lines, so everything else stays byte for byte: a function keeps
decorators, signature and docstring; a class loses the bodies of its methods; a rule row (`ops.exp.vjps(...)`) keeps the
arguments of its lambdas; an assignment becomes None. `swap` puts one symbol of one text in the place of the same symbol
of another, which is how solutions, resets and notebooks work.
"""

from __future__ import annotations

import ast
import difflib
import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .curriculum import Module
from .errors import CourseError
from .lessons import Lesson, read_lesson, where

STEP_WIDTH = 88  # what fits beside a file tree, and two files side by side on a wide screen
STUB = re.compile(r"""NotImplementedError\((["'])(\d\d_\w+: [^"']+)\1\)""")


class NoSuchSymbol(LookupError):
    """A name that the file does not define; the near names are in the message."""


@dataclass(frozen=True)
class Taught:
    """One symbol that a module teaches: where it stands and what its stub says."""

    symbol: str  # "softmax_op", "Tensor.backward", "ops.exp.vjps"
    file: str = ""  # relative to tinytorch/
    steps: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    module: str = ""  # "03_activations"
    section: str = ""
    line: int = 0  # of the directive in lesson.md

    @property
    def label(self) -> str:
        return f"{self.module}: {self.symbol}"


# ---------------------------------------------------------------- what a lesson teaches


def taught_by(module: Module, package: Path, lesson: Lesson | None = None) -> list[Taught]:
    """The symbols that a module's lesson has the student build, each found in the package."""
    lesson = lesson or read_lesson(module.lesson)
    found: list[Taught] = []
    for part in lesson.builds:
        place = where(lesson.path, part.line - 1)
        file, symbol = locate(package, part.target, place)
        if file not in module.files:
            raise CourseError(
                f"{place}: {file} is not among the files of {module.name}; it teaches only its own"
            )
        if any(t.file == file and overlaps(t.symbol, symbol) for t in found):
            raise CourseError(f"{place}: {part.target} is taught twice in this lesson")
        found.append(
            Taught(symbol, file, tuple(part.steps), tuple(part.hints), module.name, part.section, part.line)
        )
    return found


def overlaps(one: str, other: str) -> bool:
    if one.endswith(".vjps") or other.endswith(".vjps"):
        return one == other
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


def locate(package: Path, target: str, place: str = "") -> tuple[str, str]:
    """The file and the symbol of `autograd/engine.toposort`, `ops.reduction.sum` or `gradients:ops.exp.vjps`."""
    prefix = f"{place}: " if place else ""
    path, colon, symbol = target.partition(":")
    if colon:
        file = path.strip().removesuffix(".py").replace(".", "/") + ".py"
        symbol = symbol.strip()
        if not (package / file).is_file():
            raise CourseError(f"{prefix}there is no file {package.name}/{file}")
    else:
        parts = re.split(r"[./]", target)
        ends = [
            n
            for n in range(len(parts) - 1, 0, -1)
            if (package / "/".join(parts[:n])).with_suffix(".py").is_file()
        ]
        if not ends:
            raise CourseError(f"{prefix}{target}: no file of {package.name}/ starts like this")
        file, symbol = "/".join(parts[: ends[0]]) + ".py", ".".join(parts[ends[0] :])
    try:
        find((package / file).read_bytes().decode(), symbol)
    except NoSuchSymbol as error:
        raise CourseError(f"{prefix}{package.name}/{file} {error}") from None
    return file, symbol


# ---------------------------------------------------------------- finding


def find(source: str, symbol: str) -> ast.stmt:
    """The statement that defines a symbol."""
    tree = ast.parse(source)
    names = symbol.split(".")
    body: Sequence[ast.stmt] = tree.body
    found: ast.stmt | None = None
    if len(names) > 1 and not isinstance(first_named(body, names[0]), ast.ClassDef):
        found = first_named(body, symbol)  # a rule row
        if found is None:
            raise NoSuchSymbol(missing(symbol, body))
        return found
    for depth, name in enumerate(names):
        found = first_named(body, name)
        if found is None:
            raise NoSuchSymbol(missing(symbol, body, ".".join(names[:depth])))
        if depth < len(names) - 1:
            if not isinstance(found, ast.ClassDef):
                raise NoSuchSymbol(f"has no {symbol}: {name} is not a class")
            body = found.body
    assert found is not None
    return found


def first_named(body: Iterable[ast.stmt], name: str) -> ast.stmt | None:
    return next((statement for statement in body if name in names_of(statement)), None)


def names_of(statement: ast.stmt) -> list[str]:
    """What a statement can be called by: the name it defines, or `ops.exp.vjps` for a rule row."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Assign):
        return [
            node.id for target in statement.targets for node in ast.walk(target) if isinstance(node, ast.Name)
        ]
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return [statement.target.id]
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        return [ast.unparse(statement.value.func)]
    return []


def missing(symbol: str, body: Iterable[ast.stmt], inside: str = "") -> str:
    known = [name for statement in body for name in names_of(statement)]
    near = difflib.get_close_matches(symbol.split(".")[-1] if inside else symbol, known)
    return f"has no {symbol}" + (f"; near names: {', '.join(near)}" if near else "")


def span(statement: ast.stmt) -> tuple[int, int]:
    """First and last line, counted from 1, decorators included."""
    first = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", []))])
    return first, statement.end_lineno or statement.lineno


def split_lines(text: str) -> list[str]:
    """Lines with their ends, as Python's parser counts them (a form feed does not end one)."""
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)


def text_of(source: str, symbol: str) -> str:
    """The lines that define a symbol, decorators included."""
    first, last = span(find(source, symbol))
    return "".join(split_lines(source)[first - 1 : last])


def swap(source: str, symbol: str, other: str) -> str:
    """`source` with the text of one symbol as `other` (a whole file) has it."""
    first, last = span(find(source, symbol))
    lines = split_lines(source)
    lines[first - 1 : last] = [text_of(other, symbol)]
    return "".join(lines)


def swap_taught(source: str, one: Taught, other: str) -> str:
    """`swap` that takes along the steps that stand above a rule row or an assignment."""
    first, last = extent(source, one)
    begin, end = extent(other, one)
    lines = split_lines(source)
    lines[first - 1 : last] = split_lines(other)[begin - 1 : end]
    return "".join(lines)


def extent(source: str, one: Taught) -> tuple[int, int]:
    """The lines of a symbol, with the steps that the weaver put above it."""
    first, last = span(find(source, one.symbol))
    return first - len(commented(steps_above(source, one), "", "")), last


def steps_above(source: str, one: Taught) -> tuple[str, ...]:
    """The steps of a rule row or an assignment, while they stand where the weaver put them: above it, outside of `text_of`."""
    statement = find(source, one.symbol)
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return ()
    above = [line.rstrip() for line in split_lines(source)[: span(statement)[0] - 1]]
    steps = [line.rstrip() for line in commented(one.steps, "", "")]
    return one.steps if steps and above[-len(steps) :] == steps else ()


def carried_over(base: str, mine: str, new: str, taught: Iterable[Taught]) -> tuple[str, str]:
    """Two woven versions of a file with the student's text of each symbol that was written since the first.

    Only where the task stayed the same: new steps in the comments of a stub are nothing to merge with a body.
    """
    for one in taught:
        try:
            written, before, after = (text_of(text, one.symbol) for text in (mine, base, new))
            if written != before and uncommented(before) == uncommented(after):
                base, new = (swap_taught(text, one, mine) for text in (base, new))
        except (NoSuchSymbol, SyntaxError):
            continue
    return base, new


def uncommented(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if not line.lstrip().startswith("#")]


# ---------------------------------------------------------------- taking out


@dataclass
class Edit:
    first: int  # lines counted from 1, last included
    last: int
    lines: list[str] = field(default_factory=list)


def weave_file(source: str, taught: Iterable[Taught]) -> str:
    """A file with stubs in the place of the symbols."""
    edits = [edit for one in taught for edit in stub(source, one)]
    lines = split_lines(source)
    for edit in sorted(edits, key=lambda edit: edit.first, reverse=True):
        lines[edit.first - 1 : edit.last] = edit.lines
    woven = "".join(lines)
    ast.parse(woven)
    return woven


def stub(source: str, one: Taught) -> list[Edit]:
    statement = find(source, one.symbol)
    lines = split_lines(source)
    if isinstance(statement, ast.ClassDef):
        methods = [s for s in statement.body if isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef)]
        if not methods:
            raise CourseError(f"{one.label}: a class without methods has no bodies to take out")
        return [
            stub_function(
                lines, method, f"{one.label}.{method.name}", steps_for(one, method.name, i == 0, methods)
            )
            for i, method in enumerate(methods)
        ]
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        return [stub_function(lines, statement, one.label, one.steps)]
    if isinstance(statement, ast.Expr):
        return [stub_rules(lines, statement, one)]
    return [stub_assignment(lines, statement, one)]


def steps_for(one: Taught, method: str, is_first: bool, methods) -> list[str]:
    """In a class a step `forward: text` belongs to that method; what names none belongs to the first."""
    names = {m.name for m in methods}
    named = [(step.partition(":")[0], step.partition(":")[2].strip()) for step in one.steps]
    mine = [text for name, text in named if name == method]
    free = [step for step, (name, _) in zip(one.steps, named) if name not in names]
    return mine + (free if is_first else [])


def stub_function(lines: list[str], node, label: str, steps: Iterable[str]) -> Edit:
    """The body after the docstring, comments and all, becomes the steps and a raise."""
    statements = node.body
    has_docstring = ast.get_docstring(node, clean=False) is not None
    end = body_end(lines, node)
    eol = line_end(lines[node.lineno - 1])
    if statements[0].lineno == header_end(node, lines):  # def f(x): return x
        before = lines[statements[0].lineno - 1].encode()[: statements[0].col_offset].decode().rstrip()
        margin = " " * (node.col_offset + 4)
        new = [before + eol, *commented(steps, margin, eol), raising(label, margin, eol)]
        return Edit(statements[0].lineno, end, new)
    margin = " " * statements[0].col_offset
    if has_docstring:
        first = (statements[0].end_lineno or statements[0].lineno) + 1
        end = max(end, first - 1)
    else:
        first = header_end(node, lines) + 1
    return Edit(first, end, [*commented(steps, margin, eol), raising(label, margin, eol)])


def header_end(node, lines: list[str]) -> int:
    """The line of the colon that ends a signature."""
    last = node.body[0].lineno
    for n in range(last - 1, node.lineno - 1, -1):
        text = lines[n - 1].strip()
        if text and not text.startswith("#"):
            return n
    return last


def body_end(lines: list[str], node) -> int:
    """The last line of a body; comments that trail it at its depth belong to it."""
    end = node.end_lineno
    n = end
    while n < len(lines) and (not lines[n].strip() or lines[n].lstrip().startswith("#")):
        if lines[n].strip():
            if len(lines[n]) - len(lines[n].lstrip()) <= node.col_offset:
                break
            end = n + 1
        n += 1
    return end


def stub_rules(lines: list[str], statement: ast.Expr, one: Taught) -> Edit:
    """Each lambda of a rule row raises; what the lambdas ask for stays."""
    call = statement.value
    assert isinstance(call, ast.Call)
    lambdas = [value for value in (k.value for k in call.keywords) if isinstance(value, ast.Lambda)]
    if not lambdas:
        raise CourseError(f"{one.label}: this row has no lambda to take out; teach the function it names")
    first, last = span(statement)
    text = "".join(lines[first - 1 : last]).encode()
    starts = [0]
    for line in lines[first - 1 : last]:
        starts.append(starts[-1] + len(line.encode()))
    for rule in reversed(lambdas):
        begin = starts[rule.body.lineno - first] + rule.body.col_offset
        end = starts[(rule.body.end_lineno or 0) - first] + (rule.body.end_col_offset or 0)
        begin, end = widen_parentheses(text, begin, end, starts[rule.lineno - first] + rule.col_offset)
        text = text[:begin] + f"exec('raise NotImplementedError(\"{one.label}\")')".encode() + text[end:]
    eol = line_end(lines[first - 1])
    return Edit(first, last, [*commented(one.steps, "", eol), text.decode()])


def widen_parentheses(text: bytes, begin: int, end: int, floor: int) -> tuple[int, int]:
    """A body in parentheses of its own goes with them."""
    while True:
        left, right = begin - 1, end
        while left > floor and text[left : left + 1].isspace():
            left -= 1
        while right < len(text) and text[right : right + 1].isspace():
            right += 1
        if left > floor and text[left : left + 1] == b"(" and text[right : right + 1] == b")":
            begin, end = left, right + 1
        else:
            return begin, end


def stub_assignment(lines: list[str], statement: ast.stmt, one: Taught) -> Edit:
    first, last = span(statement)
    value = statement.value  # type: ignore[attr-defined]
    head = "".join(lines[first - 1 : value.lineno]).encode()
    before = len("".join(lines[first - 1 : value.lineno - 1]).encode()) + value.col_offset
    eol = line_end(lines[first - 1])
    kept = head[:before].decode().rstrip().removesuffix("(").rstrip()
    return Edit(first, last, [*commented(one.steps, "", eol), f"{kept} None  # {one.label}{eol}"])


def commented(steps: Iterable[str], margin: str, eol: str) -> list[str]:
    """Steps as comments; a long one goes on in lines of its own, set in."""
    return [line + eol for step in steps for line in step_lines(margin).wrap(step) or [f"{margin}#"]]


def step_lines(margin: str) -> textwrap.TextWrapper:
    return textwrap.TextWrapper(
        STEP_WIDTH,
        initial_indent=f"{margin}# ",
        subsequent_indent=f"{margin}#   ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def raising(label: str, margin: str, eol: str) -> str:
    return f'{margin}raise NotImplementedError("{label}"){eol}'


def line_end(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :] or "\n"


def stubs_in(source: str) -> list[str]:
    """The labels of the stubs that are still in a text."""
    return list(dict.fromkeys(match[2] for match in STUB.finditer(source)))


# ---------------------------------------------------------------- cells


def cells(source: str) -> list[str]:
    """A file cut before each top-level statement (and the comments above it). "".join(cells(s)) == s."""
    lines = split_lines(source)
    starts: list[int] = []
    floor = 0
    for statement in ast.parse(source).body:
        first, last = span(statement)
        start = first - 1
        while start > floor and lines[start - 1].lstrip().startswith("#"):
            start -= 1
        if not starts or start >= floor:
            starts.append(start)
        floor = last
    starts = sorted({0, *starts}) if lines else []
    return ["".join(lines[a:b]) for a, b in zip(starts, [*starts[1:], len(lines)])]


# ---------------------------------------------------------------- a whole module


def weave_module(module: Module, package: Path) -> dict[str, bytes]:
    """The files of one module as a student gets them: {"nn/functional/softmax.py": b"..."}."""
    by_file: dict[str, list[Taught]] = {}
    for one in taught_by(module, package):
        by_file.setdefault(one.file, []).append(one)
    return {
        file: weave_file(raw.decode(), by_file[file]).encode() if file in by_file else raw
        for file, raw in ((file, (package / file).read_bytes()) for file in module.files)
    }
