"""What a class's gradebook tells: pure functions over what is read from it once.

    term = read(room, book)
    for row in pass_rates(term): print(row.task, row.passed, row.students)

Every function returns records; `report` draws them. A grader's error counts for nobody: neither as a try nor as a failure.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from functools import cached_property
from pathlib import Path
from statistics import median

import numpy as np
from sqlalchemy import select
from sqlalchemy.exc import DatabaseError

from ..errors import TitoError
from .classroom import Class, Student
from .grades import Grade, grades
from .plain import one_line, plain
from .results import Check
from .store import QUEUED, RUNNING, Gradebook, checks, jobs, out_of_order, results, submissions

UNJUDGED = ("blocked", "not_run", "grader_error")  # verdicts that say nothing about the student's work


@dataclass(frozen=True)
class Attempt:
    """One graded hand-in."""

    student: str
    task: str
    verdict: str
    score: float
    handed_in: datetime
    graded: datetime
    isolation: str
    seconds: float
    tries: int  # how often the grader began
    result: int


@dataclass(frozen=True)
class Term:
    """What was read: the class, the grades as they are shown, each attempt, and the checks of each."""

    room: Class
    at: datetime
    grades: tuple[Grade, ...]
    attempts: tuple[Attempt, ...]
    checks: dict[int, tuple[Check, ...]]  # by an attempt's `result`
    counts: dict[str, int]

    @property
    def tasks(self) -> list[str]:
        return [task.id for task in self.room.tasks]

    @cached_property
    def passed(self) -> set[tuple[str, str]]:
        """Students and tasks of which some hand-in passed, however late, whichever counts for the points."""
        return set(firsts(judged(self))[1])

    def rows(self) -> dict[str, list[Grade]]:
        """Each student's grades, in the tasks' order."""
        found: dict[str, list[Grade]] = {student.id: [] for student in self.room.students}
        for grade in self.grades:
            found[grade.student].append(grade)
        return found


class ReadOnly(Gradebook):
    """A gradebook that is looked at, while a batch may be writing it: nothing here can change a byte of it."""

    def __init__(self, where: Path | str):
        if isinstance(where, Path):
            if not where.is_file():
                raise TitoError(f"{where}: nothing was graded yet", "tito assessment batch")
            name = where.resolve().as_posix().replace("?", "%3f").replace("#", "%23")
            self.attach(f"sqlite:///file:{name}?mode=ro&uri=true", patient)
        else:
            self.attach(where, patient)
        try:
            self.counts()
        except DatabaseError as error:
            self.close()
            raise out_of_order(where, error) from None

    def writing(self, **_settings):
        raise TitoError("this gradebook is only read here")


def patient(connection, _record) -> None:
    connection.execute("PRAGMA busy_timeout=30000")
    connection.execute("PRAGMA query_only=ON")


def read(room: Class, book: Gradebook, at: datetime | None = None, details: bool = True) -> Term:
    """Everything the functions below need, in a handful of questions. Names and messages come out plain. Without `details` no checks."""
    found = tuple(attempts(book))
    people = tuple(Student(s.id, one_line(s.name, 80), one_line(s.email)) for s in room.students)
    return Term(
        replace(room, students=people), at or datetime.now(timezone.utc), tuple(grades(room, book)), found,
        checks_of(book, {a.result for a in found}) if details else {}, book.counts(),
    )  # fmt: skip


def attempts(book: Gradebook) -> Iterable[Attempt]:
    """Every result, oldest hand-in first; of several gradings of one hand-in the newest."""
    columns = (
        jobs.c.submission, submissions.c.student, jobs.c.task, results.c.verdict, results.c.score, submissions.c.handed_in,
        results.c.graded, results.c.isolation, results.c.seconds, jobs.c.tries, results.c.id,
    )  # fmt: skip
    query = select(*columns).select_from(results.join(jobs).join(submissions))
    newest: dict[tuple[int, str], Attempt] = {}
    with book.engine.connect() as database:
        rows = database.execute(query.order_by(submissions.c.handed_in, results.c.id)).all()
        for number, student, task, verdict, score, handed_in, graded, *rest in rows:
            newest[number, task] = Attempt(
                student,
                task,
                verdict,
                score,
                datetime.fromisoformat(handed_in),
                datetime.fromisoformat(graded),
                *rest,
            )
    return newest.values()


def checks_of(book: Gradebook, wanted: set[int]) -> dict[int, tuple[Check, ...]]:
    """The checks of these results."""
    columns = (checks.c.result, checks.c.name, checks.c.verdict, checks.c.score, checks.c.weight, checks.c.message, checks.c.visible)  # fmt: skip
    found: dict[int, list[Check]] = defaultdict(list)
    made: dict[tuple, Check] = {}  # a class has many that are alike
    with book.engine.connect() as database:
        rows = database.execute(select(*columns).order_by(checks.c.result, checks.c.place)).all()
    for number, *told in rows:
        if number in wanted:
            key = tuple(told)
            if key not in made:
                name, verdict, score, weight, message, visible = told
                made[key] = Check(one_line(name), verdict, score, weight, plain(message), bool(visible))
            found[number].append(made[key])
    return {number: tuple(some) for number, some in found.items()}


# ---------------------------------------------------------------- passing


@dataclass(frozen=True)
class PassRate:
    task: str
    students: int  # on the roster
    tried: int
    passed: int
    first_try: int  # passed with their first hand-in
    mean: float | None  # of the points of those who tried, as a share


def pass_rates(term: Term) -> list[PassRate]:
    first: dict[tuple[str, str], str] = {}
    for a in judged(term):
        first.setdefault((a.student, a.task), a.verdict)
    won = term.passed
    rows = []
    for task, some in by_task(term):
        tried = [g for g in some if g.attempts]
        shares = [share(g) for g in tried if g.points is not None]
        once = sum(first.get((g.student, task)) == "passed" for g in some)
        rows.append(
            PassRate(
                task,
                len(some),
                len(tried),
                sum((g.student, task) in won for g in some),
                once,
                sum(shares) / len(shares) if shares else None,
            )
        )
    return rows


def by_task(term: Term) -> list[tuple[str, list[Grade]]]:
    found: dict[str, list[Grade]] = {task: [] for task in term.tasks}
    for grade in term.grades:
        found[grade.task].append(grade)
    return list(found.items())


def judged(term: Term) -> list[Attempt]:
    """The attempts of students on the roster that say something about their work."""
    known = {student.id for student in term.room.students}
    return [a for a in term.attempts if a.student in known and a.verdict != "grader_error"]


def share(grade: Grade) -> float:
    """The points of a grade as a share of what there is to have; what is blank counts nothing."""
    return (grade.points or 0.0) / grade.most if grade.most else 0.0


@dataclass(frozen=True)
class Stage:
    task: str
    reached: int  # passed every task before it, or tried it
    tried: int
    passed: int


def funnel(term: Term) -> list[Stage]:
    """Where students stop, in the tasks' order."""
    through, everything = set(term.rows()), term.passed
    stages = []
    for task, some in by_task(term):
        tried = {g.student for g in some if g.attempts}
        won = {g.student for g in some if (g.student, task) in everything}
        stages.append(Stage(task, len(through | tried), len(tried), len(won)))
        through &= won
    return stages


