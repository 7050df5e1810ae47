"""Classes that could be: a folder with a roster and a gradebook as a term would fill it, the same for the same seed.

    room = a_class(tmp_path / "cs101", students=40)              # the five capability milestones, a whole term
    room = a_class(folder, students=40, waiting=10)              # the last ten hand-ins are still queued
    grade_waiting(room, most=3)                                  # ... and three of them get graded

Everything goes through the gradebook's own methods, in one transaction. Each student has an ability and a diligence, each check a
difficulty and a discrimination; a term of hand-ins, late ones, second tries and graders' errors follows from them.
"""

from __future__ import annotations

import ast
import csv
import hashlib
import math
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from unittest import mock

import yaml

from tito.assessment import classroom, store
from tito.assessment.classroom import Class, Task
from tito.assessment.results import Check, Job, Result
from tito.assessment.store import Gradebook
from tito.course import the_course
from tito.milestones.definitions import find_milestone

START = datetime(2026, 9, 7, 8, tzinfo=timezone.utc)  # the term's first day
EVERY = timedelta(days=14)  # a task is due every two weeks
SHORT = (
    "ann bob cyd dan eve fay gus hal ida jon kim lea max nia oli pam quy ray sue tom uma vic wes xia yan zoe"
)


@dataclass(frozen=True)
class Item:
    """A check as it is met by a class: 2PL, `chance = 1 / (1 + exp(-sharp * (ability - hard)))`."""

    name: str
    hard: float
    sharp: float = 1.6
    visible: bool = True
    says: tuple[str, ...] = ("the answer is {a:.3f}, expected {b:.3f}",)


ACCURACY = (
    "{a:.2%} of the test images are right; 95% are needed",
    "every picture gets the same answer, {n}: nothing was learned",
)
GRADIENTS = (
    "parameter {n} (shape (64, {m})): along a direction the loss changes by {a:.4g}, but the gradient says {b:.4g}",
    "the gradient of parameter {n} (shape ({m},)) is zero everywhere",
)
SPEED = ("training took {m}.4 s, {k:,} times the calibration; the bar is 10,000",)
REPLAY = ("step {k}: the record says a loss of {a:.4f}, the replay {b:.4f}",)
SHAPES = ("shapes differ\nexpected ({m}, 10)\ngot      (10, {m})",)

ITEMS: dict[str, tuple[Item, ...]] = {
    "basic_inference": (
        Item("forward", -2.0, says=SHAPES), Item("xor", -1.2, says=("solved from {n} of 10 seeds; from seed {k} XOR came out as 00 -> {a:.2f}, 01 -> {b:.2f}",)),
        Item("accuracy", -1.0, says=ACCURACY), Item("gradients", -0.6, says=GRADIENTS), Item("speed", -1.4, 0.2, says=SPEED),
        Item("labels drawn anew", -0.8, visible=False, says=("{a:.0%} of 32 pictures with labels drawn at random",)),
    ),
    "computer_vision": (
        Item("convolution", -1.2, says=SHAPES), Item("accuracy", -0.7, says=ACCURACY), Item("gradients", -0.3, says=GRADIENTS),
        Item("speed", -1.0, says=SPEED), Item("shifted images", -0.2, visible=False, says=ACCURACY),
    ),
    "full_training": (
        Item("accuracy", -0.5, says=ACCURACY), Item("replay", 0.0, says=REPLAY), Item("learning", -0.4, 2.2, says=("a fresh network does not learn with your code: {a:.0%} of 32 pictures",)),
        Item("gradients", -0.2, says=GRADIENTS), Item("noisy images", 0.2, visible=False, says=ACCURACY),
    ),
    "advanced_vision": (
        Item("accuracy", 0.4, says=ACCURACY), Item("kernels", 1.2, 2.0, says=("a step is {a:.2f} times as fast with your kernels as with your reference bodies (at least 1.5)",)),
        Item("replay", 0.6, says=REPLAY), Item("learning", 0.4, says=("a fresh network does not learn with your code: {a:.0%} of 32 pictures",)), Item("gradients", 0.5, says=GRADIENTS),
    ),
    "language_generation": (
        Item("bits", 1.1, says=("bits per character: english {b:.2f} (at most 3.1)",)), Item("words", 0.8, says=("{a:.0%} of the words are words; 45% are needed",)),
        Item("python", 1.3, says=("{a:.0%} of the generated lines parse; 35% are needed",)), Item("causality", 1.0, 2.4, visible=False, says=("position {n} sees position {m}",)),
        Item("gradients", 0.7, says=GRADIENTS),
    ),
}  # fmt: skip


