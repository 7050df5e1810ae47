"""What is computed from a gradebook, against what a person computes from the same few hand-ins."""

import hashlib
import math
from datetime import timedelta
from unittest import mock

import numpy as np
import pytest
from sqlalchemy.exc import OperationalError

from tests.assessment.classes import EVERY, START, Clock, a_class
from tito.assessment import analytics, store
from tito.assessment.analytics import ReadOnly, Stage, pattern
from tito.assessment.classroom import Class, Late, Student, Task
from tito.assessment.plain import fenced, in_markdown, one_line, plain
from tito.assessment.results import Check, Result
from tito.assessment.store import Gradebook
from tito.errors import TitoError

FIRST, SECOND = START + EVERY, START + 2 * EVERY
DAY = timedelta(days=1)
ONE, TWO = "basic_inference", "computer_vision"


def checks(*told):
    found = tuple(Check(name, verdict, score, 1.0, text) for name, (verdict, score, text) in zip("ab", told))
    score = sum(c.score for c in found) / len(found)
    return Result("passed" if score == 1 else "partial" if score else "failed", score, "A", 2.0, found)


RIGHT = ("passed", 1.0, "")
WRONG = lambda x, y: ("failed", 0.0, f"x is {x}, expected {y}")


@pytest.fixture
def room(tmp_path):
    tasks = (Task("milestone", ONE, 100, FIRST), Task("milestone", TWO, 100, SECOND))
    people = tuple(Student(name, name.title()) for name in ("ann", "bob", "cyd", "dan"))
    return Class(tmp_path, "c", tasks, Late(0.1, 7, 0), students=people)


@pytest.fixture
def book(room):
    """Ann passes at once; Bob with his second try, and the second task an hour late; Cyd fails once; Dan does nothing."""
    clock, made = Clock(), Gradebook(room.gradebook)
    with mock.patch.object(store, "now", clock):
        for student, task, when, result in (
            ("bob", ONE, FIRST - 3 * DAY, checks(RIGHT, WRONG(3, 4))),
            ("ann", ONE, FIRST - 2 * DAY, checks(RIGHT, RIGHT)),
            ("bob", ONE, FIRST - DAY, checks(RIGHT, RIGHT)),
            ("cyd", ONE, FIRST - DAY, checks(("failed", 0.0, "x is 7.5, expected -9e3"), ("blocked", 0.0, "needs a"))),
            ("ann", TWO, SECOND - DAY, checks(RIGHT, RIGHT)),
            ("bob", TWO, SECOND + DAY / 24, checks(RIGHT, RIGHT)),
        ):  # fmt: skip
            made.enqueue(made.hand_in(student, f"{student}{when}", when), task, "r", "e")
            assert made.finish(made.lease(), result)
            clock.at += timedelta(seconds=10)
    yield made
    made.close()


@pytest.fixture
def term(room, book):
    return analytics.read(room, book, SECOND + 2 * DAY)


def test_pass_rates_and_funnel(term):
    one, two = analytics.pass_rates(term)
    assert (one.students, one.tried, one.passed, one.first_try) == (4, 3, 2, 1)
    assert one.mean == pytest.approx(2 / 3) and two.mean == pytest.approx((1 + 0.9) / 2)
    assert (two.tried, two.passed, two.first_try) == (2, 2, 2)
    assert analytics.funnel(term) == [Stage(ONE, 4, 3, 2), Stage(TWO, 2, 2, 2)]


def test_a_pass_stays_a_pass_when_lateness_makes_another_hand_in_count(room, book):
    """Bob passes the first task after seven days and gets no points for it; he has passed all the same."""
    for when, result in (
        (FIRST - DAY, checks(RIGHT, WRONG(1, 2))),
        (FIRST + 9 * DAY, checks(RIGHT, RIGHT)),
    ):
        book.enqueue(book.hand_in("dan", str(when), when), ONE, "r", "e")
        assert book.finish(book.lease(), result)
    term = analytics.read(room, book, SECOND)
    (shown,) = [g for g in term.grades if (g.student, g.task) == ("dan", ONE)]
    assert (shown.points, shown.verdict) == (50, "partial") and ("dan", ONE) in term.passed