# ---------------------------------------------------------------- scores


@dataclass(frozen=True)
class Row:
    """One student in the heat map: a share for each task, None where nothing was graded."""

    student: Student
    cells: tuple[float | None, ...]
    grades: tuple[Grade, ...]
    points: float
    most: float

    @property
    def share(self) -> float:
        return self.points / self.most if self.most else 0.0


def heat(term: Term) -> list[Row]:
    people = {student.id: student for student in term.room.students}
    return [
        Row(
            people[ident],
            tuple(None if g.points is None else share(g) for g in some),
            tuple(some),
            round(sum(g.points or 0.0 for g in some), 4),
            sum(g.most for g in some),
        )
        for ident, some in term.rows().items()
    ]


@dataclass(frozen=True)
class Bin:
    low: float
    high: float
    students: int


def histogram(rows: Sequence[Row], bins: int = 20) -> list[Bin]:
    """Students by their share of all points; the last bin includes its end."""
    counts = Counter(min(int(row.share * bins + 1e-9), bins - 1) for row in rows)
    return [Bin(i / bins, (i + 1) / bins, counts[i]) for i in range(bins)]


# ---------------------------------------------------------------- time


@dataclass(frozen=True)
class Quartiles:
    low: float
    middle: float
    high: float
    n: int


def quartiles(values: Sequence[float]) -> Quartiles | None:
    if not values:
        return None
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
    return Quartiles(float(low), float(middle), float(high), len(values))


