"""A module as the source of an nbgrader assignment: its lesson, a cell for each symbol it teaches, and a graded cell for each check."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..course import Course
from ..curriculum import Module
from ..errors import TitoError
from ..files import write_atomic
from ..notebook import NBFORMAT, cell, lesson_cells
from ..weave import Taught
from .cells import cell_of

SCHEMA = 3  # of nbgrader's metadata
INTRODUCTION = """Every cell that begins with `%%build` is yours: what you write in it becomes part of your own copy of that file of
`tinytorch/`, and everything after it is computed by that copy. The cells at the end say whether it works; any of them may be run at
any time, wherever you put a copy of it."""
CONFIG = """c = get_config()  # noqa: F821
c.CourseDirectory.course_id = {name!r}
c.Execute.timeout = 300  # a module's checks run together, at the first of them
"""


@dataclass(frozen=True)
class Checked:
    """One check of a module: its name, and its docstring."""

    name: str
    text: str


def generate(course: Course, modules: list[Module], where: Path) -> list[Path]:
    """Write `source/MODULE/MODULE.ipynb` for each; a course folder that has no settings gets some."""
    paths = []
    for module in modules:
        path = where / "source" / module.name / f"{module.name}.ipynb"
        write_atomic(path, json.dumps(notebook(course, module), indent=1, ensure_ascii=False) + "\n")
        paths.append(path)
    config = where / "nbgrader_config.py"
    if not config.exists():
        write_atomic(config, CONFIG.format(name=where.resolve().name))
    return paths


def notebook(course: Course, module: Module) -> dict[str, Any]:
    checks = checks_of(module)
    if not checks:
        raise TitoError(f"{module.name} has no checks: there is nothing to grade")
    points = dict(zip((check.name for check in checks), shares(module.points or len(checks), len(checks))))
    cells = list(number(module_cells(course, module, checks, points)))
    return {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "tito": {"module": module.name},
        },
        **NBFORMAT,
    }


def module_cells(
    course: Course, module: Module, checks: list[Checked], points: dict[str, float]
) -> Iterator[dict[str, Any]]:
    """The lesson's cells with one for each symbol that it teaches, and the checks when all of these are there: a check may need several."""
    yield cell("markdown", f"# {module.title}\n\n{INTRODUCTION}")
    begin = f'from tito.nbgrader.kernel import begin\n\ncheck = begin("{module.name}")'
    yield graded(cell("code", begin), "begin", locked=True)
    for kind, content in lesson_cells(course, module):
        if isinstance(content, Taught):
            yield cell("markdown", f"**Yours to write**: `{content.symbol}` in `tinytorch/{content.file}`")
            source = (course.package / content.file).read_bytes().decode()
            text = cell_of(content, source).rstrip()
            yield graded(cell("code", text), f"build_{content.symbol}", solution=True)
        else:
            yield cell(kind, content)
    yield cell("markdown", "## Checks")
    for check in checks:
        yield check_cell(check, points[check.name])


def check_cell(check: Checked, points: float) -> dict[str, Any]:
    text = f'# {check.text}\ncheck("{check.name}")'
    return graded(cell("code", text), f"check_{check.name}", grade=True, locked=True, points=points)


def graded(
    one: dict,
    ident: str,
    grade: bool = False,
    solution: bool = False,
    locked: bool = False,
    points: float = 0,
) -> dict[str, Any]:
    """A cell with the metadata by which nbgrader knows it."""
    told = {
        "grade": grade, "solution": solution, "locked": locked, "task": False, "grade_id": ident.replace(".", "_"),
        "schema_version": SCHEMA,
    }  # fmt: skip
    one["metadata"]["nbgrader"] = told | ({"points": points} if grade else {})
    return one


def number(cells: Iterator[dict]) -> Iterator[dict]:
    for place, one in enumerate(cells):
        one["id"] = f"tito-{place:03}"
        yield one


def shares(total: float, count: int) -> list[float]:
    """Points in quarters, as equal as they can be. Quarters add up to the total exactly, which hundredths do not."""
    quarters, more = divmod(round(total * 4), count)
    return [(quarters + (place < more)) / 4 for place in range(count)]


def checks_of(module: Module) -> list[Checked]:
    """A module's checks, read without running them."""
    if not module.checks.is_file():
        return []
    found = []
    for function in ast.parse(module.checks.read_text(encoding="utf-8")).body:
        if isinstance(function, ast.FunctionDef) and function.name.startswith("test_"):
            text = " ".join((ast.get_docstring(function) or "").split())
            found.append(Checked(function.name.removeprefix("test_"), text))
    return found
