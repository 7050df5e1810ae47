"""Submissions that another program collected, put into the class's submissions/ as one archive a student."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ..classroom import Class
from ..intake import IntakeError, Submission, take_in


@dataclass(frozen=True)
class HandedIn:
    """One submission that another program has: by whom (ids or e-mail addresses), when, and what is kept of it, or why nothing is."""

    names: tuple[str, ...]
    when: datetime | None
    submission: Submission | None = field(default=None, compare=False)
    problem: str = ""


@dataclass
class Placed:
    """What came of it, by student; a submission that could not be read has its reason."""

    new: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    older: list[str] = field(default_factory=list)  # what is there was handed in later
    problems: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)  # parts of submissions
    strangers: list[str] = field(default_factory=list)


def place(
    room: Class, student: str, submission: Submission, when: datetime | None, placed: Placed, dry_run: bool = False
) -> None:  # fmt: skip
    """Write `submissions/STUDENT.zip`, dated as it was handed in. What was there before moves to `submissions-before/`."""
    target = room.submissions / f"{student}.zip"
    there = [path for path in (target, room.submissions / student) if path.exists()]
    moment = when.timestamp() if when else None
    for path in there:
        if same(path, submission):
            placed.same.append(student)
            return
        if moment is not None and path.stat().st_mtime > moment:
            placed.older.append(student)
            return
    placed.left_out |= {f"{student}: {which}": why for which, why in submission.left_out.items()}
    (placed.replaced if there else placed.new).append(student)
    if dry_run:
        return
    room.submissions.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=room.folder, prefix=".taking-in-") as scratch:
        archive = submission.keep(Path(scratch))
        if moment is not None:
            os.utime(archive, (moment, moment))
        for path in there:
            put_aside(room, path)
        os.replace(archive, target)


def same(path: Path, submission: Submission) -> bool:
    try:
        return take_in(path).digest == submission.digest
    except IntakeError:
        return False


def put_aside(room: Class, path: Path) -> None:
    before = room.folder / "submissions-before"
    before.mkdir(exist_ok=True)
    number = 1
    while (target := before / f"{path.stem}-{number}{path.suffix}").exists():
        number += 1
    os.replace(path, target)
