"""`tito sync`."""

from __future__ import annotations

from dataclasses import asdict

import click

from .. import ui


@click.command()
@click.argument("target", metavar="[FOLDER|GIT_REMOTE]", default="")
@ui.json_option
def sync(target: str, as_json: bool):
    """Bring your progress to the same state on all your machines, through a folder or a git remote of yours.

    Without a target the last one is taken. What you wrote is not part of it: that is what git is for.
    """
    from ..sync import remembered
    from ..sync import sync as run

    found = run(target or remembered())
    ui.notices()
    if ui.give(as_json, asdict(found)):
        return
    met = f"with {', '.join(found.machines)}" if found.machines else "with no other machine yet"
    ui.echo(f"{found.target}: in step {met}")
    if found.new:
        ui.para(f"passed elsewhere, now known here: {', '.join(found.new)}", 2, fg="green")
    elif not found.changed:
        ui.echo("  nothing new for this machine")
