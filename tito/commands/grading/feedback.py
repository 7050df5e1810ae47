"""`tito assessment show` and `feedback`: what a student is told."""

from __future__ import annotations

from pathlib import Path

import click

from ... import ui
from .common import class_option, the_class


def out_option(text: str):
    return click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=None, help=text)


def read_feedback(folder: Path | None, student: str = ""):
    """Of the class, or of one student."""
    from ...assessment.analytics import ReadOnly
    from ...assessment.decisions import student_named
    from ...assessment.feedback import feedback

    room = the_class(folder)
    only = [student_named(room, student).id] if student else None
    book = ReadOnly(room.gradebook)
    try:
        return room, feedback(room, book, only)
    finally:
        book.close()


@click.command()
@click.argument("student")
@class_option
@click.option("--task", default="", help="Only this task, with all its checks.")
@click.option("--hidden", is_flag=True, help="Name the hidden checks too: for you, not for the student.")
@out_option("Write the student's Markdown and HTML file there too.")
@ui.json_option
def show(student: str, folder: Path | None, task: str, hidden: bool, out: Path | None, as_json: bool):
    """One student (by id or e-mail): points, the first check that fails, the command that shows it, what to read."""
    from dataclasses import replace

    from ...assessment.decisions import task_named
    from ...assessment.feedback import write

    room, found = read_feedback(folder, student)
    (told,) = found.values()
    files = write([told], out) if out else []
    if task:
        wanted = task_named(room, task).id
        told = replace(told, parts=tuple(part for part in told.parts if part.task.id == wanted))
    if ui.give(as_json, record(told, hidden) | {"files": [str(path) for path in files]}):
        return
    tell(told, hidden, everything=bool(task))
    for path in files:
        ui.echo(f"written: {path}", dim=True)


def record(told, hidden: bool) -> dict:
    return {
        "student": told.student.id, "name": told.student.name, "points": told.points, "of": told.most,
        "tasks": [
            {
                "task": part.task.id, "points": part.grade.points, "of": part.grade.most, "verdict": part.grade.verdict,
                "days_late": part.grade.days_late, "attempts": part.grade.attempts, "handed_in": part.grade.handed_in or None,
                "due": part.due and part.due.isoformat(),
                "checks": [vars(c) for c in (*part.visible, *(part.hidden if hidden else ()))],
                "hidden": {"passed": sum(c.verdict == "passed" for c in part.hidden), "of": len(part.hidden)},
                "first_failure": vars(part.failure) if part.failure else None, "command": part.command,
            }
            for part in told.parts
        ],
    }  # fmt: skip


def tell(told, hidden: bool, everything: bool) -> None:
    from ...assessment.feedback import points

    name = told.student.name or told.student.id
    ui.echo(f"{name} ({told.student.id})" if name != told.student.id else name, bold=True)
    wide = max((len(part.name) for part in told.parts), default=0)
    for part in told.parts:
        outcome = "passed" if part.passed else "skipped" if part.grade.points is None else "failed"
        ui.echo(f" {ui.mark(outcome)} {part.name:<{wide}}  {part.standing}")
        for note in part.notes:
            ui.para(note, wide + 5, dim=True)
    if len(told.parts) > 1:
        ui.echo(f"   {'':<{wide}}  {points(told.points)} of {points(told.most)} points", bold=True)
    for part in told.parts:
        if part.failure or part.hint or everything:
            ui.echo()
            tell_part(part, hidden, everything)


def tell_part(part, hidden: bool, everything: bool) -> None:
    from ...assessment.feedback import spoken

    ui.echo(f"{part.name}: {part.counted or part.standing}", bold=True)
    if everything:
        for c in (*part.visible, *(part.hidden if hidden else ())):
            outcome = (
                "passed"
                if c.verdict == "passed"
                else "skipped"
                if c.verdict in ("blocked", "not_run")
                else "failed"
            )
            ui.echo(f" {ui.mark(outcome)} {ui.clip(c.name.replace('_', ' '), ui.width() - 14)}{'' if c.visible else '  (hidden)'}")  # fmt: skip
    if part.hint:
        ui.para(part.hint, 1)
    if part.failure:
        failure = part.failure
        ui.echo(f" {ui.mark('failed')} {failure.check.replace('_', ' ')}" + ("" if failure.verdict == "failed" else f" ({spoken(failure.verdict)})"))  # fmt: skip
        ui.para(failure.message, 3, fg="red")
        for name, value in (("expected", failure.expected), ("got", failure.got)):
            if value:
                ui.echo(f"   {name:<9}" + value.replace("\n", "\n" + " " * 12))
        if failure.place:
            ui.echo(f"   {failure.place}", fg="cyan")
        if part.command:
            ui.echo("   at the student's desk: " + ui.styled(part.command, fg="cyan"))
        ui.para(f"{failure.then}: {failure.read}", 3)


@click.command()
@class_option
@out_option("Where to; the class's folder feedback/ otherwise.")
@click.option("--format", "formats", default="md,html", show_default=True, help="Which files to write.")
@ui.json_option
def feedback(folder: Path | None, out: Path | None, formats: str, as_json: bool):
    """A file for every student: the first check that fails, what was expected, the command that shows it, what to read.

    Hidden checks are counted, not named: these files can be handed out as they are.
    """
    from ...assessment.feedback import FORMATS, write
    from ...errors import TitoError

    wanted = [word.strip() for word in formats.split(",") if word.strip()]
    if not wanted or set(wanted) - set(FORMATS):
        raise TitoError(f"--format is {formats!r}; it is a list of {', '.join(FORMATS)}")
    room, found = read_feedback(folder)
    out = out or room.folder / "feedback"
    files = write(found.values(), out, wanted)
    if ui.give(as_json, {"folder": str(out), "students": len(found), "files": len(files)}):
        return
    ui.echo(f"{out}: {len(files):,} files for {len(found):,} students")
