"""What the commands on a class share: which class is meant, and its gradebook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ...assessment.classroom import Class
    from ...assessment.store import Gradebook


def class_option(command):
    """`--class DIR`; without it the class that this folder is, or that its only subfolder with a class.yaml is."""
    return click.option(
        "--class", "folder", type=click.Path(path_type=Path), default=None, help="The class's folder."
    )(command)


class ToWrite(click.Path):
    """What is to be written, in a folder that is there: a slip in a path makes no folders."""

    def __init__(self, folder: bool = False):
        super().__init__(dir_okay=folder, path_type=Path)

    def convert(self, value, param, context):
        path = super().convert(value, param, context)
        if not path.parent.is_dir():
            self.fail(f"there is no folder {path.parent}", param, context)
        return path


def the_class(folder: Path | None) -> Class:
    from ...assessment.classroom import ClassError, read

    if folder is not None:
        return read(folder)
    here = Path(".")
    if (here / "class.yaml").is_file():
        return read(here)
    found = sorted(here.glob("*/class.yaml"))
    if len(found) != 1:
        many = ", ".join(path.parent.name for path in found)
        raise ClassError(
            f"there are several classes here: {many}" if found else "there is no class in this folder",
            "say which one is meant: --class DIR",
        )
    return read(found[0].parent)


def the_gradebook(room: Class) -> Gradebook:
    from ...assessment.store import Gradebook

    return Gradebook(room.gradebook)
