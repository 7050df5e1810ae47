"""What a student does with a module, as functions that return records: status, test, hint, complete, checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from . import progress as book
from .checks import FAILED, Report, run_checks
from .curriculum import Module
from .errors import ChecksFailed, CouldNotCheck, TitoError
from .weave import Taught


def standing(workspace) -> dict[str, Any]:
    """Every module with where the student stands in it."""
    done = set(book.completed(book.entry_of(workspace))) if not workspace.is_reference else set()
    rows = []
    for module in workspace.course.modules:
        if workspace.is_reference:
            state = "reference"
        elif module.name in done:
            state = "complete"
        elif module.name in workspace.state["started"]:
            state = "started"
        else:
            state = (
                "open"
                if all(m.name in done for m in workspace.course.modules if m.number < module.number)
                else "locked"
            )
        rows.append(
            {
                "number": module.number, "name": module.name, "title": module.title, "state": state, "points": module.points,
                "time": module.time,
            }
        )  # fmt: skip
    following = next((row for row in rows if row["state"] in ("started", "open")), None)
    return {
        "workspace": str(workspace.root),
        "reference": workspace.is_reference,
        "level": workspace.level,
        "current": workspace.state.get("current", ""),
        "next": following["name"] if following else "",
        "modules": rows,
    }


def current(workspace, name: str = "") -> Module:
    """The module named, or the one started last."""
    if name:
        return workspace.module(name)
    now = workspace.state.get("current")
    if not now:
        raise TitoError("which module?", "Name it: tito module test 03")
    return workspace.module(now)


def run_module(workspace, module: Module, names: Sequence[str] = (), counted: bool = True) -> Report:
    """Run a module's checks on the student's files, notebook edits taken back first; remembered in progress."""
    if not workspace.is_reference:
        workspace.need(module)
        from .notebook import take_back

        take_back(workspace, module)
    report = run_checks(workspace, module, names)
    if counted and not workspace.is_reference:
        with book.edit(workspace) as entry:
            book.module_entry(entry, module.name)["tests"] += 1
    return report


def hint(workspace, module: Module) -> dict[str, Any]:
    """The next hint of the symbol that the first failing check is about, and of no other."""
    report = run_module(workspace, module)
    first = next((r for r in report.results if r.outcome == FAILED), None)
    if report.problem:
        raise TitoError(
            report.problem.message,
            f"Look at {report.problem.file}:{report.problem.line}" if report.problem.file else "tito doctor",
        )
    if first is None:
        return {"module": module.name, "symbol": "", "hint": "", "left": 0, "check": ""}
    symbol = pick_symbol(workspace, module, first)
    key = f"{module.name}: {symbol.symbol}"
    available = [*symbol.hints] or [*symbol.steps]
    shown = workspace.state["hints"].get(key, 0)
    text = available[min(shown, len(available) - 1)] if available else ""
    if shown < len(available) and not workspace.is_reference:
        with workspace.changing():
            workspace.state["hints"][key] = shown + 1
        with book.edit(workspace) as entry:
            book.module_entry(entry, module.name)["hints"] += 1
    left = max(0, len(available) - shown - 1)
    return {
        "module": module.name, "symbol": symbol.symbol, "file": symbol.file, "check": first.check, "hint": text,
        "number": min(shown + 1, len(available)), "left": left, "section": symbol.section or first.section,
    }  # fmt: skip


def pick_symbol(workspace, module: Module, failed) -> Taught:
    """The symbol a failure points at: the stub that was met, else what the check is about."""
    taught = workspace.course.taught(module)
    wanted = failed.stub.partition(": ")[2] if failed.stub else ""
    for one in taught:
        if (
            wanted
            and (wanted == one.symbol or wanted.startswith(f"{one.symbol}."))
            and failed.stub.startswith(module.name)
        ):
            return one
    for name in failed.of:
        for one in taught:
            if one.symbol == name:
                return one
    if not taught:
        raise TitoError(f"{module.name} has no hints")
    return taught[0]


def complete(
    workspace, module: Module, tell: Callable[[str, Report], None] = lambda what, report: None
) -> dict[str, Any]:
    """Run the checks of the module and of everything before it, then its checkpoint; only if all pass it is recorded.

    There is no way around the checks. An earlier module that was skipped by force and passes now is recorded too.
    `tell` hears of each report as it comes.
    """
    modules = checked_up_to(workspace, module)
    reports = []
    for one in modules:
        reports.append(run_module(workspace, one, counted=False))
        tell(one.name, reports[-1])
    if bad := [r for r in reports if not r.passed]:
        count = sum(r.count(FAILED) for r in bad)
        problem = f"{count} check{'s' * (count != 1)} of {', '.join(r.module for r in bad)} fail{'s' * (count == 1)}"
        raise incomplete(module, bad, reports, "tito module test", problem)
    already = [] if workspace.is_reference else book.completed(book.entry_of(workspace))
    done = [m for m in modules if m is module or not (workspace.is_reference or m.name in already)]
    capable = {m.name: report for m in done if (report := run_checkpoint(workspace, m))}
    for report in capable.values():
        tell(f"checkpoint {report.module[:2]}", report)
    if bad := [r for r in capable.values() if not r.passed]:
        problem = f"every check passes, the checkpoint does not: {bad[0].first_failure.message}"  # type: ignore[union-attr]
        raise incomplete(module, bad, [*reports, *capable.values()], "tito checkpoint test", problem)
    if not workspace.is_reference:
        with book.edit(workspace) as entry:
            for one in done:
                mine = book.module_entry(entry, one.name)
                mine.setdefault("completed", book.now())
                mine["points"] = one.points
                reached = entry["checkpoints"].setdefault(one.name, {"passed": book.now()})
                reached["said"] = said(capable.get(one.name))
    opened = [unlocked(workspace, one) for one in done]
    return {
        "module": module.name, "title": module.title, "capability": module.capability, "celebration": module.celebration,
        "points": module.points, "checks": len(reports[-1].results), "modules_checked": [r.module for r in reports],
        "recorded": not workspace.is_reference, "checkpoint": said(capable.get(module.name)),
        "also": [m.name for m in done if m is not module],
        "unlocked": [name for one in opened for name in one["newly_unlocked"]],
        "messages": [text for one in opened for text in one["messages"]],
    }  # fmt: skip


def incomplete(module: Module, bad: list[Report], reports: list[Report], command: str, problem: str):
    """The error that says why a module is not complete, and what to run."""
    error = CouldNotCheck if all(r.could_not for r in bad) else ChecksFailed
    return error(
        f"{module.name} is not complete: {bad[0].problem.message if bad[0].problem else problem}",
        f"{command} {bad[0].module[:2]}",
        reports=[r.record() for r in reports],
    )


def checked_up_to(workspace, module: Module) -> list[Module]:
    """A module and all before it that have checks; one without checks cannot be vouched for."""
    if not module.checks.is_file():
        raise CouldNotCheck(
            f"{module.name} has no checks yet, so it cannot be completed", "Its lesson is not written."
        )
    return [m for m in workspace.course.up_to(module.number) if m.checks.is_file()]


# ---------------------------------------------------------------- checkpoints


def run_checkpoint(workspace, module: Module) -> Report | None:
    """The test of what a module makes possible, with everything built so far; None if the module has none."""
    return run_checks(workspace, module, checks=module.checkpoint) if module.checkpoint.is_file() else None


def said(report: Report | None) -> str:
    """What a checkpoint printed last about itself: "96% of 200 digits are right"."""
    return (
        " ".join(r.printed.strip().splitlines()[-1] for r in report.results if r.printed.strip())
        if report
        else ""
    )


def unlocked(workspace, module: Module) -> dict[str, list[str]]:
    """Milestones that this module opens, and the words that say so."""
    from .milestones.tracker import check_module_export

    return check_module_export(module.name, workspace=workspace)


def checkpoints(workspace) -> list[dict[str, Any]]:
    """Each module's capability, when it was reached ("" if not yet), and what was measured: what the milestones read."""
    passed = book.entry_of(workspace).get("checkpoints", {}) if not workspace.is_reference else {}
    return [
        {
            "number": m.number, "module": m.name, "capability": m.capability or f"{m.title} (its lesson is not written yet)",
            "passed": passed.get(m.name, {}).get("passed", ""), "said": passed.get(m.name, {}).get("said", ""),
        }
        for m in workspace.course.modules
    ]  # fmt: skip


def try_checkpoint(workspace, module: Module) -> Report:
    """Try a capability again; nothing is recorded."""
    if not workspace.is_reference:
        workspace.need(module)
    report = run_checkpoint(workspace, module)
    if report is None:
        raise CouldNotCheck(f"{module.name} has no checkpoint", f"tito module test {module.number:02}")
    return report
