"""How records look in a terminal. Plain text with a little colour; rich is imported only to render a lesson."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import click

MARKS = {
    "passed": ("✓", "green"),
    "failed": ("✗", "red"),
    "skipped": ("–", "yellow"),
    "could_not_check": ("?", "magenta"),
    "not_written": ("○", "yellow"),
    "started": ("▸", "cyan"),
}
PLAIN = {
    "passed": "+", "failed": "x", "skipped": "-", "could_not_check": "?", "not_written": "o", "started": ">",
}  # fmt: skip


def width() -> int:
    return max(30, min(shutil.get_terminal_size((80, 24)).columns, 100))


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
        inside = indent + len(line) - len(line.lstrip())
        for piece in wrapped(line.strip(), inside):
            echo(" " * inside + piece if piece else "", **style)


def wrapped(text: str, indent: int = 0) -> list[str]:
    """The lines of a text in what an indent leaves of the terminal. Words stay whole: commands and paths are copied."""
    room = max(20, width() - indent)
    return textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]


def item(head: str, text: str, indent: int, **style) -> None:
    """A head (a sign, a number, a name) and a text that goes on beside it, not under it."""
    first, *rest = wrapped(text, indent)
    echo(head + " " * (indent - len(click.unstyle(head))) + styled(first, **style))
    for line in rest:
        echo(" " * indent + line, **style)


def table(rows: Iterable[Sequence[str]], head: Sequence[str] = ()) -> None:
    """Columns as wide as they need; the last one goes on under itself, or on a line of its own where there is no room."""
    rows = [list(map(str, row)) for row in rows]
    everything = [list(head), *rows] if head else rows
    if not everything:
        return
    sizes = [max(len(row[i]) for row in everything) for i in range(len(everything[0]))]
    start = sum(sizes[:-1]) + 2 * (len(sizes) - 1)
    for n, row in enumerate(everything):
        style: dict[str, Any] = {"bold": True} if head and n == 0 else {}
        first = "  ".join([cell.ljust(size) for cell, size in zip(row[:-1], sizes)])
        if start > width() - 20:
            echo(first.rstrip(), **style)
            para(row[-1], 4, **style)
        else:
            item(styled(first, **style), row[-1], start, **style)


def mark(outcome: str) -> str:
    sign, colour = MARKS[outcome]
    encoding = (getattr(sys.stdout, "encoding", "") or "ascii").lower()
    if "utf" not in encoding:
        sign = PLAIN[outcome]
    return click.style(sign, fg=colour, bold=True)


def notices() -> None:
    """What happened on the way that the user should hear of."""
    from .progress import notices

    while notices:
        show_note("note", notices.pop(0), "yellow")


def show_note(head: str, text: str, colour: str, **style) -> None:
    """`error: text` on standard error; in a terminal a long line goes on under itself, elsewhere it stays whole."""
    for n, line in enumerate(text.splitlines() or [""]):
        pieces = wrapped(line, len(head) + 2) if sys.stderr.isatty() else [line]
        for k, piece in enumerate(pieces):
            front = click.style(f"{head}: ", fg=colour, **style) if n == k == 0 else " " * (len(head) + 2)
            click.echo((front + piece).rstrip(), err=True, color=colours())


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
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def say_where(workspace) -> None:
    if workspace.is_reference:
        echo("(the source tree: this is the reference itself)", dim=True)


# ---------------------------------------------------------------- checks


def show_report(report) -> None:
    """All checks by what they ask, then what is wrong in full, and what is not written yet."""
    if report.problem:
        show_failure(report.problem)
        return
    for r in report.results:
        echo(f" {mark('not_written' if r.stub else r.outcome)} {clip(r.text or r.check, width() - 4)}")
        if r.outcome == "passed" and r.printed:
            para(clip(r.printed.strip(), 400), 3, fg="yellow")  # right, but there is something to say
    wrong = [r for r in report.results if r.outcome in ("failed", "could_not_check") and not r.stub]
    for r in wrong[:3]:
        echo()
        show_failure(r)
    if len(wrong) > 3:
        echo(f"\n... and {len(wrong) - 3} more; mend these first.", dim=True)
    show_unwritten([r for r in report.results if r.stub])
    skipped = [r for r in report.results if r.outcome == "skipped"] if wrong else []
    if skipped:
        echo()
        for r in skipped[:5]:
            para(f"skipped: {r.check.replace('_', ' ')}: {r.message}", 1, fg="yellow")
        if len(skipped) > 5:
            echo(f" ... and {len(skipped) - 5} more", fg="yellow")
    echo()
    para(f"{report.module}: {counted(report)}, in {report.seconds:.1f} s", bold=True)


def show_unwritten(stubs) -> None:
    """The stubs that were met, each with its place; they are written from the top."""
    places = {r.stub: f"{r.file}:{r.line}" for r in stubs}
    if not places:
        return
    echo("\nNot written yet:", bold=True)
    own = {stub.partition(": ")[0] for stub in places}
    names = [stub.partition(": ")[2] if len(own) == 1 else stub for stub in places]
    size = max(map(len, names))
    for name, place in zip(names, places.values()):
        item(f"  {name}", styled(place, fg="cyan"), size + 4)
    if stubs[0].section:
        para(f"Begin with the first; the lesson's section {stubs[0].section!r} explains it.", 2)


def counted(report) -> str:
    """How many checks of each kind."""
    unwritten = sum(bool(r.stub) for r in report.results)
    counts = {name: report.count(name) for name in ("passed", "failed", "skipped", "could_not_check")}
    counts["failed"] -= unwritten
    counts = {
        "passed": counts.pop("passed"),
        "failed": counts.pop("failed"),
        "not written": unwritten,
    } | counts
    return ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in counts.items() if n)


def show_failure(r) -> None:
    title = "your files cannot be imported" if r.check == "import" else r.check.replace("_", " ")
    echo(f"{mark(r.outcome)} {styled(title, bold=True)}")
    if r.text:
        para(r.text, 2)
    para(r.message, 2, fg="red" if r.outcome == "failed" else "magenta")
    for name, value in (("expected", r.expected), ("got", r.got)):
        if value:
            echo(f"  {name:<9}" + value.replace("\n", "\n" + " " * 11))
    if r.difference:
        echo("  " + r.difference.replace("\n", "\n  "))
    if r.file:
        place = f"{r.file}:{r.line}"
        beside = len(place) + len(r.code) + 4 <= width()
        echo(f"  {styled(place, fg='cyan')}" + (f"  {r.code}" if beside else f"\n      {r.code}"))
    if r.printed:
        echo("  your code printed:", dim=True)
        echo("    " + r.printed.strip().replace("\n", "\n    "), dim=True)
    if r.section:
        para(f"read again: the lesson's section {r.section!r}", 2)


def clip(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"