@dataclass(frozen=True)
class Times:
    """In days, of the students who passed: from the first hand-in to the pass, from the class's first hand-in to it, and from it to the due date."""

    task: str
    working: Quartiles | None
    since_start: Quartiles | None
    before_due: Quartiles | None


def times(term: Term) -> list[Times]:
    first, won = firsts(judged(term))
    start = min(first.values(), default=None)
    rows = []
    for task in term.room.tasks:
        pairs = [(first[key], at) for key, at in won.items() if key[1] == task.id]
        rows.append(
            Times(
                task.id,
                quartiles([days(at - begun) for begun, at in pairs]),
                quartiles([days(at - start) for _, at in pairs]) if start else None,
                quartiles([days(task.due - at) for _, at in pairs]) if task.due else None,
            )
        )
    return rows


def firsts(
    some: Iterable[Attempt],
) -> tuple[dict[tuple[str, str], datetime], dict[tuple[str, str], datetime]]:
    """When each student first handed in each task, and when what passed was handed in."""
    first: dict[tuple[str, str], datetime] = {}
    won: dict[tuple[str, str], datetime] = {}
    for a in some:
        first.setdefault((a.student, a.task), a.handed_in)
        if a.verdict == "passed":
            won.setdefault((a.student, a.task), a.handed_in)
    return first, won


def days(span: timedelta) -> float:
    return span / timedelta(days=1)


@dataclass(frozen=True)
class Line:
    """How many students had passed a task at the end of each day on which that number changed."""

    task: str
    due: datetime | None
    points: tuple[tuple[date, int], ...]


def progress(term: Term) -> list[Line]:
    _, won = firsts(judged(term))
    lines = []
    for task in term.room.tasks:
        per_day = Counter(at.date() for (_, ident), at in won.items() if ident == task.id)
        total, points = 0, []
        for day in sorted(per_day):
            total += per_day[day]
            points.append((day, total))
        lines.append(Line(task.id, task.due, tuple(points)))
    return lines


# ---------------------------------------------------------------- checks


@dataclass(frozen=True)
class Item:
    """A check as a test item. `p` is the mean score: 1 is what everybody can. `r` is the correlation of its score with the
    student's mean score on all other checks: near 0 it says nothing about who can do the rest, below 0 it is likely broken."""

    task: str
    check: str
    visible: bool
    n: int
    p: float
    r: float | None


def items(term: Term) -> list[Item]:
    """Difficulty and discrimination (corrected point-biserial correlation) of each check, in everybody's first hand-in: later ones
    have seen its message. What did not run, or weighs nothing, is left out."""
    people = {student.id: i for i, student in enumerate(term.room.students)}
    order = {task: i for i, task in enumerate(term.tasks)}
    first: dict[tuple[str, str], Attempt] = {}
    for a in judged(term):
        first.setdefault((a.student, a.task), a)
    columns: dict[tuple[str, str], int] = {}
    seen: dict[int, bool] = {}
    cells = []
    for (student, task), a in sorted(first.items(), key=lambda pair: order.get(pair[0][1], -1)):
        for c in term.checks.get(a.result, ()) if task in order else ():
            column = columns.setdefault((task, c.name), len(columns))
            seen[column] = c.visible
            if c.weight and c.verdict not in UNJUDGED:
                cells.append((people[student], column, c.score))
    scores = np.full((len(people), len(columns)), np.nan)
    for row, column, score in cells:
        scores[row, column] = score
    known = ~np.isnan(scores)
    filled = np.where(known, scores, 0.0)
    sums, counts = filled.sum(1), known.sum(1)
    rows = []
    for (task, name), column in columns.items():
        some = known[:, column]
        own = filled[some, column]
        others = counts[some] - 1
        rest = np.divide(sums[some] - own, others, out=np.full(len(own), np.nan), where=others > 0)
        rows.append(
            Item(
                task,
                name,
                seen[column],
                len(own),
                float(own.mean()) if len(own) else math.nan,
                correlation(own, rest),
            )
        )
    return [row for row in rows if row.n]


