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
    """Bring a gradebook to what the class shows; grades that nbgrader has for other assignments stay."""
    path = database(where)
    path.parent.mkdir(parents=True, exist_ok=True)
    with gradebook(path) as book:
        for student in class_.students:
            first, _, last = student.name.rpartition(" ")
            book.update_or_create_student(
                student.id, first_name=first or last, last_name=last if first else "", email=student.email
            )
        for task in class_.tasks:
            assignment(book, task, path)
        count, left_out = 0, []
        for grade in class_.grades:
            if grade.points is None:
                left_out.append(f"{grade.student}: {grade.task}: {grade.verdict.replace('_', ' ')}")
                continue
            submission(book, grade, class_.of(grade))
            count += 1
        book.db.commit()
    return Written(count, left_out)


def assignment(book, task: Task, path: Path) -> None:
    due = task.due.replace(tzinfo=None) if task.due else None  # nbgrader keeps UTC without saying so
    made = book.update_or_create_assignment(task.id, duedate=due)
    others = [notebook.name for notebook in made.notebooks if notebook.name != NOTEBOOK]
    if others:
        raise TitoError(
            f"{path.name} has an assignment {task.id} with a notebook of its own: {', '.join(others)}",
            "export to another gradebook: --out OTHER.db",
        )
    book.update_or_create_notebook(NOTEBOOK, task.id)
    book.update_or_create_grade_cell(POINTS, NOTEBOOK, task.id, max_score=task.points, cell_type="code")
    book.update_or_create_solution_cell(FEEDBACK, NOTEBOOK, task.id)


def submission(book, grade: Grade, found: Findings | None) -> None:
    """What counts there is the score less the penalty, and an override stands above both."""
    earned = round(grade.score * grade.most, 4)
    decided = grade.points if grade.why else None
    when = grade.handed_in or None
    book.update_or_create_submission(grade.task, grade.student, **({"timestamp": when} if when else {}))
    cell = book.find_grade(POINTS, NOTEBOOK, grade.task, grade.student)
    cell.auto_score, cell.manual_score, cell.needs_manual_grade = earned, decided, False
    penalty = 0.0 if decided is not None else round(earned - (grade.points or 0.0), 4)
    cell.notebook.late_submission_penalty = penalty
    comment = book.find_comment(FEEDBACK, NOTEBOOK, grade.task, grade.student)
    comment.manual_comment = feedback(grade, found)


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
