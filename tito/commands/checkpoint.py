"""`tito checkpoint`: the capability each module ends in, in the student's words."""

from __future__ import annotations

import sys

import click

from .. import ui
from ..cli import Lazy
from ..journey import checkpoints, try_checkpoint
from ..workspace import find_workspace

TABLE = {
    "status": ("commands.checkpoint:status", "What you can do, and what comes next."),
    "timeline": ("commands.checkpoint:timeline", "When you could do what."),
    "test": ("commands.checkpoint:test", "Try a capability again with all modules up to it."),
}


@click.group(cls=Lazy, table=TABLE)
def checkpoint():
    """What you can do now."""


@click.command()
@ui.json_option
def status(as_json: bool):
    """What you can do, and what comes next."""
    workspace = find_workspace()
    records = checkpoints(workspace)
    if ui.give(as_json, {"checkpoints": records}):
        return
    ui.say_where(workspace)
    for one in records:
        ui.echo(
            f" {ui.mark('passed' if one['passed'] else 'skipped')} {one['number']:02}  {one['capability']}"
        )
    ahead = next((one for one in records if not one["passed"]), None)
    if ahead:
        ui.echo(f"\nNext: tito module complete {ahead['number']:02}", bold=True)


@click.command()
@ui.json_option
def timeline(as_json: bool):
    """When you could do what."""
    workspace = find_workspace()
    records = sorted((one for one in checkpoints(workspace) if one["passed"]), key=lambda one: one["passed"])
    if ui.give(as_json, {"timeline": records}):
        return
    if not records:
        ui.echo("Nothing yet. The first checkpoint: tito module complete 00")
    for one in records:
        ui.echo(f"{one['passed'][:16].replace('T', ' ')}  {one['number']:02}  {one['capability']}")


@click.command()
@click.argument("module")
@ui.json_option
def test(module: str, as_json: bool):
    """Try a capability again: the checks of every module up to MODULE on your files."""
    workspace = find_workspace()
    chosen = workspace.module(module)
    outcome = try_checkpoint(workspace, chosen)
    if not ui.give(as_json, outcome):
        for report in outcome["reports"]:
            ui.echo(f" {ui.mark('passed' if report['passed'] else 'failed')} {report['module']}")
        ui.echo(
            f"{chosen.capability or chosen.title}: {'yes' if outcome['passed'] else 'not yet'}", bold=True
        )
    sys.exit(0 if outcome["passed"] else 1)
