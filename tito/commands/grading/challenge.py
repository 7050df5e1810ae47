"""`tito assessment challenge`: the class's leaderboard."""

from __future__ import annotations

from pathlib import Path

import click

from ... import ui
from .common import class_option, the_class, the_gradebook


@click.group(invoke_without_command=True)
@class_option
@ui.json_option
@click.pass_context
def challenge(context: click.Context, folder: Path | None, as_json: bool):
    """The class's own leaderboard of measured results: opt-in, in teams, under pseudonyms unless a team wants its name shown."""
    context.obj = folder
    if context.invoked_subcommand is None:
        show(folder, as_json)


def show(folder: Path | None, as_json: bool) -> None:
    from dataclasses import asdict

    from ...assessment.challenge import board
    from ...milestones.definitions import find_milestone

    room = the_class(folder)
    found = board(room, the_gradebook(room))
    if ui.give(as_json, asdict(found)):
        return
    ui.echo(find_milestone(found.milestone).title, bold=True)
    for title, entries in (
        ("Most accurate", found.by_accuracy),
        ("Quickest of those that passed", found.by_time),
    ):
        if entries:
            ui.echo(f"\n{title}")
            ui.table([row(place, entry) for place, entry in enumerate(entries, 1)], ("", "team", "accuracy", "time", "parameters", "runs"))  # fmt: skip
    if any(entry.time is not None for entry in found.by_accuracy):
        ui.para(
            "\ntime: training on the grader's clock, in units of a fixed piece of work measured beside it",
            dim=True,
        )
    if found.waiting:
        ui.para(f"Nothing graded yet: {', '.join(found.waiting)}")
    if found.beyond:
        ui.echo(f"{found.beyond} run{'s' * (found.beyond != 1)} went beyond the budget.")
    if not (found.by_accuracy or found.waiting):
        ui.echo("Nobody has joined yet: tito assessment challenge join STUDENT...")


def row(place: int, entry) -> tuple[str, ...]:
    number = lambda value: "" if value is None else f"{value:,.0f}"
    return (
        str(place),
        entry.team,
        f"{entry.accuracy:.2%}",
        number(entry.time),
        number(entry.parameters),
        str(entry.runs),
    )


@challenge.command()
@click.argument("milestone")
@click.option(
    "--parameters", type=click.FloatRange(0, min_open=True), help="How many numbers a model may learn."
)
@click.option(
    "--time",
    type=click.FloatRange(0, min_open=True),
    help="How long training may take, in units of the calibration.",
)
@click.pass_obj
def start(folder: Path | None, milestone: str, parameters: float | None, time: float | None):
    """Begin a challenge on one of the class's milestones."""
    from ...assessment import challenge as board
    from ...milestones.definitions import find_milestone

    room = the_class(folder)
    made = board.start(room, find_milestone(milestone).id, parameters, time)
    ui.echo(f"{room.folder / 'challenge.yaml'}: {made.milestone}")
    ui.para("Who wants to take part joins: tito assessment challenge join STUDENT... --team NAME")


@challenge.command()
@click.argument("students", nargs=-1, required=True)
@click.option("--team", "name", default="", help="The team's name.")
@click.option("--shown", is_flag=True, help="Show the name on the board, in place of a pseudonym.")
@click.pass_obj
def join(folder: Path | None, students: tuple[str, ...], name: str, shown: bool):
    """Put students on the board, as one team; they asked for it."""
    from ...assessment import challenge as board

    room = the_class(folder)
    made = board.join(room, students, name, shown)
    spoken = board.names(room, board.read(room).teams)[made]
    ui.echo(f"{', '.join(made.members)}: on the board as {spoken!r}")


@challenge.command()
@click.argument("students", nargs=-1, required=True)
@click.pass_obj
def leave(folder: Path | None, students: tuple[str, ...]):
    """Take students off the board."""
    from ...assessment import challenge as board

    board.leave(the_class(folder), students)
    ui.echo(f"{', '.join(students)}: off the board")