@dataclass
class Clock:
    """The gradebook's clock, set by hand."""

    at: datetime = START

    def __call__(self) -> datetime:
        return self.at


class Bulk(Gradebook):
    """A gradebook whose writes, inside `at_once`, are one transaction: a thousand students in seconds."""

    held = None

    @contextmanager
    def writing(self, **settings):
        if self.held is not None:
            yield self.held
        else:
            with super().writing(**settings) as database:
                yield database

    @contextmanager
    def at_once(self) -> Iterator[None]:
        with super().writing() as self.held:
            try:
                yield
            finally:
                self.held = None


@dataclass(frozen=True)
class Person:
    id: str
    ability: float
    diligence: float


@dataclass
class HandIn:
    """One attempt to come: when, of what, and what grading it will find."""

    when: datetime
    student: str
    task: str
    result: Result
    broken_once: bool = False
    digest: str = field(default="")


def a_class(
    folder: Path,
    students: int = 30,
    milestones: Sequence[str | int] = (1, 2, 3, 4, 5),
    modules: Sequence[str] = (),
    seed: int = 0,
    waiting: int = 0,
    names: dict[str, str] | None = None,
) -> Class:
    """A class folder with its term. `names` gives some students (by id) another name; `waiting` leaves so many hand-ins ungraded."""
    rng = random.Random(seed)
    people = [person(i, rng) for i in range(students)]
    write_folder(folder, people, milestones, modules, names or {})
    room = classroom.read(folder)
    term = sorted(
        (h for p in people for h in term_of(p, room.tasks, rng)), key=lambda h: (h.when, h.student, h.task)
    )
    clock = Clock()
    book = Bulk(room.gradebook)
    try:
        with mock.patch.object(store, "now", clock), book.at_once():
            grade_term(book, term[: len(term) - waiting], clock)
            for one in term[len(term) - waiting :]:
                clock.at = max(clock.at, one.when)
                book.enqueue(book.hand_in(one.student, one.digest, one.when), one.task, "r1", "e1")
    finally:
        book.close()
    return room


def person(i: int, rng: random.Random) -> Person:
    short = SHORT.split()
    ability = rng.gauss(0.9, 1.0)
    return Person(
        short[i % 26] + (f"{i // 26 + 1}" if i >= 26 else ""),
        ability,
        0.5 * (ability - 0.9) + rng.gauss(0.8, 0.8),
    )


def write_folder(folder: Path, people: list[Person], milestones, modules, names: dict[str, str]) -> None:
    course = the_course()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "submissions").mkdir(exist_ok=True)
    tasks = [("milestones", find_milestone(m).id, 100) for m in milestones]
    tasks += [("modules", course.module(m).name, 20) for m in modules]
    settings: dict = {"name": folder.name, "milestones": {}, "modules": {}}
    for i, (kind, name, points) in enumerate(tasks):
        settings[kind][name] = {"points": points, "due": (START + (i + 1) * EVERY).isoformat()}
    (folder / "class.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    with open(folder / "roster.csv", "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["student", "name", "email"])
        rows.writerows([p.id, names.get(p.id, p.id.title()), f"{p.id}@example.org"] for p in people)
    key = folder / ".secret"
    key.write_bytes(b"k" * 32)
    key.chmod(0o600)


def items(task: Task) -> tuple[Item, ...]:
    """The checks of a task: of a module, the names in its checks.py, harder and harder."""
    if task.kind == "milestone":
        return ITEMS.get(task.id) or (
            Item("accuracy", -0.5, says=ACCURACY),
            Item("gradients", 0.0, says=GRADIENTS),
        )
    tree = ast.parse(the_course().module(task.id).checks.read_text(encoding="utf-8"))
    found = [
        f.name.removeprefix("test_")
        for f in tree.body
        if isinstance(f, ast.FunctionDef) and f.name.startswith("test_")
    ]
    return tuple(Item(name, -2.0 + 2.0 * i / len(found), says=SHAPES) for i, name in enumerate(found))


