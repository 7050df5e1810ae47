"""What a gradebook says now. It is asked often and read only when something changed; what was read is kept for all who ask."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from ..analytics import IDLE, Analysis, ReadOnly, Term, analyse, at_risk, heat, read, title
from ..classroom import Class
from ..feedback import Feedback, feedback
from ..report import charts, findings
from ..store import QUEUED, RUNNING, events, jobs, now, results, submissions

LATEST = 8  # results that are listed
Mark = tuple[Any, ...]


@dataclass(frozen=True)
class Run:
    """The batch that is at work: what it did since the last pause of a minute, what is left, how fast it goes."""

    done: int
    running: int
    waiting: int
    errors: int
    per_minute: float | None
    last: datetime | None
    latest: tuple[dict[str, Any], ...]

    @property
    def left(self) -> int:
        return self.running + self.waiting

    @property
    def minutes(self) -> float | None:
        return self.left / self.per_minute if self.per_minute and self.left else None

    def record(self) -> dict[str, Any]:
        return {
            "done": self.done, "running": self.running, "waiting": self.waiting, "errors": self.errors, "per_minute": self.per_minute,
            "minutes": self.minutes, "latest": list(self.latest), "told": self.told,
        }  # fmt: skip

    @property
    def told(self) -> str:
        """The state in a sentence."""
        if not self.left:
            since = f"; the last result came {self.last.astimezone():%Y-%m-%d %H:%M}" if self.last else ""
            return f"Nothing is waiting to be graded{since}"
        told = f"{self.done:,} of {self.done + self.left:,} graded, {self.running} at work, {self.waiting:,} waiting"
        if self.per_minute:
            told += f" · {self.per_minute:.0f} a minute"
        if self.minutes is not None:
            told += f" · {'under a minute' if self.minutes < 1 else f'about {self.minutes:.0f} min'} left"
        return told


class Watch:
    """One class, watched. Safe to use from several threads."""

    def __init__(self, room: Class):
        self.room = room
        self.book = ReadOnly(room.gradebook)
        self.lock = threading.Lock()
        self.kept: dict[str, tuple[Mark, Any]] = {}
        self.ended = lambda: False  # whether those who listen should stop

    def close(self) -> None:
        self.book.close()

    def mark(self) -> Mark:
        """Changes whenever the gradebook says something new."""
        with self.book.engine.connect() as database:
            newest = tuple(database.scalar(select(func.max(t.c.id))) for t in (results, events, submissions))
            states = database.execute(select(jobs.c.state, func.count()).group_by(jobs.c.state)).all()
        return (*newest, *sorted(map(tuple, states)))

    def once(self, name: str, make) -> Any:
        """What `make` gives, made again only when the gradebook has changed."""
        with self.lock:
            mark = self.mark()
            if name not in self.kept or self.kept[name][0] != mark:
                self.kept[name] = (mark, make())
            return self.kept[name][1]

    def analysis(self) -> Analysis:
        return self.once("analysis", lambda: analyse(read(self.room, self.book)))

    def students(self) -> dict[str, list[Any]]:
        return self.once("students", lambda: rows_of(read(self.room, self.book, details=False)))

    def run(self) -> Run:
        return self.once("run", lambda: run_of(self.book))

    def feedback(self, student: str) -> Feedback | None:
        return feedback(self.room, self.book, [student]).get(student)


def rows_of(term: Term) -> dict[str, list[Any]]:
    """By student: points, by what the row can be found, and each cell's class, text and days late."""
    risky = {risk.student.id for risk in at_risk(term)}
    found = {}
    for row in heat(term):
        flags = " ".join(
            filter(None, ["r" if row.student.id in risky else "", findings.flags(row, term.passed)])
        )
        cells = [charts.cell_parts(*pair) for pair in findings.pairs(row)]
        found[row.student.id] = [f"{round(row.points, 1):,.10g}", flags, cells]
    return found


def run_of(book: ReadOnly) -> Run:
    counts = book.counts()
    columns = (
        results.c.graded,
        submissions.c.student,
        jobs.c.task,
        results.c.verdict,
        results.c.score,
        results.c.seconds,
    )
    query = select(*columns).select_from(results.join(jobs).join(submissions)).order_by(results.c.id.desc())
    with book.engine.connect() as database:
        latest = database.execute(query.limit(LATEST)).all()
        moments = stretch(
            datetime.fromisoformat(told)
            for told in database.scalars(select(results.c.graded).order_by(results.c.id.desc()))
        )
        since = moments[-1].isoformat(timespec="microseconds") if moments else ""
        errors = (
            database.scalar(
                select(func.count()).where(results.c.verdict == "grader_error", results.c.graded >= since)
            )
            if since
            else 0
        )
    at_work = counts[RUNNING] + counts[QUEUED] > 0
    fresh = bool(moments) and now() - moments[0] <= IDLE
    done = len(moments) if at_work and fresh else 0
    span = (moments[0] - moments[-1]) / timedelta(minutes=1) if len(moments) > 1 else 0.0
    return Run(
        done, counts[RUNNING], counts[QUEUED], int(errors or 0) if done else 0, (len(moments) - 1) / span if span and done else None,
        moments[0] if moments else None,
        tuple(
            {
                "at": f"{datetime.fromisoformat(graded).astimezone():%H:%M:%S}", "student": student, "task": title(task),
                "verdict": verdict.replace("_", " "), "score": f"{score:.0%}", "seconds": f"{seconds:.1f} s",
            }
            for graded, student, task, verdict, score, seconds in latest
        ),
    )  # fmt: skip


def stretch(moments) -> list[datetime]:
    """Back from the newest, as long as no pause is longer than a minute."""
    found: list[datetime] = []
    for moment in moments:
        if found and found[-1] - moment > IDLE:
            break
        found.append(moment)
    return found
