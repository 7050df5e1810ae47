"""The class's leaderboard: only who joined, only what was graded, only within the budget, and nobody's name who does not want it."""

import json
from datetime import datetime, timedelta, timezone

import pytest
from click.testing import CliRunner

from tito.assessment import challenge, classroom
from tito.assessment.challenge import board, join, leave, read, start
from tito.assessment.classroom import ClassError
from tito.assessment.results import Check, Result
from tito.assessment.store import Gradebook
from tito.commands.grading.challenge import challenge as command
from tito.errors import TitoError

FIRST_DAY = datetime(2026, 11, 1, tzinfo=timezone.utc)


@pytest.fixture
def room(tmp_path):
    made = classroom.make(tmp_path / "cs101", "cs101", ["basic_inference", "xor"], [])
    (made.folder / "roster.csv").write_text("student\nann\nbob\ncid\ndan\neve\n")
    return classroom.read(made.folder)


@pytest.fixture
def book(room):
    book = Gradebook(room.gradebook)
    yield book
    book.close()


def ran(
    book,
    student,
    accuracy,
    time=None,
    parameters=None,
    verdict="passed",
    day=0,
    tier="A",
    task="basic_inference",
):
    """A graded run, as the grader keeps it."""
    values = {"accuracy": accuracy, "speed": time, "gradients": parameters}
    found = tuple(Check(name, "passed", 1.0, 1.0, value=value) for name, value in values.items())
    handed = book.hand_in(student, f"{student}{day}{accuracy}", FIRST_DAY + timedelta(days=day))
    assert book.enqueue(handed, task, "r", "e")
    assert book.finish(book.lease(), Result(verdict, 1.0 if verdict == "passed" else 0.5, tier, checks=found))


def order(entries):
    return [(e.team, e.accuracy) for e in entries]


def test_only_who_joined_is_on_the_board(room, book):
    start(room, "basic_inference", None, None)
    for student, accuracy in (("ann", 0.9), ("bob", 0.95), ("cid", 0.99)):
        ran(book, student, accuracy, time=1000)
    join(room, ["ann"], "Ann", shown=True)
    join(room, ["bob"], "Bob", shown=True)
    assert order(board(room, book).by_accuracy) == [("Bob", 0.95), ("Ann", 0.9)]
    leave(room, ["bob"])
    assert order(board(room, book).by_accuracy) == [("Ann", 0.9)]


def test_pseudonyms(room, book):
    """Stable, different, of no use without the secret; a name is shown only if its team wants it."""
    start(room, "basic_inference", None, None)
    for student in ("ann", "bob", "cid", "dan", "eve"):
        ran(book, student, 0.9)
        join(room, [student], f"Team of {student}")
    first = [e.team for e in board(room, book).by_accuracy]
    assert first == [e.team for e in board(room, book).by_accuracy] and len(set(first)) == 5
    text = json.dumps(first)
    assert not any(student in text for student in ("ann", "bob", "cid", "dan", "eve"))
    other = classroom.make(room.folder.parent / "other", "other", ["basic_inference"], [])
    one = challenge.Team(("ann",))
    key = classroom.secret
    words = {challenge.pseudonym(key(f), one) for f in (room.folder, other.folder)}
    assert len(words) == 2 or challenge.pseudonym(b"x" * 32, one) not in words


def test_a_pseudonym_survives_whoever_joins_later(room, book):
    start(room, "basic_inference", None, None)
    before = challenge.names(room, [join(room, ["ann"])])
    after = challenge.names(room, [join(room, ["ann", "bob"])])
    assert list(before.values()) == list(after.values())


def test_two_teams_of_one_name_are_told_apart(room, book):
    start(room, "basic_inference", None, None)
    join(room, ["ann"], "Best", shown=True), join(room, ["bob"], "Best", shown=True)
    assert sorted(challenge.names(room, read(room).teams).values()) == ["Best", "Best 2"]


