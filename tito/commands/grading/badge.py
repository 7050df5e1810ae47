"""`tito assessment badge issue|verify|revoke`: signed badges."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ... import ui
from .common import class_option, the_class, the_gradebook


@click.group()
def badge():
    """Badges that the class signs, as Open Badges 3.0 credentials: issue, verify, revoke."""


@badge.command()
@class_option
@click.option("--student", default="", help="For one student only.")
@click.option("--milestone", default="", help="For one milestone only: its number or its name.")
@ui.json_option
def issue(folder: Path | None, student: str, milestone: str, as_json: bool):
    """Sign a badge for every milestone that was graded as passed and has none yet."""
    from ...assessment import badges
    from ...milestones.definitions import find_milestone

    room = the_class(folder)
    made = badges.issue(room, the_gradebook(room), student, find_milestone(milestone).id if milestone else "")
    record = [
        {"student": one.student, "milestone": one.milestone, "id": one.id, "file": str(one.file)}
        for one in made
    ]
    if ui.give(as_json, {"issued": record}):
        return
    if made:
        rows = [(one.student, one.milestone, one.file.name) for one in made]
        ui.table(rows, ("student", "milestone", "file"))
    where = f", in {room.folder / 'badges'} (each as .json and .svg)" if made else ""
    ui.echo(f"{len(made)} new badge{'s' * (len(made) != 1)}{where}")


@badge.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@class_option
@click.option("--issuer", default="", help="The key that has to have signed it, did:key:...")
@click.option(
    "--revoked",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The issuer's list of revoked badges.",
)
@click.option("--student", default="", help="Whose it has to be.")
@ui.json_option
def verify(file: Path, folder: Path | None, issuer: str, revoked: Path | None, student: str, as_json: bool):
    """Check a badge (JSON, or the picture with it inside), without network."""
    from ...assessment import badges

    room = the_class(folder) if folder else None
    found = badges.verify(file, room=room, issuer=issuer, revocations=revoked, student=student)
    if not ui.give(as_json, vars(found)):
        ui.echo(f" {ui.mark('passed' if found.holds else 'failed')} {file.name}: {found.why}", bold=True)
        if found.key:
            ui.para(f"{found.name}, since {found.since[:10]}, by {found.issuer!r}", 3)
            ui.para(f"key {found.key}", 3, dim=True)
            ui.para(f"id  {found.id}", 3, dim=True)
    sys.exit(0 if found.holds else 1)


@badge.command()
@click.argument("badge")
@class_option
@click.option("--reason", default="", help="Why; it stands in the list of revoked badges.")
@ui.json_option
def revoke(badge: str, folder: Path | None, reason: str, as_json: bool):
    """Take a badge back: BADGE is its file or its id."""
    from ...assessment import badges

    room = the_class(folder)
    name = badges.revoke(room, badge, reason)
    path = room.folder / "badges" / "revoked.json"
    if not ui.give(as_json, {"revoked": name, "list": str(path)}):
        ui.echo(f"{name} is taken back.")
        ui.para(f"Publish {path} beside your key: whoever checks a badge needs it (verify --revoked).")
