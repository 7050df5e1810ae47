"""What a sandboxed process has written by now: its scratch folder, and files that it holds open but whose names are gone."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path

from ...milestones.clock import descendants
from .limits import MB

MOST_BYTES, MOST_FILES = 512 * MB, 20_000


def too_much(scratch: Path, pid: int | None) -> str:
    """Why it has to be stopped; empty if it need not be."""
    size, count = nameless(pid) if pid else 0, 0
    waiting = [str(scratch)]
    while waiting:
        try:
            entries = list(os.scandir(waiting[-1]))
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return "it makes folders deeper than a path may be long"
            entries = []  # closed to its owner, or gone; opening it here could be led astray by a link
        waiting.pop()
        for entry in entries:
            with contextlib.suppress(OSError):  # gone by now
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    size += entry.stat(follow_symlinks=False).st_blocks * 512
        count += len(entries)
        if count > MOST_FILES:
            break
    return "it fills the disk" if size > MOST_BYTES or count > MOST_FILES else ""


def nameless(pid: int) -> int:
    """Bytes in files that were removed while they are open: they fill the disk until they are closed."""
    size = 0
    for one in descendants(pid):
        with contextlib.suppress(OSError):  # it has ended
            for handle in list(os.scandir(f"/proc/{one}/fd")):
                with contextlib.suppress(OSError):
                    told = os.stat(handle.path)
                    if stat.S_ISREG(told.st_mode) and not told.st_nlink:
                        size += told.st_blocks * 512
    return size
