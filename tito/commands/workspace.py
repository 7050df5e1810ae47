"""`tito init` and `tito update`."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from .. import ui
from ..workspace import Laid, create, find_workspace


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--no-git", is_flag=True, help="Do not make a git repository.")
@ui.json_option
def init(folder: Path, no_git: bool, as_json: bool):
    """Make a workspace in FOLDER."""
    workspace = create(folder, git=not no_git)
    from ..progress import edit

    with edit(workspace):
        pass
    if not ui.give(
        as_json, {"workspace": str(workspace.root), "id": workspace.id, "course": workspace.course.version}
    ):
        ui.para(f"A workspace for tinytorch {workspace.course.version}: {workspace.root}")
        first = workspace.course.modules[0]
        ui.para("Its tinytorch/ is empty now. It grows as you complete modules.")
        ui.echo(
            f"\nNext:  cd {shlex.quote(str(folder))}\n       tito module start {first.number:02}", bold=True
        )
    ui.notices()


@click.command()
@ui.json_option
def update(as_json: bool):
    """Take a newer course into this workspace."""
    workspace = find_workspace()
    before = workspace.state["course"]
    laid = workspace.update()
    record = {"from": before, "to": workspace.course.version} | laid_record(laid)
    if not ui.give(as_json, record):
        ui.echo(f"Course {before}" + (f" -> {record['to']}" if record["to"] != before else ""))
        show_laid(laid)


def laid_record(laid: Laid) -> dict:
    return {name: getattr(laid, name) for name in ("new", "changed", "kept", "merged", "conflicts", "backup")}


def show_laid(laid: Laid, most: int = 12, quiet: bool = False) -> None:
    """What an update did, file by file; with `quiet` nothing is said where nothing was done."""
    words = {
        "new": "new",
        "changed": "replaced by the newer version (you had not edited them)",
        "merged": "merged with what you wrote",
        "conflicts": "kept as you wrote them where both changed; the course's version lies in .tito/incoming/",
    }
    said = False
    for name, text in words.items():
        files = getattr(laid, name)
        if files:
            said = True
            ui.para(f"{len(files)} file{'s' * (len(files) != 1)} {text}:")
            for file in files[:most]:
                ui.echo(f"  {file}")
            if len(files) > most:
                ui.echo(f"  ... and {len(files) - most} more")
    if not said and not quiet:
        ui.echo("Nothing to do: every file is up to date.")
    if laid.backup:
        ui.para(f"Backup: .tito/backups/{laid.backup} (tito module reset --undo brings it back)")
