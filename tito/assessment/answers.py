"""The answers to a task's capability questions: part of the marks if they were handed in, or always where class.yaml requires them.

They stand in `modules/NN_name/answers.yaml` or `milestones/NAME/answers.yaml`, where `tito module quiz` and `tito milestone quiz` write them: the
places of the choices, from 0. All of them together weigh a share of what the task's other checks weigh.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ..quiz import answers_of
from .classroom import Task
from .results import Check

QUESTIONS = "questions"  # the check's name
# [1, 0, 2], or one on each line: read without a parser, since it is the student's.
ANSWERS = re.compile(r"[\s\d,\[\]-]{0,1000}")


def answered(folder: Path, task: Task, asked: list[dict[str, Any]], others: float) -> list[Check]:
    """The check of the answers in a submission that is laid out; none if nothing was asked, or none were given nor required."""
    name, weight = answers_of(task.kind, task.id), task.questions.share * others
    path = folder / name
    if not asked or not (path.is_file() or task.questions.required):
        return []
    if not path.is_file():
        told = f"{name} was not handed in; tito {task.kind} quiz writes it"
        return [Check(QUESTIONS, "missing_submission", 0.0, weight, told)]
    with path.open("rb") as file:
        text = file.read(1001).decode("ascii", "replace")
    given = [int(word) for word in re.findall(r"\d{1,2}", text)] if ANSWERS.fullmatch(text) else []
    if len(given) != len(asked):
        told = f"{name}: wanted {len(asked)} numbers, one for each question, from 0 on"
        return [Check(QUESTIONS, "invalid_submission", 0.0, weight, told)]
    right = sum(answer == question["answer"] for answer, question in zip(given, asked))
    verdict = "passed" if right == len(asked) else "partial" if right else "failed"
    told = f"{right} of {len(asked)} questions answered rightly"
    return [Check(QUESTIONS, verdict, right / len(asked), weight, told)]