def test_a_team_has_its_members_best_run_within_the_budget(room, book):
    start(room, "basic_inference", 50_000, 2_000)
    join(room, ["ann", "bob"], "AB", shown=True)
    ran(book, "ann", 0.90, 1500, 40_000)
    ran(book, "ann", 0.92, 1900, 40_000, day=1)
    ran(book, "bob", 0.99, 2500, 40_000, day=2)  # too slow
    ran(book, "bob", 0.98, 1000, 60_000, day=3)  # too large
    ran(book, "bob", 0.97, None, 40_000, day=4)  # a budget that nobody measured
    found = board(room, book)
    assert order(found.by_accuracy) == [("AB", 0.92)] and found.beyond == 3
    assert [(e.team, e.time) for e in found.by_time] == [("AB", 1500)]
    assert found.by_accuracy[0].runs == 2


def test_what_does_not_count(room, book):
    """Another task; a run in no sandbox; a grader's error; an accuracy that was never measured."""
    start(room, "basic_inference", None, None)
    join(room, ["ann"], "Ann", shown=True), join(room, ["bob"], "Bob", shown=True)
    ran(book, "ann", 0.99, task="xor"), ran(book, "ann", 0.98, tier="C", day=1), ran(book, "ann", None, day=2)
    found = board(room, book)
    assert found.by_accuracy == [] and found.waiting == ["Ann", "Bob"]
    ran(book, "bob", 0.8, 500, verdict="partial", day=3)
    found = board(room, book)
    assert order(found.by_accuracy) == [("Bob", 0.8)] and found.by_time == [], "quick and wrong is not quick"


def test_ties_go_to_who_was_there_first(room, book):
    start(room, "basic_inference", None, None)
    for day, student in enumerate(("cid", "ann", "bob")):
        join(room, [student], student, shown=True)
        ran(book, student, 0.9, 1000, day=day)
    assert [e.team for e in board(room, book).by_accuracy] == ["cid", "ann", "bob"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("milestone: [", "challenge.yaml:1: not YAML|challenge.yaml:2: not YAML"),
        ("teams: []", "a challenge needs a milestone"),
        ("milestone: cnn", "challenge.yaml:1: milestone is 'cnn'"),
        ("milestone: xor\ntime: -1", "challenge.yaml:2: time is -1"),
        ("milestone: xor\ntimes: 1", "unknown key 'times'; did you mean 'time'"),
        ("milestone: xor\nteams: [ann]", "team 1: a team has members"),
        ("milestone: xor\nteams: [{members: [zoe]}]", "team 1: 'zoe' is not in roster.csv"),
        (
            "milestone: xor\nteams: [{members: [ann]}, {members: [bob, ann]}]",
            "'ann' is in team 1 and in team 2",
        ),
        ("milestone: xor\nteams: [{members: [ann], shown: maybe}]", "shown is true or false"),
    ],
)
def test_what_is_wrong_in_the_file(room, text, says):
    (room.folder / "challenge.yaml").write_text(text)
    with pytest.raises(ClassError, match=says):
        read(room)


def test_the_command(room, book):
    run = lambda *words: CliRunner().invoke(command, ["--class", str(room.folder), *words])
    assert isinstance(run().exception, ClassError)
    assert "challenge.yaml" in run("start", "1", "--time", "5000").output
    assert isinstance(run("start", "1").exception, ClassError)
    assert "Nobody has joined yet" in run().output
    assert (
        "on the board as 'The Lambdas'"
        in run("join", "ann", "bob", "--team", "The Lambdas", "--shown").output
    )
    assert isinstance(run("join", "zoe").exception, TitoError)
    assert isinstance(run("join", "ann", "--shown").exception, TitoError)
    ran(book, "ann", 0.9441, 1234.5, 50_890)
    words = run().output
    assert "The Lambdas" in words and "94.41%" in words and "1,234" in words and "50,890" in words
    assert max(map(len, words.splitlines())) <= 80
    record = json.loads(CliRunner().invoke(command, ["--class", str(room.folder), "--json"]).output)
    assert record["by_accuracy"][0]["team"] == "The Lambdas" and "ann" not in json.dumps(record)
    assert "off the board" in run("leave", "ann", "bob").output and read(room).teams == ()


def test_a_name_that_is_more_than_a_name(room, book):
    start(room, "basic_inference", None, None)
    made = join(room, ["ann"], "\x1b[2J<b>x</b>\n=1+1", shown=True)
    assert made.name.isprintable() and read(room).teams[0].name == made.name
