"""What all drivers of a class need alike: made by the first that needs it, in a folder that their supervisor has for them, and read by all.

Nothing in it comes from a submission, and no sandbox can write there. A process that nobody gave such a folder has one of its own, as long as it
lives.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from ..files import made_once

FOLDERS: list[Path] = []  # the one in use, once there is one
MAKING = threading.Lock()


def share(folder: Path) -> None:
    """Use this one, with all that were told the same."""
    FOLDERS[:] = [folder]


def common(name: str, make: Callable[[Path], None]) -> Path:
    """A folder of that name, filled by `make` once for all."""
    with MAKING:
        if not FOLDERS:
            FOLDERS.append(Path(tempfile.mkdtemp(prefix="tito-runtime-common-")))
            atexit.register(clear_away, FOLDERS[0], os.getpid())
    return made_once(FOLDERS[0] / name, make)


def clear_away(folder: Path, maker: int) -> None:
    """Whoever was forked from its maker leaves it where it is."""
    if os.getpid() == maker:
        shutil.rmtree(folder, ignore_errors=True)
