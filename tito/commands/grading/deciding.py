"""`tito assessment override` and `extension`: what an instructor decides beside the grading."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from ... import ui
from .common import class_option, the_class, the_gradebook


def decision_options(command):
    for option in (
        ui.json_option,
        click.option("--list", "listed", is_flag=True, help="All decisions so far, the newest last."),
        click.option("--undo", is_flag=True, help="Take it back, as a new decision."),
        click.option("--reason", default="", help="Why; it is kept."),
        class_option,
    ):
        command = option(command)
    return command


@click.command()
@click.argument("student", default="")
@click.argument("task", default="")
@click.argument("points", default="")
@click.option("--bonus", is_flag=True, help="Yes, more points than the task has.")
@decision_options
def override(student, task, points, bonus, folder, reason, undo, listed, as_json):
    """Set a student's POINTS for a task, whatever the grading found."""
    from ...assessment import decisions

    def decide(book, who, what):
        decisions.override(book, who, what, decisions.points_of(what, points, bonus), reason)

    run("override", (student, task, points), "POINTS", decide, folder, reason, undo, listed, as_json)


@click.command()
@click.argument("student", default="")
@click.argument("task", default="")
@click.argument("when", default="")
@decision_options
def extension(student, task, when, folder, reason, undo, listed, as_json):
    """Give a student until WHEN: 2026-12-05, '2026-12-05 18:00' or +3d after the due date."""
    from ...assessment import decisions

    def decide(book, who, what):
        decisions.extend(book, who, what, decisions.moment_of(what, when), reason)

    run("extension", (student, task, when), "WHEN", decide, folder, reason, undo, listed, as_json)


def run(kind: str, words, third: str, decide, folder: Path | None, reason: str, undo: bool, listed: bool, as_json: bool):  # fmt: skip
    from ...assessment import decisions
    from ...assessment.grades import grades

    room = the_class(folder)
    if listed:
        return show_list(kind, room, words, as_json)
    student, task, value = words
    if not student or not task or (not value and not undo):
        raise click.UsageError(f"wanted STUDENT TASK {third}, or --list, or STUDENT TASK --undo")
    who, what = decisions.student_named(room, student), decisions.task_named(room, task)
    book = the_gradebook(room)
    try:
        if undo:
            decisions.take_back(book, kind, who, what, reason)
        else:
            decide(book, who, what)
        (grade,) = [g for g in grades(room, book) if (g.student, g.task) == (who.id, what.id)]
    finally:
        book.close()
    if ui.give(as_json, asdict(grade) | {"decided": kind, "undone": undo}):
        return
    points = "no points" if grade.points is None else f"{grade.points:g} of {grade.most:g} points"
    ui.echo(f"{who.id}, {what.id}: {points}" + (f" (set: {grade.why})" if grade.why else ""))
    if kind == "extension":
        until = local(grade.extended) if grade.extended else f"{local(str(what.due))}, as for everybody"
        ui.echo(f"  due {until}")


def show_list(kind: str, room, words, as_json: bool) -> None:
    """All of a kind, of a student or a task if these are named."""
    from ...assessment import decisions
    from ...assessment.exchange.standing import decided

    student = decisions.student_named(room, words[0]).id if words[0] else ""
    task = decisions.task_named(room, words[1]).id if words[1] else ""
    book = the_gradebook(room)
    try:
        rows = [
            d for d in decided(book) if d.kind == kind and student in ("", d.student) and task in ("", d.task)
        ]
    finally:
        book.close()
    if ui.give(as_json, [asdict(d) for d in rows]):
        return
    if not rows:
        ui.echo(f"No {kind} yet.")
    shown = {"override": lambda value: value.removesuffix(".0"), "extension": local}[kind]
    ui.table(
        [(local(d.made), d.student, d.task, shown(d.value) if d.value else "taken back", d.reason) for d in rows],
        head=("decided", "student", "task", {"override": "points", "extension": "until"}[kind], "reason") if rows else (),
    )  # fmt: skip


def local(moment: str) -> str:
    from datetime import datetime

    return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M")
