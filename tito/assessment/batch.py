"""Grading a class: look through what was handed in, queue what has no grade yet, hand it to drivers, keep what comes back.

One supervisor a class, held by a lock on the folder; it alone writes the gradebook. Whatever is killed, and whenever: a job is done once
its result is in the gradebook, and until then it is in the queue.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import TitoError
from ..files import grab, release
from .boxes import cool_down
from .classroom import Class, secret
from .engines import Cluster, Local
from .isolation.doctor import best, examine
from .isolation.launch import possible
from .results import Check, Job, Result
from .rubric import environment, rubric_of
from .scan import INVALID, Scan, archives, scan
from .store import DONE, Gradebook

TRIES = 3  # of a job whose driver dies or whose grader fails
LEASE = 600.0  # seconds; renewed as long as a driver is at it


@dataclass
class Order:
    """What is to be graded, and how."""

    workers: int = 2
    engine: str = "local"
    address: str = ""  # of a Dask scheduler
    only: str = ""  # "failed", "changed" or "student X"
    regrade: str = ""  # the reason
    dry_run: bool = False
    isolation: str = ""  # "A", "B", "weak", or the best that holds

    @property
    def student(self) -> str:
        return self.only.removeprefix("student").strip() if self.only.startswith("student") else ""


@dataclass
class Report:
    """How a batch went."""

    tier: str
    scan: Scan
    jobs: int = 0
    graded: int = 0
    verdicts: Counter = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)  # what a person has to look at
    seconds: float = 0.0
    interrupted: bool = False
    waiting: list[str] = field(default_factory=list)

    def record(self) -> dict[str, Any]:
        return {
            "tier": self.tier, "jobs": self.jobs, "graded": self.graded, "verdicts": dict(self.verdicts), "grader_errors": self.errors,
            "new": self.scan.new, "missing": self.scan.missing, "strangers": self.scan.strangers, "seconds": round(self.seconds, 2),
            "interrupted": self.interrupted, "waiting": self.waiting,
        }  # fmt: skip


Watch = Callable[[str, dict[str, Any]], None]  # told of what happens: an event and its facts


@contextlib.contextmanager
def alone(room: Class) -> Iterator[None]:
    """The class's lock. The kernel gives it back when the process that holds it ends, however it ends."""
    with open(room.folder / ".lock", "a+b") as file:
        if not grab(file):
            raise TitoError(
                f"{room.folder} is being graded by another process", "wait for it, or end it: Ctrl-C there"
            )
        try:
            yield
        finally:
            release(file)


def choose_tier(wanted: str) -> str:
    """The tier to grade in: the one asked for, if it holds here, or the best that does."""
    if wanted == "weak":
        return "C"
    asked = [wanted] if wanted else ["A", "B"]
    reports = [examine(tier, quick=True) for tier in asked if not possible(tier)]
    tier = best(reports)
    if tier == "C":
        why = "; ".join(possible(t) or "it does not hold here" for t in asked)
        raise TitoError(
            f"no sandbox holds on this machine ({why})",
            "tito assessment doctor says why. --isolation weak grades with limits alone: against mistakes, not against malice.",
        )
    return tier


def batch(room: Class, book: Gradebook, order: Order, watch: Watch = lambda *_: None) -> Report:
    """Grade what has no grade yet."""
    begun = time.monotonic()
    secret(room.folder)  # what ails it is said now, once, and not by every job
    with alone(room), contextlib.ExitStack() as stack:
        stack.callback(cool_down)  # the tier was tried in boxes of this process
        book.take_back()
        start = cache(lambda tier: stack.enter_context(engine_of(room, tier, order)))
        tier = cache(lambda: choose_tier(order.isolation))

        def taken_in(text: str) -> None:
            """Drivers get ready beside the look through what was handed in, which one core does alone."""
            watch("scan", {"text": text})
            if not order.dry_run and not order.only and order.engine == "local":
                start(tier()).get_ready()

        report = Report("", scan(room, book, taken_in))
        waiting, would = queue(room, book, report.scan, order)
        report.jobs = len(waiting) + len(would)
        report.tier = order.isolation
        if order.dry_run:
            report.waiting = sorted([f"{row['student']} {row['task']}" for row in waiting] + would)
        elif waiting:
            report.tier = tier()
            watch("begin", {"jobs": len(waiting), "tier": report.tier})
            wanted = {row["job"] for row in waiting}
            Supervisor(room, book, start(report.tier), report, watch, wanted).run()
    report.seconds = time.monotonic() - begun
    return report


