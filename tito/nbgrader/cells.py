"""A taught symbol as a notebook cell, and cells as files again.

    %%build ops/arithmetic.py sub_op          where it belongs; the rest of the cell is the symbol itself
    def sub_op(a, b): ...

A method stands in its cell without its class. The body that the student writes lies between nbgrader's markers for a solution; what
nbgrader leaves in its place is recognised, so that a body not written yet says so as everywhere else.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterable

from ..errors import TitoError
from ..weave import NoSuchSymbol, Taught, commented, extent, find, line_end, span, split_lines, stub

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
LEFT = re.compile(r"^([ \t]*)# YOUR CODE HERE\n[ \t]*raise NotImplementedError\(\)[ \t]*$", re.MULTILINE)
MAGIC = re.compile(r"%%build[ \t]+(\S+)[ \t]+(\S+)[ \t]*(?:\n|$)")

Cells = dict[tuple[str, str], str]  # what stands in the cell of a symbol, by file and symbol


class NotInThisCell(TitoError):
    """A cell holds something else than it should."""


# ---------------------------------------------------------------- out


def cell_of(one: Taught, source: str) -> str:
    """The cell of a symbol in a source assignment: steps and solution, the solution marked."""
    return f"%%build {one.file} {one.symbol}\n{textwrap.dedent(marked(one, source)).rstrip()}\n"


def marked(one: Taught, source: str) -> str:
    """The lines of a symbol with its bodies between markers, the steps above each."""
    statement = find(source, one.symbol)
    first, last = span(statement)
    lines = split_lines(source)
    if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return whole(one, lines[first - 1 : last], statement)
    for edit in sorted(stub(source, one), key=lambda edit: edit.first, reverse=True):
        margin = " " * (len(edit.lines[-1]) - len(edit.lines[-1].lstrip()))
        eol = line_end(edit.lines[-1])
        body = lines[edit.first - 1 : edit.last]
        kept = [f"{margin}{BEGIN}{eol}", *body, f"{margin}{END}{eol}"]
        lines[edit.first - 1 : edit.last] = [*edit.lines[:-1], *kept]
        last += len(edit.lines) + 1
    return "".join(lines[first - 1 : last])


def whole(one: Taught, text: list[str], statement: ast.stmt) -> str:
    """A rule row or an assignment: all of it is the solution; its form stays as a comment."""
    form = ast.unparse(Formless().visit(ast.parse(textwrap.dedent("".join(text)))))
    steps = commented(one.steps, "", "\n")
    return "".join([*steps, f"# {form}\n", f"{BEGIN}\n", *text, f"{END}\n"])


class Formless(ast.NodeTransformer):
    """What is left of a statement without its answer: `ops.mul.vjps(a=lambda g, ans, a, b: ...)`."""

    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
        return ast.Lambda(node.args, ast.Constant(...))

    def visit_Assign(self, node: ast.Assign) -> ast.Assign:
        return ast.Assign(node.targets, ast.Constant(...), lineno=node.lineno)


# ---------------------------------------------------------------- back


def split_magic(text: str) -> tuple[tuple[str, str], str] | None:
    """File and symbol that a cell's first line names, and the rest of it; None if it is another cell."""
    found = MAGIC.match(text)
    return ((found[1], found[2]), text[found.end() :]) if found else None


def written(one: Taught, text: str) -> str | None:
    """A cell's text for the file, or None as long as nothing is written. What cannot be the symbol is an error that says so."""
    text = textwrap.dedent(text.replace("\r\n", "\n")).strip("\n") + "\n"
    labelled = LEFT.sub(lambda left: f'{left[1]}raise NotImplementedError("{one.label}")', text)
    try:
        body = ast.parse(labelled).body
    except SyntaxError as error:
        raise NotInThisCell(
            f"{one.symbol}, line {(error.lineno or 0) + 1} of its cell: {error.msg}"
        ) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise NotInThisCell(f"{one.symbol}: its cell cannot be read: {type(error).__name__}") from None
    try:
        find(labelled, one.symbol.split(".")[-1] if is_method(one, labelled) else one.symbol)
    except NoSuchSymbol:
        if all(isinstance(statement, ast.Raise) for statement in body):
            return None
        raise NotInThisCell(
            f"the cell of {one.symbol} does not define it", "give the function its name back"
        ) from None
    return labelled


def is_method(one: Taught, text: str) -> bool:
    """Whether a dotted name is a method, which stands in its cell without its class; a rule row is a call."""
    return "." in one.symbol and not one.symbol.endswith(".vjps")


def put(source: str, one: Taught, text: str) -> str:
    """A file with a cell's text in the place of the symbol, helpers that stand beside it and all."""
    first, last = extent(source, one)
    lines = split_lines(source)
    margin = " " * find(source, one.symbol).col_offset
    lines[first - 1 : last] = split_lines(textwrap.indent(text, margin))
    return "".join(lines)


def assemble(
    woven: dict[str, bytes], taught: Iterable[Taught], cells: Cells
) -> tuple[dict[str, bytes], dict[str, str]]:
    """A module's files with the cells put in; and what was left out, by symbol, with the reason."""
    files = {file: content.decode() for file, content in woven.items()}
    left_out = {}
    for one in taught:
        cell = cells.get((one.file, one.symbol))
        if cell is None:
            continue
        try:
            text = written(one, cell)
            if text is not None:
                files[one.file] = put(files[one.file], one, text)
        except NotInThisCell as error:
            left_out[one.symbol] = str(error)
    return {file: text.encode() for file, text in files.items()}, left_out
