"""nbgrader's gradebook, written and read through nbgrader's own Python API: `pip install 'tinytorch[nbgrader]'`.

A task becomes an assignment with one notebook and one cell in it that holds the points: what the checks came to as its automatic
score, an override as the manual one, what lateness cost as the late penalty, and what each check found as a comment.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ...course import the_course
from ...errors import CouldNotCheck, TitoError
from ..classroom import Student, Task
from ..grades import Grade
from .handed_in import HandedIn
from .points import Told
from .standing import Findings, Standing

NOTEBOOK = "tito"  # the notebook that stands for a task
POINTS, FEEDBACK = "points", "feedback"  # its two cells


@dataclass(frozen=True)
class Written:
    submissions: int
    left_out: list[str] = field(default_factory=list)  # students without a grade, by task


def database(where: Path) -> Path:
    """The gradebook of a course folder, or the file itself."""
    return where if where.suffix == ".db" else where / "gradebook.db"


@contextmanager
def gradebook(path: Path) -> Iterator[Any]:
    """nbgrader's Gradebook. To make a new one it calls `alembic` from PATH, which stands beside this Python."""
    try:
        from nbgrader.api import Gradebook
    except ImportError:
        raise CouldNotCheck("nbgrader is not installed", "pip install 'tinytorch[nbgrader]'") from None
    from sqlalchemy.exc import DatabaseError

    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), before])
    try:
        book = Gradebook(f"sqlite:///{path.resolve()}")
    except DatabaseError as error:
        raise TitoError(f"{path} is no gradebook of nbgrader: {error.orig}") from None
    except FileNotFoundError:
        raise CouldNotCheck(
            "nbgrader needs the program alembic, which is not on PATH", "pip install alembic"
        ) from None
    finally:
        os.environ["PATH"] = before
    with book:
        yield book


# ---------------------------------------------------------------- writing


def write(class_: Standing, where: Path) -> Written:
    """Bring a gradebook to what the class shows; grades that nbgrader has for others stay."""
    path = database(where)
    path.parent.mkdir(parents=True, exist_ok=True)
    count, left_out = 0, []
    with gradebook(path) as book:
        people(book, class_.students)
        for task in class_.tasks:
            assignment(book, task, path)
            shown = [grade for grade in class_.grades if grade.task == task.id]
            count += submissions_of(book, task, [(grade, class_.of(grade)) for grade in shown])
            left_out += [
                f"{grade.student}: {grade.task}: {grade.verdict.replace('_', ' ')}" for grade in shown if grade.points is None
            ]  # fmt: skip
        book.db.commit()
    return Written(count, left_out)


def people(book, students: tuple[Student, ...]) -> None:
    from nbgrader.api import Student as Theirs

    known = {student.id: student for student in book.db.query(Theirs)}
    for student in students:
        first, _, last = student.name.rpartition(" ")
        theirs = known.get(student.id) or Theirs(id=student.id)
        theirs.first_name, theirs.last_name = (first, last) if first else (last, "")
        theirs.email = student.email
        book.db.add(theirs)
    book.db.commit()


def assignment(book, task: Task, path: Path) -> None:
    made = book.update_or_create_assignment(task.id, duedate=utc(str(task.due or "")))
    others = [notebook.name for notebook in made.notebooks if notebook.name != NOTEBOOK]
    if others:
        raise TitoError(
            f"{path.name} has an assignment {task.id} with a notebook of its own: {', '.join(others)}",
            "export to another gradebook: --out OTHER.db",
        )
    book.update_or_create_notebook(NOTEBOOK, task.id)
    book.update_or_create_grade_cell(POINTS, NOTEBOOK, task.id, max_score=task.points, cell_type="code")
    book.update_or_create_solution_cell(FEEDBACK, NOTEBOOK, task.id)


