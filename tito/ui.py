"""How records look in a terminal. Plain text with a little colour; rich is imported only to render a lesson."""

from __future__ import annotations

import json
import os
import shutil
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import click

MARKS = {
    "passed": ("✓", "green"),
    "failed": ("✗", "red"),
    "skipped": ("–", "yellow"),
    "could_not_check": ("?", "magenta"),
}
PLAIN = {"passed": "+", "failed": "x", "skipped": "-", "could_not_check": "?"}


def width() -> int:
    return max(30, min(shutil.get_terminal_size((88, 24)).columns, 100))


def colours() -> bool | None:
    """False switches colours off; None leaves it to click, which looks whether this is a terminal."""
    return False if os.environ.get("NO_COLOR") else None


def echo(text: str = "", **style) -> None:
    click.echo(click.style(text, **style) if style else text, color=colours())


def styled(text: str, **style) -> str:
    return click.style(text, **style)


def give(as_json: bool, record: Any) -> bool:
    """With --json the record is the whole output; says whether it was."""
    if as_json:
        click.echo(json.dumps(record, ensure_ascii=False, indent=2, default=str))
    return as_json


def json_option(command):
    return click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")(command)


def para(text: str, indent: int = 0, **style) -> None:
    """A paragraph, wrapped to the terminal."""
    for line in text.splitlines() or [""]:
        pad = " " * (indent + len(line) - len(line.lstrip()))
        echo(textwrap.fill(line.strip(), width(), initial_indent=pad, subsequent_indent=pad) or "", **style)


def wrapped(text: str, indent: int = 0) -> list[str]:
    """The lines of a text in what an indent leaves of the terminal."""
    return textwrap.wrap(text, max(20, width() - indent)) or [""]


def table(rows: Iterable[Sequence[str]], head: Sequence[str] = ()) -> None:
    """Columns as wide as they need; the last one is cut to what the terminal has."""
    rows = [list(map(str, row)) for row in rows]
    everything = [list(head), *rows] if head else rows
    if not everything:
        return
    sizes = [max(len(row[i]) for row in everything) for i in range(len(everything[0]))]
    room = max(12, width() - sum(sizes[:-1]) - 2 * (len(sizes) - 1))
    for n, row in enumerate(everything):
        last = row[-1] if len(row[-1]) <= room else row[-1][: room - 1] + "…"
        line = "  ".join([cell.ljust(size) for cell, size in zip(row[:-1], sizes)] + [last]).rstrip()
        echo(line, **({"bold": True} if head and n == 0 else {}))


def mark(outcome: str) -> str:
    sign, colour = MARKS[outcome]
    import sys

    encoding = (getattr(sys.stdout, "encoding", "") or "ascii").lower()
    if "utf" not in encoding:
        sign = PLAIN[outcome]
    return click.style(sign, fg=colour, bold=True)


def notices() -> None:
    """What happened on the way that the user should hear of."""
    from .progress import notices

    while notices:
        click.echo(click.style("note: ", fg="yellow") + notices.pop(0), err=True, color=colours())


def rich_console():
    """A rich console on standard output, as wide as `width` says; for tables and panels."""
    from rich.console import Console

    return Console(width=width(), no_color=colours() is False, highlight=False, legacy_windows=False)


def panel(text: str, colour: str = "yellow", title: str = "") -> None:
    """A text in a box."""
    from rich.panel import Panel
    from rich.text import Text

    shown = text if can_show(text) else text.encode("ascii", "ignore").decode()
    rich_console().print(Panel(Text(shown), border_style=colour, expand=False, title=title or None))


def can_show(text: str) -> bool:
    """Whether standard output can carry these characters."""
    import sys

    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def say_where(workspace) -> None:
    if workspace.is_reference:
        echo("(the source tree: this is the reference itself)", dim=True)


# ---------------------------------------------------------------- checks


def show_report(report, stubs: Sequence[str] = ()) -> None:
    """All checks by name, then the first failures in full."""
    if report.problem:
        show_failure(report.problem)
        return
    for r in report.results:
        echo(f" {mark(r.outcome)} {clip(r.text or r.check, width() - 4)}")
        if r.outcome == "passed" and r.printed:
            para(clip(r.printed.strip(), 400), 3, fg="yellow")  # right, but there is something to say
    failures = [r for r in report.results if r.outcome in ("failed", "could_not_check")]
    for r in failures[:3]:
        echo()
        show_failure(r)
    if len(failures) > 3:
        echo(f"\n... and {len(failures) - 3} more; mend these first.", dim=True)
    skipped = [r for r in report.results if r.outcome == "skipped"]
    if skipped:
        echo()
        for r in skipped[:5]:
            para(f"skipped: {r.check.replace('_', ' ')}: {r.message}", 1, fg="yellow")
        if len(skipped) > 5:
            echo(f" ... and {len(skipped) - 5} more", fg="yellow")
    echo()
    counts = ", ".join(f"{n} {name.replace('_', ' ')}" for name in MARKS if (n := report.count(name)))
    echo(f"{report.module}: {counts}, in {report.seconds:.1f} s", bold=True)


def show_failure(r) -> None:
    echo(f"{mark(r.outcome)} {styled(r.check.replace('_', ' '), bold=True)}")
    if r.text:
        para(r.text, 2)
    para(r.message, 2, fg="red" if r.outcome == "failed" else "magenta")
    for name, value in (("expected", r.expected), ("got", r.got)):
        if value:
            echo(f"  {name:<9}" + value.replace("\n", "\n" + " " * 11))
    if r.difference:
        echo("  " + r.difference.replace("\n", "\n  "))
    if r.file:
        echo(f"  {styled(f'{r.file}:{r.line}', fg='cyan')}  {r.code}")
    if r.printed:
        echo("  your code printed:", dim=True)
        echo("    " + r.printed.strip().replace("\n", "\n    "), dim=True)
    if r.section:
        para(f"read again: the lesson's section {r.section!r}", 2)


def clip(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"
