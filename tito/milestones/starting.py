"""`start`: the milestone's script arrives in the workspace, to be read and tried; the judge uses the course's own."""

from __future__ import annotations

from typing import Any

from ..errors import TitoError
from ..files import write_atomic
from .definitions import Milestone

FILES = ("run.py", "config.yaml", "README.md")


def need_unlocked(tracker, one: Milestone) -> None:
    """The reference has every module; a workspace has those that its student completed."""
    if not tracker.workspace.is_reference and (missing := tracker.missing(one.id)):
        raise TitoError(
            f"{one.title} is locked: it needs {', '.join(missing)}",
            f"tito module start {missing[0][:2]}",
            missing=missing,
        )


def lay_out(tracker, one: Milestone) -> dict[str, Any]:
    """Copy the milestone's folder into the workspace, where it is not there yet, and say what to run."""
    need_unlocked(tracker, one)
    script = one.script
    if not tracker.workspace.is_reference:
        folder = tracker.workspace.root / "milestones" / one.track / one.id
        for name in FILES:
            if (one.folder / name).is_file() and not (folder / name).exists():
                write_atomic(folder / name, (one.folder / name).read_bytes())
        script = folder / "run.py"
    trained = one.is_trained(one.default_setting)
    commands = (
        {f"tito milestone train {one.handle}": "train it: live loss, curves, a checkpoint"} if trained else {}
    )
    commands |= {
        f"tito milestone test {one.handle}": "measure and judge"
        if trained
        else "train it here and now, measure, judge",
        f"tito milestone troubleshoot {one.handle}": "when it does not work",
    }
    return {
        "id": one.id,
        "title": one.title,
        "script": str(script),
        "commands": commands,
        "victory": one.entry.get("victory", ""),
    }
