"""`tito assessment report`: the class on one page."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ... import ui
from .common import class_option, the_class

FORMATS = ("html", "csv", "json")


@click.command()
@class_option
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Where to; the class's folder report/ otherwise.")  # fmt: skip
@click.option("--format", "formats", default="html,csv,json", show_default=True, help="Which files to write.")
@ui.json_option
def report(folder: Path | None, out: Path | None, formats: str, as_json: bool):
    """Write report.html, report.csv and report.json: what the gradebook tells of the class.

    The page is one file that asks nothing of the network. It names students and hidden checks: it is for instructors.
    """
    from ...assessment import report as written
    from ...assessment.analytics import ReadOnly, analyse, read
    from ...assessment.report import findings
    from ...errors import TitoError
    from ...files import write_atomic

    wanted = [word.strip() for word in formats.split(",") if word.strip()]
    if not wanted or set(wanted) - set(FORMATS):
        raise TitoError(f"--format is {formats!r}; it is a list of {', '.join(FORMATS)}")
    room = the_class(folder)
    book = ReadOnly(room.gradebook)
    try:
        found = analyse(read(room, book))
    finally:
        book.close()
    make = {
        "html": lambda: written.page(found),
        "csv": lambda: written.table(found),
        "json": lambda: json.dumps(written.record(found), ensure_ascii=False, allow_nan=False) + "\n",
    }
    out = out or room.folder / "report"
    files = []
    for name in FORMATS:
        if name in wanted:
            files.append(out / f"report.{name}")
            write_atomic(files[-1], make[name]())
    if ui.give(as_json, {"files": [str(path) for path in files], "headline": findings.headline(found)}):
        return
    ui.echo(findings.headline(found), bold=True)
    for path in files:
        ui.echo(f"  {path}  {path.stat().st_size / 1000:,.0f} kB")
    if found.at_risk:
        ui.para(
            f"{findings.count(len(found.at_risk), 'student')} may need a word; the page says why.",
            fg="yellow",
        )
