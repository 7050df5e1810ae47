"""The timeline: modules as beads on a path, milestones where they stand on it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from .. import ui


def draw(rows: list[dict], modules: list[str], done: set[str]) -> Iterator[str]:
    """Lines from the first module down to the last milestone."""
    fancy = ui.can_show("●○◆◇┃╎")
    bead, hollow, mark, empty, way, ahead = "●○◆◇┃╎" if fancy else "*o#-||"
    stops = {
        name: list(group)
        for name, group in groupby(
            sorted(rows, key=lambda r: modules.index(modules_needed(r, modules))),
            key=lambda r: modules_needed(r, modules),
        )
    }
    for name in modules:
        is_done = name in done
        colour = "green" if is_done else "bright_black"
        yield f" {ui.styled(bead if is_done else hollow, fg=colour)} {ui.styled(name, dim=not is_done)}"
        for row in stops.get(name, []):
            yield f" {ui.styled(way if is_done else ahead, fg=colour)}   {stop(row, mark, empty)}"
            if row["figures"]:
                told = ", ".join(f"{what} {value}" for what, value in row["figures"].items())
                date = row["passed"][:10]
                yield f" {ui.styled(way if is_done else ahead, fg=colour)}       {ui.clip(f'{date}  {told}', ui.width() - 10)}"


def modules_needed(row: dict, modules: list[str]) -> str:
    """The module after which a milestone stands."""
    return modules[row["modules_needed"] - 1]


def stop(row: dict, mark: str, empty: str) -> str:
    passed = row["state"] == "completed"
    colour = "green" if passed else "yellow" if row["can_run"] else "bright_black"
    words = {"completed": "passed", "locked": "locked"}.get(
        row["state"], "open" if row["can_run"] else "in progress"
    )
    bold = row["track"] == "capability"
    return f"{ui.styled(mark if passed else empty, fg=colour)} {ui.styled(row['title'], bold=bold)}  {ui.styled(words, fg=colour)}"