def command(folder: Path, *options: str) -> list[str]:
    """How a class is graded by a program of its own."""
    return [sys.executable, "-m", "tito", "assessment", "batch", "--class", str(folder), "--json", *options]


def engine_of(room: Class, tier: str, order: Order):
    if order.engine == "dask":
        return Cluster(room, tier, order.address, order.workers)
    return Local(room, tier, max(1, order.workers))


def queue(room: Class, book: Gradebook, found: Scan, order: Order) -> tuple[list[dict[str, Any]], list[str]]:
    """Put into the queue what this order asks for: the jobs there that it means, and in a dry run those that it would put there."""
    if order.only not in ("", "failed", "changed") and not order.student:
        raise TitoError(f"--only {order.only}: failed, changed, or a student's id", "--only ann")
    if order.student and order.student not in {student.id for student in room.students}:
        raise TitoError(
            f"there is no student {order.student!r} on the roster", str(room.folder / "roster.csv")
        )
    here = environment()
    rubrics = {task.id: rubric_of(task) for task in room.tasks}
    mine = {
        student: ident for student, ident in found.submissions.items()
        if (not order.student or student == order.student) and (order.only != "changed" or student in found.new)
    }  # fmt: skip
    wanted = [
        (ident, task, rubric, here, 0, 0) for ident in mine.values() for task, rubric in rubrics.items()
    ]
    current = lambda row: row["submission"] in mine.values() and row["rubric"] == rubrics.get(row["task"])
    done = [row for row in book.standing() if row["state"] == DONE and current(row)]
    newest = {(row["submission"], row["task"]): row for row in done}.values()
    again = []
    if order.regrade:
        failed = lambda row: row["verdict"] != "passed"
        again = [row["job"] for row in newest if order.only != "failed" or failed(row)]
    elif order.only == "failed":
        again = [row["job"] for row in newest if row["verdict"] == "grader_error"]
    would: list[str] = []
    if order.dry_run:
        names = {ident: student for student, ident in mine.items()}
        asked = [] if order.only == "failed" else book.unknown(wanted)
        would = [f"{names[row[0]]} {row[1]}" for row in asked]
        would += [f"{row['student']} {row['task']}" for row in done if row["job"] in again]
    else:
        if order.only != "failed":
            book.enqueue_all(wanted)
        if again:
            book.regrade(again, order.regrade or "the grader had failed")
    meant = lambda row: row["state"] != DONE and row["submission"] in mine.values() and row["task"] in rubrics
    return [row for row in book.standing() if meant(row)], would


class Supervisor:
    """Jobs out, results in."""

    def __init__(self, room: Class, book: Gradebook, engine, report: Report, watch: Watch, wanted: set[int]):
        self.room, self.book, self.engine, self.report, self.watch = room, book, engine, report, watch
        self.wanted = wanted
        self.out: dict[int, tuple[Job, float]] = {}  # leased jobs, and when the lease was last renewed

    def run(self) -> None:
        """Until nothing waits. Ctrl-C ends it cleanly: what is out goes back into the queue."""
        with Interruptions() as interruptions:
            try:
                while True:
                    with interruptions.held_back():
                        if not self.hand_out() and not self.out:
                            return
                    found = self.engine.wait(1.0)
                    with interruptions.held_back():
                        for job, result in found:
                            self.take(job, result)
                        self.renew()
            except KeyboardInterrupt:
                self.report.interrupted = True
                for job, _ in self.out.values():
                    self.book.give_back(job)

    def hand_out(self) -> bool:
        """Fill the slots; whether anything was handed out."""
        handed = False
        while len(self.out) < self.engine.slots and (job := self.book.lease(LEASE, self.wanted)):
            handed = True
            if job.digest.startswith(INVALID):
                self.keep(job, invalid(job.digest.removeprefix(INVALID)))
                continue
            self.out[job.id] = job, time.monotonic()
            self.watch("start", {"student": job.student, "task": job.task})
            self.engine.submit(job, archives(self.room) / f"{job.digest}.zip")
        return handed

    def take(self, job: Job, result: Result | None) -> None:
        """A result, or a driver that is gone. The grader's own failures are tried again, then listed for a person."""
        job, _ = self.out.pop(job.id, (job, 0.0))
        if result is None and job.tries < TRIES:
            self.book.give_back(job)
            self.watch("lost", {"student": job.student, "task": job.task})
            return
        if result is None:
            told = f"the grader died {job.tries} times of it"
            result = Result(
                "grader_error",
                0.0,
                self.report.tier,
                checks=(Check("grader", "grader_error", message=told, visible=False),),
            )
        if result.verdict == "grader_error" and job.tries < TRIES:
            self.book.give_back(job)
            self.watch(
                "again", {"student": job.student, "task": job.task, "message": result.checks[0].message}
            )
            return
        self.keep(job, result)

    def keep(self, job: Job, result: Result) -> None:
        if not self.book.finish(job, result):
            return  # the lease is another's by now, and so is the result
        self.report.graded += 1
        self.report.verdicts[result.verdict] += 1
        if result.verdict == "grader_error":
            self.report.errors.append(f"{job.student} {job.task}: {result.checks[0].message}")
        facts = {"student": job.student, "task": job.task, "verdict": result.verdict, "score": result.score}
        self.watch("graded", facts | {"seconds": result.seconds, "done": self.report.graded})

    def renew(self) -> None:
        for ident, (job, since) in list(self.out.items()):
            if time.monotonic() - since > LEASE / 3:
                self.book.extend(job, LEASE)
                self.out[ident] = job, time.monotonic()


