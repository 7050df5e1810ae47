"""Who has unlocked and passed which milestone: the single source of truth. Everything else asks here.

    check_module_export("02_autograd", console)   # after a module is complete: what does it unlock?
    MilestoneTracker().can_run_milestone("perceptron")

*Unlocked* means that the modules it needs are complete, *completed* that it was passed by measurement. Both are kept in
the workspace's entry of progress.json; at the source tree's root they are kept under "reference".
"""

from __future__ import annotations

import sys
from typing import Any

from .. import progress as book
from ..errors import TitoError
from .definitions import MILESTONE_ORDER, MILESTONES, Milestone, all_milestones, find_milestone

__all__ = [
    "MILESTONES",
    "MILESTONE_ORDER",
    "MilestoneTracker",
    "check_module_export",
    "list_tests",
    "show_progress",
]

COMPLETED, IN_PROGRESS, UNLOCKED, LOCKED = "completed", "in progress", "unlocked", "locked"


def workspace_here():
    """The workspace around the working directory; outside of any, the course itself."""
    from ..workspace import Reference, find_workspace, the_course

    try:
        return find_workspace()
    except TitoError:
        return Reference(the_course())


class MilestoneTracker:
    """The milestones of one workspace (by default the one around the working directory)."""

    def __init__(self, workspace=None, console=None):
        self.workspace = workspace or workspace_here()
        self._console = console

    @property
    def console(self):
        if self._console is None:
            from ..ui import rich_console

            self._console = rich_console()
        return self._console

    # ------------------------------------------------------------ asking

    @property
    def entry(self) -> dict[str, Any]:
        return book.entry_of(self.workspace)

    @property
    def progress(self) -> dict[str, list[str]]:
        """Three lists: modules done, milestones unlocked, milestones passed."""
        entry = self.entry
        marks = entry.get("milestones", {})
        return {
            "completed_modules": done_modules(entry),
            "unlocked_milestones": [m for m in MILESTONE_ORDER if marks.get(m, {}).get("unlocked")],
            "completed_milestones": [m for m in MILESTONE_ORDER if marks.get(m, {}).get("passed")],
        }

    def missing(self, milestone_id: str) -> list[str]:
        """Modules that are still to be completed for it."""
        done = set(done_modules(self.entry))
        return [name for name in find_milestone(milestone_id).requires if name not in done]

    def can_run_milestone(self, milestone_id: str) -> bool:
        return not self.missing(milestone_id)

    def is_completed(self, milestone_id: str) -> bool:
        return bool(self.result(milestone_id).get("passed"))

    def result(self, milestone_id: str) -> dict[str, Any]:
        """What is recorded of a milestone: unlocked, passed, figures, questions."""
        return self.entry.get("milestones", {}).get(find_milestone(milestone_id).id, {})

    def standing(self, track: str = "") -> list[dict[str, Any]]:
        """A record of each milestone, in order: its state, the modules done and missing, figures."""
        entry = self.entry
        done, marks = set(done_modules(entry)), entry.get("milestones", {})
        rows = [self.record(one, done, marks.get(one.id, {})) for one in all_milestones(track)]
        ahead = next(
            (row for row in rows if row["track"] == "capability" and row["state"] != COMPLETED), None
        )
        if ahead and (ahead["state"] == UNLOCKED or (done and ahead["state"] == LOCKED)):
            ahead["state"] = IN_PROGRESS
        return rows

    @staticmethod
    def record(one: Milestone, done: set[str], mark: dict[str, Any]) -> dict[str, Any]:
        have = [name for name in one.requires if name in done]
        missing = [name for name in one.requires if name not in done]
        state = COMPLETED if mark.get("passed") else LOCKED if missing else UNLOCKED
        return {
            "id": one.id, "number": one.number, "name": one.name, "title": one.title, "track": one.track, "state": state,
            "can_run": not missing, "modules_done": len(have), "modules_needed": len(one.requires), "missing": missing,
            "passed": mark.get("passed", ""), "figures": mark.get("figures", {}), "questions": mark.get("questions"),
            "victory": one.entry.get("victory", one.entry["description"]), "capability": one.entry.get("capability", ""),
        }  # fmt: skip

    def next_goal(self) -> dict[str, Any]:
        """What comes next on the capability track: the milestone, and the command that leads there."""
        ahead = next((row for row in self.standing("capability") if row["state"] != COMPLETED), None)
        if ahead is None:
            return {
                "milestone": "",
                "text": "Every capability is yours. tito milestone export 5",
                "command": "",
            }
        if ahead["missing"]:
            last = ahead["missing"][-1][:2]
            first = ahead["missing"][0][:2]
            text = f"Complete Module {last} to unlock {ahead['name']}!"
            return {"milestone": ahead["id"], "text": text, "command": f"tito module start {first}"}
        text = f"{ahead['name']} is open: {ahead['victory']}"
        return {
            "milestone": ahead["id"],
            "text": text,
            "command": f"tito milestone start {ahead['number']}",
        }

    # ------------------------------------------------------------ remembering

    def complete_module(self, module_name: str) -> list[Milestone]:
        """Take note that a module was exported; the milestones this unlocks for the first time."""
        module = self.workspace.module(module_name)
        with book.edit(self.workspace) as entry:
            if module.name not in done_modules(entry):
                entry.setdefault("exports", []).append(module.name)
            done, marks = set(done_modules(entry)), entry.setdefault("milestones", {})
            opened = [
                one
                for one in all_milestones()
                if done.issuperset(one.requires) and not marks.get(one.id, {}).get("unlocked")
            ]
            for one in opened:
                marks.setdefault(one.id, {})["unlocked"] = book.now()
        return opened

    def remember(self, milestone_id: str, **facts) -> None:
        """Write facts about a milestone into progress.json."""
        with book.edit(self.workspace) as entry:
            entry.setdefault("milestones", {}).setdefault(find_milestone(milestone_id).id, {}).update(facts)

    # ------------------------------------------------------------ showing

    def show_progress(self, track: str = "") -> None:
        from rich.table import Table

        table = Table(show_lines=False)
        table.add_column("Milestone", overflow="fold", ratio=3)
        table.add_column("Status", justify="center", no_wrap=True)
        table.add_column("Requirements", justify="right")
        for row in self.standing(track):
            table.add_row(row["title"], told(row), f"{row['modules_done']}/{row['modules_needed']} modules")
        self.console.print("🎯 TinyTorch Milestone Progress", style="bold")
        self.console.print(table)

    def list_tests(self) -> None:
        """The tests of all milestones that are unlocked, and how to run them."""
        open_ones = [one for one in all_milestones() if self.can_run_milestone(one.id)]
        if not open_ones:
            goal = self.next_goal()
            self.console.print("No milestone is unlocked yet.")
            self.console.print(f"Next: {goal['command']}", style="bold")
            return
        self.console.print("🧪 Unlocked Milestone Tests", style="bold")
        for one in open_ones:
            passed = "✅" if self.is_completed(one.id) else "🔓"
            self.console.print(f" {passed} {one.title}", style="bold")
            self.console.print(f"     {one.entry['description']}")
            self.console.print(f"     {one.entry['test']}: tito milestones run {one.id}", style="dim")


