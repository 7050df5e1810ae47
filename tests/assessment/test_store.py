"""The gradebook: nothing is lost, nothing is there twice, whatever dies; and what the policies make of it."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tito.assessment.classroom import Class, Late, Student, Task
from tito.assessment.grades import grades
from tito.assessment.results import Check, Result
from tito.assessment.store import Gradebook, each
from tito.errors import TitoError

DUE = datetime(2026, 12, 1, 12, tzinfo=timezone.utc)
PASSED = Result(
    "passed", 1.0, "A", 0.1, (Check("sum", "passed", 1.0), Check("hidden", "failed", visible=False))
)


@pytest.fixture
def book(tmp_path):
    book = Gradebook(tmp_path / "gradebook.db")
    yield book
    book.close()


def graded(book, student, score, when=DUE, verdict="partial", epoch=0):
    submission = book.hand_in(student, f"{student}{when}", when)
    assert book.enqueue(submission, "xor", "rubric", "here", epoch)
    job = book.lease()
    assert book.finish(job, Result(verdict, score, "A"))


def room(tmp_path, **settings):
    settings = {"late": Late(0.1, 3, 10), "attempts": "best"} | settings
    return Class(
        tmp_path,
        "c",
        (Task("milestone", "xor", 10, DUE),),
        students=(Student("ann"), Student("bob")),
        **settings,
    )


def only(found, student):
    (one,) = [g for g in found if g.student == student]
    return one


def test_a_job_is_done_once(book):
    submission = book.hand_in("ann", "abc", DUE, {"x.so": "not kept"})
    assert book.hand_in("ann", "abc", DUE) == submission
    assert book.enqueue(submission, "xor", "r1", "e") and not book.enqueue(submission, "xor", "r1", "e")
    job = book.lease()
    assert (job.student, job.task, job.tries) == ("ann", "xor", 1) and book.lease() is None
    assert book.finish(job, PASSED) and not book.finish(job, PASSED)
    assert book.counts() == {"queued": 0, "running": 0, "done": 1}
    assert not book.enqueue(submission, "xor", "r1", "e"), "an unchanged class has nothing to do"
    assert book.enqueue(submission, "xor", "r2", "e"), "a changed rubric has"
    assert tuple(book.checks_of(book.attempts()[0]["result"])) == PASSED.checks


def test_checks_belong_to_their_result(book):
    failed = replace(PASSED, verdict="failed", checks=(Check("product", "failed", message="3 is not 4"),))
    for student, result in (("ann", PASSED), ("bob", failed)):
        book.enqueue(book.hand_in(student, "abc", DUE), "xor", "r1", "e")
        assert book.finish(book.lease(), result)
    assert [tuple(book.checks_of(a["result"])) for a in book.attempts()] == [PASSED.checks, failed.checks]


def test_a_lease_that_runs_out(book):
    book.enqueue(book.hand_in("ann", "abc", DUE), "xor", "r", "e")
    slow = book.lease(seconds=-1)
    quick = book.lease()
    assert quick.id == slow.id and quick.tries == 2 and quick.lease != slow.lease
    assert not book.finish(slow, replace(PASSED, score=0.0)), "an answer that comes too late is dropped"
    assert book.finish(quick, PASSED) and [a["score"] for a in book.attempts()] == [1.0]


def test_given_back(book):
    book.enqueue(book.hand_in("ann", "abc", DUE), "xor", "r", "e")
    book.give_back(book.lease())
    assert book.counts()["queued"] == 1 and book.lease().tries == 2


def test_results_that_cannot_be(book):
    with pytest.raises(ValueError, match="verdict 'fine'"):
        Result("fine", 1.0, "A")
    with pytest.raises(ValueError, match=r"score is 1\.5"):
        Result("passed", 1.5, "A")
    with pytest.raises(TitoError, match="needs a reason"):
        book.decide("override", "ann", "xor", "3", " ")


def test_events_are_chained(book, tmp_path):
    graded(book, "ann", 0.5), graded(book, "bob", 0.7)
    assert book.broken_at() is None
    edit = "update events set body = replace(body, ?, ?)"
    with closing(sqlite3.connect(tmp_path / "gradebook.db")) as database, database:
        database.execute(edit, ('"score": 0.5', '"score": 0.95'))
    assert book.broken_at() == 2
    with closing(sqlite3.connect(tmp_path / "gradebook.db")) as database, database:
        database.execute(edit, ('"score": 0.95', '"score": 0.5'))
    assert book.broken_at() is None
    with closing(sqlite3.connect(tmp_path / "gradebook.db")) as database, database:
        database.execute("delete from events where id = 2")
    assert book.broken_at() == 3


def test_what_is_no_gradebook_is_left_alone(tmp_path):
    path = tmp_path / "gradebook.db"
    path.write_bytes(b"somebody's notes" * 200)
    with pytest.raises(TitoError, match="is not a gradebook"):
        Gradebook(path)
    assert path.read_bytes() == b"somebody's notes" * 200
    newer = tmp_path / "newer.db"
    Gradebook(newer).close()
    with closing(sqlite3.connect(newer)) as database, database:
        database.execute("update meta set value = '99'")
    with pytest.raises(TitoError, match="newer tito"):
        Gradebook(newer)


GRADER = """
import sys, time
from pathlib import Path
from tito.assessment.results import Result
from tito.assessment.store import Gradebook, each
book = Gradebook(Path(sys.argv[1]))
print("ready", flush=True)
for job in each(book, seconds=0.3):
    time.sleep(0.004)
    book.finish(job, Result("partial", int(job.digest) / 1000, "A"))
