"""A class as JSON: everything an export knows, and read back as the same thing."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from ...errors import TitoError
from ..classroom import Student, Task
from ..grades import Grade
from ..store import Check
from .standing import Decision, Findings, Standing

FORMAT, VERSION = "tito class", 1


def write(class_: Standing) -> str:
    record = {
        "format": FORMAT,
        "version": VERSION,
        "class": class_.name,
        "tasks": [asdict(task) | {"due": task.due and task.due.isoformat()} for task in class_.tasks],
        "students": [asdict(student) for student in class_.students],
        "grades": [
            asdict(grade) | {"findings": asdict(found) if (found := class_.of(grade)) else None}
            for grade in class_.grades
        ],
        "decisions": [asdict(decision) for decision in class_.decisions],
    }
    return json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


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
        Task(**task | {"due": task["due"] and datetime.fromisoformat(task["due"])})
        for task in record["tasks"]
    ]
    return Standing(
        record["class"], tuple(tasks), tuple(Student(**student) for student in record["students"]), tuple(grades), findings,
        tuple(Decision(**decision) for decision in record["decisions"]),
    )  # fmt: skip