def test_scores(term):
    rows = analytics.heat(term)
    assert [(r.student.id, r.points, r.cells) for r in rows] == [
        ("ann", 200, (1.0, 1.0)), ("bob", 190, (1.0, 0.9)), ("cyd", 0, (0.0, None)), ("dan", 0, (None, None)),
    ]  # fmt: skip
    assert [b.students for b in analytics.histogram(rows, 4)] == [2, 0, 0, 2]
    assert [b.students for b in analytics.histogram(rows, 20)] == [2] + [0] * 18 + [2]


def test_times(term):
    one, two = analytics.times(term)
    assert (one.working.low, one.working.middle, one.working.high, one.working.n) == (0.5, 1.0, 1.5, 2)
    assert one.since_start.middle == 1.5, "the class began with Bob's first hand-in"
    assert (one.before_due.low, one.before_due.middle) == (1.25, 1.5)
    assert two.before_due.middle == pytest.approx((1 - 1 / 24) / 2) and two.working.high == 0


def test_progress(term):
    one, two = analytics.progress(term)
    assert one.points == (((FIRST - 2 * DAY).date(), 1), ((FIRST - DAY).date(), 2)) and one.due == FIRST
    assert [total for _, total in two.points] == [1, 2]


def test_items_count_what_ran_at_the_first_hand_in(term):
    found = {(i.task, i.check): i for i in analytics.items(term)}
    assert (found[ONE, "a"].n, found[ONE, "a"].p) == (3, pytest.approx(2 / 3))
    assert (found[ONE, "b"].n, found[ONE, "b"].p) == (2, 0.5), "Cyd's was blocked: it says nothing"
    assert found[TWO, "a"].p == 1.0 and found[TWO, "a"].r is None, "what everybody can does not discriminate"


def test_the_correlation_is_the_point_biserial_one():
    x, y = np.array([1.0, 1, 1, 0, 0, 1]), np.array([0.9, 0.5, 0.8, 0.3, 0.4, 0.7])
    p = x.mean()
    by_hand = (y[x == 1].mean() - y[x == 0].mean()) / y.std() * math.sqrt(p * (1 - p))
    assert analytics.correlation(x, y) == pytest.approx(by_hand)
    assert analytics.correlation(x, np.where(x > 0, np.nan, y)) is None
    assert analytics.correlation(np.ones(5), y[:5]) is None


def test_a_check_that_luck_decides_is_found(tmp_path):
    room = a_class(tmp_path / "c", students=250, milestones=(1, 2, 3), seed=3)
    book = ReadOnly(room.gradebook)
    found = analytics.items(analytics.read(room, book))
    book.close()
    weak = next(i for i in found if (i.task, i.check) == (ONE, "speed"))  # sharp=0.2, all others 1.6 and more
    assert weak.r < 0.12 < np.median([i.r for i in found if i.r is not None])


def test_errors_are_grouped(term):
    (group,) = analytics.errors(term)[:1]
    assert (group.pattern, group.students) == ("x is #, expected #", 1), "a and b are two checks"
    assert {g.check: g.students for g in analytics.errors(term)} == {"a": 1, "b": 1}


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ("step 123: a loss of 0.5e-3, not 1,234.5", "step #: a loss of #, not #"),
        ("shape (64, 33) is not (33, 64)", "shape (#, #) is not (#, #)"),
        ("/tmp/s-17/student/tinytorch/ops.py:33: invalid syntax", "ops.py:#: invalid syntax"),
        ("No module named 'torch3'", "No module named '…'"),
        ("conv2d of float32 gives nan\nexpected 3", "conv2d of float32 gives #"),
        ("hello Ann, ann@x.org is here", "hello …, …@x.org is here"),
    ],
)
def test_what_is_taken_out_of_a_message(message, says):
    assert pattern(message, ("ann", "Ann")) == says


def test_who_may_need_help(room, book, term):
    risks = {r.student.id: r.reasons for r in analytics.at_risk(term)}
    assert risks == {
        "cyd": ("nothing for Computer vision", "0 of the 200 points that were due"),
        "dan": ("handed in nothing so far",),
    }
    assert analytics.at_risk(analytics.read(room, book, FIRST - 4 * DAY)) == [], "nothing was due"
    for task in (ONE, TWO):
        book.decide("extension", "dan", task, (SECOND + 9 * DAY).isoformat(), "ill")
    assert [r.student.id for r in analytics.at_risk(analytics.read(room, book, SECOND + DAY))] == ["cyd"]