print("done", flush=True)
"""


def test_killed_at_any_moment(tmp_path):
    """Graders killed at twenty random moments: every score is right in the end, and there once."""
    path = tmp_path / "gradebook.db"
    book = Gradebook(path)
    for i in range(150):
        book.enqueue(book.hand_in(f"s{i}", str(i), DUE), "xor", "r", "e")
    rng = random.Random(1)
    for kill in range(21):
        process = subprocess.Popen(
            [sys.executable, "-c", GRADER, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout.readline() == "ready\n"
        if kill == 20:
            break
        time.sleep(rng.uniform(0, 0.05))
        os.kill(process.pid, signal.SIGKILL)
        process.wait(), process.stdout.close()
    assert process.stdout.read() == "done\n"
    process.wait(), process.stdout.close()
    deadline = time.monotonic() + 20
    while book.counts()["done"] < 150 and time.monotonic() < deadline:  # a lease that a killed grader held
        for job in each(book):
            book.finish(job, Result("partial", int(job.digest) / 1000, "A"))
        time.sleep(0.05)
    found = {a["student"]: a["score"] for a in book.attempts()}
    assert found == {f"s{i}": i / 1000 for i in range(150)} and len(book.attempts()) == 150
    assert book.counts() == {"queued": 0, "running": 0, "done": 150} and book.broken_at() is None
    with closing(sqlite3.connect(path)) as database, database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)
    book.close()


# ---------------------------------------------------------------- grades


def test_nothing_handed_in_is_blank(book, tmp_path):
    graded(book, "ann", 0.0, verdict="grader_error")
    ann, bob = grades(room(tmp_path), book)
    assert (ann.points, ann.verdict) == (None, "grader_error") and (bob.points, bob.verdict) == (
        None,
        "missing_submission",
    )


@pytest.mark.parametrize(("policy", "points"), [("best", 8), ("last", 5), ("first", 6)])
def test_which_attempt_counts(book, tmp_path, policy, points):
    for hour, score in ((1, 0.6), (2, 0.8), (3, 0.5)):
        graded(book, "ann", score, DUE - timedelta(hours=10 - hour))
    one = only(grades(room(tmp_path, attempts=policy), book), "ann")
    assert one.points == points and one.attempts == 3
    assert only(grades(room(tmp_path, attempts="last", most_attempts=2), book), "ann").points == 8


@pytest.mark.parametrize(
    ("late", "points", "days"),
    [(timedelta(0), 10, 0), (timedelta(minutes=10), 10, 0), (timedelta(minutes=11), 9, 1), (timedelta(days=2), 8, 2), (timedelta(days=3, hours=1), 0, 4)],
)  # fmt: skip
def test_lateness(book, tmp_path, late, points, days):
    graded(book, "ann", 1.0, DUE + late)
    one = only(grades(room(tmp_path), book), "ann")
    assert (one.points, one.days_late, one.score) == (points, days, 1.0)


def test_the_best_attempt_is_the_best_after_lateness(book, tmp_path):
    graded(book, "ann", 0.9, DUE)
    graded(book, "ann", 1.0, DUE + timedelta(days=2))
    assert only(grades(room(tmp_path), book), "ann").points == 9


def test_extension_and_override(book, tmp_path):
    graded(book, "ann", 1.0, DUE + timedelta(days=2))
    book.decide("extension", "ann", "xor", (DUE + timedelta(days=3)).isoformat(), "ill")
    assert only(grades(room(tmp_path), book), "ann").points == 10
    book.decide("override", "ann", "xor", "7", "agreed"), book.decide("override", "bob", "xor", "4", "oral")
    ann, bob = grades(room(tmp_path), book)
    assert (ann.points, ann.why, ann.score) == (7, "agreed", 1.0) and (bob.points, bob.why) == (4, "oral")
    assert book.broken_at() is None


def test_a_regrade_replaces_what_is_shown(book, tmp_path):
    graded(book, "ann", 0.5)
    graded(book, "ann", 0.9, epoch=1)
    one = only(grades(room(tmp_path), book), "ann")
    assert one.points == 9 and one.attempts == 1


# ---------------------------------------------------------------- older gradebooks, other databases

FIRST = """
create table meta (key varchar primary key, value varchar not null); insert into meta values ('schema', '1');
create table submissions (id integer primary key, student varchar not null, digest varchar not null, handed_in varchar not null, left_out text not null,
    unique (student, digest, handed_in));
