"""`tito assessment setup`: a new class."""

from __future__ import annotations

from pathlib import Path

import click

from ... import ui


@click.command()
@click.option("--milestones", default="", help="Which count: 1,2,3,4,5 or their names.")
@click.option("--modules", default="", help="Which count: 01,02 or their names; `all` for the whole course.")
@click.option("--class", "name", default="class", show_default=True, help="The class, and its folder.")
@click.option(
    "--in", "parent", type=click.Path(path_type=Path), default=Path("."), help="Where to make the folder."
)
@ui.json_option
def setup(milestones: str, modules: str, name: str, parent: Path, as_json: bool):
    """Make a class: a folder with class.yaml, roster.csv, submissions/ and a secret of its own."""
    from ...assessment import classroom
    from ...course import the_course
    from ...errors import TitoError
    from ...milestones.definitions import find_milestone

    course = the_course()
    words = lambda text: [word.strip() for word in text.split(",") if word.strip()]
    wanted = [find_milestone(word).id for word in words(milestones)]
    lessons = list(course.modules) if modules == "all" else [course.module(word) for word in words(modules)]
    if not wanted and not lessons:
        raise TitoError(
            "nothing to grade: name milestones, modules or both",
            "tito assessment setup --milestones 1,2,3,4,5",
        )
    made = classroom.make(parent / name, name, wanted, lessons)
    record = {
        "folder": str(made.folder),
        "tasks": [{"kind": t.kind, "id": t.id, "points": t.points} for t in made.tasks],
    }
    if ui.give(as_json, record):
        return
    ui.echo(f"{made.folder}: {len(made.tasks)} tasks, {sum(t.points for t in made.tasks):g} points")
    ui.para(
        "Next: due dates and policies into class.yaml, the students into roster.csv, what they hand in into submissions/."
    )
