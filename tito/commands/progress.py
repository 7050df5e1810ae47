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
        ui.echo(where(entry), bold=True)
        points = sum(m.points for m in course.modules if m.name in done)
        ui.echo(f"  {len(done)} of {len(course.modules)} modules, {points} points")
        for name, module in sorted(entry["modules"].items()):
            sign = ui.mark("passed" if module.get("completed") else "started")
            ui.item(f"  {sign} {name}", told(module), 23)


def where(entry: dict) -> str:
    if not entry.get("path"):
        return f"{entry.get('elsewhere') or '?'}  (on another machine)"
    return entry["path"] + ("" if Path(entry["path"]).is_dir() else "  (the folder is gone)")


def told(module: dict) -> str:
    words = [f"complete {module['completed'][:10]}" if module.get("completed") else "started"]
    words += [f"{n} {key[:-1]}{'s' * (n != 1)}" for key in ("tests", "hints") if (n := module.get(key))]
    if shown := module.get("solutions"):
        words.append(f"solution of {shown[0] if len(shown) == 1 else f'{len(shown)} symbols'} taken")
    return ", ".join(words)
