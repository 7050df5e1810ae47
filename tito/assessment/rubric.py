"""What a grade depends on beside the submission, as two digests: the rubric (what is asked, and how it is judged) and the environment.

A grade with the same two is the same grade, and is not made again.
"""

from __future__ import annotations

import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from ..course import the_course
from ..milestones.definitions import find_milestone
from ..milestones.fingerprint import digest_of, file_digest
from .classroom import Task

TITO = Path(__file__).resolve().parents[1]
JUDGING = (
    "exam",
    "judging",
    "language",
    "curriculum",
    "replay",
    "probe",
    "probes",
    "scratch",
    "yardstick",
    "clock",
)  # what can change a score


def rubric_of(task: Task) -> str:
    """The task's own files, and those that judge it."""
    judges = {name: file_digest(TITO / "milestones" / f"{name}.py") for name in JUDGING}
    asked: dict[str, Any]
    if task.kind == "milestone":
        one = find_milestone(task.id)
        asked = {
            "judges": one.judges(one.graded), "settings": one.config["settings"], "limits": one.grading,
            "script": file_digest(one.script), "questions": one.questions, "grading": file_digest(TITO / "assessment" / "exams.py"),
        }  # fmt: skip
    else:
        module = the_course().module(task.id)
        folder = the_course().lessons / module.name
        asked = {path.name: file_digest(path) for path in sorted(folder.glob("*")) if path.is_file()}
        asked["grading"] = file_digest(TITO / "assessment" / "modules.py")
    asked["answers"] = [
        task.questions.share,
        task.questions.required,
        file_digest(TITO / "assessment" / "answers.py"),
    ]
    return digest_of([task.kind, task.id, asked, judges])


def environment() -> str:
    """The versions that numbers may depend on. The tier does not belong to them: it is stamped on each grade."""
    return f"Python {platform.python_version()}, NumPy {metadata.version('numpy')}, {platform.machine()}"
