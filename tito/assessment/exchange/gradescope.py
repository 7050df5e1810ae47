"""Gradescope: `results.json` as its autograders write it, and what it exports: a roster, grades, submissions.

The fields are those of https://gradescope-autograders.readthedocs.io/en/latest/specs/. Texts are sent as `text`, so that nothing a
submission printed becomes HTML on their page.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import yaml

from ...errors import TitoError
from ..classroom import Student, Task
from ..grades import Grade
from ..intake import Entry, IntakeError, entries_of, gather
from ..sheets import Sheet
from .handed_in import HandedIn
from .points import Told
from .roster import student_at
from .standing import Findings, Standing

METADATA = "submission_metadata.yml"
LARGEST_METADATA = 64 << 20


# ---------------------------------------------------------------- results.json


def results(grade: Grade, found: Findings | None) -> dict[str, Any]:
    """One submission's results.json. The score on top counts there; the tests say where it comes from."""
    checks = found.checks if found else ()
    weight = sum(check.weight for check in checks)
    tests = [
        {
            "name": check.name,
            "number": str(place),
            "score": round(check.score * check.weight / weight * grade.most, 4) if weight else 0.0,
            "max_score": round(check.weight / weight * grade.most, 4) if weight else 0.0,
            "status": "passed" if check.verdict == "passed" else "failed",
            "output": told(check.message, check.verdict),
            "output_format": "text",
            "visibility": "visible" if check.visible else "hidden",
            "extra_data": {"verdict": check.verdict},
        }
        for place, check in enumerate(checks, 1)
    ]
    return {
        "score": grade.points,
        "execution_time": round(found.seconds, 3) if found else 0.0,
        "output": summary(grade),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {
            "task": grade.task,
            "max_score": grade.most,
            "verdict": grade.verdict,
            "days_late": grade.days_late,
            "isolation": found.isolation if found else "",
            "graded": found.graded if found else "",
        },
        "tests": tests,
    }


def told(message: str, verdict: str) -> str:
    return message or ("" if verdict == "passed" else verdict.replace("_", " "))


def summary(grade: Grade) -> str:
    words = [f"{grade.task}: {grade.verdict.replace('_', ' ')}."]
    if grade.days_late:
        words.append(f"{grade.days_late} day{'s' * (grade.days_late != 1)} late.")
    if grade.why:
        words.append(f"Set by the instructor: {grade.why}")
    return " ".join(words)


def write(class_: Standing) -> dict[str, dict[str, Any]]:
    """results.json for everything that has points, by `TASK/STUDENT.json`."""
    return {
        f"{grade.task}/{grade.student}.json": results(grade, class_.of(grade))
        for grade in class_.grades
        if grade.points is not None
    }


# ---------------------------------------------------------------- its tables


def students(sheet: Sheet) -> list[Student]:
    """The students of its roster or of its grades: known by the SID, or where there is none by the e-mail address."""
    columns = {
        name: sheet.column(name) for name in ("SID", "Email", "Name", "First Name", "Last Name", "Role")
    }
    if columns["Email"] is None:
        raise sheet.error(
            sheet.rows[0], "this is no table that Gradescope exported: it has no column Email",
            "Gradescope: Roster, Download Roster; or an assignment's Download Grades",
        )  # fmt: skip
    found = []
    for row in sheet.rows[1:]:
        cell = lambda name, row=row: sheet.cell(row, columns[name])
        if columns["Role"] is not None and cell("Role").lower() not in ("student", ""):
            continue
        name = cell("Name") or f"{cell('First Name')} {cell('Last Name')}".strip()
        found.append(student_at(sheet, row, cell("SID") or cell("Email"), name, cell("Email")))
    return found


def points(
    class_students: tuple[Student, ...], tasks: tuple[Task, ...], sheet: Sheet
) -> tuple[Told, list[str]]:
    """The points of its course grades, where a column is called as a task is; and the students the class does not have."""
    columns = {task.id: i for task in tasks if (i := sheet.column(task.id)) is not None}
    if not columns:
        raise sheet.error(
            sheet.rows[0], "no column is a task of the class", f"its tasks: {', '.join(t.id for t in tasks)}"
        )  # fmt: skip
    known = {word.lower(): s for s in class_students for word in (s.id, s.email) if word}
    told_points: Told = {}
    strangers = []
    sid, email = sheet.column("SID"), sheet.column("Email")
    for row in sheet.rows[1:]:
        words = [sheet.cell(row, column) for column in (sid, email)]
        student = next((known[word.lower()] for word in words if word.lower() in known), None)
        if student is None:
            strangers.append(next((word for word in words if word), f"line {row.line}"))
            continue
        for task, i in columns.items():
            value = sheet.points(row, i)
            if value is not None:
                told_points[student.id, task] = value
    return told_points, strangers


# ---------------------------------------------------------------- its submissions


def is_export(path: Path) -> bool:
    """A folder or an archive, which `Export Submissions` gives; its tables are CSV."""
    return path.is_dir() or path.suffix.lower() == ".zip"


def submissions(path: Path) -> list[HandedIn]:
    """What `Export Submissions` gives: a folder, or a zip of one, with submission_metadata.yml in it."""
    with opened(path) as (entries, top):
        found = next((e for e in entries if e.path == f"{top}{METADATA}"), None)
        if found is None:
            raise TitoError(
                f"{path.name}: there is no {METADATA} in it", "Gradescope: Review Grades, Export Submissions"
            )
        about = metadata(path, found)
        return [one(entries, f"{top}{name}/", told) for name, told in about.items()]


@contextmanager
def opened(path: Path) -> Iterator[tuple[list[Entry], str]]:
    """All entries, and the folder in it that holds everything."""
    with entries_of(path) as found:
        entries = list(found)
        tops = [e.path[: -len(METADATA)] for e in entries if e.path.rsplit("/", 1)[-1] == METADATA]
        yield entries, min(tops, key=len, default="")


def metadata(path: Path, entry: Entry) -> dict[str, dict[str, Any]]:
    with entry.open() as file:  # type: ignore[operator]
        data = file.read(LARGEST_METADATA + 1)
    try:
        if len(data) > LARGEST_METADATA:
            raise ValueError("it is too large")
        about = yaml.load(io.BytesIO(data), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        if not isinstance(about, dict) or not all(isinstance(value, dict) for value in about.values()):
            raise ValueError("wanted submissions by their names")
    except (ValueError, yaml.YAMLError) as error:
        raise TitoError(f"{path.name}: {METADATA} cannot be read: {str(error).splitlines()[0]}") from None
    return {str(name): value for name, value in about.items()}


def one(entries: list[Entry], prefix: str, told: dict[str, Any]) -> HandedIn:
    """The files under one submission's folder, taken in as any other submission is."""
    submitters = told.get(":submitters") or []
    names = tuple(
        str(person[key])
        for person in submitters
        if isinstance(person, dict)
        for key in (":sid", ":email")
        if person.get(key)
    )
    when = told.get(":created_at")
    if isinstance(when, str):
        try:
            when = datetime.fromisoformat(when.strip().replace(" Z", "+00:00"))
        except ValueError:
            when = None
    when = when if isinstance(when, datetime) else None
    if when is not None and when.tzinfo is None:
        when = when.replace(tzinfo=timezone.utc)
    mine = (replace(e, path=e.path[len(prefix) :]) for e in entries if e.path.startswith(prefix))
    try:
        return HandedIn(names, when, gather(prefix.rstrip("/").rsplit("/", 1)[-1], mine))
    except IntakeError as error:
        return HandedIn(names, when, problem=str(error))
