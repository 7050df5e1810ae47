"""Canvas: its gradebook as CSV, filled in and given back.

Canvas knows its students by its own numbers, so a file for it is made from one that it exported: the columns that name a student
are kept byte for byte, and under each task's column stand the points. What is not graded is blank, which Canvas leaves as it is; an
excused student (EX) stays excused. Students that are on one side only are listed, never dropped silently.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ...errors import TitoError
from ...milestones.definitions import MILESTONES
from ..classroom import Student, Task
from ..sheets import Row, Sheet, number, written
from .points import Told
from .roster import student_at
from .standing import Standing

IDENTITY = ("Student", "ID", "SIS User ID", "SIS Login ID", "Integration ID", "Root Account", "Section")
NUMBER = re.compile(r"\s*\((\d+)\)\s*$")  # `Perceptron (1234)`: Canvas's number of an assignment
EXCUSED = "EX"


@dataclass(frozen=True)
class Filled:
    text: str
    graded: int  # cells with points
    new: list[str] = field(default_factory=list)  # tasks that Canvas will ask to make assignments of
    not_in_class: list[str] = field(default_factory=list)
    not_in_canvas: list[str] = field(default_factory=list)


def write(class_: Standing, template: Sheet) -> Filled:
    """The file to give back to Canvas."""
    identity = [i for name in IDENTITY if (i := template.column(name)) is not None]
    known = by_any_name(class_.students, template)
    columns = {task.id: column_of(task, template) for task in class_.tasks}
    heads = [task.id if (i := columns[task.id]) is None else template.head[i] for task in class_.tasks]
    rows = [[*(template.head[i] for i in identity), *heads]]
    most = {task.id: number(task.points) for task in class_.tasks}
    rows.append(
        [
            "    Points Possible" if template.head[i].strip() == "Student" else "" for i in identity
        ] + [most[task.id] for task in class_.tasks]
    )  # fmt: skip
    points = {(grade.student, grade.task): grade.points for grade in class_.grades}
    matched, strangers, graded = set(), [], 0
    for row in students_in(template):
        student = known(row)
        if student is None:
            strangers.append(template.cell(row, template.column("Student")))
            continue
        matched.add(student.id)
        cells = [cell_for(points[student.id, t.id], template.cell(row, columns[t.id])) for t in class_.tasks]
        graded += sum(cell not in ("", EXCUSED) for cell in cells)
        rows.append([*(row.cells[i] if i < len(row.cells) else "" for i in identity), *cells])
    return Filled(
        written(rows, template.delimiter), graded, [task for task, i in columns.items() if i is None], strangers,
        [student.id for student in class_.students if student.id not in matched],
    )  # fmt: skip


def cell_for(points: float | None, before: str) -> str:
    return EXCUSED if before.upper() == EXCUSED else number(points)


def column_of(task: Task, template: Sheet) -> int | None:
    """Canvas's column for a task, called by its id or title."""
    names = {plain(name) for name in names_of(task)}
    found = [i for i, head in enumerate(template.head) if plain(NUMBER.sub("", head)) in names]
    if len(found) > 1:
        raise template.error(
            template.rows[0], f"two columns are {task.id}: {', '.join(template.head[i] for i in found)}"
        )
    return found[0] if found else None


def names_of(task: Task) -> Iterator[str]:
    yield task.id
    if task.kind == "milestone":
        entry = MILESTONES[task.id]
        yield entry["name"]
        if "number" in entry:
            yield f"Milestone {entry['number']}"
            yield f"Milestone {entry['number']}: {entry['name']}"
    else:
        yield f"Module {task.id[:2]}"
        yield task.id[3:]


def plain(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name).strip().lower()


def students_in(sheet: Sheet) -> Iterator[Row]:
    """The rows that are students: not what Canvas writes between the header and the first of them, nor its test student."""
    name, ident = sheet.column("Student"), sheet.column("ID")
    if name is None or ident is None:
        raise sheet.error(
            sheet.rows[0], "this is no gradebook that Canvas exported: it has no columns Student and ID",
            "Canvas: Grades, Export, Export Entire Gradebook",
        )  # fmt: skip
    for row in sheet.rows[1:]:
        shown = sheet.cell(row, name)
        if shown == "Points Possible" or not sheet.cell(row, ident) or shown == "Student, Test":
            continue
        yield row


def by_any_name(students: tuple[Student, ...], sheet: Sheet):
    """Who a row of Canvas is in the class: its login, SIS number or address is an id or an address here. Canvas's own numbers count only
    where there is nothing else: a student's number elsewhere may be another's there."""
    names: dict[str, set[Student]] = {}
    for student in students:
        for word in (student.id, student.email):
            if word:
                names.setdefault(word.lower(), set()).add(student)
    outside = [
        i for name in ("SIS Login ID", "SIS User ID", "Email") if (i := sheet.column(name)) is not None
    ]
    number_there = sheet.column("ID")
    columns = outside or ([] if number_there is None else [number_there])

    def known(row: Row) -> Student | None:
        found = {student for i in columns for student in names.get(sheet.cell(row, i).lower(), ())}
        if len(found) > 1:
            raise sheet.error(row, f"this is {' and '.join(sorted(s.id for s in found))} at once")
        return found.pop() if found else None

    return known


# ---------------------------------------------------------------- reading


def students(sheet: Sheet) -> list[Student]:
    """Canvas's students for a roster: known by their login, or where the export has none by Canvas's number."""
    login = sheet.column("SIS Login ID")
    found = []
    for row in students_in(sheet):
        ident = sheet.cell(row, login) or sheet.cell(row, sheet.column("ID"))
        name = sheet.cell(row, sheet.column("Student"))
        last, comma, first = name.partition(",")
        shown = f"{first.strip()} {last.strip()}" if comma else name
        email = sheet.cell(row, sheet.column("Email")) or (ident if "@" in ident else "")
        found.append(student_at(sheet, row, ident, shown, email))
    return found


def points(
    class_students: tuple[Student, ...], tasks: tuple[Task, ...], sheet: Sheet
) -> tuple[Told, list[str]]:
    """The points that Canvas shows, and its students that the class does not have."""
    known = by_any_name(class_students, sheet)
    columns = {task.id: i for task in tasks if (i := column_of(task, sheet)) is not None}
    if not columns:
        raise TitoError(
            f"{sheet.path.name}: no column is a task of the class", f"its tasks: {', '.join(t.id for t in tasks)}"
        )  # fmt: skip
    told: Told = {}
    strangers = []
    for row in students_in(sheet):
        student = known(row)
        if student is None:
            strangers.append(sheet.cell(row, sheet.column("Student")))
            continue
        for task, i in columns.items():
            if sheet.cell(row, i).upper() not in ("", EXCUSED, "N/A"):
                value = sheet.points(row, i)
                if value is not None:
                    told[student.id, task] = value
    return told, strangers
