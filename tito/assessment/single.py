"""One submission graded for one task, without a gradebook: on Gradescope's machine, on GitHub's, or to see what a student sees.

Where there is no class the task is graded with open seeds for the points that the course gives it, which is what a student can do at home.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from ..course import the_course
from ..milestones.definitions import MILESTONES
from .classroom import Class, Task
from .exchange.standing import Findings
from .grades import Grade
from .intake import IntakeError, take_in
from .plain import plain
from .results import Check, Job, Result
from .store import now, stamp

OPEN_KEY = b"open seeds"  # of a grade that counts nowhere


@dataclass(frozen=True)
class Graded:
    """What came of it, in the shapes that exports take."""

    grade: Grade
    findings: Findings
    digest: str = ""
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return self.grade.score == 1.0


def open_class() -> Class:
    """Every task there is, for nobody in particular."""
    tasks = [Task("milestone", ident, 100.0) for ident in MILESTONES]
    tasks += [Task("module", module.name, float(module.points or 100)) for module in the_course().modules]
    return Class(Path(), "the course", tuple(tasks), key=OPEN_KEY)


def grade_one(room: Class, task: Task, source: Path, student: str, tier: str) -> Graded:
    """Take a submission in and grade it. One that cannot be read is the student's, and has its verdict and no points."""
    from . import driver

    digest, left_out = "", {}
    try:
        submission = take_in(source)
    except IntakeError as error:
        told = Check("submission", "invalid_submission", message=plain(str(error)))
        result = Result("invalid_submission", 0.0, tier, checks=(told,))
    else:
        digest, left_out = submission.digest, submission.left_out
        with tempfile.TemporaryDirectory(prefix="tito-grade-") as scratch:
            archive = submission.keep(Path(scratch))
            result = driver.grade(room, Job(0, 0, student, digest, task.id, 0, 1, ""), archive, tier)
    graded = result.verdict != "grader_error"
    grade = Grade(
        student, task.id, round(result.score * task.points, 4) if graded else None, task.points, result.verdict, result.score,
        attempts=int(graded), result=0,
    )  # fmt: skip
    return Graded(grade, Findings(stamp(now()), tier, result.seconds, result.checks), digest, left_out)


def submitter(metadata: Path) -> str:
    """Whose submission Gradescope says it is: the first submitter's e-mail address. For the seeds alone."""
    try:
        told = json.loads(metadata.read_text(encoding="utf-8"))
        return str(told["users"][0]["email"])
    except (OSError, ValueError, LookupError, TypeError):
        return "gradescope"
