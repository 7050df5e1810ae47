"""A class, graded: what is queued, what is not done twice, what a failing grader leads to, and what a kill leaves behind."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.assessment import soak
from tito.assessment import batch as batching
from tito.assessment import classroom
from tito.assessment.batch import Order, batch, command, status
from tito.assessment.intake import Submission
from tito.assessment.results import Check, Result
from tito.assessment.scan import scan
from tito.assessment.store import Gradebook
from tito.errors import TitoError

PASSED = Result("passed", 1.0, "A", 0.1, (Check("sum", "passed", 1.0),))


class Stand:
    """An engine that answers at once with what a test wants; None stands for a driver that died."""

    slots = 2

    def __init__(self, answer):
        self.answer, self.out, self.seen = answer, [], []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.out.clear()

    def get_ready(self):
        assert not self.seen, "there are jobs already"

    def submit(self, job, archive):
        assert archive.is_file()
        self.seen.append((job.student, job.task))
        self.out.append(job)

    def wait(self, seconds):
        done, self.out = [(job, self.answer(job)) for job in self.out], []
        return done


@pytest.fixture
def room(tmp_path):
    classroom.make(tmp_path / "c", "c", ["xor", "cnn"], [])
    (tmp_path / "c" / "roster.csv").write_text("student\nann\nbob\neve\n")
    for name in ("ann", "bob"):
        hand_in(tmp_path / "c", name, f"# {name}")
    return classroom.read(tmp_path / "c")


def hand_in(folder, student, text, when=None):
    path = folder / "submissions" / student / "tinytorch" / "__init__.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    if when:
        os.utime(path, (when, when))


@pytest.fixture
def book(room):
    book = Gradebook(room.gradebook)
    yield book
    book.close()


@pytest.fixture
def run(room, book, monkeypatch):
    """`run(answer)` grades the class with an engine that gives this answer; the report, and what the engine was given."""
    monkeypatch.setattr(batching, "choose_tier", lambda wanted: "A")

    def go(answer=lambda job: PASSED, **order):
        stand = Stand(answer)
        monkeypatch.setattr(batching, "engine_of", lambda *_: stand)
        return batch(classroom.read(room.folder), book, Order(**order)), stand.seen

    return go


def test_what_has_a_grade_is_not_graded_again(room, run):
    report, seen = run()
    assert sorted(seen) == [("ann", "cnn"), ("ann", "xor"), ("bob", "cnn"), ("bob", "xor")]
    assert (report.jobs, report.graded, report.verdicts["passed"]) == (4, 4, 4)
    assert report.scan.missing == ["eve"]
    assert run()[0].jobs == 0
    hand_in(room.folder, "bob", "# better")
    report, seen = run()
    assert seen == [("bob", "xor"), ("bob", "cnn")] and report.scan.new == ["bob"]
    os.utime(room.submissions / "bob" / "tinytorch" / "__init__.py")
    assert run()[0].jobs == 0, "the same work once more is no new attempt"


def test_a_changed_rubric_grades_all(run, monkeypatch):
    run()
    monkeypatch.setattr(batching, "rubric_of", lambda task: "another")
    assert len(run()[1]) == 4


def test_which_ones(room, run):
    assert run(dry_run=True)[0].waiting == ["ann cnn", "ann xor", "bob cnn", "bob xor"]
    assert run(only="student ann")[1] == [("ann", "xor"), ("ann", "cnn")]
    hand_in(room.folder, "eve", "# late")
    assert [who for who, _ in run(only="changed")[1]] == ["eve", "eve"]
    assert [who for who, _ in run()[1]] == ["bob", "bob"]
    with pytest.raises(TitoError, match="no student 'zoe'"):
        run(only="student zoe")


def test_a_regrade_keeps_what_was(run, book):
    run(lambda job: replace(PASSED, verdict="failed", score=0.0))
    assert [a["score"] for a in book.attempts()] == [0.0] * 4
    _, seen = run(regrade="the bar was wrong")
    assert len(seen) == 4 and [a["score"] for a in book.attempts()] == [1.0] * 4
    assert len(book.standing()) == 8 and book.broken_at() is None
    assert run()[0].jobs == 0


def test_a_grader_that_fails_is_asked_three_times_and_listed(run, book, room):
    failing = lambda job: Result(
        "grader_error", 0.0, "A", checks=(Check("grader", "grader_error", message="disk full"),)
    )
    report, seen = run(lambda job: failing(job) if job.student == "ann" and job.task == "xor" else PASSED)
    assert seen.count(("ann", "xor")) == 3 and report.errors == ["ann xor: disk full"]
    assert report.verdicts == {"passed": 3, "grader_error": 1}
    assert status(room, book)["grader_errors"] == [{"student": "ann", "task": "xor", "message": "disk full"}]
    assert run()[0].jobs == 0
    report, seen = run(only="failed")
    assert seen == [("ann", "xor")] and status(room, book)["grader_errors"] == []


def test_a_driver_that_dies_gives_its_job_back(run):
    lost = []
    die_once = lambda job: None if not lost and not lost.append(job.id) else PASSED
    report, seen = run(die_once)
    assert report.graded == 4 and len(seen) == 5
    report, _ = run(lambda job: None, regrade="again")
    assert report.verdicts == {"grader_error": 4} and "died 3 times" in report.errors[0]


def test_what_cannot_be_read_is_an_invalid_submission(room, run, book):
    shutil.rmtree(room.submissions / "bob")
    (room.submissions / "bob.zip").write_bytes(b"PK no zip")
    (room.submissions / "mallory.zip").write_bytes(b"")
    (room.submissions / "\x1b[2Jx\nzoe.zip").write_bytes(b"")
    report, seen = run()
    assert {who for who, _ in seen} == {"ann"} and report.verdicts == {"passed": 2, "invalid_submission": 2}
    assert sorted(report.scan.strangers) == ["mallory.zip", "x zoe.zip"]
    (result,) = {a["result"] for a in book.attempts() if a["student"] == "bob" and a["task"] == "xor"}
    assert "neither a folder, nor a zip, nor a tar" in book.checks_of(result)[0].message


def test_one_supervisor_a_class(room, run):
    with batching.alone(room), pytest.raises(TitoError, match="graded by another process"):
        run()


def test_without_a_sandbox_it_refuses(room, book, monkeypatch):
    monkeypatch.setattr(batching, "possible", lambda tier: "there is none")
    with pytest.raises(TitoError, match=r"no sandbox holds on this machine \(there is none"):
        batch(room, book, Order())
    assert batching.choose_tier("weak") == "C"


def test_interrupted(run, book):
    def stop(job):
        raise KeyboardInterrupt

    report, _ = run(stop)
    assert report.interrupted and book.counts() == {"queued": 4, "running": 0, "done": 0}
    assert run()[0].graded == 4


def test_several_entries_are_several_attempts(room, book):
    source = room.submissions / "ann"
    shutil.make_archive(str(room.submissions / "ann"), "zip", source)
    os.utime(room.submissions / "ann.zip", (2_000_000_000, 2_000_000_000))
    found = scan(room, book)
    assert found.new == ["bob", "ann"] or found.new == ["ann", "bob"]
    hand_in(room.folder, "ann", "# the folder is changed", 2_000_000_100)
    assert scan(room, book).new == ["ann"] and len(book.found_at()) == 3


# ---------------------------------------------------------------- for real


@pytest.mark.skipif(sys.platform != "linux", reason="walks /proc")
def test_killed_at_random_moments(tmp_path, best_tier):
    """A small soak; the large one is `python -m tests.assessment.soak`."""
    kinds = soak.versions(5, random.Random(3))
    files = kinds[0].files
    wrong = files["tinytorch/nn/linear.py"].replace(b"self.weight, self.bias)", b"self.weight)")
    kinds.append(Submission(files | {"tinytorch/nn/linear.py": wrong}))
    expected = soak.a_class(tmp_path / "class", 16, kinds, 6.0, best_tier)
    weak = ("--isolation", "weak") if best_tier == "C" else ("--isolation", best_tier)
    outcome = soak.soak(tmp_path / "class", expected, 5, pause=0.8, options=weak)
    assert not outcome.wrong and outcome.graded == 16 and outcome.intact and not outcome.left, vars(outcome)
    assert sum(outcome.killed.values()) >= 3 and len(set(expected.values())) > 1


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_ends_clean(tmp_path, best_tier):
    """What was out is back in the queue, no process is left, and the next run finishes."""
    folder = tmp_path / "class"
    expected = soak.a_class(folder, 8, soak.versions(0, random.Random(1)), 60.0, best_tier)
    weak = ("--isolation", "weak") if best_tier == "C" else ()
    again = command(folder, "--workers", "2", *weak)
    process = subprocess.Popen(again, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while (
        not [row for row in soak.standing(folder) if row["state"] == "done"] and time.monotonic() < deadline
    ):
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    told, _ = process.communicate(timeout=60)
    report = json.loads(told)
    assert process.returncode == 130 and report["interrupted"] and 0 < report["graded"] < 8
    assert {row["state"] for row in soak.standing(folder)} == {"queued", "done"}
    done = subprocess.run(again, stdout=subprocess.PIPE, text=True, timeout=120)
    assert done.returncode == 0 and json.loads(done.stdout)["graded"] == 8 - report["graded"]
    assert {s: row["score"] for s, row in soak.newest(folder).items()} == expected
    assert not Path(soak.boxes_of(classroom.read(folder))).exists()
