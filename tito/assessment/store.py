"""The gradebook: what was handed in, what is to be graded, what came of it. SQLite by default, any other database by its URL.

Results are only ever added: one for each submission, task, rubric, environment and seed epoch. One transaction holds a result, its checks, the
job's state and an event, and each event holds the hash of the one before, so that a line that was changed later shows. Whoever grades
holds a lease; when it runs out the job returns to the queue, and an answer that comes with an old lease is dropped.
The grade that is shown is no row at all, but what `grades.py` makes of these.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
    func,
    or_,
    select,
)  # fmt: skip
from sqlalchemy.exc import DatabaseError, IntegrityError

from ..errors import TitoError

VERDICTS = (
    "passed", "failed", "partial", "timeout", "memory_limit", "output_limit", "crashed", "import_error", "syntax_error",
    "invalid_submission", "missing_submission", "policy_violation", "protocol_violation", "blocked", "not_run", "grader_error",
)  # fmt: skip
QUEUED, RUNNING, DONE = "queued", "running", "done"
SCHEMA = 1  # of the tables below; a gradebook says which one it has

tables = MetaData()
meta = Table("meta", tables, Column("key", String, primary_key=True), Column("value", String, nullable=False))
submissions = Table(
    "submissions", tables, Column("id", Integer, primary_key=True), Column("student", String, nullable=False, index=True),
    Column("digest", String, nullable=False), Column("handed_in", String, nullable=False), Column("left_out", Text, nullable=False),
    UniqueConstraint("student", "digest", "handed_in"),
)  # fmt: skip
jobs = Table(
    "jobs", tables, Column("id", Integer, primary_key=True), Column("submission", ForeignKey("submissions.id"), nullable=False),
    Column("task", String, nullable=False), Column("rubric", String, nullable=False), Column("environment", String, nullable=False),
    Column("epoch", Integer, nullable=False), Column("state", String, nullable=False, index=True), Column("lease", String),
    Column("until", String), Column("tries", Integer, nullable=False),
    UniqueConstraint("submission", "task", "rubric", "environment", "epoch"),
)  # fmt: skip
results = Table(
    "results", tables, Column("id", Integer, primary_key=True), Column("job", ForeignKey("jobs.id"), nullable=False, unique=True),
    Column("verdict", String, nullable=False), Column("score", Float, nullable=False), Column("isolation", String, nullable=False),
    Column("seconds", Float, nullable=False), Column("graded", String, nullable=False),
)  # fmt: skip
checks = Table(
    "checks", tables, Column("result", ForeignKey("results.id"), primary_key=True), Column("place", Integer, primary_key=True), Column("name", String, nullable=False),
    Column("verdict", String, nullable=False), Column("score", Float, nullable=False), Column("weight", Float, nullable=False),
    Column("message", Text, nullable=False), Column("visible", Integer, nullable=False), Column("value", Float),
)  # fmt: skip
changes = Table(  # what an instructor decided: an override or an extension
    "changes", tables, Column("id", Integer, primary_key=True), Column("kind", String, nullable=False),
    Column("student", String, nullable=False), Column("task", String, nullable=False), Column("value", String, nullable=False),
    Column("reason", Text, nullable=False), Column("made", String, nullable=False),
)  # fmt: skip
events = Table(
    "events", tables, Column("id", Integer, primary_key=True), Column("at", String, nullable=False), Column("kind", String, nullable=False),
    Column("body", Text, nullable=False), Column("before", String, nullable=False), Column("hash", String, nullable=False),
)  # fmt: skip


def now() -> datetime:
    return datetime.now(timezone.utc)


def stamp(when: datetime) -> str:
    """A moment as text that sorts as the moments do."""
    return when.astimezone(timezone.utc).isoformat(timespec="microseconds")


@dataclass(frozen=True)
class Job:
    """One submission to be graded for one task, and the lease under which it is done."""

    id: int
    submission: int
    student: str
    digest: str
    task: str
    epoch: int
    tries: int
    lease: str


@dataclass(frozen=True)
class Check:
    """What one check found."""

    name: str
    verdict: str
    score: float = 0.0
    weight: float = 1.0
    message: str = ""
    visible: bool = True
    value: float | None = (
        None  # what was measured: a share of right answers, a time in units of the calibration
    )


@dataclass(frozen=True)
class Result:
    """What came of a job. The score is a share, 0 to 1; points are the class's affair."""

    verdict: str
    score: float
    isolation: str
    seconds: float = 0.0
    checks: tuple[Check, ...] = field(default=())

    def __post_init__(self):
        for verdict in (self.verdict, *(c.verdict for c in self.checks)):
            if verdict not in VERDICTS:
                raise ValueError(f"verdict {verdict!r} is not one of {', '.join(VERDICTS)}")
        if not 0 <= self.score <= 1:
            raise ValueError(f"score is {self.score}; it is a share, from 0 to 1")


