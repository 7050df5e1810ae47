"""Who is in the class: a list from elsewhere is merged into roster.csv. Nobody is taken out unless it is asked for, no grade ever."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ...files import write_atomic
from ..classroom import STUDENT, ClassError, Student, roster
from ..plain import plain
from ..sheets import Sheet, guarded, read_sheet, unguarded, written

HEAD = ("student", "name", "email")


@dataclass(frozen=True)
class Merged:
    """What a list changes: student ids."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)  # in the class, not in the list
    students: tuple[Student, ...] = ()


def merge(old: Iterable[Student], new: Iterable[Student], drop: bool = False) -> Merged:
    """The same id, whatever its case, or the same e-mail address is the same student; what the list leaves empty stays as it was."""
    known = {student.id.lower(): student for student in old}
    by_email = {student.email.lower(): key for key, student in known.items() if student.email}
    added, changed, listed = [], [], {}
    for student in new:
        key = student.id.lower()
        key = key if key in known else by_email.get(student.email.lower(), key)
        before = known.get(key)
        after = following(before, student) if before else student
        if before is None and key not in listed:
            added.append(student.id)
        elif before is not None and after != before:
            changed.append(before.id)
        listed[key] = after
    gone = [student.id for key, student in known.items() if key not in listed]
    kept = {key: student for key, student in known.items() if key in listed or not drop}
    return Merged(added, changed, gone, tuple({**kept, **listed}.values()))


def following(before: Student, told: Student) -> Student:
    email = before.email if told.email.lower() in ("", before.email.lower()) else told.email
    return Student(before.id, told.name or before.name, email)


def write(path: Path, students: Iterable[Student]) -> None:
    """Write roster.csv; columns of one's own in it (a section, a note) stay with their students."""
    own: dict[str, list[str]] = {}
    extra: list[str] = []
    if path.is_file():
        sheet = read_sheet(path)
        places = [i for i, name in enumerate(sheet.head) if name.strip().lower() not in HEAD]
        extra = [sheet.head[i] for i in places]
        column = sheet.column("student")
        own = {
            sheet.cell(row, column).lower(): [sheet.cell(row, i) for i in places] for row in sheet.rows[1:]
        }
    rows = [
        [student.id, guarded(student.name), guarded(student.email), *own.get(student.id.lower(), [""] * len(extra))]
        for student in students
    ]  # fmt: skip
    write_atomic(path, written([[*HEAD, *extra], *rows]))


def from_csv(path: Path) -> list[Student]:
    """The students of a CSV file with the columns student, name, email."""
    return roster(path)


def student_at(sheet: Sheet, row, ident: str, name: str = "", email: str = "") -> Student:
    """A student as a row of somebody else's table tells; its id has to be one that can name files."""
    if not STUDENT.fullmatch(ident):
        raise ClassError(
            f"{sheet.path.name}:{row.line}: student {ident!r}: letters, digits and . _ @ + - only, at most 80"
        )
    return Student(ident, plain(unguarded(name)), plain(unguarded(email)))
