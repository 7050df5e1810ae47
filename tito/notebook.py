"""A module as a Jupyter notebook: a second view of the student's files, taken back on `test` and `complete`.

Markdown cells are the lesson. Each code cell with `metadata.tito` holds one top-level statement of a file; its text as it
was written out stands in `.tito/notebooks/NAME.json`, so an edit on either side is seen, and on both sides is a conflict.
The first cell loads `tito.jupyter`, by which such a cell goes into its file as soon as it is run.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .curriculum import Module
from .errors import Conflict, TitoError
from .files import write_atomic, write_json
from .weave import NoSuchSymbol, Taught, locate, steps_above, swap, taught_by, text_of

FIRST = """\
# Run this first: from here on `import tinytorch` finds yours, and a cell with something of yours goes into its file when you run it.
%load_ext tito.jupyter"""
NBFORMAT = {"nbformat": 4, "nbformat_minor": 5}


def path_of(workspace, module: Module) -> Path:
    return workspace.root / "modules" / module.name / f"{module.name}.ipynb"


def memory_of(workspace, module: Module) -> Path:
    return workspace.root / ".tito" / "notebooks" / f"{module.name}.json"


def write(workspace, module: Module) -> Path:
    """Write the notebook with the student's present code; edits in an older notebook are taken back first."""
    workspace.need(module)
    take_back(workspace, module)
    made: list[dict[str, Any]] = [cell("code", FIRST)]
    memory: dict[str, str] = {}
    for kind, content in lesson_cells(workspace.course, module, figures=True):
        if not isinstance(content, Taught):
            made.append(cell(kind, content))
            continue
        symbol = content.symbol
        statement = symbol if symbol.endswith(".vjps") else symbol.partition(".")[0]
        key = f"{content.file}:{statement}"
        where = f"`{symbol}` in `tinytorch/{content.file}`"
        if key in memory:
            made.append(
                cell("markdown", f"**Yours to write** too, in the cell of `{statement}` above: {where}")
            )
            continue
        source = workspace.read(content.file)
        memory[key] = text_of(source, statement)
        task = [f"**Yours to write**: {where}", *steps_above(source, content)]
        made.append(cell("markdown", "\n\n".join(task)))
        made.append(cell("code", memory[key].rstrip("\n"), {"file": content.file, "symbol": statement}))
    made.append(cell("code", f"%tito module test {module.number:02}"))
    for number, one_cell in enumerate(made):
        one_cell["id"] = f"tito-{number:03}"
    book = {
        "cells": made,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "tito": {"module": module.name},
        },
        **NBFORMAT,
    }
    path = path_of(workspace, module)
    write_atomic(path, json.dumps(book, indent=1, ensure_ascii=False) + "\n")
    write_json(memory_of(workspace, module), memory)
    return path


def lesson_cells(course, module: Module, figures: bool = False) -> Iterator[tuple[str, str | Taught]]:
    """A lesson as cells: ("markdown", text), ("code", text), and ("build", what the student writes here)."""
    lesson = course.lesson(module)
    places = {one.line: one for one in taught_by(module, course.package, lesson)}
    for part in lesson.parts:
        if part.kind == "prose" and part.text.strip():
            yield "markdown", part.text.strip()
        elif (part.kind == "code" and part.argument.startswith("python")) or (
            part.kind == "figure" and figures
        ):
            yield "code", part.text
        elif part.kind == "code":
            yield "markdown", f"```{part.argument}\n{part.text}\n```"
        elif part.kind == "build":
            yield "build", places[part.line]
        elif part.kind == "show":
            file, symbol = locate(course.package, part.argument)
            code = text_of((course.package / file).read_text(encoding="utf-8"), symbol)
            yield "markdown", f"**Given**: `tinytorch/{file}`\n\n```python\n{code.rstrip()}\n```"


def cell(kind: str, text: str, tito: dict | None = None) -> dict[str, Any]:
    metadata = {"tito": tito} if tito else {}
    base = {"cell_type": kind, "metadata": metadata, "source": text.splitlines(keepends=True)}
    return base | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def take_back(workspace, module: Module) -> list[str]:
    """Put what was edited in the notebook into the files; returns the symbols. Both edited: a Conflict, nothing changed."""
    path, memory_path = path_of(workspace, module), memory_of(workspace, module)
    if workspace.is_reference or not path.is_file() or not memory_path.is_file():
        return []
    try:
        book = json.loads(path.read_text(encoding="utf-8"))
        found = [c for c in book["cells"] if c["cell_type"] == "code" and c.get("metadata", {}).get("tito")]
    except (ValueError, KeyError, TypeError):
        raise TitoError(
            f"{path} is not a notebook that can be read", "Delete it and write it again: tito module notebook"
        ) from None
    edits = {
        f"{one['metadata']['tito']['file']}:{one['metadata']['tito']['symbol']}": source_of(one)
        for one in found
    }
    return put_back(workspace, module, edits)


def put_back(workspace, module: Module, edits: dict[str, str]) -> list[str]:
    """Put cells into their files: {"nn/linear.py:Linear": its new text}. Returns those that were changed."""
    path, memory_path = path_of(workspace, module), memory_of(workspace, module)
    memory = json.loads(memory_path.read_text(encoding="utf-8"))
    texts: dict[str, str] = {}
    taken, conflicts = [], []
    for key, source in edits.items():
        file, _, symbol = key.partition(":")
        new, base = source.rstrip("\n") + "\n", memory.get(key, "")
        text = texts.get(file) or workspace.read(file)
        try:
            mine = text_of(text, symbol)
        except (NoSuchSymbol, SyntaxError):
            mine = ""
        if new.rstrip() == base.rstrip() or new.rstrip() == mine.rstrip():
            continue
        if mine.rstrip() != base.rstrip():
            conflicts.append(key)
            continue
        check_cell(new, symbol, path)
        texts[file] = swap(text, symbol, new)
        taken.append(key)
    if conflicts:
        raise Conflict(
            f"both the notebook and the file were edited: {', '.join(conflicts)}",
            f"Nothing was changed. Copy what you want to keep into the file, then delete {path.name} and write it again.",
            conflicts=conflicts,
        )
    if texts:
        workspace.back_up(
            f"notebook {module.number:02}", {f"tinytorch/{f}": workspace.file(f).read_bytes() for f in texts}
        )
        for file, text in texts.items():
            write_atomic(workspace.file(file), text)
        for key in taken:
            file, _, symbol = key.partition(":")
            memory[key] = text_of(texts[file], symbol)
        write_json(memory_path, memory)
    return taken


def source_of(one: dict) -> str:
    source = one["source"]
    return source if isinstance(source, str) else "".join(source)


def check_cell(text: str, symbol: str, path: Path) -> None:
    try:
        ast.parse(text)
        text_of(text, symbol)
    except SyntaxError as error:
        raise TitoError(
            f"{path.name}, the cell of {symbol}, line {error.lineno}: {error.msg}",
            "Mend the cell, save, try again.",
        ) from None
    except NoSuchSymbol:
        raise TitoError(
            f"{path.name}: the cell of {symbol} does not define it any more",
            "Give the function its name back.",
        ) from None
