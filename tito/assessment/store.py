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
from contextlib import contextmanager, nullcontext
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from weakref import finalize

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
from sqlalchemy.exc import DatabaseError, OperationalError

from ..errors import TitoError
from .results import Check, Job, Result

QUEUED, RUNNING, DONE = "queued", "running", "done"
SCHEMA = 2  # of the tables below; a gradebook says which one it has, migrations.py leads from one to the next

tables = MetaData()
meta = Table("meta", tables, Column("key", String, primary_key=True), Column("value", String, nullable=False))
submissions = Table(
    "submissions", tables, Column("id", Integer, primary_key=True), Column("student", String, nullable=False, index=True),
    Column("digest", String, nullable=False), Column("handed_in", String, nullable=False), Column("left_out", Text, nullable=False),
    UniqueConstraint("student", "digest", "handed_in"),
)  # fmt: skip
ONE_OF_A_KIND = ("submission", "task", "rubric", "environment", "epoch", "round")
jobs = Table(
    "jobs", tables, Column("id", Integer, primary_key=True), Column("submission", ForeignKey("submissions.id"), nullable=False),
    Column("task", String, nullable=False), Column("rubric", String, nullable=False), Column("environment", String, nullable=False),
    Column("epoch", Integer, nullable=False), Column("state", String, nullable=False, index=True), Column("lease", String),
    Column("until", String), Column("tries", Integer, nullable=False), Column("round", Integer, nullable=False, server_default="0"),
    UniqueConstraint(*ONE_OF_A_KIND, name="one_of_a_kind"),
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
sources = Table(  # what was found in submissions/, as it was then
    "sources", tables, Column("path", String, primary_key=True), Column("stamp", String, nullable=False),
    Column("submission", ForeignKey("submissions.id"), nullable=False),
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


HELP = {  # for what SQLite says of a gradebook that is one
    "database is locked": "another program holds it: close that one, and try again",
    "disk is full": "make room there; what was kept stays",
    "readonly database": "it, or its folder, cannot be written to",
    "unable to open": "its folder cannot be read, or not be written to",
    "disk I/O error": "its disk is full, fails, or cannot be reached",
}


def help_for(error: DatabaseError) -> str:
    return next((told for said, told in HELP.items() if said in str(error.orig)), "")


def out_of_order(where: Path | str, error: DatabaseError) -> TitoError:
    told = help_for(error)
    if told:
        return TitoError(f"{where}: {error.orig}", told)
    return TitoError(f"{where} is not a gradebook: {error.orig}", "move it away, or restore it from a copy")


class Gradebook:
    """`Gradebook(path)` or `Gradebook("postgresql+psycopg://...")`; made when it is not there."""

    def __init__(self, where: Path | str):
        self.attach(f"sqlite:///{where}" if isinstance(where, Path) else where, careful)
        self.where = where
        try:
            found = self.prepare()
        except DatabaseError as error:
            self.close()
            raise out_of_order(where, error) from None
        except TitoError:
            self.close()
            raise
        if found > SCHEMA:
            self.close()
            raise TitoError(
                f"{where} was made by a newer tito (tables {found}, this one knows {SCHEMA})", "update tito"
            )

    def attach(self, url: str, set_up) -> None:
        """Find the database. Its connections are closed with the gradebook, also where nobody closes that: Python 3.13 warns of others."""
        self.engine = create_engine(url)
        finalize(self, self.engine.dispose)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        if self.is_sqlite:
            event.listen(self.engine, "connect", set_up)

    def prepare(self) -> int:
        """Make the tables, or bring them up to date; the schema that was found."""
        with self.writing(rebuilding=True) as database:
            meta.create(database, checkfirst=True)  # in here, as another process may be making it too
            found = database.scalar(select(meta.c.value).where(meta.c.key == "schema"))
            if found is None:
                tables.create_all(database)
                database.execute(meta.insert().values(key="schema", value=str(SCHEMA)))
            elif int(found) < SCHEMA:
                from .migrations import upgrade

                upgrade(database, int(found))
                database.execute(meta.update().where(meta.c.key == "schema").values(value=str(SCHEMA)))
                self.note(database, "tables brought up to date", before=int(found), now=SCHEMA)
            return int(found or SCHEMA)

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def writing(self, rebuilding: bool = False) -> Iterator[Connection]:
        """One transaction that has the write lock from its beginning. `rebuilding`: a table that others refer to is made anew in it."""
        try:
            with self.engine.connect() as database:
                if self.is_sqlite:
                    database.exec_driver_sql(f"PRAGMA foreign_keys={'OFF' if rebuilding else 'ON'}")
                    database.exec_driver_sql("BEGIN IMMEDIATE")
                try:
                    yield database
                except BaseException:
                    database.rollback()
                    raise
                database.commit()
        except OperationalError as error:
            if help_for(error):
                raise out_of_order(self.where, error) from None
            raise

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

    def enqueue(
        self, submission: int, task: str, rubric: str, environment: str, epoch: int = 0, again: int = 0
    ) -> bool:
        """Ask for a grade; False when this submission has been graded so already, or waits for it.

        `again`: in which round, where it is graded more than once with the same questions.
        """
        return bool(self.enqueue_all([(submission, task, rubric, environment, epoch, again)]))

    def enqueue_all(self, wanted: Iterable[tuple[int, str, str, str, int, int]]) -> int:
        """Ask for many grades in one transaction; how many of them are new."""
        with self.writing() as database:
            new = self.unknown(wanted, database)
            if new:
                rows = [dict(zip(ONE_OF_A_KIND, row)) | {"state": QUEUED, "tries": 0} for row in new]
                database.execute(jobs.insert(), rows)
        return len(new)

    def unknown(self, wanted: Iterable[tuple], database: Connection | None = None) -> list[tuple]:
        """Those that have not been asked for yet."""
        query = select(*(jobs.c[name] for name in ONE_OF_A_KIND))
        with nullcontext(database) if database is not None else self.engine.connect() as connection:
            known = {tuple(row) for row in connection.execute(query)}
        return [row for row in dict.fromkeys(wanted) if row not in known]

    def regrade(self, chosen: Iterable[int], reason: str) -> int:
        """Queue these done jobs once more, with the same questions; their results stay. How many there were."""
        if not reason.strip():
            raise TitoError("a regrade needs a reason", '--reason "..."')
        with self.writing() as database:
            rows = database.execute(
                select(jobs).where(jobs.c.id.in_(list(chosen)), jobs.c.state == DONE)
            ).all()
            for row in rows:
                same = {k: getattr(row, k) for k in ("submission", "task", "rubric", "environment", "epoch")}
                last = select(func.max(jobs.c.round)).where(*(jobs.c[k] == v for k, v in same.items()))
                number = database.scalar(last) + 1
                database.execute(jobs.insert().values(**same, round=number, state=QUEUED, tries=0))
            if rows:
                self.note(database, "regrade", reason=reason, jobs=[row.id for row in rows])
        return len(rows)

    def take_back(self) -> int:
        """Put every leased job back: for whoever is the only one to grade this class. How many there were.

        That the supervisor died is not their fault, so the try does not count.
        """
        with self.writing() as database:
            held = jobs.update().where(jobs.c.state == RUNNING)
            return database.execute(
                held.values(state=QUEUED, lease=None, until=None, tries=jobs.c.tries - 1)
            ).rowcount

    def extend(self, job: Job, seconds: float = 600.0) -> None:
        """A lease that is about to run out while its job is being done."""
        until = stamp(now() + timedelta(seconds=seconds))
        with self.writing() as database:
            database.execute(
                jobs.update().where(jobs.c.id == job.id, jobs.c.lease == job.lease).values(until=until)
            )

    def found_at(self) -> dict[str, tuple[str, int]]:
        """What was found in submissions/ the last time: the stamp of each entry, and its submission."""
        with self.engine.connect() as database:
            return {row.path: (row.stamp, row.submission) for row in database.execute(select(sources))}

    def remember(self, path: str, stamp: str, submission: int) -> None:
        with self.writing() as database:
            database.execute(sources.delete().where(sources.c.path == path))
            database.execute(sources.insert().values(path=path, stamp=stamp, submission=submission))

    def newest(self) -> dict[str, tuple[int, str]]:
        """Each student's last submission and its digest."""
        query = select(submissions).order_by(submissions.c.handed_in, submissions.c.id)
        with self.engine.connect() as database:
            return {row.student: (row.id, row.digest) for row in database.execute(query)}

    def lease(self, seconds: float = 600.0, among: set[int] | None = None) -> Job | None:
        """The next job (`among` these), for so many seconds: one that waits, or one whose lease has run out."""
        moment, token = now(), secrets.token_hex(16)
        waiting = or_(jobs.c.state == QUEUED, (jobs.c.state == RUNNING) & (jobs.c.until < stamp(moment)))
        wanted = (
            select(jobs.c.id).where(waiting).order_by(jobs.c.tries, jobs.c.id)
        )  # what failed goes to the end
        if among is None:
            wanted = wanted.limit(1)
        with self.writing() as database:
            rows = database.scalars(wanted if self.is_sqlite else wanted.with_for_update(skip_locked=True))
            chosen = next((ident for ident in rows if among is None or ident in among), None)
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

    def standing(self) -> list[dict[str, Any]]:
        """Every job with its submission's student and its result, if there is one by now; in the order they were asked for."""
        columns = (
            jobs.c.id.label("job"), submissions.c.student, jobs.c.submission, submissions.c.digest, jobs.c.task, jobs.c.rubric, jobs.c.epoch,
            jobs.c.round, jobs.c.state, jobs.c.tries, results.c.verdict, results.c.score, results.c.seconds, results.c.isolation,
        )  # fmt: skip
        query = select(*columns).select_from(jobs.join(submissions).outerjoin(results)).order_by(jobs.c.id)
        with self.engine.connect() as database:
            return [row._asdict() for row in database.execute(query)]

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
            found = database.execute(query)
            names = tuple(found.keys())
            rows = [dict(zip(names, row)) for row in found.all()]
        return list({(row["submission"], row["task"]): row for row in rows}.values())

    def messages(self, job: int) -> str:
        """What the checks of a job's result say."""
        query = select(checks.c.message).select_from(checks.join(results)).where(results.c.job == job)
        with self.engine.connect() as database:
            return "\n".join(database.scalars(query.order_by(checks.c.place)))

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
