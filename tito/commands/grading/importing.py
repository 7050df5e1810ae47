"""`tito assessment import`: who is in the class, what was handed in, points decided elsewhere."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from ... import ui
from ...errors import TitoError
from .common import class_option, the_class, the_gradebook


@click.group(name="import")
def importing():
    """Take students, submissions or points from another program."""


source = click.argument("source", metavar="FILE", type=click.Path(path_type=Path))
dry_option = click.option("--dry-run", is_flag=True, help="Say what would change; change nothing.")
drop_option = click.option("--drop", is_flag=True, help="Take out of the roster who is not in the list; grades stay.")  # fmt: skip


def grades_options(command):
    for option in (
        click.option("--reason", default="", help="Why these points count; kept with each override."),
        click.option(
            "--grades", "with_points", is_flag=True, help="Take the points in it, not the students."
        ),
    ):
        command = option(command)
    return command


# ---------------------------------------------------------------- students


def merge_students(room, students, drop: bool, dry_run: bool, as_json: bool) -> None:
    from ...assessment.exchange import roster

    merged = roster.merge(room.students, students, drop)
    if not dry_run and (merged.added or merged.changed or (drop and merged.gone)):
        roster.write(room.folder / "roster.csv", merged.students)
    lists = {"added": merged.added, "changed": merged.changed, "gone": merged.gone}
    if ui.give(as_json, lists | {"students": len(merged.students), "dropped": drop, "dry_run": dry_run}):
        return
    would = " (nothing was written: --dry-run)" if dry_run else ""
    ui.echo(f"{room.name}: {len(merged.students)} students{would}")
    words = {
        "added": "added",
        "changed": "with another name or address",
        "gone": "not in the list, " + ("taken out; their grades stay" if drop else "still in the class (--drop takes them out)"),
    }  # fmt: skip
    show_lists({words[key]: names for key, names in lists.items()})


def show_lists(lists: dict[str, list[str]], most: int = 10) -> None:
    for what, names in lists.items():
        if names:
            more = f" and {len(names) - most} more" if len(names) > most else ""
            ui.para(f"{len(names)} {what}: {', '.join(names[:most])}{more}", 2)


@importing.command()
@source
@class_option
@drop_option
@dry_option
@ui.json_option
def roster(source: Path, folder: Path | None, drop: bool, dry_run: bool, as_json: bool):
    """Students from a CSV file. Its columns are student, name, email."""
    from ...assessment.exchange.roster import from_csv

    merge_students(the_class(folder), from_csv(source), drop, dry_run, as_json)


# ---------------------------------------------------------------- points


def take_points(room, told, strangers: list[str], reason: str, dry_run: bool, as_json: bool) -> None:
    from ...assessment.exchange import points

    if not reason.strip():
        raise TitoError("points from elsewhere become overrides, and these need a reason", '--reason "..."')
    book = the_gradebook(room)
    try:
        changes = points.differences(room, book, told)
        if not dry_run:
            points.take(book, changes, reason)
    finally:
        book.close()
    record = {
        "changes": [asdict(c) for c in changes], "same": len(told) - len(changes), "not_in_class": strangers, "dry_run": dry_run,
    }  # fmt: skip
    if ui.give(as_json, record):
        return
    would = " (nothing was written: --dry-run)" if dry_run else ""
    ui.echo(
        f"{len(changes)} override{'s' * (len(changes) != 1)}, {len(told) - len(changes)} points as they were{would}"
    )
    shown = lambda value: "nothing" if value is None else f"{value:g}"
    ui.table([(f"  {c.student}", c.task, f"{shown(c.before)} -> {shown(c.after)}") for c in changes[:20]])
    if len(changes) > 20:
        ui.echo(f"  ... and {len(changes) - 20} more")
    show_lists({"not in the class, left out": strangers})


@importing.command(name="csv")
@source
@class_option
@click.option("--reason", default="", help="Why these points count; kept with each override.")
@dry_option
@ui.json_option
def from_csv(source: Path, folder: Path | None, reason: str, dry_run: bool, as_json: bool):
    """Points from `export csv`, edited. Where they differ they become overrides."""
    from ...assessment.exchange.points import from_sheet
    from ...assessment.sheets import read_sheet

    room = the_class(folder)
    take_points(room, *from_sheet(room, read_sheet(source)), reason, dry_run, as_json)


@importing.command()
@source
@class_option
@grades_options
@drop_option
@dry_option
@ui.json_option
def canvas(
    source: Path, folder: Path | None, with_points: bool, reason: str, drop: bool, dry_run: bool, as_json: bool
):  # fmt: skip
    """Students or points that Canvas exported. With --grades it is the points."""
    from ...assessment.exchange import canvas as format
    from ...assessment.sheets import read_sheet

    room, sheet = the_class(folder), read_sheet(source)
    if with_points:
        told = format.points(room.students, room.tasks, sheet)
        take_points(room, *told, reason, dry_run, as_json)
    else:
        merge_students(room, format.students(sheet), drop, dry_run, as_json)


@importing.command()
@source
@class_option
@grades_options
@drop_option
@dry_option
@ui.json_option
def gradescope(
    source: Path, folder: Path | None, with_points: bool, reason: str, drop: bool, dry_run: bool, as_json: bool
):  # fmt: skip
    """Students, points or submissions. From its roster, its grades (--grades), or the zip of Export Submissions."""
    from ...assessment.exchange import gradescope as format
    from ...assessment.sheets import read_sheet

    room = the_class(folder)
    if format.is_export(source):
        place_submissions(room, format.submissions(source), dry_run, as_json)
    elif with_points:
        told = format.points(room.students, room.tasks, read_sheet(source))
        take_points(room, *told, reason, dry_run, as_json)
    else:
        merge_students(room, format.students(read_sheet(source)), drop, dry_run, as_json)


@importing.command()
@click.argument("source", metavar="COURSE", type=click.Path(path_type=Path))
@class_option
@click.option("--students", "with_students", is_flag=True, help="Take the students of its gradebook.")
@grades_options
@drop_option
@dry_option
@ui.json_option
def nbgrader(
    source: Path, folder: Path | None, with_students: bool, with_points: bool, reason: str, drop: bool, dry_run: bool,
    as_json: bool,
):  # fmt: skip
    """Notebooks handed in. From COURSE/submitted; with --students or --grades what its gradebook says."""
    from ...assessment.exchange import nbgrader as format

    room = the_class(folder)
    if with_points:
        told = format.points(room.students, room.tasks, source)
        take_points(room, *told, reason, dry_run, as_json)
    elif with_students:
        merge_students(room, format.students(source), drop, dry_run, as_json)
    else:
        place_submissions(room, format.submissions(source), dry_run, as_json)


# ---------------------------------------------------------------- submissions


def place_submissions(room, found, dry_run: bool, as_json: bool) -> None:
    """Each under its student's name; of what cannot be read the reason is said, and the rest goes on."""
    from ...assessment.exchange.handed_in import Placed, place

    known = {word.lower(): s.id for s in room.students for word in (s.id, s.email) if word}
    placed = Placed()
    for one in found:
        students = list(dict.fromkeys(known[n.lower()] for n in one.names if n.lower() in known))
        if not students:
            placed.strangers.append(next(iter(one.names), "nobody"))
        for student in students:
            if one.submission is None:
                placed.problems[student] = one.problem
            else:
                place(room, student, one.submission, one.when, placed, dry_run)
    if ui.give(as_json, asdict(placed) | {"dry_run": dry_run}):
        return
    would = " (nothing was written: --dry-run)" if dry_run else ""
    count = len(placed.new) + len(placed.replaced)
    ui.echo(f"{room.submissions}: {count} submission{'s' * (count != 1)}{would}")
    show_lists(
        {
            "new": placed.new,
            f"in the place of earlier ones ({'which go to' if dry_run else 'now in'} submissions-before/)": placed.replaced,
            "there already": placed.same,
            "older than what is there, left out": placed.older,
            "not in the class, left out": placed.strangers,
            "could not be read": [f"{who}: {why}" for who, why in placed.problems.items()],
            "cells left out": [f"{which}: {why}" for which, why in placed.left_out.items()],
        }
    )
