"""`tito assessment release`, `gradescope-zip` and `github-classroom`: what an instructor hands out."""

from __future__ import annotations

from pathlib import Path

import click

from ... import ui
from ...errors import TitoError
from .common import ToWrite, class_option, the_class

out_option = lambda text: click.option("--out", type=ToWrite(folder=True), required=True, help=text)


@click.command()
@class_option
@click.option(
    "--to", "last", default="", help="The last module in it; otherwise as far as the class's tasks need."
)
@out_option("A folder that is not there yet, or a .zip.")
@ui.json_option
def release(folder: Path | None, last: str, out: Path, as_json: bool):
    """The students' archive: lessons, checks and the files to be written; no solutions, no hidden checks."""
    from ...assessment.release import level_of
    from ...assessment.release import release as make
    from ...course import the_course

    course = the_course()
    room = the_class(folder) if folder is not None or not last else None
    level = course.module(last).number if last else level_of(room, course)  # type: ignore[arg-type]
    made = make(course, out, level, room)
    record = {"written": str(made.path), "files": made.files, "modules": made.modules}
    if not ui.give(as_json, record):
        ui.echo(f"{made.path}: {made.files} files, {made.modules[0]} to {made.modules[-1]}")


@click.command(name="gradescope-zip")
@class_option
@click.option("--task", default="", help="Which task Gradescope's assignment is.")
@out_option("The .zip to write.")
@ui.json_option
def gradescope_zip(folder: Path | None, task: str, out: Path, as_json: bool):
    """An autograder for Gradescope: Configure Autograder, Zip file upload."""
    from ...assessment.autograder import autograder_zip
    from ...assessment.decisions import task_named
    from ...course import the_course

    room = the_class(folder)
    if not task:
        raise TitoError("which task is it for?", f"--task {', '.join(one.id for one in room.tasks)}")
    one = task_named(room, task)
    count = autograder_zip(room, one, the_course(), out)
    if ui.give(as_json, {"written": str(out), "files": count, "task": one.id, "points": one.points}):
        return
    ui.echo(
        f"{out}: {count} files, {out.stat().st_size / 1e6:.1f} MB; it holds a secret, keep it to yourself"
    )
    ui.para(
        f"On Gradescope: a programming assignment of {one.points:g} points, Configure Autograder, Zip file upload."
    )


@click.command(name="github-classroom")
@class_option
@click.option(
    "--package", default="tinytorch[assessment]", show_default=True, help="What pip installs there."
)
@click.option(
    "--out", type=click.Path(path_type=Path), default=None, help="The file; otherwise standard output."
)
@ui.json_option
def github_classroom(folder: Path | None, package: str, out: Path | None, as_json: bool):
    """The workflow that grades each push in a GitHub Classroom: .github/workflows/classroom.yml."""
    from ...assessment.actions import workflow
    from ...files import write_atomic

    room = the_class(folder)
    text = workflow(room, package)
    if out is not None:
        write_atomic(out, text)
    if ui.give(
        as_json,
        {"tasks": [task.id for task in room.tasks]} | ({"written": str(out)} if out else {"text": text}),
    ):
        return
    if out is None:
        click.echo(text, nl=False)
    else:
        ui.echo(f"{out}: {len(room.tasks)} tasks")
