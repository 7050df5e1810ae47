"""`tito assessment export`: the class in other programs' formats."""

from __future__ import annotations

from pathlib import Path

import click

from ... import ui
from .common import ToWrite, class_option, the_class, the_gradebook

EXTENSIONS = {"csv": "csv", "json": "json", "junit": "xml"}


@click.group()
def export():
    """Write the class's grades for another program."""


def out_option(text: str, folder: bool = False):
    return click.option("--out", type=ToWrite(folder), required=folder, help=text)


def now_standing(folder: Path | None, details: bool = True):
    from ...assessment.exchange.standing import standing

    room = the_class(folder)
    book = the_gradebook(room)
    try:
        return room, standing(room, book, details)
    finally:
        book.close()


def give_text(text: str, out: Path | None, record: dict, as_json: bool) -> None:
    """To a file, whole or not at all, or to standard output."""
    from ...files import write_atomic

    if out is None and not as_json:
        click.echo(text, nl=False)
        return
    if out is not None:
        write_atomic(out, text)
        record = {"written": str(out)} | record
    else:
        record = record | {"text": text}
    if not ui.give(as_json, record):
        ui.echo(f"{out}: {told(record)}")


def told(record: dict) -> str:
    return ", ".join(f"{value} {key}" for key, value in record.items() if isinstance(value, int))


def plain_format(name: str, text: str):
    """A command for a format that is one text and needs nothing but the class."""

    @export.command(name, help=text)
    @class_option
    @out_option(f"The file to write, as a .{EXTENSIONS[name]}; otherwise standard output.")
    @ui.json_option
    def command(folder: Path | None, out: Path | None, as_json: bool):
        from ...assessment.exchange import junit, record, spreadsheet

        write = {"csv": spreadsheet.write, "json": record.write, "junit": junit.write}[name]
        _, class_ = now_standing(folder, details=name != "csv")
        counts = {
            "students": len(class_.students),
            "tasks": len(class_.tasks),
            "grades": sum(grade.points is not None for grade in class_.grades),
        }
        give_text(write(class_), out, counts, as_json)

    return command


plain_format("csv", "A row a student, a column a task. Change points in it and import it again.")
plain_format("json", "All that is known. Grades, checks, decisions; a line a grade.")
plain_format("junit", "JUnit XML. A suite a task, a case a check.")


@export.command()
@class_option
@click.option("--template", type=click.Path(path_type=Path), required=True, help="The CSV that Canvas exported.")  # fmt: skip
@out_option("The file to write; otherwise standard output.")
@ui.json_option
def canvas(folder: Path | None, template: Path, out: Path | None, as_json: bool):
    """Canvas's own CSV, filled in. Export it there (Grades, Export), and import the result."""
    from ...assessment.exchange import canvas as format
    from ...assessment.sheets import read_sheet

    _, class_ = now_standing(folder, details=False)
    filled = format.write(class_, read_sheet(template))
    lists = {
        "new_assignments": filled.new,
        "not_in_class": filled.not_in_class,
        "not_in_canvas": filled.not_in_canvas,
    }
    give_text(filled.text, out, {"grades": filled.graded} | lists, as_json)
    if not as_json:
        say("in Canvas, not in the class (left out of the file)", filled.not_in_class)
        say("in the class, not in Canvas", filled.not_in_canvas)
        say("Canvas has no such assignment and will ask to make it", filled.new)


def say(what: str, names: list[str], most: int = 10) -> None:
    """A list that a person should see, on standard error: the export itself may be on standard output."""
    if names:
        more = f" and {len(names) - most} more" if len(names) > most else ""
        click.echo(click.style("note: ", fg="yellow") + f"{what}: {', '.join(names[:most])}{more}", err=True)


@export.command()
@class_option
@out_option("The folder to write into: TASK/STUDENT.json.", folder=True)
@ui.json_option
def gradescope(folder: Path | None, out: Path, as_json: bool):
    """A results.json for each grade. It is as Gradescope's autograders write it."""
    import json

    from ...assessment.exchange import gradescope as format
    from ...files import write_atomic

    _, class_ = now_standing(folder)
    files = format.write(class_)
    for name, record in files.items():
        write_atomic(out / name, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    blank = [f"{g.student}: {g.task}" for g in class_.grades if g.points is None]
    if not ui.give(as_json, {"written": str(out), "files": len(files), "without_grade": blank}):
        ui.echo(f"{out}: {len(files)} files")
        say("no grade, so no file", blank)


@export.command()
@class_option
@out_option("nbgrader's course folder, or its gradebook.db.", folder=True)
@ui.json_option
def nbgrader(folder: Path | None, out: Path, as_json: bool):
    """nbgrader's gradebook, by its own API. What it has besides stays."""
    from ...assessment.exchange import nbgrader as format

    _, class_ = now_standing(folder)
    written = format.write(class_, out)
    path = format.database(out)
    record = {"written": str(path), "submissions": written.submissions, "without_grade": written.left_out}
    if not ui.give(as_json, record):
        ui.echo(f"{path}: {written.submissions} submissions")
        say("no grade, so no submission", written.left_out)
