"""Points that were decided elsewhere, taken back: where they differ from what is shown here they become overrides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..classroom import Class
from ..decisions import OVERRIDE
from ..grades import grades
from ..sheets import Sheet, unguarded
from ..store import Gradebook

Told = dict[tuple[str, str], float]  # by student and task


@dataclass(frozen=True)
class Change:
    student: str
    task: str
    before: float | None
    after: float


def differences(room: Class, book: Gradebook, told: Told) -> list[Change]:
    """Where the points told differ from the points shown. What is not told is not changed."""
    return [
        Change(grade.student, grade.task, grade.points, told[grade.student, grade.task])
        for grade in grades(room, book)
        if (grade.student, grade.task) in told
        and (grade.points is None or abs(grade.points - told[grade.student, grade.task]) > 1e-6)
    ]


def take(book: Gradebook, changes: Iterable[Change], reason: str) -> None:
    for change in changes:
        book.decide(OVERRIDE, change.student, change.task, repr(change.after), reason)


def from_sheet(room: Class, sheet: Sheet) -> tuple[Told, list[str]]:
    """The points of a table with a column `student` and one for each task; and the students in it that the class does not have."""
    who = sheet.column("student")
    if who is None:
        raise sheet.error(sheet.rows[0], f"there is no column 'student' (columns: {', '.join(sheet.head)})")
    columns = {task.id: place for task in room.tasks if (place := sheet.column(task.id)) is not None}
    if not columns:
        raise sheet.error(
            sheet.rows[0], "no column is a task of the class", f"its tasks: {', '.join(t.id for t in room.tasks)}"
        )  # fmt: skip
    known = {student.id.lower(): student.id for student in room.students}
    told: Told = {}
    strangers = []
    for row in sheet.rows[1:]:
        name = unguarded(sheet.cell(row, who))
        ident = known.get(name.lower())
        if ident is None:
            strangers.append(name)
            continue
        for task, place in columns.items():
            points = sheet.points(row, place)
            if points is not None:
                told[ident, task] = points
    return told, strangers