def correlation(x: np.ndarray, y: np.ndarray) -> float | None:
    """Pearson's r of two columns (the point-biserial one where x is 0 or 1); None where either does not vary."""
    both = ~(np.isnan(x) | np.isnan(y))
    x, y = x[both], y[both]
    if len(x) < 3 or np.ptp(x) < 1e-12 or np.ptp(y) < 1e-12:
        return None
    return float(np.corrcoef(x, y)[0, 1])


@dataclass(frozen=True)
class ErrorGroup:
    task: str
    check: str
    pattern: str  # the message, numbers and names out
    students: int
    example: str
    visible: bool


QUOTED = re.compile(r"'[^'\n]{1,80}'|\"[^\"\n]{1,80}\"|`[^`\n]{1,80}`")
FOLDERS = re.compile(r"(?:[A-Za-z]:)?(?:[\w.~-]*[/\\])+(?=[\w.-]+\.py)")
NUMBER = re.compile(
    r"(?<!\w)[-+]?(?:0x[0-9a-fA-F]+|\d+(?:[,_]\d{3})*(?:\.\d+)?(?:[eE][-+]?\d+)?|\.\d+|nan\b|inf\b)%?"
)


def pattern(message: str, names: Sequence[str] = ()) -> str:
    """A message without what differs from student to student: its first line, numbers, quoted words, folders and names out."""
    line = message.strip().split("\n", 1)[0]
    for name in names:
        if len(name) > 1 and name in line:
            line = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "…", line)
    line = FOLDERS.sub("", QUOTED.sub("'…'", line))
    return one_line(NUMBER.sub("#", line), 160)


def errors(term: Term) -> list[ErrorGroup]:
    """The commonest failures of all hand-ins, by how many students met them."""
    names = {s.id: (s.id, s.name) for s in term.room.students}
    who: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    example: dict[tuple[str, str, str], Check] = {}
    for a in judged(term):
        for c in term.checks.get(a.result, ()):
            if c.verdict == "passed" or c.verdict in UNJUDGED or not c.message:
                continue
            key = (a.task, c.name, pattern(c.message, names[a.student]))
            who[key].add(a.student)
            example.setdefault(key, c)
    groups = [
        ErrorGroup(*key, len(some), example[key].message, example[key].visible) for key, some in who.items()
    ]
    return sorted(groups, key=lambda g: -g.students)


# ---------------------------------------------------------------- who may need help


@dataclass(frozen=True)
class Risk:
    student: Student
    share: float  # of the points that were due
    reasons: tuple[str, ...]


STUCK = 4  # hand-ins without a pass
RULES = (
    "nothing was handed in for any task that is due",
    "nothing was handed in for the task that was due last, or for two or more",
    "less than half of the points that were due",
    f"{STUCK} hand-ins or more for one task, none of which passed",
    "the last two tasks came late",
)


def at_risk(term: Term) -> list[Risk]:
    """Students to whom one of the RULES applies, the most reasons first. A task counts when its due date is over, the student's own
    if there is an extension; one without a date, when half of the class has handed it in."""
    over = [i for i, task in enumerate(term.room.tasks) if is_over(term, i)]
    spoken = {task: title(task) for task in term.tasks}
    risks = []
    for row in heat(term):
        counted = [i for i in over if not later(row.grades[i], term.at)]
        reasons = tuple(reasons_of(row, counted, term.passed, spoken))
        if reasons:
            most = sum(row.grades[i].most for i in counted)
            had = sum(row.grades[i].points or 0.0 for i in counted)
            risks.append(Risk(row.student, had / most if most else 0.0, reasons))
    return sorted(risks, key=lambda risk: (-len(risk.reasons), risk.share, risk.student.id))


