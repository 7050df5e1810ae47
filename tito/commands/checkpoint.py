"""`tito checkpoint`: the capability each module ends in, in the student's words."""

from __future__ import annotations

import sys

import click

from .. import ui
from ..cli import Lazy
from ..journey import checkpoints, said, standing, try_checkpoint
from ..workspace import find_workspace

TABLE = {
    "status": ("commands.checkpoint:status", "What you can do, and what comes next."),
    "timeline": ("commands.checkpoint:timeline", "When you could do what."),
    "test": ("commands.checkpoint:test", "Try a capability again, with everything built up to it."),
}


@click.group(cls=Lazy, table=TABLE)
def checkpoint():
    """What you can do now."""


@click.command()
@ui.json_option
def status(as_json: bool):
    """What you can do, and what comes next."""
    from .module import following

    workspace = find_workspace()
    records = checkpoints(workspace)
    if ui.give(as_json, {"checkpoints": records}):
        return
    ui.say_where(workspace)
    for one in records:
        sign = ui.mark("passed" if one["passed"] else "not_written")
        ui.item(f" {sign} {one['number']:02}", one["capability"], 7, bold=bool(one["passed"]))
        if one["said"]:
            ui.para(one["said"], 7, dim=True)
    if not workspace.is_reference:
        ui.echo(f"\nNext: {following(standing(workspace))}", bold=True)
    ui.notices()


@click.command()
@ui.json_option
def timeline(as_json: bool):
    """When you could do what."""
    workspace = find_workspace()
    records = sorted((one for one in checkpoints(workspace) if one["passed"]), key=lambda one: one["passed"])
    if ui.give(as_json, {"timeline": records}):
        return
    if not records:
        ui.echo("Nothing yet. The first checkpoint: tito module complete 00")
    day = ""
    for one in records:
        when, day_before, day = one["passed"], day, one["passed"][:10]
        head = f"{day if day != day_before else '':<10} {when[11:16]}  {one['number']:02}"
        ui.item(head, one["capability"], 22)
    ui.notices()


@click.command()
@click.argument("module")
@ui.json_option
def test(module: str, as_json: bool):
    """Try what MODULE makes possible, with everything you built up to it."""
    workspace = find_workspace()
    chosen = workspace.module(module)
    report = try_checkpoint(workspace, chosen)
    answer = {"capability": chosen.capability, "said": said(report)}
    if not ui.give(as_json, report.record() | answer):
        ui.say_where(workspace)
        ui.show_report(report)
        ui.para(f"{chosen.capability or chosen.title}  {'Yes.' if report.passed else 'Not yet.'}", bold=True)
        if not report.passed:
            ui.para(
                f"If `tito module test {chosen.number:02}` passes, look at the modules before it.", dim=True
            )
    sys.exit(0 if report.passed else 3 if report.could_not else 1)
