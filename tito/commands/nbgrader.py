"""`tito nbgrader`: modules as assignments of a Jupyter course."""

from __future__ import annotations

from pathlib import Path

import click

from .. import ui
from ..course import the_course


@click.group()
def nbgrader():
    """Modules as assignments for nbgrader."""


@nbgrader.command()
@click.option("--modules", default="all", show_default=True, help="Which: 01,02 or their names.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="nbgrader's course folder.")
@ui.json_option
def generate(modules: str, out: Path, as_json: bool):
    """Write COURSE/source/MODULE/MODULE.ipynb, solutions marked, for `nbgrader generate_assignment`."""
    from ..nbgrader.generate import generate as write

    course = the_course()
    words = [word.strip() for word in modules.split(",") if word.strip()]
    chosen = list(course.modules) if modules == "all" else [course.module(word) for word in words]
    paths = write(course, chosen, out)
    if ui.give(as_json, {"written": [str(path) for path in paths], "course": str(out)}):
        return
    for path in paths:
        ui.echo(str(path))
    ui.echo(f"Next:  cd {out}  and then  nbgrader generate_assignment {chosen[0].name}")
