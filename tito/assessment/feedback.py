"""What a student is told about what was handed in: the first check that fails, what was expected and what came, the command that
shows it at the student's own desk, and what to read.

    told = feedback(room, book)             # by student
    markdown(told["ann"]); html(told["ann"])

Hidden checks are counted, never named, and nothing they found is repeated. Whatever a submission could have written is made plain.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from ..checks import declarations
from ..course import the_course
from ..milestones.definitions import find_milestone
from .analytics import checks_of, title
from .answers import QUESTIONS
from .classroom import Class, Student, Task
from .grades import Grade, grades
from .plain import fenced, in_markdown, one_line
from .results import Check
from .store import Gradebook, now

PLACE = re.compile(r"\s*[\w./-]+\.py:\d+\b")
INTAKE = "intake"  # the check that stands for what cannot be read
PACK = "pack the folder with tinytorch/ in it anew, as a .zip, and hand that in: nothing was graded"
UNTOLD = ("passed", "blocked", "not_run")  # verdicts of a check that are not the first thing to mend


@dataclass(frozen=True)
class Failure:
    """The check to mend first."""

    check: str
    verdict: str
    message: str
    expected: str = ""
    got: str = ""
    place: str = ""  # a line of the student's code
    read: str = ""
    weighs: bool = True

    @property
    def then(self) -> str:
        return "to do" if self.check == INTAKE else "to read"

    @property
    def call(self) -> str:
        return "Mend this first" if self.weighs else "Worth a look, though it costs no points"


@dataclass(frozen=True)
class Part:
    """One task of one student."""

    task: Task
    name: str
    grade: Grade
    due: datetime | None  # the student's own
    visible: tuple[Check, ...] = ()
    hidden: tuple[Check, ...] = ()
    failure: Failure | None = None
    command: str = ""
    waits: bool = False  # handed in, and not looked at yet

    @property
    def passed(self) -> bool:
        return self.grade.verdict == "passed"

    @property
    def handed_in(self) -> datetime | None:
        return datetime.fromisoformat(self.grade.handed_in) if self.grade.handed_in else None

    @property
    def standing(self) -> str:
        """`81 of 100 points`, or why there are none."""
        if self.waits:
            return "handed in, not graded yet"
        if self.grade.points is None:
            return {"missing_submission": "nothing handed in", "grader_error": "not graded yet"}.get(
                self.grade.verdict, "blank"
            )
        return f"{points(self.grade.points)} of {points(self.grade.most)} points"

    @property
    def notes(self) -> list[str]:
        """What else is to be known about the points."""
        g = self.grade
        told = []
        if g.days_late:
            kept = (g.points or 0.0) / (g.score * g.most) if g.score and g.most and not g.why else None
            left = f", which leaves {kept:.0%} of what it was worth" if kept is not None else ""
            told.append(f"{g.days_late} {'day' if g.days_late == 1 else 'days'} late{left}")
        if g.attempts > 1:
            told.append(f"{g.attempts} hand-ins")
        if g.why:
            told.append("set by an instructor")
        if g.verdict == "grader_error":
            told.append("the grader failed, not you: it will be tried again")
        return told

    @property
    def counted(self) -> str:
        """`3 of 5 checks; 1 of 2 hidden`."""
        right = lambda some: sum(c.verdict == "passed" for c in some)
        told = (
            [f"{right(self.visible)} of {len(self.visible)} check{'s' * (len(self.visible) != 1)}"]
            if self.visible
            else []
        )
        told += [f"{right(self.hidden)} of {len(self.hidden)} hidden"] if self.hidden else []
        return "; ".join(told)

    @property
    def hint(self) -> str:
        """What to say when only hidden checks fail."""
        if self.failure or self.passed or not self.visible or self.grade.points is None:
            return ""
        if all(c.verdict == "passed" for c in self.hidden):
            return ""
        return "All that you can see passes. The hidden checks ask the same of other inputs: look at shapes, seeds and sizes that the open ones do not use."


@dataclass(frozen=True)
class Feedback:
    room: Class
    student: Student
    parts: tuple[Part, ...]
    at: datetime

    @property
    def points(self) -> float:
        return round(sum(part.grade.points or 0.0 for part in self.parts), 4)

    @property
    def most(self) -> float:
        return sum(part.grade.most for part in self.parts)


def feedback(room: Class, book: Gradebook, only: Iterable[str] | None = None) -> dict[str, Feedback]:
    """For all students of the class, or for those named."""
    wanted = {s.id for s in room.students} if only is None else set(only)
    shown = [g for g in grades(room, book) if g.student in wanted]
    found = checks_of(book, {g.result for g in shown if g.result is not None})
    tasks = {task.id: task for task in room.tasks}
    handed_in = book.newest()
    parts: dict[str, list[Part]] = {}
    for grade in shown:
        task = tasks[grade.task]
        known = found.get(grade.result, ()) if grade.result is not None else ()
        parts.setdefault(grade.student, []).append(
            part(
                task, grade, known, grade.points is None and not grade.attempts and grade.student in handed_in
            )
        )
    return {
        s.id: Feedback(room, Student(s.id, one_line(s.name, 80), s.email), tuple(parts.get(s.id, ())), now())
        for s in room.students
        if s.id in wanted
    }


def part(task: Task, grade: Grade, checks: Sequence[Check], waits: bool = False) -> Part:
    due = datetime.fromisoformat(grade.extended) if grade.extended else task.due
    visible = tuple(c for c in checks if c.visible)
    wrong = [c for c in visible if c.verdict not in UNTOLD]
    first = next((c for c in wrong if c.weight), wrong[0] if wrong else None)
    failure = None
    if first is not None:
        where = PACK if first.name == INTAKE else reading(task.kind, task.id, first.name)
        failure = Failure(first.name, first.verdict, *split(first.message), where, first.weight > 0)
    return Part(
        task, title(task.id), grade, due, visible, tuple(c for c in checks if not c.visible), failure,
        reproduce(task, first.name if first is not None else ""), waits and grade.verdict == "missing_submission",
    )  # fmt: skip


def points(value: float) -> str:
    """At most two digits after the point; the exports have them all."""
    return f"{round(value, 2):.10g}"


def split(message: str) -> tuple[str, str, str, str]:
    """A check's message as it is stored: what it says, after `expected` and `got` what was and what came, at the end a line of code."""
    lines = message.strip().split("\n")
    place = lines.pop().strip() if len(lines) > 1 and PLACE.match(lines[-1]) else ""
    parts: dict[str, list[str]] = {"": [], "expected": [], "got": []}
    where = ""
    for line in lines:
        first, _, rest = line.partition(" ")
        if first in ("expected", "got") and not parts[first] and (where or parts[""]):
            where, line = first, rest.strip()
        parts[where].append(line)
    text, expected, got = ("\n".join(parts[name]).strip() for name in ("", "expected", "got"))
    return text, expected, got, place


