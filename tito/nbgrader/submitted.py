"""nbgrader's `submitted/STUDENT/ASSIGNMENT/`, as the workspaces that these notebooks say.

A workspace has the lessons as far as the last module handed in; a module that was not handed in is there unwritten. Nothing of a
notebook is run: its `%%build` cells are put into the files as text, and a cell that cannot be put there is left out with the reason.
"""

from __future__ import annotations

import json
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..assessment.intake import KEPT, Submission, refusal
from ..course import Course
from ..curriculum import Module
from ..errors import TitoError
from ..notebook import source_of
from ..weave import weave_module
from ..workspace import Workspace
from .cells import Cells, assemble, split_magic

TIMESTAMP = "timestamp.txt"


@dataclass(frozen=True)
class Assignment:
    """One notebook that was handed in: the cells in it, and when; or why it cannot be read."""

    module: Module
    cells: Cells = field(default_factory=dict)
    when: datetime | None = None
    problem: str = ""


@dataclass(frozen=True)
class Notebooks:
    """Everything that a student handed in."""

    student: str
    assignments: tuple[Assignment, ...]

    @property
    def when(self) -> datetime | None:
        return max((a.when for a in self.assignments if a.when), default=None)


def students(course_folder: Path, course: Course) -> Iterator[Notebooks]:
    """Each student of a course's `submitted/` folder."""
    top = course_folder / "submitted"
    if not top.is_dir():
        raise TitoError(f"{top}: there is no such folder", "name nbgrader's course folder")
    for folder in sorted(top.iterdir()):
        if folder.is_dir() and not folder.is_symlink():
            assignments = tuple(assignments_in(folder, course))
            if assignments:
                yield Notebooks(folder.name, assignments)


def assignments_in(folder: Path, course: Course) -> Iterator[Assignment]:
    """The assignments that are modules of the course, in its order; others are nobody's business here."""
    by_name = {module.name: module for module in course.modules}
    for sub in sorted(folder.iterdir()):
        module = by_name.get(sub.name)
        if module is not None and sub.is_dir() and not sub.is_symlink():
            path = sub / f"{module.name}.ipynb"
            try:
                yield Assignment(module, cells_in(path), moment(sub / TIMESTAMP))
            except TitoError as error:
                yield Assignment(module, when=moment(sub / TIMESTAMP), problem=str(error))


def cells_in(path: Path) -> Cells:
    """The `%%build` cells of a notebook; of two for one symbol the later counts, as it does when they are run."""
    name = f"{path.parent.name}/{path.name}"
    if path.is_symlink() or not path.is_file():
        raise TitoError(f"{name}: there is no such notebook")
    if path.stat().st_size > KEPT[".ipynb"]:
        raise TitoError(f"{name}: larger than {KEPT['.ipynb'] >> 20} MB")
    try:
        book = json.loads(path.read_bytes())
        sources = [source_of(one) for one in book["cells"] if one.get("cell_type") == "code"]
        found = [split_magic(text.replace("\r\n", "\n")) for text in sources]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise TitoError(f"{name}: not a notebook that can be read") from None
    return dict(one for one in found if one is not None)


def moment(path: Path) -> datetime | None:
    """nbgrader's timestamp: `2026-12-01 10:00:00.000000 UTC`, or with the name of another zone."""
    if path.is_symlink() or not path.is_file():
        return None
    words = path.read_text(encoding="utf-8", errors="replace")[:80].split()
    try:
        when = datetime.fromisoformat(" ".join(words[:2]))
        zone: Any = zoneinfo.ZoneInfo(words[2]) if len(words) > 2 else timezone.utc
    except (ValueError, LookupError, OSError):
        return None
    return when if when.tzinfo else when.replace(tzinfo=zone)


def workspace_of(notebooks: Notebooks, course: Course) -> Submission:
    """The workspace that a student's notebooks say."""
    read = [one for one in notebooks.assignments if not one.problem]
    level = max((one.module.number for one in notebooks.assignments), default=0)
    files = Workspace(Path(), course).wanted(level)
    left_out = {f"{one.module.name}.ipynb": one.problem for one in notebooks.assignments if one.problem}
    for one in read:
        made, problems = assemble(
            weave_module(one.module, course.package), course.taught(one.module), one.cells
        )
        files |= {f"tinytorch/{file}": content for file, content in made.items() if file != "later.py"}
        left_out |= {f"{one.module.name}.ipynb: {symbol}": reason for symbol, reason in problems.items()}
    return Submission({path: data for path, data in files.items() if not refusal(path, len(data))}, left_out)
