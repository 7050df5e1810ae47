"""`tito module`: everything a student does with one module."""

from __future__ import annotations

import sys

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
    signs = {
        "complete": "passed",
        "started": "could_not_check",
        "open": "skipped",
        "locked": "skipped",
        "reference": "passed",
    }
    for row in record["modules"]:
        dim = row["state"] == "locked"
        ui.echo(f" {ui.mark(signs[row['state']])} {line(row)}", dim=dim)
    if record["next"] and not record["reference"]:
        started = any(r["name"] == record["next"] and r["state"] == "started" for r in record["modules"])
        ui.echo(f"\nNext: tito module {'test' if started else 'start'} {record['next'][:2]}", bold=True)
    ui.notices()


def line(row: dict) -> str:
    return ui.clip(f"{row['name']:<18} {row['state']:<9} {row['title']}", ui.width() - 4)


@click.command()
@click.argument("name")
@click.option("--force", is_flag=True, help="Even if earlier modules are not complete.")
@ui.json_option
def start(name: str, force: bool, as_json: bool):
    """Lay the files of module NAME out."""
    from .. import progress as book
    from .workspace import laid_record, show_laid

    workspace = find_workspace()
    chosen = workspace.module(name)
    laid = workspace.start(chosen, force, book.completed(book.entry_of(workspace)))
    with book.edit(workspace) as entry:
        book.module_entry(entry, chosen.name).setdefault("started", book.now())
    taught = [f"{one.file}: {one.symbol}" for one in workspace.course.taught(chosen)]
    lesson = workspace.root / "modules" / chosen.name / "lesson.md"
    record = {"module": chosen.name, "build": taught, "lesson": str(lesson)} | laid_record(laid)
    if ui.give(as_json, record):
        return
    ui.echo(f"{chosen.name}: {chosen.title}", bold=True)
    show_laid(laid, most=6)
    if taught:
        ui.echo("\nYours to write:", bold=True)
        for one in taught:
            ui.echo(f"  tinytorch/{one}")
    ui.echo(f"\nRead:  tito module view {chosen.number:02}     Check:  tito module test {chosen.number:02}")
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
        elif not report.passed and not report.problem:
            ui.echo(f"Stuck? tito module hint {chosen.number:02}", dim=True)
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
    ui.para(record["hint"] or "No hint for this one; read the section again.", 2)
    if record["section"]:
        ui.para(f"The lesson's section: {record['section']}", 2, dim=True)
    ui.echo(
        f"  {record['left']} more hint(s) for it." if record["left"] else "  That was the last hint for it.",
        dim=True,
    )


@click.command()
@click.argument("name", default="")
@click.option("--once", is_flag=True, hidden=True)
@ui.json_option
def watch(name: str, once: bool, as_json: bool):
    """Run the checks again whenever a file is saved. Ctrl-C ends it."""
    import time

    from .. import journey

    workspace = find_workspace()
    chosen = journey.current(workspace, name)
    seen: dict = {}
    while True:
        now = {p: p.stat().st_mtime_ns for p in (workspace.file(f) for f in chosen.files) if p.exists()}
        notebook = workspace.root / "modules" / chosen.name / f"{chosen.name}.ipynb"
        if notebook.exists():
            now[notebook] = notebook.stat().st_mtime_ns
        if now != seen:
            try:
                report = journey.run_module(workspace, chosen)
                if not ui.give(as_json, report.record()):
                    click.clear() if sys.stdout.isatty() else None
                    ui.show_report(report)
            except TitoError as error:
                ui.echo(f"{error}  {error.hint}", fg="red")
            seen = {p: p.stat().st_mtime_ns for p in now if p.exists()} if seen == {} else now
            if once:
                return
        time.sleep(0.2)


@click.command()
@click.argument("name", default="")
@ui.json_option
def complete(name: str, as_json: bool):
    """Run the checks of NAME and of everything before it, and record it as done."""
    from .. import journey

    workspace = find_workspace()
    record = journey.complete(workspace, journey.current(workspace, name))
    if ui.give(as_json, record):
        return
    ui.say_where(workspace)
    ui.echo(
        f"{ui.mark('passed')} {record['module']} is complete: {record['checks']} checks, {record['points']} points",
        bold=True,
    )
    if record["celebration"]:
        ui.para(record["celebration"], 2, fg="green")
    if record["capability"]:
        ui.para(f"{record['capability']}  Yes.", 2, bold=True)
    for message in record["messages"]:
        ui.panel(message)
    following = [m for m in workspace.course.modules if m.name > record["module"]]
    if following and record["recorded"]:
        ui.echo(f"Next: tito module start {following[0].number:02}   ({following[0].title})")
    ui.notices()


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
            ui.echo(f"Brought back from {backup}: {', '.join(files)}")
        return
    laid = workspace.reset(journey.current(workspace, name), symbol)
    if not ui.give(as_json, laid_record(laid)):
        ui.echo(f"Stubs are back in: {', '.join(laid.changed) or 'no file; nothing had been changed'}")
        if laid.backup:
            ui.echo(
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
        ui.echo(f"The reference's code is in: {', '.join(laid.changed) or 'no file; it was there already'}")
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
        ui.echo(f"Written: {path}")
        ui.echo(
            f"Open it with: jupyter lab {path.name}. Your edits go into tinytorch/ when you run `tito module test`."
        )


def refuse_reference(workspace) -> None:
    if workspace.is_reference:
        with workspace.changing():
            pass
