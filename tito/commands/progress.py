"""`tito progress`."""

from __future__ import annotations

from pathlib import Path

import click

from .. import progress as book
from .. import ui
from ..course import the_course


@click.command()
@ui.json_option
def progress(as_json: bool):
    """How far you are, in all workspaces."""
    record = book.read()
    course = the_course()
    ui.notices()
    if ui.give(as_json, record | {"file": str(book.progress_file())}):
        return
    if not record["workspaces"]:
        ui.echo("No workspace yet. Make one: tito init my-tinytorch")
    for entry in record["workspaces"].values():
        done = book.completed(entry)
        gone = "" if Path(entry.get("path", "")).is_dir() else "  (the folder is gone)"
        ui.echo(f"{entry.get('path', '?')}{gone}", bold=True)
        points = sum(m.points for m in course.modules if m.name in done)
        ui.echo(f"  {len(done)} of {len(course.modules)} modules, {points} points")
        for name, module in sorted(entry["modules"].items()):
            ui.echo(
                f"  {ui.mark('passed' if module.get('completed') else 'skipped')} {name:<18}{told(module)}"
            )


def told(module: dict) -> str:
    words = [f"complete {module['completed'][:10]}" if module.get("completed") else "started"]
    words += [f"{module[key]} {key}" for key in ("tests", "hints") if module.get(key)]
    if module.get("solutions"):
        words.append(f"solution shown: {', '.join(module['solutions'])}")
    return ", ".join(words)