def told(row: dict[str, Any]) -> str:
    """A state as the progress table shows it."""
    return {COMPLETED: "✅ Completed", LOCKED: "🔒 Locked"}.get(row["state"]) or (
        "🔓 Unlocked" if row["can_run"] else "⏳ In progress"
    )


def done_modules(entry: dict[str, Any]) -> list[str]:
    """Modules that count: completed by their checks, or exported."""
    return sorted({*book.completed(entry), *entry.get("exports", [])})


def unlock_message(one: Milestone) -> str:
    run = f"tito milestone start {one.number}" if one.number else f"tito milestones run {one.id}"
    return (
        f"🔓 MILESTONE UNLOCKED!\n\n{one.title}\n{one.entry['description']}\n\n"
        f"{one.entry['unlock_message']}\n\nRun it: {run}"
    )


# ---------------------------------------------------------------- the functions that others call


def check_module_export(module_name: str, console=None, workspace=None) -> dict[str, Any]:
    """After a module is complete: which milestones it unlocks, and the words that say so (printed on the console, if given)."""
    opened = MilestoneTracker(workspace, console).complete_module(module_name)
    messages = [unlock_message(one) for one in opened]
    if console is not None and messages:
        from rich.panel import Panel
        from rich.text import Text

        for message in messages:
            console.print(Panel(Text(message), border_style="yellow", expand=False))
    return {"newly_unlocked": [one.id for one in opened], "messages": messages}


def show_progress(console=None) -> None:
    MilestoneTracker(console=console).show_progress()


def list_tests(console=None) -> None:
    MilestoneTracker(console=console).list_tests()


USAGE = "usage: milestone_tracker.py complete MODULE | progress | list"


def main(arguments: list[str] | None = None) -> int:
    """The tracker by itself: `complete 02_autograd`, `progress`, `list`."""
    from ..ui import rich_console

    arguments = sys.argv[1:] if arguments is None else arguments
    console = rich_console()
    try:
        match arguments:
            case ["complete", module]:
                name = workspace_here().module(module).name
                found = check_module_export(name, console)
                console.print(
                    f"✅ {name} is noted." + ("" if found["newly_unlocked"] else " No new milestone.")
                )
            case ["progress"]:
                show_progress(console)
            case ["list"]:
                list_tests(console)
            case _:
                print(USAGE, file=sys.stderr)
                return 2
    except TitoError as error:
        print(f"error: {error}\n  next: {error.hint}", file=sys.stderr)
        return error.exit_code
    return 0