def term_of(one: Person, tasks: Sequence[Task], rng: random.Random) -> Iterator[HandIn]:
    """What one student hands in: rarely nothing, mostly in time, again after a failure."""
    keen = one.diligence
    for task in tasks:
        if rng.random() > 1 / (1 + math.exp(-(keen + 2.2))):
            keen -= 0.7  # who skips one is likelier to skip the next
            continue
        assert task.due is not None
        when = task.due - timedelta(hours=rng.gauss(20 + 22 * keen, 24))
        ability = one.ability
        for attempt in range(5):
            result = outcome(items(task), ability, rng)
            digest = hashlib.sha256(f"{one.id} {task.id} {attempt}".encode()).hexdigest()
            yield HandIn(when, one.id, task.id, result, rng.random() < 0.01, digest)
            if result.verdict == "passed" or rng.random() > 0.6 + 0.15 * keen:
                break
            when += timedelta(hours=rng.expovariate(1 / 22) + 0.5)
            ability += 0.2
        keen += 0.1 if result.verdict == "passed" else -0.5


def outcome(checks: Sequence[Item], ability: float, rng: random.Random) -> Result:
    """What grading finds in the work of somebody so able."""
    luck = rng.random()
    seconds = rng.lognormvariate(1.1, 0.4)
    if luck < 0.002:
        return Result("grader_error", 0.0, "A", seconds)
    if luck < 0.02 - 0.008 * ability:
        kind, text = rng.choice(
            [("syntax_error", "tinytorch/tensor.py:{m}: invalid syntax"), ("import_error", "No module named 'torch{n}'"), ("timeout", "nothing came within {m} s of processor time")]
        )  # fmt: skip
        first = Check(checks[0].name, kind, message=said(text, rng))
        return Result(
            kind,
            0.0,
            "A",
            seconds,
            (first, *(Check(c.name, "not_run", visible=c.visible) for c in checks[1:])),
        )
    found = []
    for item in checks:
        good = rng.random() < 1 / (1 + math.exp(-item.sharp * (ability - item.hard) - 0.8))
        text = "" if good else said(item.says[0] if rng.random() < 0.8 else item.says[-1], rng)
        found.append(Check(item.name, "passed" if good else "failed", float(good), 1.0, text, item.visible))
    score = sum(c.score for c in found) / len(found)
    return Result(
        "passed" if score == 1 else "failed" if score == 0 else "partial",
        score,
        "A" if rng.random() < 0.97 else "B",
        seconds,
        tuple(found),
    )


def said(text: str, rng: random.Random) -> str:
    return text.format(
        a=rng.uniform(0.1, 0.9),
        b=rng.uniform(1, 4),
        n=rng.randrange(10),
        m=rng.randrange(11, 99),
        k=rng.randrange(10_000, 99_999),
    )


def grade_term(book: Gradebook, term: list[HandIn], clock: Clock, workers: int = 2) -> None:
    """Every night at ten what came that day is graded."""
    for one in term:
        clock.at = max(clock.at, one.when)
        submission = book.hand_in(one.student, one.digest, one.when)
        assert book.enqueue(submission, one.task, "r1", "e1")
        clock.at = max(clock.at, one.when.replace(hour=22, minute=0, second=0, microsecond=0))
        if one.broken_once:
            book.give_back(leased(book))
        clock.at += timedelta(seconds=one.result.seconds / workers)
        assert book.finish(leased(book), one.result)


def leased(book: Gradebook) -> Job:
    job = book.lease()
    assert job is not None
    return job


def grade_waiting(room: Class, most: int = 10**9, seed: int = 1) -> int:
    """Grade so many of the queued hand-ins, each in a transaction of its own, as a batch does; says how many."""
    rng = random.Random(seed)
    tasks = {t.id: t for t in room.tasks}
    book, done = Gradebook(room.gradebook), 0
    try:
        while done < most and (job := book.lease()) is not None:
            done += book.finish(job, outcome(items(tasks[job.task]), rng.gauss(0.9, 1.0), rng))
    finally:
        book.close()
    return done
