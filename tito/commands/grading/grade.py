"""`tito assessment grade`: one submission, one task, no gradebook."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from ... import ui
from .common import the_class

MARKS = {"passed": "passed", "partial": "skipped", "grader_error": "could_not_check", "not_run": "skipped", "blocked": "skipped"}  # fmt: skip


@click.command()
@click.argument("source", metavar="FOLDER|ARCHIVE", type=click.Path(exists=True, path_type=Path))
@click.option("--task", required=True, help="A milestone or a module.")
@click.option("--class", "folder", type=click.Path(path_type=Path), default=None, help="The class whose seeds and points count; otherwise open ones.")  # fmt: skip
@click.option("--student", default="", help="Whose it is; the seeds hang on it.")
@click.option("--isolation", type=click.Choice(["A", "B", "weak"]), default=None, help="The sandbox; otherwise the best that holds here.")  # fmt: skip
@click.option("--gradescope", "results", type=click.Path(path_type=Path), default=None, help="Write Gradescope's results.json.")  # fmt: skip
@click.option("--metadata", type=click.Path(path_type=Path), default=None, help="Gradescope's submission_metadata.json.")  # fmt: skip
@ui.json_option
def grade(source, task, folder, student, isolation, results, metadata, as_json):
    """Grade one submission for one task, and keep nothing. Exit code 0: everything passed; 1: not; 3: the grader failed."""
    from ...assessment import single
    from ...assessment.batch import choose_tier
    from ...assessment.decisions import task_named
    from ...errors import CouldNotCheck

    room = the_class(folder).with_key() if folder is not None else single.open_class()
    one = task_named(room, task)
    who = student or (single.submitter(metadata) if metadata else "somebody")
    found = single.grade_one(room, one, source, who, choose_tier(isolation or ""))
    if found.grade.points is None:
        words = "; ".join(check.message for check in found.findings.checks if check.message)
        raise CouldNotCheck(f"the grader failed on {one.id}: {words}", "This is no score. Try again.")
    if results is not None:
        write_results(found, results)
    record = asdict(found) | {"passed": found.passed}
    if not ui.give(as_json, record):
        show(found)
    sys.exit(0 if found.passed else 1 if results is None else 0)


def write_results(found, path: Path) -> None:
    from ...assessment.exchange import gradescope
    from ...files import write_atomic

    told = gradescope.results(found.grade, found.findings)
    write_atomic(path, json.dumps(told, indent=1, ensure_ascii=False) + "\n")


def show(found) -> None:
    for check in found.findings.checks:
        if check.visible:
            ui.echo(f" {ui.mark(MARKS.get(check.verdict, 'failed'))} {check.name}")
            if check.verdict != "passed" and check.message:
                ui.para(check.message, 3)
    shown = found.grade
    ui.echo(f"{shown.task}: {shown.verdict.replace('_', ' ')}, {shown.points:g} of {shown.most:g} points, in {found.findings.seconds:.1f} s")  # fmt: skip
