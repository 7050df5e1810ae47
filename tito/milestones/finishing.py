"""After an examination: what is recorded, what is drawn, what is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .. import progress as book
from .. import ui
from ..files import write_atomic
from .definitions import Milestone
from .exam import Outcome


def runs_folder(workspace, one: Milestone) -> Path:
    """Where what a milestone makes is kept: curves, pictures, checkpoints, badge."""
    return workspace.root / "runs" / one.id


def conclude(tracker, one: Milestone, outcome: Outcome) -> dict[str, Any]:
    """Draw the curves and the demonstration; if it counts, record it and award the badge. The files made, by name."""
    from .pictures import save_curves, save_grid

    folder = runs_folder(tracker.workspace, one)
    files: dict[str, Path] = {}
    if outcome.curve:
        files["curves"] = save_curves(outcome.curve, folder / "curves.png", f"{one.title}: training")
    if outcome.shown.get("images") is not None:
        files["demonstration"] = save_grid(
            outcome.shown, folder / "demonstration.png", f"{one.title}: what it says"
        )
    if outcome.shown.get("ground"):
        from .curriculum import save_ground

        files["landscape"] = save_ground(outcome.shown["ground"], folder / "landscape.png")
    for name, text in outcome.shown.get("texts", {}).items():
        files[name] = folder / f"{name}.txt"
        write_atomic(files[name], text + "\n")
    if outcome.counts and not tracker.workspace.is_reference:
        tracker.remember(
            one.id, passed=tracker.result(one.id).get("passed") or book.now(), tested=book.now(), figures=outcome.figures,
            fingerprint=outcome.fingerprint, data=outcome.source, setting=outcome.setting,
            findings=[{"check": f.check, "message": f.message} for f in outcome.findings],
        )  # fmt: skip
        from .badge import badge_svg

        files["badge"] = folder / "badge.svg"
        write_atomic(files["badge"], badge_svg(one, tracker.result(one.id)))
    return {name: str(path) for name, path in files.items()}


def celebrate(tracker, one: Milestone, outcome: Outcome, files: dict[str, Any]) -> None:
    """The moment it works."""
    if not outcome.passed:
        return
    if outcome.practice:
        ui.para(
            "It works, on practice data. With the published data it counts: see datasets/README.md.",
            fg="yellow",
            bold=True,
        )
    elif tracker.workspace.is_reference:
        ui.para("It works. (This is the reference: nothing is recorded.)", fg="green", bold=True)
    else:
        lines = [
            f"🎉 MILESTONE UNLOCKED: {one.name}! 🎉",
            "",
            one.entry["unlock_message"].removeprefix("🎉 "),
        ]
        lines += (
            [""] + [f"  [x] {skill}" for skill in one.entry.get("skills", [])]
            if "skills" in one.entry
            else []
        )
        if "impact" in one.entry:
            lines += ["", one.entry["impact"] + "."]
        ui.panel("\n".join(lines), "green")
    show_demonstration(outcome.shown)
    for name, path in files.items():
        ui.echo(f"  {name:<14} {shortened(path, tracker.workspace.root)}", dim=True)
    if outcome.counts and not tracker.workspace.is_reference:
        goal = tracker.next_goal()
        ui.echo()
        ui.para(f"Next Goal: {goal['text']}", bold=True)


def show_demonstration(shown: dict[str, Any]) -> None:
    from .pictures import grid

    if shown.get("images") is not None:
        ui.echo(
            "\n🎬 Live demonstration: your code reads these now\n"
            if ui.can_show("🎬")
            else "\nLive demonstration\n",
            bold=True,
        )
        for line in grid(shown):
            ui.echo(line)
    for name, text in shown.get("texts", {}).items():
        ui.echo(f"\n{name}:", bold=True)
        ui.echo(text)


def shortened(path: str, root: Path) -> str:
    return str(Path(path).relative_to(root)) if Path(path).is_relative_to(root) else path