def submissions_of(book, task: Task, shown: list[tuple[Grade, Findings | None]]) -> int:
    """Write a task's submissions anew, in a few statements: one by one, 1,000 students take minutes."""
    from nbgrader import api
    from sqlalchemy import delete, insert, select

    cell = book.find_grade_cell(POINTS, NOTEBOOK, task.id).id
    comment = book.find_solution_cell(FEEDBACK, NOTEBOOK, task.id).id
    notebook, made = book.find_notebook(NOTEBOOK, task.id).id, book.find_assignment(task.id).id
    tables = [
        cls.__table__ for cls in (api.SubmittedAssignment, api.SubmittedNotebook, api.Grade, api.Comment)
    ]
    handed_in, books, grades, comments = tables
    mine = [grade.student for grade, _ in shown]
    old = select(handed_in.c.id, handed_in.c.student_id).where(handed_in.c.assignment_id == made)
    gone = [row.id for row in book.db.execute(old) if row.student_id in set(mine)]
    for some in (gone[i : i + 500] for i in range(0, len(gone), 500)):
        within = select(books.c.id).where(books.c.assignment_id.in_(some))
        for table in (grades, comments):
            book.db.execute(delete(table).where(table.c.notebook_id.in_(within)))
        book.db.execute(delete(books).where(books.c.assignment_id.in_(some)))
        book.db.execute(delete(handed_in).where(handed_in.c.id.in_(some)))
    new: list[list[dict[str, Any]]] = [[], [], [], []]
    for grade, found in shown:
        if grade.points is None:
            continue
        a, b = api.new_uuid(), api.new_uuid()
        earned, decided = round(grade.score * grade.most, 4), grade.points if grade.why else None
        penalty = 0.0 if decided is not None else round(earned - grade.points, 4)
        more = utc(grade.extended) - utc(str(task.due)) if grade.extended and task.due else None  # type: ignore[operator]
        new[0].append({"id": a, "assignment_id": made, "student_id": grade.student, "timestamp": utc(grade.handed_in), "extension": more})  # fmt: skip
        new[1].append({"id": b, "assignment_id": a, "notebook_id": notebook, "flagged": False, "late_submission_penalty": penalty})  # fmt: skip
        new[2].append({"cell_id": cell, "notebook_id": b, "auto_score": earned, "manual_score": decided, "needs_manual_grade": False})  # fmt: skip
        new[3].append({"cell_id": comment, "notebook_id": b, "manual_comment": feedback(grade, found)})
    for table, rows in zip(tables, new):
        if rows:
            book.db.execute(insert(table), rows)
    book.db.commit()
    return len(new[0])


def utc(moment: str) -> datetime | None:
    """A moment as nbgrader keeps it: in UTC, without saying so."""
    return datetime.fromisoformat(moment).astimezone(timezone.utc).replace(tzinfo=None) if moment else None


def feedback(grade: Grade, found: Findings | None) -> str:
    lines = [f"Set by the instructor: {grade.why}"] if grade.why else []
    for check in found.checks if found else ():
        if check.visible:
            lines.append(f"{check.verdict}: {check.name}" + (f": {check.message}" if check.message else ""))
    return "\n".join(lines) or grade.verdict.replace("_", " ")


# ---------------------------------------------------------------- reading


def submissions(course_folder: Path) -> list[HandedIn]:
    """Its `submitted/` tree, the notebooks of each student as one workspace."""
    from ...nbgrader.submitted import students, workspace_of

    course = the_course()
    return [HandedIn((n.student,), n.when, workspace_of(n, course)) for n in students(course_folder, course)]


def existing(where: Path) -> Path:
    path = database(where)
    if not path.is_file():
        raise TitoError(
            f"{path}: there is no gradebook of nbgrader", "name its gradebook.db, or its course's folder"
        )
    return path


def students(where: Path) -> list[Student]:
    with gradebook(existing(where)) as book:
        return [
            Student(s.id, " ".join(word for word in (s.first_name, s.last_name) if word), s.email or "")
            for s in book.students
        ]


def points(
    class_students: tuple[Student, ...], tasks: tuple[Task, ...], where: Path
) -> tuple[Told, list[str]]:
    """What its assignments that are called as tasks came to; and the students with a score that the class does not have."""
    known = {student.id for student in class_students}
    told: Told = {}
    strangers: dict[str, None] = {}
    with gradebook(existing(where)) as book:
        wanted = {task.id for task in tasks}
        for made in book.assignments:
            if made.name not in wanted:
                continue
            for handed_in in made.submissions:
                ident = handed_in.student.id
                if ident not in known:
                    strangers[ident] = None
                else:
                    told[ident, made.name] = max(
                        0.0, handed_in.score - (handed_in.late_submission_penalty or 0.0)
                    )
    return told, list(strangers)