def reproduce(task: Task, check: str) -> str:
    """The command that asks the same at the student's desk; none where no code was read."""
    if check == INTAKE:
        return ""
    what = "quiz" if check == QUESTIONS else "test"
    if task.kind == "milestone":
        return f"tito milestone {what} {find_milestone(task.id).handle}"
    module = the_course().module(task.id)
    return f"tito module {what} {module.number:02}" + (
        f" -k {check}" if check in sections(module.checks) else ""
    )


@cache
def reading(kind: str, ident: str, check: str) -> str:
    """The section of the lesson a check is about; for a milestone the lesson it ends with, and the command that looks for the cause."""
    course = the_course()
    if kind == "module":
        module = course.module(ident)
        section = sections(module.checks).get(check)
        where = f"the section “{section}”" if section else "the lesson"
        return f"{where} of {module.number:02} {module.title} (tito module view {module.number:02})"
    one = find_milestone(ident)
    module = course.module("02" if check == "gradients" else one.last_module)
    return f"the lesson {module.number:02} {module.title} (tito module view {module.number:02}); tito milestone troubleshoot {one.handle} looks for the cause"


@cache
def sections(path: Path) -> dict[str, str]:
    """The lesson's section for each check of a module."""
    found = declarations(ast.parse(path.read_text(encoding="utf-8")))
    return {name: str(said.get("section") or "") for name, said in found.items()}


# ---------------------------------------------------------------- as a file


def markdown(told: Feedback) -> str:
    """For a pull request, a mail, an LMS. Every word that is not ours is escaped or stands in a code block."""
    lines = [
        f"# {in_markdown(told.room.name)}: {in_markdown(told.student.name or told.student.id)}",
        f"**{points(told.points)} of {points(told.most)} points**",
    ]
    for one in told.parts:
        lines.append(
            f"## {'✓' if one.passed else '–' if one.grade.points is None else '✗'} {one.name}: {one.standing}"
        )
        lines += [f"- {note}" for note in [*one.notes, *filter(None, [one.counted, one.hint])]]
        if one.failure:
            lines += [
                "",
                f"{one.failure.call}: **{in_markdown(one.failure.check.replace('_', ' '))}** ({spoken(one.failure.verdict)})",
                "",
            ]
            lines.append(fenced(written(one.failure)))
            lines += ["", *([f"- at your desk: `{one.command}`"] if one.command else [])]
            lines.append(f"- {one.failure.then}: {in_markdown(one.failure.read)}")
    return "\n\n".join(join_lists(lines)) + "\n"


def written(failure: Failure) -> str:
    told = [failure.message]
    for name, value in (("expected", failure.expected), ("got", failure.got)):
        if value:
            told.append(f"{name:<9}" + value.replace("\n", "\n" + " " * 9))
    told.append(failure.place)
    return "\n".join(filter(None, told)) or "(it says no more)"


def join_lists(lines: Sequence[str]) -> list[str]:
    """Blocks for Markdown: items that follow each other are one list."""
    blocks: list[str] = []
    for line in lines:
        if not line:
            continue
        if line.startswith("- ") and blocks and blocks[-1].startswith("- "):
            blocks[-1] += f"\n{line}"
        else:
            blocks.append(line)
    return blocks


def spoken(verdict: str) -> str:
    return verdict.replace("_", " ")


def html(told: Feedback) -> str:
    """One file for one student, in the report's dress; no script."""
    from markupsafe import Markup

    from .report.page import asset, source, templates

    style = asset("style.css")
    policy = (
        f"default-src 'none'; style-src {source(style)}; img-src data:; base-uri 'none'; form-action 'none'"
    )
    return templates().get_template("feedback.html.j2").render(
        told=told, style=Markup(style), policy=policy, written=written, spoken=spoken
    )  # fmt: skip


FORMATS: dict[str, Callable[[Feedback], str]] = {"md": markdown, "html": html}


def write(told: Iterable[Feedback], out: Path, formats: Sequence[str] = tuple(FORMATS)) -> list[Path]:
    """A file for each student and format, named by the student's id. They can be made again, so they are written plainly."""
    out.mkdir(parents=True, exist_ok=True)
    files = []
    for one in told:
        for name in formats:
            files.append(out / f"{one.student.id}.{name}")
            files[-1].write_text(FORMATS[name](one), encoding="utf-8", newline="\n")
    return files