create table jobs (id integer primary key, submission integer not null references submissions (id), task varchar not null, rubric varchar not null,
    environment varchar not null, epoch integer not null, state varchar not null, lease varchar, until varchar, tries integer not null,
    unique (submission, task, rubric, environment, epoch));
create table results (id integer primary key, job integer not null unique references jobs (id), verdict varchar not null, score float not null,
    isolation varchar not null, seconds float not null, graded varchar not null);
create table checks (result integer references results (id), place integer, name varchar not null, verdict varchar not null, score float not null,
    weight float not null, message text not null, visible integer not null, primary key (result, place));
create table changes (id integer primary key, kind varchar not null, student varchar not null, task varchar not null, value varchar not null,
    reason text not null, made varchar not null);
create table events (id integer primary key, at varchar not null, kind varchar not null, body text not null, before varchar not null, hash varchar not null);
insert into submissions values (1, 'ann', 'abc', '2026-12-01', '{}');
insert into jobs values (1, 1, 'xor', 'r', 'e', 0, 'done', 'l', null, 1);
insert into results values (1, 1, 'passed', 1.0, 'A', 0.1, '2026-12-01');
insert into checks values (1, 0, 'sum', 'passed', 1.0, 1.0, '', 1);
"""


def test_a_gradebook_of_the_first_kind_is_brought_up_to_date(tmp_path):
    path = tmp_path / "gradebook.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(FIRST)
    book = Gradebook(path)
    assert [(a["student"], a["score"]) for a in book.attempts()] == [("ann", 1.0)]
    assert book.checks_of(1) == [Check("sum", "passed", 1.0)]
    assert not book.enqueue(1, "xor", "r", "e") and book.enqueue(1, "xor", "r", "e", again=1)
    assert book.regrade([1], "twice") == 1 and len(book.standing()) == 3 and book.found_at() == {}
    assert book.broken_at() is None
    book.close()
    Gradebook(path).close()  # once is enough


@pytest.fixture
def postgres(tmp_path):
    """A PostgreSQL server of the test's own, on a socket in its folder."""
    import shutil

    pytest.importorskip("psycopg", reason="psycopg is not installed")
    places = [str(p) for p in sorted(Path("/usr/lib/postgresql").glob("*/bin"))]
    find = lambda name: shutil.which(name, path=os.pathsep.join([*places, os.environ.get("PATH", "")]))
    if not find("initdb") or not find("pg_ctl"):
        pytest.skip("PostgreSQL is not installed")
    if os.geteuid() == 0 and not shutil.which("runuser"):
        pytest.skip("PostgreSQL does not run as root, and there is no runuser")
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    os.chmod(folder, 0o777)
    who = ["runuser", "-u", "nobody", "--"] if os.geteuid() == 0 else []
    run = lambda *command: subprocess.run(
        [*who, *command], check=True, capture_output=True, timeout=120, cwd="/tmp"
    )
    run(find("initdb"), "-D", str(folder / "data"), "-U", "tito", "-A", "trust")
    run(
        find("pg_ctl"),
        "-D",
        str(folder / "data"),
        "-w",
        "-l",
        str(folder / "log"),
        "-o",
        f"-k {folder} -h ''",
        "start",
    )
    try:
        yield f"postgresql+psycopg://tito@/postgres?host={folder}"
    finally:
        run(find("pg_ctl"), "-D", str(folder / "data"), "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def test_on_postgresql(postgres, tmp_path):
    book = Gradebook(postgres)
    submission = book.hand_in("ann", "abc", DUE)
    assert book.enqueue(submission, "xor", "r", "e") and not book.enqueue(submission, "xor", "r", "e")
    job = book.lease()
    assert book.lease() is None and book.finish(job, PASSED) and not book.finish(job, PASSED)
    assert book.regrade([job.id], "again") == 1 and book.finish(book.lease(), replace(PASSED, score=0.5))
    assert only(grades(room(tmp_path), book), "ann").points == 5 and book.broken_at() is None
    book.close()
