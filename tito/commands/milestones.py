"""`tito milestones`: all milestones of all tracks, by name."""

from __future__ import annotations

import click

from .. import ui
from ..cli import Lazy
from ..milestones.definitions import TRACKS
from ..milestones.tracker import MilestoneTracker
from ..workspace import find_workspace

TABLE = {
    "progress": ("commands.milestones:progress", "All milestones and what they need."),
    "list": ("commands.milestones:listing", "The tests of unlocked milestones."),
    "run": ("commands.milestone:test", "Run one: train where that fits, measure, judge."),
}


@click.group(cls=Lazy, table=TABLE)
def milestones():
    """Milestones through the history of learning machines, of your capabilities, and of the curriculum."""


@click.command()
@click.option("--track", type=click.Choice(list(TRACKS)), default=None, help="Only this track.")
@ui.json_option
def progress(track: str | None, as_json: bool):
    """All milestones and what they need."""
    tracker = MilestoneTracker(find_workspace())
    if ui.give(as_json, {"milestones": tracker.standing(track or "")} | tracker.progress):
        return
    ui.say_where(tracker.workspace)
    tracker.show_progress(track or "")
    ui.notices()


@click.command("list")
@ui.json_option
def listing(as_json: bool):
    """The tests of unlocked milestones."""
    tracker = MilestoneTracker(find_workspace())
    rows = [row for row in tracker.standing() if row["can_run"]]
    if ui.give(as_json, {"tests": rows}):
        return
    tracker.list_tests()
    ui.notices()
