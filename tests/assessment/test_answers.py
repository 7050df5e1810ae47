"""Answers to capability questions: graded where they were handed in, or missed where they are required."""

from __future__ import annotations

import json

import pytest

from tests.assessment.apart import COURSE
from tito.assessment import classroom
from tito.assessment.answers import answered
from tito.assessment.classroom import ClassError, Questions, Task
from tito.milestones.definitions import find_milestone
from tito.quiz import answers_of

XOR = find_milestone("1")
RIGHT = [question["answer"] for question in XOR.questions]
TASK = Task("milestone", XOR.id, 100.0)


def test_answers_are_marked(tmp_path):
    path = tmp_path / answers_of("milestone", XOR.id)
    path.parent.mkdir(parents=True)
    assert answered(tmp_path, TASK, XOR.questions, 20.0) == []
    for given, verdict, score in (
        (RIGHT, "passed", 1.0),
        ([RIGHT[0] + 1, *RIGHT[1:]], "partial", 1 - 1 / len(RIGHT)),
        ([9] * len(RIGHT), "failed", 0.0),
        (RIGHT[1:], "invalid_submission", 0.0),
        (["x"], "invalid_submission", 0.0),
        (["!!python/object:os.system"], "invalid_submission", 0.0),
    ):
        for text in (f"[{', '.join(map(str, given))}]\n", "".join(f"- {answer}\n" for answer in given)):
            path.write_text(text)
            (check,) = answered(tmp_path, TASK, XOR.questions, 20.0)
            assert (check.verdict, round(check.score, 6), check.weight) == (verdict, round(score, 6), 2.0)


def test_required_answers_that_are_missing_cost(tmp_path):
    task = Task("milestone", XOR.id, 100.0, questions=Questions(0.25, required=True))
    (check,) = answered(tmp_path, task, XOR.questions, 4.0)
    assert (check.verdict, check.score, check.weight) == ("missing_submission", 0.0, 1.0)
    assert "tito milestone quiz" in check.message
    assert answered(tmp_path, task, [], 4.0) == []


def test_the_class_says_what_they_weigh(tmp_path):
    room = classroom.make(tmp_path / "class", "c", [XOR.id], [COURSE.module("01_tensor")])
    assert all(task.questions == Questions() for task in room.tasks)
    path = room.folder / "class.yaml"
    path.write_text(path.read_text().replace("share: 0.1\n  required: false", "share: 0.5\n  required: true"))
    assert all(task.questions == Questions(0.5, True) for task in classroom.read(room.folder).tasks)
    path.write_text(path.read_text().replace("required: true", "required: maybe"))
    with pytest.raises(ClassError, match=r"class.yaml:\d+: questions.required is 'maybe'; true or false"):
        classroom.read(room.folder)


def test_a_milestone_with_answers(desk, work, best_tier):
    """What `tito milestone quiz` writes is handed in with the workspace, and counts."""
    path = work / answers_of("milestone", XOR.id)
    path.parent.mkdir(parents=True)
    for wrong, score in ((0, 1.0), (1, (4 + 0.4 * (1 - 1 / len(RIGHT))) / 4.4)):
        path.write_text(json.dumps([RIGHT[0] + wrong, *RIGHT[1:]]))
        result = desk.grade(work, best_tier)
        assert result.score == pytest.approx(score), result.checks
