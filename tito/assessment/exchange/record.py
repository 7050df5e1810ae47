"""A class as JSON: everything an export knows, and read back as the same thing."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from ...errors import TitoError
from ..classroom import Questions, Student, Task
from ..grades import Grade
from ..results import Check
from .standing import Decision, Findings, Standing

FORMAT, VERSION = "tito class", 1


def write(class_: Standing) -> str:
    """A line a grade, so that two of these can be compared."""
    dumps = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=vars).encode
    lists = {
        "tasks": [vars(task) | {"due": task.due and task.due.isoformat()} for task in class_.tasks],
        "students": class_.students,
        "grades": [vars(grade) | {"findings": class_.of(grade)} for grade in class_.grades],
        "decisions": class_.decisions,
    }
    head = {"format": FORMAT, "version": VERSION, "class": class_.name}
    parts = [f"{dumps(key)}: {dumps(value)}" for key, value in head.items()]
    for key, rows in lists.items():
        lines = ",\n  ".join(map(dumps, rows))
        parts.append(f"{dumps(key)}: [\n  {lines}\n ]" if lines else f"{dumps(key)}: []")
    return "{\n " + ",\n ".join(parts) + "\n}\n"


def read(text: str, name: str = "the file") -> Standing:
    try:
        record = json.loads(text)
        if record["format"] != FORMAT:
            raise ValueError(f"its format is {record['format']!r}")
        if record["version"] > VERSION:
            raise TitoError(f"{name} was written by a newer tito (format {record['version']})", "update tito")
        return parsed(record)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TitoError(
            f"{name} is no class that tito exported: {error}", "tito assessment export json"
        ) from None


def parsed(record: dict[str, Any]) -> Standing:
    findings: dict[int, Findings] = {}
    grades = []
    for row in record["grades"]:
        found = row.pop("findings")
        grades.append(Grade(**row))
        if found:
            found["checks"] = tuple(Check(**check) for check in found["checks"])
            findings[row["result"]] = Findings(**found)
    tasks = [
        Task(
            **task | {"due": task["due"] and datetime.fromisoformat(task["due"]), "questions": Questions(**task.get("questions", {}))}
        )
        for task in record["tasks"]
    ]  # fmt: skip
    return Standing(
        record["class"], tuple(tasks), tuple(Student(**student) for student in record["students"]), tuple(grades), findings,
        tuple(Decision(**decision) for decision in record["decisions"]),
    )  # fmt: skip
