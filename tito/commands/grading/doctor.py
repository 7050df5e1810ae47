"""`tito assessment doctor`: which sandbox holds on this machine."""

from __future__ import annotations

import click

from ... import ui


@click.command()
@ui.json_option
def doctor(as_json: bool):
    """Try to break out of each sandbox, live, and say which one holds on this machine."""
    from ...assessment.isolation.doctor import best, examine_all
    from ...assessment.isolation.launch import TIERS

    reports = examine_all()
    tier = best(reports)
    record = {
        "tier": tier,
        "tiers": [{"tier": r.tier, "holds": r.holds, "why": r.why, "escaped": r.escaped} for r in reports],
    }
    if ui.give(as_json, record):
        return
    for report in reports:
        outcome = "passed" if report.holds else "could_not_check" if report.why else "failed"
        ui.echo(f"{ui.mark(outcome)} tier {report.tier}  {TIERS[report.tier]}")
        if report.why:
            ui.para(report.why, indent=4)
        elif report.escaped:
            ui.para("got out: " + ", ".join(report.escaped), indent=4)
    if tier == "C":
        ui.para(
            "Submissions would run with limits alone. Install bubblewrap, or use a kernel with Landlock.",
            fg="yellow",
        )
    else:
        ui.echo(f"Submissions will run in tier {tier}.")