class Gradebook:
    """`Gradebook(path)` or `Gradebook("postgresql+psycopg://...")`; made when it is not there."""

    def __init__(self, where: Path | str):
        url = f"sqlite:///{where}" if isinstance(where, Path) else where
        self.engine = create_engine(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        if self.is_sqlite:
            event.listen(self.engine, "connect", careful)
        try:
            tables.create_all(self.engine)
            with self.writing() as database:
                found = database.scalar(select(meta.c.value).where(meta.c.key == "schema"))
                if found is None:
                    database.execute(meta.insert().values(key="schema", value=str(SCHEMA)))
        except DatabaseError as error:
            self.engine.dispose()
            raise TitoError(
                f"{where} is not a gradebook: {error.orig}", "move it away, or restore it from a copy"
            ) from None
        if found is not None and int(found) > SCHEMA:
            self.engine.dispose()
            raise TitoError(
                f"{where} was made by a newer tito (tables {found}, this one knows {SCHEMA})", "update tito"
            )

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that has the write lock from its beginning."""
        with self.engine.connect() as database:
            if self.is_sqlite:
                database.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield database
            except BaseException:
                database.rollback()
                raise
            database.commit()

    def note(self, database: Connection, kind: str, **body: Any) -> None:
        """An event, chained to the one before."""
        before = database.scalar(select(events.c.hash).order_by(events.c.id.desc()).limit(1)) or ""
        row = {"at": stamp(now()), "kind": kind, "body": json.dumps(body, sort_keys=True), "before": before}
        database.execute(events.insert().values(**row, hash=chained(**row)))

    # ------------------------------------------------------------ what is to be done

    def hand_in(
        self, student: str, digest: str, when: datetime, left_out: dict[str, str] | None = None
    ) -> int:
        """A submission; the same work handed in at the same time is one."""
        row = {"student": student, "digest": digest, "handed_in": stamp(when)}
        same = select(submissions.c.id).where(*(submissions.c[k] == v for k, v in row.items()))
        with self.writing() as database:
            known = database.scalar(same)
            if known is not None:
                return known
            database.execute(submissions.insert().values(**row, left_out=json.dumps(left_out or {})))
            self.note(database, "handed in", **row)
            return database.execute(same).scalar_one()

    def enqueue(self, submission: int, task: str, rubric: str, environment: str, epoch: int = 0) -> bool:
        """Ask for a grade; False when this submission has been graded so already, or waits for it."""
        row = {
            "submission": submission,
            "task": task,
            "rubric": rubric,
            "environment": environment,
            "epoch": epoch,
        }
        try:
            with self.writing() as database:
                database.execute(jobs.insert().values(**row, state=QUEUED, tries=0))
        except IntegrityError:
            return False
        return True

    def lease(self, seconds: float = 600.0) -> Job | None:
        """The next job, for so many seconds: one that waits, or one whose lease has run out."""
        moment, token = now(), secrets.token_hex(16)
        waiting = or_(jobs.c.state == QUEUED, (jobs.c.state == RUNNING) & (jobs.c.until < stamp(moment)))
        wanted = select(jobs.c.id).where(waiting).order_by(jobs.c.id).limit(1)
        with self.writing() as database:
            chosen = database.scalar(wanted if self.is_sqlite else wanted.with_for_update(skip_locked=True))
            if chosen is None:
                return None
            until = stamp(moment + timedelta(seconds=seconds))
            database.execute(
                jobs.update()
                .where(jobs.c.id == chosen)
                .values(state=RUNNING, lease=token, until=until, tries=jobs.c.tries + 1)
            )
            columns = (
                jobs.c.id, jobs.c.submission, submissions.c.student, submissions.c.digest, jobs.c.task, jobs.c.epoch, jobs.c.tries,
                jobs.c.lease,
            )  # fmt: skip
            return Job(*database.execute(select(*columns).join(submissions).where(jobs.c.id == chosen)).one())

    def finish(self, job: Job, result: Result) -> bool:
        """Keep a result; False, and nothing is kept, when the lease is another's by now."""
        with self.writing() as database:
            mine = (jobs.c.id == job.id) & (jobs.c.lease == job.lease) & (jobs.c.state == RUNNING)
            if not database.execute(jobs.update().where(mine).values(state=DONE, until=None)).rowcount:
                return False
            row = {
                "verdict": result.verdict,
                "score": result.score,
                "isolation": result.isolation,
                "seconds": result.seconds,
            }
            added = database.execute(
                results.insert().values(job=job.id, graded=stamp(now()), **row)
            ).inserted_primary_key
            assert added is not None
            if result.checks:
                found = [
                    {"result": added[0], "place": place, **vars(c), "visible": int(c.visible)}
                    for place, c in enumerate(result.checks)
                ]
                database.execute(checks.insert(), found)
            self.note(database, "graded", job=job.id, student=job.student, task=job.task, **row)
        return True

    def give_back(self, job: Job) -> None:
        """Put a job back that could not be done: nobody's fault but the grader's."""
        with self.writing() as database:
            mine = (jobs.c.id == job.id) & (jobs.c.lease == job.lease)
            database.execute(jobs.update().where(mine).values(state=QUEUED, lease=None, until=None))

    def decide(self, kind: str, student: str, task: str, value: str, reason: str) -> None:
        """An instructor's "override" (points) or "extension" (a moment); the last one counts, and all are kept."""
        if not reason.strip():
            raise TitoError(f"an {kind} needs a reason", '--reason "..."')
        row = {"kind": kind, "student": student, "task": task, "value": value, "reason": reason}
        with self.writing() as database:
            database.execute(changes.insert().values(**row, made=stamp(now())))
            self.note(database, kind, **{k: v for k, v in row.items() if k != "kind"})

    # ------------------------------------------------------------ what is known

    def counts(self) -> dict[str, int]:
        """How many jobs wait, run and are done."""
        with self.engine.connect() as database:
            rows = database.execute(select(jobs.c.state, func.count()).group_by(jobs.c.state)).all()
        return {state: dict(tuple(row) for row in rows).get(state, 0) for state in (QUEUED, RUNNING, DONE)}

    def attempts(self) -> list[dict[str, Any]]:
        """Every result with its submission, oldest first. Of several gradings of one submission the newest counts."""
        columns = (
            submissions.c.student, jobs.c.task, jobs.c.submission, submissions.c.handed_in, results.c.verdict, results.c.score,
            results.c.isolation, results.c.graded, results.c.id.label("result"),
        )  # fmt: skip
        query = (
            select(*columns)
            .select_from(results.join(jobs).join(submissions))
            .order_by(submissions.c.handed_in, results.c.id)
        )
        with self.engine.connect() as database:
            newest = {(row.submission, row.task): row._asdict() for row in database.execute(query)}
        return list(newest.values())

    def decisions(self, kind: str) -> dict[tuple[str, str], dict[str, Any]]:
        """The decision that counts for each student and task."""
        query = select(changes).where(changes.c.kind == kind).order_by(changes.c.id)
        with self.engine.connect() as database:
            return {(row.student, row.task): row._asdict() for row in database.execute(query)}

    def checks_of(self, result: int) -> list[Check]:
        columns = (c for c in checks.c if c.name not in ("result", "place"))
        query = select(*columns).where(checks.c.result == result).order_by(checks.c.place)
        with self.engine.connect() as database:
            return [
                Check(**row._asdict() | {"visible": bool(row.visible)}) for row in database.execute(query)
            ]

    def broken_at(self) -> int | None:
        """The number of the first event that is not what was written, or does not follow the one before; None if all do."""
        before, expected = "", 1
        with self.engine.connect() as database:
            for row in database.execute(select(events).order_by(events.c.id)):
                told = {"at": row.at, "kind": row.kind, "body": row.body, "before": row.before}
                if row.before != before or row.hash != chained(**told) or row.id != expected:
                    return row.id
                before, expected = row.hash, row.id + 1
        return None


def chained(at: str, kind: str, body: str, before: str) -> str:
    return hashlib.sha256("\0".join((before, at, kind, body)).encode()).hexdigest()


def careful(connection, _record) -> None:
    """SQLite as a gradebook wants it: a commit is on the disk when it returns, readers never wait, writers take turns."""
    connection.isolation_level = None  # transactions are begun by `writing`, not by the driver
    for setting in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {setting}")


def each(jobs_of: Gradebook, seconds: float = 600.0) -> Iterable[Job]:
    """Jobs, leased one by one, until none waits."""
    while (job := jobs_of.lease(seconds)) is not None:
        yield job