def is_over(term: Term, place: int) -> bool:
    task = term.room.tasks[place]
    if task.due is not None:
        return task.due < term.at
    handed_in = sum(some[place].attempts > 0 for some in term.rows().values())
    return 2 * handed_in >= max(len(term.room.students), 1)


def later(grade: Grade, at: datetime) -> bool:
    """Whether an extension runs on."""
    return bool(grade.extended) and datetime.fromisoformat(grade.extended) > at


def reasons_of(
    row: Row, counted: Sequence[int], won: set[tuple[str, str]], spoken: dict[str, str]
) -> Iterable[str]:
    due = [row.grades[i] for i in counted]
    missing = [g for g in due if g.verdict == "missing_submission" and g.points is None]
    if due and len(missing) == len(due):
        yield "handed in nothing so far"
    elif missing and (len(missing) > 1 or missing[-1] is due[-1]):
        yield "nothing for " + ", ".join(spoken[g.task] for g in missing)
    known = [g for g in due if g.points is not None or g in missing]
    most = sum(g.most for g in known)
    had = sum(g.points or 0.0 for g in known)
    if most and len(missing) < len(due) and had < most / 2:
        yield f"{had:.0f} of the {most:.0f} points that were due"
    for g in row.grades:
        if g.attempts >= STUCK and (g.student, g.task) not in won:
            yield f"{g.attempts} hand-ins for {spoken[g.task]}, none passed"
    came = [g for g in due if g.attempts]
    if len(came) > 1 and all(g.days_late for g in came[-2:]):
        yield "the last two came late"


def title(task: str) -> str:
    """`basic_inference` as one says it; a module keeps its number: `03 Activations`."""
    words = task.replace("_", " ")
    return words[:3] + words[3:].capitalize() if words[:1].isdigit() else words.capitalize()


# ---------------------------------------------------------------- the grader itself


@dataclass(frozen=True)
class Health:
    results: int
    waiting: int
    running: int
    errors: int  # results that say grader_error
    hit: tuple[tuple[str, str], ...]  # students and tasks that have no grade because of one
    retried: int  # jobs begun more than once
    tiers: dict[str, int]
    verdicts: dict[str, int]
    seconds: float | None  # the median job
    slow: float | None  # 95 of 100 take less
    per_minute: float | None  # while it was at work
    last: datetime | None


IDLE = timedelta(seconds=60)  # between two results: longer, and the grader was not at work


def health(term: Term) -> Health:
    took = [a.seconds for a in term.attempts]
    moments = sorted(a.graded for a in term.attempts)
    gaps = [b - a for a, b in zip(moments, moments[1:]) if b - a <= IDLE]
    busy = sum(gaps, timedelta())
    return Health(
        len(term.attempts),
        term.counts[QUEUED],
        term.counts[RUNNING],
        sum(a.verdict == "grader_error" for a in term.attempts),
        tuple((g.student, g.task) for g in term.grades if g.verdict == "grader_error"),
        sum(a.tries > 1 for a in term.attempts),
        dict(Counter(a.isolation for a in term.attempts).most_common()),
        dict(Counter(a.verdict for a in term.attempts).most_common()),
        median(took) if took else None,
        float(np.quantile(took, 0.95)) if took else None,
        len(gaps) / (busy / timedelta(minutes=1)) if busy else None,
        moments[-1] if moments else None,
    )


@dataclass(frozen=True)
class Analysis:
    """All of it, once."""

    term: Term
    pass_rates: list[PassRate]
    funnel: list[Stage]
    rows: list[Row]
    histogram: list[Bin]
    times: list[Times]
    progress: list[Line]
    items: list[Item]
    errors: list[ErrorGroup]
    at_risk: list[Risk]
    health: Health


def analyse(term: Term) -> Analysis:
    rows = heat(term)
    return Analysis(
        term,
        pass_rates(term),
        funnel(term),
        rows,
        histogram(rows),
        times(term),
        progress(term),
        items(term),
        errors(term),
        at_risk(term),
        health(term),
    )