def test_stuck_and_late(room, book):
    for n in range(4):
        when = FIRST + (n + 1) * DAY
        book.enqueue(book.hand_in("dan", str(n), when), ONE, "r", "e")
        assert book.finish(book.lease(), checks(RIGHT, WRONG(1, 2)))
    book.enqueue(book.hand_in("dan", "x", SECOND + DAY), TWO, "r", "e")
    assert book.finish(book.lease(), checks(RIGHT, RIGHT))
    (dan,) = [
        r for r in analytics.at_risk(analytics.read(room, book, SECOND + 2 * DAY)) if r.student.id == "dan"
    ]
    assert dan.reasons == ("4 hand-ins for Basic inference, none passed", "the last two came late")


def test_health(room, book):
    health = analytics.health(analytics.read(room, book))
    assert (health.results, health.errors, health.retried, health.tiers) == (6, 0, 0, {"A": 6})
    assert health.per_minute == pytest.approx(6) and health.seconds == 2.0
    book.enqueue(book.hand_in("dan", "x", FIRST), ONE, "r", "e")
    book.give_back(book.lease())
    assert book.finish(book.lease(), Result("grader_error", 0.0, "B", 60.0))
    health = analytics.health(analytics.read(room, book))
    assert (health.errors, health.hit, health.retried) == (1, (("dan", ONE),), 1)
    assert health.tiers == {"A": 6, "B": 1} and health.waiting == 0


def test_an_empty_class(tmp_path):
    room = a_class(tmp_path / "c", students=0)
    book = ReadOnly(room.gradebook)
    found = analytics.analyse(analytics.read(room, book))
    book.close()
    assert found.rows == found.items == found.errors == found.at_risk == []
    assert found.health.per_minute is None and [s.reached for s in found.funnel] == [0] * 5


def test_reading_writes_nothing(room, book):
    told = hashlib.sha256(room.gradebook.read_bytes()).hexdigest()
    looking = ReadOnly(room.gradebook)
    assert analytics.read(room, looking).counts["done"] == 6
    with pytest.raises(TitoError, match="only read"):
        looking.enqueue(1, TWO, "r9", "e")
    with looking.engine.connect() as database, pytest.raises(OperationalError, match="readonly"):
        database.exec_driver_sql("delete from results")
    looking.close()
    assert hashlib.sha256(room.gradebook.read_bytes()).hexdigest() == told
    book.enqueue(book.hand_in("dan", "x", FIRST), ONE, "r", "e")
    with pytest.raises(TitoError, match="nothing was graded yet"):
        ReadOnly(room.folder / "none.db")
    assert not (room.folder / "none.db").exists()


# ---------------------------------------------------------------- text from strangers


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("\x1b[31mred\x1b[0m and \x1b]0;title\x07gone", "red and gone"),
        ("a\rb\x00\x08\x7f\x9b2J", "a\\x0db\\x00\\x08\\x7f\\x9b2J"),
        ("abc\u202etxt.exe\u2066", "abc\\u202etxt.exe\\u2066"),
        ("line\u2028end\ufeff\ud800\U000e0041", "line\\u2028end\\ufeff\\ud800\\U000e0041"),
        ("two\r\nlines\tand é 日本 👩\u200d🚀", "two\nlines\tand é 日本 👩\u200d🚀"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
    ],
)
def test_plain(text, says):
    assert plain(text) == says and plain(says) == says


def test_plain_is_not_endless():
    assert len(plain("a" * 10_000, 50)) == 50 and one_line("a\n\n b\tc") == "a b c"


def test_markdown_is_words_and_no_more():
    assert in_markdown("[x](http://e) <b>*hi*</b>\n# no") == r"\[x\]\(http\:\/\/e\) \<b\>\*hi\*\<\/b\> \# no"
    assert fenced("a\n```\n# out").splitlines()[0] == "````text" and fenced("x").splitlines() == ["```text", "x", "```"]  # fmt: skip
