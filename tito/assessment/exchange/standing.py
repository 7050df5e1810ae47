"""The class as it stands: what every export writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select

from ..classroom import Class, Student, Task
from ..grades import Grade, grades
from ..results import Check
from ..store import Gradebook, changes, checks, results


@dataclass(frozen=True)
class Findings:
    """What stands behind one grade: when and how it was found, and each check."""

    graded: str
    isolation: str
    seconds: float
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True)
class Decision:
    """An override or an extension. An empty value takes the ones before it back."""

    kind: str
    student: str
    task: str
    value: str
    reason: str
    made: str


@dataclass(frozen=True)
class Standing:
    name: str
    tasks: tuple[Task, ...]
    students: tuple[Student, ...]
    grades: tuple[Grade, ...]
    findings: dict[int, Findings]  # by a grade's `result`
    decisions: tuple[Decision, ...]

    def of(self, grade: Grade) -> Findings | None:
        return None if grade.result is None else self.findings.get(grade.result)

    def by_student(self) -> Iterator[tuple[Student, list[Grade]]]:
        """Each student with the grades of all tasks, in the tasks' order."""
        found: dict[str, list[Grade]] = {student.id: [] for student in self.students}
        for grade in self.grades:
            found[grade.student].append(grade)
        for student in self.students:
            yield student, found[student.id]


def standing(room: Class, book: Gradebook, details: bool = True) -> Standing:
    """Read once, whatever the class's size. Without `details` the checks are left where they are."""
    shown = tuple(grades(room, book))
    wanted = {grade.result for grade in shown if grade.result is not None} if details else set()
    return Standing(
        room.name, room.tasks, room.students, shown, findings_of(book, wanted), tuple(decided(book))
    )


def findings_of(book: Gradebook, wanted: set[int]) -> dict[int, Findings]:
    if not wanted:
        return {}
    columns = [c for c in checks.c if c.name not in ("result", "place")]
    names = [c.name for c in columns]
    query = select(checks.c.result, *columns).order_by(checks.c.result, checks.c.place)
    by_result: dict[int, list[Check]] = {}
    with book.engine.connect() as database:
        for row in database.execute(query):
            if row.result in wanted:
                told = dict(zip(names, row[1:])) | {"visible": bool(row.visible)}
                by_result.setdefault(row.result, []).append(Check(**told))
        rows = database.execute(
            select(results.c.id, results.c.graded, results.c.isolation, results.c.seconds)
        ).all()
    return {row.id: Findings(*row[1:], tuple(by_result.get(row.id, ()))) for row in rows if row.id in wanted}


def decided(book: Gradebook) -> Iterator[Decision]:
    """Every decision ever made, oldest first."""
    columns = [c for c in changes.c if c.name != "id"]
    with book.engine.connect() as database:
        for row in database.execute(select(*columns).order_by(changes.c.id)):
            yield Decision(*row)
