"""The grade that is shown: a view of the gradebook under the class's policies, never a row in it.

First which attempts count, then what lateness costs (under an extension, if there is one), then the instructor's override. Moving a due
date, or changing a policy, needs no grading again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from .classroom import Class, Late, Task
from .store import Gradebook


@dataclass(frozen=True)
class Grade:
    """One student's grade for one task. `points` is None as long as there is nothing to grade: blank, not 0."""

    student: str
    task: str
    points: float | None
    most: float
    verdict: str
    score: float = 0.0
    days_late: int = 0
    attempts: int = 0
    handed_in: str = ""
    result: int | None = None
    why: str = ""  # the reason of an override
    extended: str = ""  # until when, if there is an extension


CHOOSE = {  # among attempts, oldest first, as (what is left of the score, days late, attempt)
    "best": lambda judged: max(judged, key=lambda j: j[0]),
    "last": lambda judged: judged[-1],
    "first": lambda judged: judged[0],
}


def grades(room: Class, book: Gradebook) -> list[Grade]:
    """Every student's grade for every task of the class, in the roster's order."""
    by_task: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for attempt in book.attempts():
        by_task.setdefault((attempt["student"], attempt["task"]), []).append(attempt)
    extensions, overrides = book.decisions("extension"), book.decisions("override")
    return [
        grade(room, task, student.id, by_task.get((student.id, task.id), []), extensions.get((student.id, task.id)), overrides.get((student.id, task.id)))
        for student in room.students
        for task in room.tasks
    ]  # fmt: skip


def grade(
    room: Class, task: Task, student: str, attempts: list[dict], extension: dict | None, override: dict | None
) -> Grade:
    """A grader's error is no attempt: it costs nobody a point, and is listed for a person. A decision without a value takes back the one before."""
    extended = extension["value"] if extension else ""
    due = datetime.fromisoformat(extended) if extended else task.due
    known = [a for a in attempts if a["verdict"] != "grader_error"][: room.most_attempts]
    judged = [(*worth(a, due, room.late), a) for a in known]
    if not judged:
        shown = Grade(
            student, task.id, None, task.points, attempts[-1]["verdict"] if attempts else "missing_submission"
        )
    else:
        value, days, chosen = CHOOSE[room.attempts](judged)
        shown = Grade(
            student, task.id, round(value * task.points, 4), task.points, chosen["verdict"], chosen["score"], days, len(known),
            chosen["handed_in"], chosen["result"],
        )  # fmt: skip
    if extended:
        shown = replace(shown, extended=extended)
    if override and override["value"]:
        shown = replace(shown, points=float(override["value"]), why=override["reason"])
    return shown


def worth(attempt: dict, due: datetime | None, late: Late) -> tuple[float, int]:
    """What is left of an attempt's score, and how many days late it came."""
    if due is None:
        return attempt["score"], 0
    over = datetime.fromisoformat(attempt["handed_in"]) - due - timedelta(minutes=late.grace_minutes)
    days = max(0, math.ceil(over / timedelta(days=1)))
    left = 0.0 if days > late.days else max(0.0, 1 - late.per_day * days)
    return attempt["score"] * left, days
