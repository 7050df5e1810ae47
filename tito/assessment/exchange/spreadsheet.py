"""A class's points as CSV: a row a student, a column a task. What an instructor changes in it can be imported again."""

from __future__ import annotations

from ..sheets import guarded, number, written
from .standing import Standing

BEFORE = ("student", "name", "email")


def write(class_: Standing) -> str:
    head = [*BEFORE, *(task.id for task in class_.tasks), "total", "of"]
    most = number(sum(task.points for task in class_.tasks))
    rows = []
    for student, grades in class_.by_student():
        points = [grade.points for grade in grades]
        known = [value for value in points if value is not None]
        total = round(sum(known), 4) if known else None
        who = (guarded(text) for text in (student.id, student.name, student.email))
        rows.append([*who, *(number(value) for value in points), number(total), most])
    return written([head, *rows])
