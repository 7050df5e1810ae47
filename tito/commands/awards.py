"""`tito milestone troubleshoot|certificate|badge|export`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from .. import ui
from ..errors import TitoError
from ..files import write_atomic
from ..milestones.definitions import all_milestones, find_milestone
from ..milestones.tracker import MilestoneTracker
from ..workspace import find_workspace
from .milestone import begin, chosen, data_options, name_argument


@click.command()
@name_argument
@data_options
@ui.json_option
def troubleshoot(name: str, practice: bool, no_download: bool, setting: str, as_json: bool):
    """Look at your build with the eyes of milestone N: what it found, what to try."""
    from ..milestones.troubleshoot import BROKEN, diagnose

    one, tracker = begin(name, setting)
    if not as_json:
        ui.say_where(tracker.workspace)
        ui.echo(f"{one.title}: a look at your build", bold=True)
    show = (lambda _: None) if as_json else show_symptom
    found = diagnose(
        tracker.workspace, one, setting=setting, practice=practice, download=not no_download, say=show
    )
    broken = any(symptom.state == BROKEN for symptom in found)
    if not ui.give(as_json, {"milestone": one.id, "broken": broken, "symptoms": [s.record() for s in found]}):
        ui.echo("More: docs/milestone-troubleshooting.md", dim=True)
    sys.exit(1 if broken else 0)


def show_symptom(symptom) -> None:
    outcome = {"fine": "passed", "look": "skipped", "broken": "failed"}[symptom.state]
    lines = ui.wrapped(symptom.found, 15)
    ui.echo(f" {ui.mark(outcome)} {ui.styled(symptom.what.ljust(11), bold=True)} {lines[0]}")
    for line in lines[1:]:
        ui.echo(" " * 15 + line)
    if symptom.place:
        ui.echo(f"               {ui.styled(symptom.place, fg='cyan')}")
    if symptom.advice:
        ui.para(f"-> {symptom.advice}", 15, fg="yellow")


def passed_one(name: str):
    """The milestone named, the last one passed if none is named; it has to be passed."""
    tracker = MilestoneTracker(find_workspace())
    passed = [one for one in all_milestones() if tracker.is_completed(one.id)]
    one = find_milestone(name) if name else passed[-1] if passed else chosen(name)
    if one not in passed:
        raise TitoError(f"{one.title} is not passed yet", f"tito milestone test {one.handle}")
    return one, tracker


@click.command()
@name_argument
@click.option("--name", "owner", default="", help="The name on it; by default the one git knows.")
@click.option(
    "--verify",
    "checked",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Check a certificate.",
)
@ui.json_option
def certificate(name: str, owner: str, checked: Path | None, as_json: bool):
    """The certificate of a passed milestone, with a code that can be checked."""
    from ..milestones import certificate as paper

    if checked:
        record = paper.verify(checked, MilestoneTracker())
        if not ui.give(as_json, record):
            words = (
                "its code fits what it says"
                if record["valid"]
                else "it was changed: the code does not fit what it says"
            )
            ui.echo(
                f" {ui.mark('passed' if record['valid'] else 'failed')} {checked.name}: {words}", bold=True
            )
            ui.echo(f"   {record['name']}, {record['title']}, {record['passed'][:10]}")
        sys.exit(0 if record["valid"] else 1)
    one, tracker = passed_one(name)
    facts = paper.statement(one, tracker.result(one.id), owner or paper.owner())
    path = tracker.workspace.root / "runs" / one.id / "certificate.svg"
    write_atomic(path, paper.certificate_svg(facts))
    if not ui.give(as_json, facts | {"file": str(path)}):
        ui.echo(f"Written: {path}")
        ui.echo(f"  {facts['name']}: {one.title}, code {facts['code']}")


@click.command()
@name_argument
@ui.json_option
def badge(name: str, as_json: bool):
    """The badge of a passed milestone, as SVG."""
    from ..milestones.badge import badge_svg

    one, tracker = passed_one(name)
    path = tracker.workspace.root / "runs" / one.id / "badge.svg"
    write_atomic(path, badge_svg(one, tracker.result(one.id)))
    if ui.give(as_json, {"milestone": one.id, "file": str(path)}):
        return
    title = f"🏅 {one.title} UNLOCKED"
    ui.echo(title if ui.can_show(title) else title[2:], bold=True, fg="yellow")
    for skill in one.entry.get("skills", [one.entry["description"]]):
        ui.echo(f"   [x] {skill}")
    ui.echo(f"Written: {path}", dim=True)


@click.command()
@name_argument
@click.option("--name", "owner", default="", help="The name on the page; by default the one git knows.")
@ui.json_option
def export(name: str, owner: str, as_json: bool):
    """A page that shows what you built (one HTML file), and the words to share."""
    from ..milestones.certificate import owner as known
    from ..milestones.portfolio import portfolio_html, share_text

    one, tracker = passed_one(name)
    shown = [each for each in all_milestones() if tracker.is_completed(each.id)]
    path = tracker.workspace.root / "runs" / "portfolio.html"
    write_atomic(path, portfolio_html(tracker, shown, owner or known()))
    text = share_text(one, tracker.result(one.id))
    if not ui.give(
        as_json, {"milestone": one.id, "file": str(path), "share": text, "shown": [each.id for each in shown]}
    ):
        ui.echo(f"Written: {path}")
        ui.para(text, 2)
