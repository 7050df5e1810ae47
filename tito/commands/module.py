"""`tito module`: everything a student does with one module."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import click

from .. import ui
from ..cli import Lazy
from ..errors import TitoError
from ..workspace import find_workspace

TABLE = {
    "list": ("commands.module:listing", "All modules of the course."),
    "status": ("commands.module:status", "Where you are and what comes next."),
    "start": ("commands.module:start", "Lay a module's files out and open its lesson."),
    "view": ("commands.module:view", "Read a module's lesson here."),
    "test": ("commands.module:test", "Run a module's checks on your files."),
    "hint": ("commands.module:hint", "The next hint for what fails first."),
    "watch": ("commands.module:watch", "Run the checks again whenever you save."),
    "complete": ("commands.module:complete", "Check everything up to here and record the module as done."),
    "diff": ("commands.module:diff", "What you changed since the files were given."),
    "reset": ("commands.module:reset", "Bring the stubs back (with a backup; --undo restores it)."),
    "solution": ("commands.module:solution", "Put the reference's code in. Needs --yes, and is recorded."),
    "quiz": ("commands.module:quiz", "The module's questions."),
    "notebook": ("commands.module:notebook", "Write the module as a Jupyter notebook."),
}


@click.group(cls=Lazy, table=TABLE)
def module():
    """Work on a module, named 6, 06, 06_spatial or spatial."""


@click.command("list")
@ui.json_option
def listing(as_json: bool):
    """All modules of the course."""
    from ..course import the_course

    course = the_course()
    rows = [
        {
            "number": m.number,
            "name": m.name,
            "title": m.title,
            "points": m.points,
            "time": m.time,
            "needs": list(m.needs),
        }
        for m in course.modules
    ]
    if not ui.give(as_json, {"modules": rows}):
        ui.table(
            [[f"{m.number:02}", m.bare_name, m.time, m.title] for m in course.modules],
            ["", "name", "time", "title"],
        )


@click.command()
@ui.json_option
def status(as_json: bool):
    """Where you are and what comes next."""
    from ..journey import standing

    workspace = find_workspace()
    record = standing(workspace)
    if ui.give(as_json, record):
        return
    ui.say_where(workspace)
    signs = {"complete": "passed", "started": "started", "open": "not_written", "reference": "passed"}
    for row in record["modules"]:
        sign = ui.mark(signs[row["state"]]) if row["state"] in signs else " "
        ui.echo(f" {sign} {line(row)}", dim=row["state"] == "locked")
    if not record["reference"]:
        done = [row for row in record["modules"] if row["state"] == "complete"]
        points = sum(row["points"] for row in done)
        ui.echo(f"\n{len(done)} of {len(record['modules'])} modules complete, {points} points", bold=True)
        ui.echo(f"Next: {following(record)}", bold=True)
    ui.notices()


def line(row: dict) -> str:
    return ui.clip(f"{row['name']:<18} {row['state']:<9} {row['title']}", ui.width() - 4)


def following(record: dict) -> str:
    """The command that goes on from where `standing` says the student is."""
    if not record["next"]:
        return "tito milestone status"
    state = next(row["state"] for row in record["modules"] if row["name"] == record["next"])
    return f"tito module {'test' if state == 'started' else 'start'} {record['next'][:2]}"


@click.command()
@click.argument("name")
@click.option("--force", is_flag=True, help="Even if earlier modules are not complete.")
@click.option("--no-view", is_flag=True, help="Do not open the lesson.")
@ui.json_option
def start(name: str, force: bool, no_view: bool, as_json: bool):
    """Lay the files of module NAME out, and open its lesson in a terminal."""
    from .. import progress as book
    from .. import viewing
    from ..workspace import Laid
    from .workspace import laid_record, show_laid

    workspace = find_workspace()
    chosen = workspace.module(name)
    laid = workspace.start(chosen, force, book.completed(book.entry_of(workspace)))
    with book.edit(workspace) as entry:
        book.module_entry(entry, chosen.name).setdefault("started", book.now())
    taught = workspace.course.taught(chosen)
    lesson = workspace.root / "modules" / chosen.name / "lesson.md"
    record = {
        "module": chosen.name,
        "build": [f"{one.file}: {one.symbol}" for one in taught],
        "lesson": str(lesson),
    } | laid_record(laid)
    if ui.give(as_json, record):
        return
    if sys.stdout.isatty() and not no_view:
        viewing.show(viewing.markdown(workspace, chosen), pager=True)
    ui.echo(f"{chosen.name}: {chosen.title}", bold=True)
    if given := len(laid.new) + len(laid.changed):
        ui.echo(f"{given} files are laid out in {Path(workspace.root).name}{os.sep}.")
    show_laid(Laid(merged=laid.merged, conflicts=laid.conflicts, backup=laid.backup), quiet=True)
    if taught:
        ui.echo("\nYours to write:", bold=True)
        ui.table([[f"  {one.symbol}", f"tinytorch/{one.file}"] for one in taught])
    ui.echo()
    ui.table(
        [
            ["Read:", f"tito module view {chosen.number:02}   (or as a notebook: tito module notebook)"],
            ["Check:", f"tito module test {chosen.number:02}   (on every save: tito module watch)"],
        ]
    )
    ui.notices()


@click.command()
@click.argument("name", default="")
@click.option("--no-pager", is_flag=True, help="Print everything at once.")
@ui.json_option
def view(name: str, no_pager: bool, as_json: bool):
    """Read the lesson of module NAME (by default the one started last)."""
    from .. import journey, viewing

    workspace = find_workspace()
    chosen = journey.current(workspace, name)
    text = viewing.markdown(workspace, chosen)
    if not ui.give(as_json, {"module": chosen.name, "markdown": text}):
        viewing.show(text, pager=not no_pager and sys.stdout.isatty())


@click.command()
@click.argument("name", default="")
@click.option("-k", "only", multiple=True, help="Only this check (and what it needs is assumed).")
@ui.json_option
def test(name: str, only: tuple[str, ...], as_json: bool):
    """Run the checks of module NAME on your files."""
    from .. import journey

    workspace = find_workspace()
    chosen = journey.current(workspace, name)
    report = journey.run_module(workspace, chosen, [n.removeprefix("test_").replace(" ", "_") for n in only])
    if not ui.give(as_json, report.record()):
        ui.say_where(workspace)
        ui.show_report(report)
        if report.passed and not workspace.is_reference:
            ui.echo(f"All pass. Next: tito module complete {chosen.number:02}", fg="green", bold=True)
        elif not report.passed:
            again = f"tito module test {chosen.number:02}"
            ui.echo(
                f"Mend that, then: {again}"
                if report.problem
                else f"Stuck? tito module hint {chosen.number:02}",
                dim=True,
            )
    ui.notices()
    sys.exit(0 if report.passed else 3 if report.could_not else 1)


@click.command()
@click.argument("name", default="")
@ui.json_option
def hint(name: str, as_json: bool):
    """The next hint for what fails first."""
    from .. import journey

    workspace = find_workspace()
    record = journey.hint(workspace, journey.current(workspace, name))
    if ui.give(as_json, record):
        return
    if not record["symbol"]:
        ui.echo("Every check passes: there is nothing to hint at.", fg="green")
        return
    ui.echo(f"{record['symbol']}  (tinytorch/{record['file']})", bold=True)
    of = f"{record['number']} of {record['number'] + record['left']}"
    if record["hint"]:
        ui.item(f"  hint {of}: ", record["hint"], 2 + len(f"hint {of}: "))
    else:
        ui.para("There is no hint for this one.", 2)
    if record["section"]:
        ui.para(f"The lesson's section {record['section']!r} explains it.", 2, dim=True)
    ui.para(
        f"The next hint: tito module hint {record['module'][:2]}"
        if record["left"]
        else "That was the last hint.",
        2,
        dim=True,
    )


@click.command()
@click.argument("name", default="")
@ui.json_option
def watch(name: str, as_json: bool):
    """Run the checks again whenever a file is saved. Ctrl-C ends it."""
    import contextlib
    import time

    from .. import journey

    workspace = find_workspace()
    chosen = journey.current(workspace, name)
    seen: dict[Path, int] = {}
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            now = saved_at(workspace, chosen)
            if now != seen:
                seen = now
                rerun(workspace, chosen, as_json)
            time.sleep(0.15)


def saved_at(workspace, module) -> dict[Path, int]:
    """When each file that could change a verdict was saved last."""
    notebook = workspace.root / "modules" / module.name / f"{module.name}.ipynb"
    stamps = {}
    for path in [*workspace.package.rglob("*.py"), notebook]:
        try:
            stamps[path] = path.stat().st_mtime_ns
        except OSError:  # an editor that saves by renaming has it away for a moment
            continue
    return stamps


def rerun(workspace, module, as_json: bool) -> None:
    from .. import journey

    if sys.stdout.isatty() and not as_json:
        click.clear()
    try:
        report = journey.run_module(workspace, module)
    except TitoError as error:
        if not ui.give(as_json, {"error": str(error), "hint": error.hint}):
            ui.show_note("error", str(error), "red", bold=True)
            ui.show_note(" next", error.hint, "cyan")
        return
    if not ui.give(as_json, report.record()):
        ui.show_report(report)
        ui.para(
            f"All pass. tito module complete {module.number:02}"
            if report.passed
            else "Watching: save a file.",
            dim=not report.passed,
        )
        ui.echo("Ctrl-C ends it.", dim=True)


@click.command()
@click.argument("name", default="")
@ui.json_option
def complete(name: str, as_json: bool):
    """Run the checks of NAME and of everything before it, and record it as done."""
    from .. import journey

    workspace = find_workspace()
    if not as_json:
        ui.say_where(workspace)
    quiet = (lambda what, report: None) if as_json else tell
    record = journey.complete(workspace, journey.current(workspace, name), quiet)
    if ui.give(as_json, record):
        return
    ui.echo(f"\n{record['module']} is complete: {record['points']} points", bold=True)
    if record["celebration"]:
        ui.para(record["celebration"], 2, fg="green")
    if record["capability"]:
        ui.para(f"{record['capability']}  Yes.", 2, bold=True)
        if record["checkpoint"]:
            ui.para(record["checkpoint"], 2)
    if record["also"]:
        ui.para(f"Recorded as well, since everything of theirs passes: {', '.join(record['also'])}")
    for message in record["messages"]:
        ui.panel(message)
    if record["recorded"]:
        ui.echo(f"Next: {following(journey.standing(workspace))}", bold=True)
    ui.notices()


def tell(what: str, report) -> None:
    """A line for each module whose checks have run, as they come."""
    count = f"{report.count('passed')} of {len(report.results)}" if report.results else "could not be run"
    ui.echo(f" {ui.mark('passed' if report.passed else 'failed')} {what:<18} {count}", dim=report.passed)


@click.command()
@click.argument("name", default="")
@ui.json_option
def diff(name: str, as_json: bool):
    """What you changed in the files of NAME since they were given."""
    from .. import journey

    workspace = find_workspace()
    chosen = journey.current(workspace, name)
    if workspace.is_reference:
        raise TitoError(
            "the reference is what the course gives: there is nothing to compare it with", "git diff"
        )
    text = workspace.diff(chosen)
    if not ui.give(as_json, {"module": chosen.name, "diff": text}):
        colours = {"+": "green", "-": "red", "@": "cyan"}
        for line in text.splitlines():
            ui.echo(
                line,
                **(
                    {"fg": colours[line[0]]} if line[:1] in colours and line[:3] not in ("+++", "---") else {}
                ),
            )
        if not text:
            ui.echo("No change since the files were given.")


@click.command()
@click.argument("name", default="")
@click.argument("symbol", default="")
@click.option("--undo", is_flag=True, help="Bring back what the last reset, solution or update replaced.")
@ui.json_option
def reset(name: str, symbol: str, undo: bool, as_json: bool):
    """Bring the stubs of NAME back, or of one SYMBOL only."""
    from .. import journey
    from .workspace import laid_record

    workspace = find_workspace()
    refuse_reference(workspace)
    if undo:
        backup, files = workspace.undo()
        if not ui.give(as_json, {"restored": backup, "files": files}):
            ui.para(f"Brought back from {backup}: {', '.join(files)}")
        return
    laid = workspace.reset(journey.current(workspace, name), symbol)
    if not ui.give(as_json, laid_record(laid)):
        ui.para(f"Stubs are back in: {', '.join(laid.changed) or 'no file; nothing had been changed'}")
        if laid.backup:
            ui.para(
                f"What was there is in .tito/backups/{laid.backup}; `tito module reset --undo` brings it back."
            )


@click.command()
@click.argument("name", default="")
@click.argument("symbol", default="")
@click.option("--yes", is_flag=True, help="Yes, replace what I wrote by the reference's code.")
@ui.json_option
def solution(name: str, symbol: str, yes: bool, as_json: bool):
    """Put the reference's code into your files, for NAME or one SYMBOL of it."""
    from .. import journey
    from .. import progress as book
    from .workspace import laid_record

    workspace = find_workspace()
    refuse_reference(workspace)
    chosen = journey.current(workspace, name)
    if not yes:
        raise TitoError(
            f"this replaces your code of {symbol or chosen.name} by the reference's, and is recorded",
            "Add --yes if that is what you want.",
        )
    laid = workspace.solve(chosen, symbol)
    with book.edit(workspace) as entry:
        mine = book.module_entry(entry, chosen.name)
        mine["solutions"] = sorted(
            {*mine["solutions"], *(one.symbol for one in workspace.taught(chosen, symbol))}
        )
    if not ui.give(as_json, laid_record(laid)):
        ui.para(f"The reference's code is in: {', '.join(laid.changed) or 'no file; it was there already'}")
        if laid.backup:
            ui.echo("Your code is kept; `tito module reset --undo` brings it back.")
    ui.notices()


