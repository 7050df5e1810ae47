"""What each part of the report says, as the sentence that stands over it. A title names the finding, not the picture."""

from __future__ import annotations

import math
from statistics import median

from ..analytics import Analysis, Item, Row, days, firsts, judged, title
from ..grades import Grade

MANY = 20  # students: from so many on a correlation is worth a word
WEAK = 0.1  # and below this a check says nothing about who can do the rest


def count(n: int, one: str, more: str = "") -> str:
    return f"{n:,} {one if n == 1 else more or one + 's'}"


def headline(a: Analysis) -> str:
    students, tasks = len(a.rows), len(a.pass_rates)
    if not students:
        return "The roster is empty"
    if not a.term.attempts:
        return "Nothing has been graded yet"
    everything = sum(all((row.student.id, task) in a.term.passed for task in a.term.tasks) for row in a.rows)
    if everything == students:
        return "Everybody has passed everything"
    of = {1: "the task", 2: "both tasks"}.get(tasks, f"all {tasks} tasks")
    return (
        f"{everything:,} of {count(students, 'student')} {'has' if everything == 1 else 'have'} passed {of}"
    )


def funnel(a: Analysis) -> str:
    lost = [(stage.reached - stage.passed, stage) for stage in a.funnel if stage.tried]
    if not lost:
        return "Nobody has handed in anything yet"
    most, stage = max(lost, key=lambda pair: pair[0])
    if most == 0:
        return "Whoever reached a task has passed it"
    silent = stage.reached - stage.tried
    tail = f"; {silent:,} of them never tried" if silent else ""
    return f"{title(stage.task)} stops the most: {most:,} of the {stage.reached:,} who reached it have not passed{tail}"


def progress(a: Analysis) -> str:
    due = {task.id: task.due for task in a.term.room.tasks if task.due}
    left = [days(due[task] - at) for (_, task), at in firsts(judged(a.term))[1].items() if task in due]
    if not left:
        return passes(a)
    last = sum(0 <= gap < 1 for gap in left) / len(left)
    late = sum(gap < 0 for gap in left) / len(left)
    if last >= 0.3:
        return f"{last:.0%} of the passes were handed in on the last day before the due date, {late:.0%} after it"
    return f"The middle pass came {around(median(left))} the due date; {late:.0%} came after it"


def passes(a: Analysis) -> str:
    ends = [line.points[-1] for line in a.progress if line.points]
    if not ends:
        return "Nobody has passed anything yet"
    return f"{count(sum(total for _, total in ends), 'pass', 'passes')} so far, the last on {max(day for day, _ in ends)}"


def scores(a: Analysis) -> str:
    if not a.rows:
        return "Points"
    quarter = sorted(row.share for row in a.rows)[(len(a.rows) - 1) // 4]
    return f"The middle student has {middle(a):.0%} of all points, a quarter {quarter:.0%} or less"


def middle(a: Analysis) -> float:
    return median(row.share for row in a.rows)


def students(a: Analysis) -> str:
    cells = [g for row in a.rows for g in row.grades]
    blank = sum(g.points is None for g in cells)
    full = sum(g.points is not None and g.points >= g.most for g in cells)
    return f"{full / max(len(cells), 1):.0%} of all grades are full points, {blank / max(len(cells), 1):.0%} are blank"


def help_(a: Analysis) -> str:
    n = len(a.at_risk)
    return (
        "Nobody stands out as needing help"
        if not n
        else f"{count(n, 'student')} may need a word: here is why"
    )


def times(a: Analysis) -> str:
    known = [row for row in a.times if row.working and row.working.n >= 3]
    if not known:
        return "Time from the first hand-in to the pass"
    slowest = max(known, key=lambda row: row.working.high if row.working else 0.0)
    assert slowest.working is not None
    if slowest.working.high < 0.05:
        return "Those who pass mostly pass with their first hand-in"
    return f"{title(slowest.task)} takes longest: a quarter of those who passed needed {length(slowest.working.high)} or more after their first hand-in"


def length(days: float) -> str:
    if days < 1 / 24:
        return "at once" if days == 0 else f"{days * 1440:.0f} minutes"
    return f"{days * 24:.0f} hours" if days < 1.5 else f"{days:.1f} days"


def checks(a: Analysis) -> str:
    if not a.items:
        return "No check has run yet"
    most: dict[str, int] = {}
    for item in a.items:
        most[item.task] = max(most.get(item.task, 0), item.n)
    # a check that few have met, as the import of a package that fails, says nothing about what is hard
    hardest = min((item for item in a.items if 2 * item.n >= most[item.task]), key=lambda item: item.p)
    told = f"The hardest check is “{spoken(hardest.check)}” of {title(hardest.task)}: {hardest.p:.0%} at the first try"
    odd = [item for item in a.items if doubtful(item)]
    if not odd:
        return told
    return f"{told}. {count(len(odd), 'check')} {'tells' if len(odd) == 1 else 'tell'} little about who can do the rest"


def spoken(check: str) -> str:
    return check.replace("_", " ")


def doubtful(item: Item) -> bool:
    return item.n >= MANY and item.p <= 0.98 and item.r is not None and item.r < WEAK


def remark(item: Item) -> str:
    """What to do about a check, if anything."""
    if item.n < MANY:
        return "too few to tell"
    if item.p > 0.98:
        return "nearly everybody can"
    if item.r is not None and item.r < -2 / math.sqrt(item.n):  # twice what chance makes of 0
        return "look at it: the stronger fail it more"
    if doubtful(item):
        return "says little about the rest"
    if item.p < 0.2:
        return "hardly anybody can"
    return ""


def errors(a: Analysis) -> str:
    if not a.errors:
        return "No check has failed"
    top = a.errors[0]
    return f"The commonest error stopped {count(top.students, 'student')}: “{spoken(top.check)}” of {title(top.task)}"


def grader(a: Analysis) -> str:
    health = a.health
    if not health.results:
        return "The grader has not worked yet"
    waits = f"; {count(health.waiting, 'hand-in')} still in the queue" if health.waiting else ""
    if health.hit:
        return (
            f"{count(len(health.hit), 'grade')} could not be given, through no fault of the students{waits}"
        )
    return (
        f"{count(health.results, 'hand-in')} graded, none left without a grade by the grader's fault{waits}"
    )


# ---------------------------------------------------------------- words the templates need


def flags(row: Row, passed: set[tuple[str, str]]) -> str:
    """By what the table of students can be filtered: something blank, a grader's error, passed everything."""
    told = [
        "m" if any(g.points is None for g in row.grades) else "",
        "e" if any(g.verdict == "grader_error" for g in row.grades) else "",
        "p" if row.grades and all((g.student, g.task) in passed for g in row.grades) else "",
    ]
    return " ".join(filter(None, told))


def pairs(row: Row) -> list[tuple[float | None, Grade]]:
    return list(zip(row.cells, row.grades))


def around(days_before: float) -> str:
    """`2.5 days before`, `7 hours after`."""
    return (
        "at" if not days_before else f"{length(abs(days_before))} {'before' if days_before >= 0 else 'after'}"
    )
