"""A small class with one of everything: a late one, one with an override, one that the grader could not grade, one that handed in nothing."""

from datetime import datetime, timedelta, timezone

from tito.assessment.classroom import read
from tito.assessment.results import Check, Result
from tito.assessment.store import Gradebook

DUE = datetime(2026, 12, 1, 12, tzinfo=timezone.utc)
YAML = """name: cs101
milestones:
  perceptron: {points: 10, due: 2026-12-01T12:00:00+00:00}
modules:
  01_tensor: {points: 5}
late: {per_day: 0.1, days: 7, grace_minutes: 0}
"""
ROSTER = """student,name,email,section
ann,"Ann, the =first",ann@x.org,A
bob,'=cmd|' /C calc'!A0,bob@x.org,B
cay,Cay C.,,A
dan,,dan@x.org,B
"""
CHECKS = (
    Check("values", "passed", 1.0, 3.0, "", True, 0.97),
    Check("a <b>hidden</b> one", "failed", 0.0, 1.0, "expected 3 & got\x00 \x1b[31m4", False),
)


def a_class(folder):
    """The class in a folder, and its gradebook, open."""
    folder.mkdir()
    (folder / "class.yaml").write_text(YAML)
    (folder / "roster.csv").write_text(ROSTER)
    book = Gradebook(folder / "gradebook.db")
    hand_in(book, "ann", "perceptron", Result("partial", 0.75, "A", 1.25, CHECKS), DUE - timedelta(hours=1))
    hand_in(book, "bob", "perceptron", Result("passed", 1.0, "B", 0.5, CHECKS[:1]), DUE + timedelta(hours=30))
    hand_in(book, "cay", "perceptron", Result("grader_error", 0.0, "A"), DUE)
    hand_in(book, "ann", "01_tensor", Result("import_error", 0.0, "A", 0.25), DUE)
    book.decide("override", "dan", "01_tensor", "4.5", "shown at the board")
    return read(folder), book


def hand_in(book, student, task, result, when):
    submission = book.hand_in(student, f"{student}-{task}", when)
    assert book.enqueue(submission, task, "rubric", "here")
    assert book.finish(book.lease(), result)
