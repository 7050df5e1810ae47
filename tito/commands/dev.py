"""`tito dev`: for authors of lessons, at the root of the source tree."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from .. import ui
from ..cli import Lazy
from ..errors import CourseError
from ..workspace import find_workspace

TABLE = {
    "weave": ("commands.dev:weave", "Write the files of a module as a student gets them."),
    "check": ("commands.dev:check", "Is a lesson complete, do its blocks run, do its checks bite?"),
    "preview": ("commands.dev:preview", "Show a lesson as a student sees it; draw its figures."),
}


@click.group(cls=Lazy, table=TABLE)
def dev():
    """For authors of lessons."""


@click.command()
@click.argument("name")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    help="Write the files here; without it only the stubs are listed.",
)
@ui.json_option
def weave(name: str, out: Path | None, as_json: bool):
    """Weave module NAME."""
    from ..files import write_atomic
    from ..weave import stubs_in, weave_module

    course = find_workspace().course
    files = weave_module(course.module(name), course.package)
    if out:
        for file, content in files.items():
            write_atomic(out / file, content)
    stubs = {file: found for file, content in files.items() if (found := stubs_in(content.decode()))}
    if not ui.give(as_json, {"module": course.module(name).name, "files": sorted(files), "stubs": stubs}):
        ui.table(
            [
                [
                    file,
                    str(len(stubs.get(file, []))),
                    ", ".join(s.partition(": ")[2] for s in stubs.get(file, [])),
                ]
                for file in files
            ],
            ["file", "stubs", "symbols"],
        )


@click.command()
@click.argument("name")
@click.option("--mutants", is_flag=True, help="Also try every stub and mutant: minutes.")
@ui.json_option
def check(name: str, mutants: bool, as_json: bool):
    """Everything CI asks of lesson NAME."""
    from ..authoring import examine_lesson

    workspace = find_workspace()
    record = examine_lesson(workspace, workspace.module(name), mutants)
    tried = record.get("mutants") or {
        "rate": 1.0,
        "stubs_that_pass": [],
        "survivors": [],
        "stale_justifications": [],
    }
    good = not record["problems"] and tried["rate"] >= 0.95 and not tried["stubs_that_pass"]
    if not ui.give(as_json, record | {"good": good}):
        for problem in record["problems"]:
            ui.echo(f"{ui.mark('failed')} {problem}")
        for stub in tried["stubs_that_pass"]:
            ui.echo(f"{ui.mark('failed')} the stub of {stub} passes every check")
        if mutants:
            ui.echo(
                f"{tried['killed']} of {tried['mutants']} mutants killed ({tried['rate']:.1%} without those that compute the same)"
            )
            for survivor in tried["survivors"]:
                ui.echo(f"  survives: {survivor}")
        ui.echo(
            f"{record['module']}: {'good' if good else 'not yet'}; {record['checks']} checks in {record['seconds']} s",
            bold=True,
        )
    sys.exit(0 if good else 1)


@click.command()
@click.argument("name")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="Draw the figures into this folder as SVG."
)
@ui.json_option
def preview(name: str, out: Path | None, as_json: bool):
    """Show lesson NAME as a student sees it."""
    from .. import viewing
    from ..authoring import block_problems

    workspace = find_workspace()
    chosen = workspace.module(name)
    if out:
        out.mkdir(parents=True, exist_ok=True)
        problems = block_problems(workspace.course, chosen, out.resolve())
        if problems:
            raise CourseError(problems[0])
    text = viewing.markdown(workspace, chosen)
    figures = sorted(p.name for p in out.glob("*.svg")) if out else []
    if not ui.give(as_json, {"module": chosen.name, "markdown": text, "figures": figures}):
        viewing.show(text, pager=False)
        for figure in figures:
            ui.echo(f"drawn: {figure}")
