"""What an instructor decides beside the grading: an override of a student's points, an extension of a due date.

A decision is added, never changed: the last one counts, one with an empty value takes back those before it, and each keeps its reason.
"""

from __future__ import annotations

import difflib
import math
import re
from datetime import datetime, timedelta, timezone

from ..course import the_course
from ..errors import TitoError
from ..milestones.definitions import find_milestone
from .classroom import Class, Student, Task
from .store import Gradebook, stamp

OVERRIDE, EXTENSION = "override", "extension"
AFTER = re.compile(r"\+(\d+(?:\.\d+)?)\s*([dh])")
UNITS = {"d": "days", "h": "hours"}


def student_named(room: Class, name: str) -> Student:
    """The student of that id or e-mail address."""
    wanted = name.strip().lower()
    for student in room.students:
        if wanted and wanted in (student.id.lower(), student.email.lower()):
            return student
    words = {word.lower(): s.id for s in room.students for word in (s.id, s.name, s.email) if word}
    near = difflib.get_close_matches(wanted, words, n=4, cutoff=0.5)
    near += [word for word in words if len(wanted) > 2 and wanted in word]
    close = list(dict.fromkeys(words[word] for word in near))[:6]
    hint = f"near ones: {', '.join(close)}" if close else f"the roster has {len(room.students)}: roster.csv"
    raise TitoError(f"there is no student {name!r} in {room.name}", hint, near=close)


def task_named(room: Class, name: str) -> Task:
    """The task of that id, or what is called so elsewhere: `2` is a milestone, `02` a module, `activations` a word for one."""
    by_id = {task.id: task for task in room.tasks}
    if name in by_id:
        return by_id[name]
    called = []
    for find in (lambda word: find_milestone(word).id, lambda word: the_course().module(word).name):
        try:
            ident = find(name)
        except TitoError:
            continue
        if ident in by_id:
            called.append(ident)
    if name.isdigit() and len(called) == 2:
        called = called[1:] if len(name) == 2 else called[:1]
    if len(called) == 1:
        return by_id[called[0]]
    known = ", ".join(by_id) or "none"
    if called:
        raise TitoError(f"{name!r} is a milestone and a module here", f"say {' or '.join(called)}")
    raise TitoError(f"{room.name} has no task {name!r}", f"its tasks: {known}")


def points_of(task: Task, text: str, bonus: bool = False) -> float:
    """Points as typed. More than the task has is more likely a slip than a present: it has to be asked for."""
    try:
        points = float(text)
    except ValueError:
        points = math.nan
    if not math.isfinite(points) or points < 0:
        raise TitoError(f"points are {text!r}; wanted a number from 0 on")
    if points > task.points and not bonus:
        raise TitoError(f"{task.id} has {task.points:g} points, not {points:g}", "--bonus, if it is meant")
    return points


def moment_of(task: Task, text: str) -> datetime:
    """A new due date: a date (its last minute), a date with a time, or `+3d` and `+12h` after the old one."""
    if task.due is None:
        raise TitoError(f"{task.id} has no due date: there is nothing to extend", "class.yaml")
    after = AFTER.fullmatch(text.strip())
    try:
        if after:
            when = task.due + timedelta(**{UNITS[after[2]]: float(after[1])})
        else:
            when = datetime.fromisoformat(text.strip())
            if len(text.strip()) == len("2026-12-05"):
                when = when.replace(hour=23, minute=59, second=59)
            when = when.astimezone(timezone.utc)
    except (ValueError, OverflowError):
        raise TitoError(
            f"{text!r} is no moment", "2026-12-05, '2026-12-05 18:00', or +3d after the due date"
        ) from None
    if when <= task.due:
        shown = task.due.astimezone().strftime("%Y-%m-%d %H:%M")
        raise TitoError(f"{task.id} is due {shown} anyway: {text} gives no time", "a later moment")
    return when


def override(book: Gradebook, student: Student, task: Task, points: float, reason: str) -> None:
    book.decide(OVERRIDE, student.id, task.id, repr(points), reason)


def extend(book: Gradebook, student: Student, task: Task, when: datetime, reason: str) -> None:
    book.decide(EXTENSION, student.id, task.id, stamp(when), reason)


def take_back(book: Gradebook, kind: str, student: Student, task: Task, reason: str) -> None:
    """A new decision that says: as if there had been none."""
    found = book.decisions(kind).get((student.id, task.id))
    if not found or not found["value"]:
        raise TitoError(f"{student.id} has no {kind} for {task.id}", f"tito assessment {kind} --list")
    book.decide(kind, student.id, task.id, "", reason)
