"""Overrides and extensions: added with a reason, never changed, taken back by a new one."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner

from tests.assessment.exchange_class import DUE, a_class
from tito.assessment.decisions import moment_of, points_of, student_named, task_named
from tito.assessment.grades import grades
from tito.assessment.single import open_class
from tito.commands.assessment import assessment
from tito.errors import TitoError


@pytest.fixture
def room(tmp_path):
    room, book = a_class(tmp_path / "cs101")
    yield room, book
    book.close()


def tito(room, *words):
    return CliRunner().invoke(assessment, [*words, "--class", str(room.folder)], env={"NO_COLOR": "1"})


def shown(room, book, student, task):
    (one,) = [g for g in grades(room, book) if (g.student, g.task) == (student, task)]
    return one


def test_an_override_and_back(room):
    room, book = room
    done = tito(room, "override", "ann", "perceptron", "9.5", "--reason", "regraded by hand")
    assert done.output == "ann, perceptron: 9.5 of 10 points (set: regraded by hand)\n"
    assert shown(room, book, "ann", "perceptron").points == 9.5
    assert tito(room, "override", "ann", "perceptron", "--undo", "--reason", "was Bob's").exit_code == 0
    one = shown(room, book, "ann", "perceptron")
    assert (one.points, one.why) == (7.5, "")
    told = json.loads(tito(room, "override", "ann", "--list", "--json").output)
    assert [(d["value"], d["reason"]) for d in told] == [("9.5", "regraded by hand"), ("", "was Bob's")]
    listed = tito(room, "override", "--list").output
    assert "taken back" in listed and "shown at the board" in listed and book.broken_at() is None
    again = tito(room, "override", "ann", "perceptron", "--undo", "--reason", "x")
    assert "ann has no override for perceptron" in str(again.exception)


def test_an_extension_and_back(room):
    room, book = room
    assert (shown(room, book, "bob", "perceptron").points, shown(room, book, "bob", "perceptron").days_late) == (8, 2)  # fmt: skip
    done = tito(room, "extension", "bob@x.org", "perceptron", "+2d", "--reason", "ill")
    assert done.output.startswith("bob, perceptron: 10 of 10 points\n  due 2026-12-03")
    one = shown(room, book, "bob", "perceptron")
    assert (one.points, one.days_late, one.extended[:16]) == (10, 0, "2026-12-03T12:00")
    assert shown(room, book, "ann", "perceptron").extended == ""
    tito(room, "extension", "bob", "perceptron", "--undo", "--reason", "not ill")
    assert shown(room, book, "bob", "perceptron").points == 8


def test_when(room):
    (perceptron, tensor) = room[0].tasks
    assert moment_of(perceptron, "+36h") == DUE + timedelta(hours=36)
    assert moment_of(perceptron, "2026-12-05T10:00:00+02:00").isoformat() == "2026-12-05T08:00:00+00:00"
    assert moment_of(perceptron, "2026-12-05").astimezone().strftime("%H:%M:%S") == "23:59:59"
    for text in ("tomorrow", "+3", "-1d", "2026-13-01", ""):
        with pytest.raises(TitoError, match="is no moment"):
            moment_of(perceptron, text)
    with pytest.raises(TitoError, match="gives no time"):
        moment_of(perceptron, "2026-11-30")
    with pytest.raises(TitoError, match="01_tensor has no due date"):
        moment_of(tensor, "+1d")


def test_how_many(room):
    task = room[0].tasks[0]
    assert (points_of(task, "0"), points_of(task, "12", bonus=True)) == (0, 12)
    with pytest.raises(TitoError, match="perceptron has 10 points, not 100") as error:
        points_of(task, "100")
    assert "--bonus" in error.value.hint
    for text in ("-1", "nan", "inf", "ten"):
        with pytest.raises(TitoError, match=f"points are '{text}'"):
            points_of(task, text)


def test_who_and_what(room):
    room, _ = room
    assert student_named(room, "ANN").id == "ann" and student_named(room, "dan@x.org").id == "dan"
    with pytest.raises(TitoError, match="no student 'anne' in cs101") as error:
        student_named(room, "anne")
    assert error.value.hint == "near ones: ann, dan" or "ann" in error.value.details["near"]
    assert task_named(room, "tensor").id == "01_tensor" and task_named(room, "perceptron").id == "perceptron"
    everything = open_class()
    assert [task_named(everything, name).id for name in ("2", "02", "activations", "1957")] == [
        "computer_vision", "02_autograd", "03_activations", "perceptron",
    ]  # fmt: skip
    with pytest.raises(TitoError, match="has no task 'xor'"):
        task_named(room, "xor")


def test_words_that_are_missing(room):
    room, book = room
    assert "wanted STUDENT TASK POINTS" in tito(room, "override", "ann").output
    assert "needs a reason" in str(tito(room, "override", "ann", "perceptron", "3").exception)
    assert book.decisions("override").keys() == {("dan", "01_tensor")}