class Interruptions:
    """Ctrl-C, held back while the gradebook and what is known here of it are brought to the same state."""

    def __init__(self):
        self.holding = self.came = False
        self.before: Any = None

    def __enter__(self) -> Interruptions:
        ours = threading.current_thread() is threading.main_thread()
        if (
            ours and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        ):  # else it is ignored, or somebody's
            self.before = signal.signal(signal.SIGINT, self.hear)
        return self

    def __exit__(self, *_) -> None:
        if self.before is not None:
            signal.signal(signal.SIGINT, self.before)

    def hear(self, *_) -> None:
        if not self.holding:
            raise KeyboardInterrupt
        self.came = True

    @contextlib.contextmanager
    def held_back(self) -> Iterator[None]:
        self.holding = True
        try:
            yield
        finally:
            self.holding = False
        if self.came:
            self.came = False
            raise KeyboardInterrupt


def invalid(reason: str) -> Result:
    """What cannot be read earns nothing; it may be handed in again."""
    return Result(
        "invalid_submission", 0.0, "none", checks=(Check("intake", "invalid_submission", message=reason),)
    )


# ---------------------------------------------------------------- how it stands


def status(room: Class, book: Gradebook) -> dict[str, Any]:
    """Counts, what waits, what a person has to look at, and whether the gradebook is what was written."""
    rows = book.standing()
    rubrics = {task.id: rubric_of(task) for task in room.tasks}
    newest = {(row["submission"], row["task"]): row for row in rows if row["state"] == DONE}
    latest = {ident for ident, _ in book.newest().values()}
    graded = [row for row in newest.values() if row["submission"] in latest and row["task"] in rubrics]
    errors = [row for row in graded if row["verdict"] == "grader_error"]
    handed_in = book.newest()
    broken = book.broken_at()
    seconds = sorted(
        row["seconds"] for row in graded if row["verdict"] not in ("grader_error", "invalid_submission")
    )
    return {
        "class": room.name, "students": len(room.students), "handed_in": len(handed_in),
        "missing": [student.id for student in room.students if student.id not in handed_in],
        "jobs": book.counts(), "verdicts": dict(Counter(row["verdict"] for row in graded)),
        "tasks": [
            {
                "task": task.id, "due": task.due, "graded": sum(row["task"] == task.id for row in graded),
                "passed": sum(row["task"] == task.id and row["verdict"] == "passed" for row in graded),
            }
            for task in room.tasks
        ],
        "waiting": [f"{row['student']} {row['task']}" for row in rows if row["state"] != DONE],
        "out_of_date": sum(row["rubric"] != rubrics[row["task"]] for row in graded),
        "grader_errors": [
            {"student": row["student"], "task": row["task"], "message": book.messages(row["job"])} for row in errors
        ],
        "isolation": dict(Counter(row["isolation"] for row in graded)),
        "seconds": {"median": seconds[len(seconds) // 2], "most": seconds[-1]} if seconds else {},
        "events_intact": broken is None, "broken_at": broken,
    }  # fmt: skip
