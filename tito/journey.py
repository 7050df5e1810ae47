"""What a student does with a module, as functions that return records: status, test, hint, complete, checkpoints."""

from __future__ import annotations

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


def run_module(workspace, module: Module, names: list[str] | None = None) -> Report:
    """Run a module's checks on the student's files, notebook edits taken back first; remembered in progress."""
    if not workspace.is_reference:
        workspace.need(module)
        from .notebook import take_back

        take_back(workspace, module)
    report = run_checks(workspace, module, names)
    if not workspace.is_reference:
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


def complete(workspace, module: Module) -> dict[str, Any]:
    """Run the checks of the module and of everything before it; only then is it recorded. There is no way around the checks."""
    reports = checked_up_to(workspace, module)
    last = reports[-1]
    bad = [r for r in reports if not r.passed]
    if bad:
        error = CouldNotCheck if all(r.could_not for r in bad) else ChecksFailed
        count = sum(r.count(FAILED) for r in bad)
        named = ", ".join(r.module for r in bad)
        what = bad[0].problem.message if bad[0].problem else f"{count} check(s) of {named} fail"
        raise error(
            f"{module.name} is not complete: {what}",
            f"tito module test {bad[0].module[:2]}",
            reports=[r.record() for r in reports],
        )
    record = {
        "module": module.name, "title": module.title, "capability": module.capability, "celebration": module.celebration,
        "points": module.points, "checks": len(last.results), "modules_checked": [r.module for r in reports],
        "recorded": not workspace.is_reference,
    }  # fmt: skip
    if not workspace.is_reference:
        with book.edit(workspace) as entry:
            mine = book.module_entry(entry, module.name)
            mine.setdefault("completed", book.now())
            mine["points"] = module.points
            entry["checkpoints"].setdefault(module.name, {"passed": book.now()})
    opened = unlocked(workspace, module)
    return record | {"unlocked": opened["newly_unlocked"], "messages": opened["messages"]}


def checked_up_to(workspace, module: Module) -> list[Report]:
    """Reports of a module and all before it that are laid out; a module without checks cannot vouch for anything."""
    if not module.checks.is_file():
        raise CouldNotCheck(
            f"{module.name} has no checks yet, so it cannot be completed", "Its lesson is not written."
        )
    return [run_module(workspace, m) for m in workspace.course.up_to(module.number) if m.checks.is_file()]


def unlocked(workspace, module: Module) -> dict[str, list[str]]:
    """Milestones that this module opens, and the words that say so."""
    from .milestones.tracker import check_module_export

    return check_module_export(module.name, workspace=workspace)


def checkpoints(workspace) -> list[dict[str, Any]]:
    """Each module's capability, and when it was reached ("" if not yet): what the milestones read."""
    passed = book.entry_of(workspace).get("checkpoints", {}) if not workspace.is_reference else {}
    return [
        {
            "number": m.number, "module": m.name, "capability": m.capability or f"{m.title} (its lesson is not written yet)",
            "passed": passed.get(m.name, {}).get("passed", ""),
        }
        for m in workspace.course.modules
    ]  # fmt: skip


def try_checkpoint(workspace, module: Module) -> dict[str, Any]:
    reports = checked_up_to(workspace, module)
    return {
        "module": module.name, "capability": module.capability, "passed": all(r.passed for r in reports),
        "reports": [r.record() for r in reports],
    }  # fmt: skip
