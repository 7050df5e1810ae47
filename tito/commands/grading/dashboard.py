"""`tito assessment dashboard`: the report in a browser, live."""

from __future__ import annotations

from pathlib import Path

import click

from ... import ui
from .common import class_option, the_class


@click.command()
@class_option
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="The port; any that is free otherwise."
)
@click.option("--open", "open_it", is_flag=True, help="Open it in the browser too.")
def dashboard(folder: Path | None, port: int, open_it: bool):
    """Follow a batch in the browser: progress, latest results, the whole report. Ctrl-C ends it.

    The page is for this machine alone: the address holds a key, and nothing is written to the gradebook.
    """
    import webbrowser

    from ...assessment.dashboard.app import serve

    room = the_class(folder)

    def say(url: str) -> None:
        ui.echo(f"{room.name}: {url}")
        ui.echo("Ctrl-C ends it.", dim=True)
        if open_it:
            webbrowser.open(url)

    serve(room, port, say)
