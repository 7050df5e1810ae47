"""`tito assessment batch` and `status`: grading a class, and how far it is."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import click

from ... import ui
from .common import class_option, the_class, the_gradebook


@click.command()
@class_option
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    default=os.cpu_count() or 2,
    show_default=True,
    help="How many are graded at once.",
)
@click.option(
    "--engine",
    type=click.Choice(["local", "dask"]),
    default="local",
    show_default=True,
    help="Where they are graded.",
)
@click.option(
    "--address", default="", help="A Dask scheduler, tcp://HOST:PORT; without it a cluster is made here."
)
@click.option("--only", default="", metavar="WHICH", help="failed, changed, or a student's id.")
@click.option("--regrade", is_flag=True, help="Grade again what has a grade, with the same questions.")
@click.option("--reason", default="", help="Why it is graded again; kept in the gradebook.")
@click.option("--dry-run", is_flag=True, help="Say what would be graded, and grade nothing.")
@click.option(
    "--isolation",
    type=click.Choice(["A", "B", "weak"]),
    default=None,
    help="A sandbox; without it the best that holds here.",
)
@ui.json_option
def batch(
    folder: Path | None,
    workers: int,
    engine: str,
    address: str,
    only: str,
    regrade: bool,
    reason: str,
    dry_run: bool,
    isolation: str | None,
    as_json: bool,
):
    """Grade what was handed in and has no grade yet. Run it as often as you like: what is graded stays."""
    from ...assessment.batch import Order
    from ...assessment.batch import batch as grade
    from ...errors import TitoError

    if regrade and not reason.strip():
        raise TitoError("a regrade needs a reason", '--regrade --reason "..."')
    if reason and not regrade:
        raise TitoError("--reason is a regrade's", "--regrade --reason")
    room = the_class(folder)
    which = only if only in ("", "failed", "changed") else f"student {only.removeprefix('student').strip()}"
    order = Order(workers, engine, address, which, reason, dry_run, isolation or "")
    book = the_gradebook(room)
    try:
        with watcher(as_json) as watch:
            report = grade(room, book, order, watch)
    finally:
        book.close()
    if not ui.give(as_json, report.record()):
        tell(report, order)
    sys.exit(130 if report.interrupted else 1 if report.errors else 0)


def some_of(names: list[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def tell(report, order) -> None:
    if order.dry_run:
        ui.echo(f"{report.jobs} to be graded")
        for line in report.waiting:
            ui.echo(f"  {line}")
    elif not report.jobs:
        ui.echo("Everything that was handed in has its grade.")
    else:
        rate = f", {60 * report.graded / report.seconds:.0f} a minute" if report.seconds > 5 else ""
        ui.echo(
            f"{report.graded} of {report.jobs} graded in {report.seconds:.1f} s{rate}, in tier {report.tier}",
            bold=True,
        )
        for verdict, count in report.verdicts.most_common():
            ui.echo(f"  {count:>5}  {verdict.replace('_', ' ')}")
    if report.scan.missing:
        ui.para(
            f"nothing handed in by {len(report.scan.missing)}: {some_of(report.scan.missing)}", fg="yellow"
        )
    if report.scan.strangers:
        ui.para(f"nobody on the roster is called: {some_of(report.scan.strangers)}", fg="yellow")
    for error in report.errors:
        ui.para(f"the grader failed, look at it: {error}", fg="red")
    if report.errors:
        ui.para("When it is mended: tito assessment batch --only failed")
    if report.interrupted:
        ui.para("Stopped; what was not finished waits for the next time.", fg="yellow")


class watcher:
    """What happens, live: a line that moves on a terminal, plain lines elsewhere, nothing with --json."""

    def __init__(self, quiet: bool):
        self.quiet, self.last = quiet, 0.0
        self.bar: Any = None  # rich's, on a terminal
        self.total, self.begun = 0, time.monotonic()

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        if self.bar is not None:
            self.bar.stop()

    def __call__(self, event: str, facts: dict[str, Any]) -> None:
        if self.quiet:
            return
        if event == "begin":
            self.total = facts["jobs"]
            if sys.stdout.isatty():
                self.start_bar()
            else:
                ui.echo(f"{self.total} to be graded, in tier {facts['tier']}")
        elif event in ("graded", "lost", "again"):
            self.line(event, facts)

    def start_bar(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self.bar = Progress(
            TextColumn("grading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.fields[last]}"),
            console=ui.rich_console(),
        )  # fmt: skip
        self.row = self.bar.add_task("", total=self.total, last="")
        self.bar.start()

    def line(self, event: str, facts: dict[str, Any]) -> None:
        who = f"{facts['student']} {facts['task']}"
        if event == "graded":
            told = f"{who}: {facts['verdict'].replace('_', ' ')} {facts['score']:.0%}"
            if self.bar is not None:
                self.bar.update(self.row, advance=1, last=told)
            elif self.total <= 50 or time.monotonic() - self.last > 5 or facts["done"] == self.total:
                self.last = time.monotonic()
                ui.echo(f"{facts['done']:>5} of {self.total}  {told}")
            return
        told = f"{who}: the grader {'is gone' if event == 'lost' else 'failed'}, once more"
        if self.bar is not None:
            self.bar.console.print(told)
        else:
            ui.echo(told)


@click.command()
@class_option
@ui.json_option
def status(folder: Path | None, as_json: bool):
    """How the grading stands: counts, what waits, what the grader failed at, whether the gradebook is whole."""
    from ...assessment.batch import status as standing

    room = the_class(folder)
    book = the_gradebook(room)
    try:
        record = standing(room, book)
    finally:
        book.close()
    if ui.give(as_json, record):
        return
    ui.echo(
        f"{record['class']}: {record['handed_in']} of {record['students']} students have handed in", bold=True
    )
    if not record["handed_in"] and room.submissions.is_dir() and any(room.submissions.iterdir()):
        ui.para("what lies in submissions/ has not been looked at yet: tito assessment batch", fg="yellow")
    if not record["students"]:
        ui.para("roster.csv names nobody: student,name,email, a line for each student", fg="yellow")
    rows = [
        (task["task"], str(task["graded"]), str(task["passed"]), task["due"].astimezone().strftime("%Y-%m-%d %H:%M") if task["due"] else "-")
        for task in record["tasks"]
    ]  # fmt: skip
    ui.table(rows, ("task", "graded", "passed", "due"))
    if record["waiting"]:
        ui.para(f"{len(record['waiting'])} wait to be graded: tito assessment batch", fg="yellow")
    if record["out_of_date"]:
        ui.para(
            f"{record['out_of_date']} were graded by a rubric that has changed: tito assessment batch",
            fg="yellow",
        )
    for error in record["grader_errors"]:
        ui.para(f"the grader failed: {error['student']} {error['task']}: {error['message']}", fg="red")
    if record["seconds"]:
        tiers = ", ".join(
            f"{count} in tier {tier}" for tier, count in record["isolation"].items() if tier != "none"
        )
        ui.echo(
            f"{record['seconds']['median']:.1f} s each (median), {record['seconds']['most']:.1f} s at most; {tiers}"
        )
    if not record["events_intact"]:
        ui.para(
            f"the gradebook was changed by other hands: event {record['broken_at']} is not as it was written",
            fg="red",
        )
