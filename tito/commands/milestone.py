"""`tito milestone`: what your build can do, measured."""

from __future__ import annotations

import click

from .. import ui
from ..cli import Lazy
from ..milestones.definitions import find_milestone
from ..milestones.tracker import COMPLETED, IN_PROGRESS, LOCKED, MilestoneTracker
from ..workspace import find_workspace

TABLE = {
    "status": ("commands.milestone:status", "Where you stand, and the next goal."),
    "timeline": ("commands.milestone:timeline", "The path, drawn."),
    "next": ("commands.milestone:following", "The next goal and the command that leads there."),
    "start": ("commands.milestone:start", "Begin a milestone: what it asks, and the script."),
    "info": ("commands.milestone:info", "What a milestone is about."),
}


@click.group(cls=Lazy, table=TABLE)
def milestone():
    """Milestones, named 2, computer_vision or 1957. Each is passed by measurement, or not at all."""


SIGNS = {
    COMPLETED: ("COMPLETED ✅", "COMPLETED [x]", "green"),
    IN_PROGRESS: ("IN PROGRESS ⏳", "IN PROGRESS", "yellow"),
    LOCKED: ("LOCKED 🔒", "LOCKED", "bright_black"),
    "unlocked": ("UNLOCKED 🔓", "UNLOCKED", "cyan"),
}


def sign(state: str) -> str:
    text, plain, colour = SIGNS[state]
    return ui.styled(f"[{text if ui.can_show(text) else plain}]", fg=colour)


@click.command()
@ui.json_option
def status(as_json: bool):
    """Where you stand, and the next goal."""
    tracker = MilestoneTracker(find_workspace())
    rows, goal = tracker.standing("capability"), tracker.next_goal()
    if ui.give(as_json, {"milestones": rows, "next": goal}):
        return
    ui.say_where(tracker.workspace)
    title = "🎯 TinyTorch Milestone Progress"
    ui.echo(title if ui.can_show(title) else title[2:], bold=True)
    ui.echo()
    for row in rows:
        ui.echo(f" {row['title']:<33}{' ' if ui.width() < 60 else '  '}{sign(row['state'])}")
    others = [row for row in tracker.standing() if row["track"] != "capability"]
    reached = [row for row in others if row["can_run"]]
    ui.echo()
    ui.para(f"Next Goal: {goal['text']}", bold=True)
    if goal["command"]:
        ui.echo(f"           {goal['command']}", fg="cyan")
    passed = sum(row["state"] == COMPLETED for row in others)
    ui.para(
        f"Also: {len(reached)} of {len(others)} from history and curriculum are open, {passed} passed (tito milestones progress)",
        dim=True,
    )
    ui.notices()


@click.command()
@ui.json_option
def timeline(as_json: bool):
    """The path, drawn: modules on the way, milestones where they stand."""
    tracker = MilestoneTracker(find_workspace())
    rows = tracker.standing()
    done = tracker.progress["completed_modules"]
    if ui.give(as_json, {"timeline": rows, "completed_modules": done, "next": tracker.next_goal()}):
        return
    from ..milestones.path import draw

    ui.say_where(tracker.workspace)
    for line in draw(rows, [m.name for m in tracker.workspace.course.modules], set(done)):
        ui.echo(line)
    ui.echo()
    ui.para(f"Next Goal: {tracker.next_goal()['text']}", bold=True)
    ui.notices()


@click.command("next")
@ui.json_option
def following(as_json: bool):
    """The next goal and the command that leads there."""
    goal = MilestoneTracker(find_workspace()).next_goal()
    if ui.give(as_json, goal):
        return
    ui.para(f"Next Goal: {goal['text']}", bold=True)
    if goal["command"]:
        ui.echo(f"  {goal['command']}", fg="cyan")


def name_argument(command):
    return click.argument("name", metavar="N", default="")(command)


def chosen(name: str):
    """The milestone named; without a name, the next goal."""
    if name:
        return find_milestone(name)
    goal = MilestoneTracker(find_workspace()).next_goal()
    return find_milestone(goal["milestone"] or 5)


@click.command()
@name_argument
@ui.json_option
def info(name: str, as_json: bool):
    """What milestone N is about: its story, what it asks, where you stand."""
    one = chosen(name)
    tracker = MilestoneTracker(find_workspace())
    row = next(r for r in tracker.standing() if r["id"] == one.id)
    record = row | {"story": one.story(), "script": str(one.script), "settings": one.config["settings"]}
    if ui.give(as_json, record):
        return
    from ..viewing import show

    show(one.story(), pager=False)
    ui.echo()
    tell(row, one)


def tell(row: dict, one) -> None:
    ui.echo(f"{one.title}  {sign(row['state'])}", bold=True)
    ui.para(row["victory"], 2)
    for skill in one.entry.get("skills", []):
        ui.echo(f"  {ui.mark('passed' if row['state'] == COMPLETED else 'skipped')} {skill}")
    if row["missing"]:
        ui.para(f"still to complete: {', '.join(row['missing'])}", 2, fg="yellow")


@click.command()
@name_argument
@ui.json_option
def start(name: str, as_json: bool):
    """Begin milestone N: lay its script out beside your package, and say what to run."""
    from ..milestones.starting import lay_out

    one, tracker = chosen(name), MilestoneTracker(find_workspace())
    record = lay_out(tracker, one)
    if ui.give(as_json, record):
        return
    ui.say_where(tracker.workspace)
    tell(next(r for r in tracker.standing() if r["id"] == one.id), one)
    ui.echo(f"\nThe script, to read and to try things in: {record['script']}")
    for command, why in record["commands"].items():
        ui.echo(f"  {command:<32} {why}")
    ui.notices()