@click.command()
@click.argument("name", default="")
@ui.json_option
def notebook(name: str, as_json: bool):
    """Write module NAME as a Jupyter notebook; edits come back when you test."""
    from .. import journey
    from ..notebook import write

    workspace = find_workspace()
    refuse_reference(workspace)
    path = write(workspace, journey.current(workspace, name))
    if not ui.give(as_json, {"notebook": str(path)}):
        ui.para(f"Written: {path}")
        ui.para(f"Open it:  jupyter lab {shlex.quote(os.path.relpath(path))}")
        ui.para("What you write in it goes into tinytorch/ when you run a cell, and on `tito module test`.")


@click.command()
@click.argument("name", default="")
@click.option("--answers", default="", help="Answer all at once: the places of your choices, 0,2,1,...")
@ui.json_option
def quiz(name: str, answers: str, as_json: bool):
    """The questions of module NAME; a wrong answer is explained, and the answers are handed in with the workspace."""
    from .. import journey
    from ..quiz import Quiz, answers_of
    from .quiz import answer

    workspace = find_workspace()
    chosen = journey.current(workspace, name)
    sheet = workspace.root / answers_of("module", chosen.name)
    asked = Quiz(chosen.title, f"tito module quiz {chosen.number:02}", questions_in(workspace, chosen), sheet)
    keep = lambda quiz, given, record: None if workspace.is_reference else quiz.write(given)
    sys.exit(answer(asked, answers, as_json, keep))


def questions_in(workspace, chosen) -> list[dict]:
    """As they lie in the workspace: in an instructor's archive they come without the answers."""
    import yaml

    from ..curriculum import LOADER

    path = workspace.lessons / chosen.name / "questions.yaml"
    if not path.is_file():
        raise TitoError(f"{path} is not there", f"tito module start {chosen.number:02} lays it out")
    return yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)


def refuse_reference(workspace) -> None:
    if workspace.is_reference:
        with workspace.changing():
            pass
