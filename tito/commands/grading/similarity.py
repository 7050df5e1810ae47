"""`tito assessment similarity`: passages that two students share, side by side."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path

import click

from ... import ui
from .common import ToWrite, class_option, the_class


@click.command()
@class_option
@click.option(
    "--threshold", type=click.FloatRange(0, 1), default=0.3, show_default=True,
    help="The share of the shorter one's own text from which on a pair is shown.",
)  # fmt: skip
@click.option(
    "--common", type=click.FloatRange(0, 1), default=0.1, show_default=True,
    help="What more than this share of the class has counts for nobody.",
)  # fmt: skip
@click.option("--student", default="", help="Only pairs with this student.")
@click.option("--html", type=ToWrite(), help="Write a page with the passages.")
@click.option("--passages", default=2, show_default=True, help="How many passages of each pair to print.")
@ui.json_option
def similarity(
    folder: Path | None,
    threshold: float,
    common: float,
    student: str,
    html: Path | None,
    passages: int,
    as_json: bool,
):
    """Passages that two students share, for you to look at. No grade knows of it."""
    from dataclasses import replace

    from ...assessment.similarity import compare, handed_in, page
    from ...files import write_atomic

    room = the_class(folder)
    found = compare(handed_in(room), threshold=threshold, common=common)
    if student:
        found = replace(found, pairs=[pair for pair in found.pairs if student in pair.students])
    if html:
        write_atomic(html, page(found, room.name, threshold))
    if ui.give(as_json, found.record() | ({"page": str(html)} if html else {})):
        return
    for pair in found.pairs:
        count = len(pair.passages)
        ui.echo(
            f"{pair.students[0]} and {pair.students[1]}: {pair.share:.0%}, {count} passage{'s' * (count != 1)}",
            bold=True,
        )
        for passage in pair.passages[:passages] if not html else ():
            show(passage)
    shown = [f"{found.students} students", f"{found.of} pair{'s' * (found.of != 1)} from {threshold:.0%} on"]
    ui.echo(", ".join(shown) + (f"; {html}" if html else ""))
    for name, why in found.unread.items():
        ui.para(f"{name} was not compared: {why}", 2, dim=True)
    if found.pairs:
        ui.para("Likeness proves nothing: please look. No grade was changed.")


def show(passage) -> None:
    """Two columns, clipped to the screen."""
    room = max((ui.width() - 7) // 2, 24)
    heads = [
        f"{file.removeprefix('tinytorch/')}:{first}" for file, (first, _) in zip(passage.files, passage.lines)
    ]
    ui.echo(f"  {ui.clip(heads[0], room).ljust(room)} | {ui.clip(heads[1], room)}", dim=True)
    texts = [text.split("\n") for text in passage.texts]
    for left, right in zip_longest(*texts, fillvalue=""):
        left, right = (printable(line, room) for line in (left, right))
        ui.echo(f"  {left.ljust(room)} | {right}".rstrip())


def printable(line: str, room: int) -> str:
    return ui.clip("".join(c if c.isprintable() else " " for c in line.replace("\t", "    ")), room)
