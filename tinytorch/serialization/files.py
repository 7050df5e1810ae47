"""Writing a file so that it is always whole, and reading one that may not be."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

import numpy as np

STALE_SECONDS = 3600  # a temporary file this old was left by a process that was killed


class SerializationError(RuntimeError):
    """A file that cannot be loaded: which one, and what is wrong with it."""


@contextmanager
def atomic_write(path) -> Iterator[BinaryIO]:
    """A file to write to that takes the place of `path` in one step when the block ends without an error.

    Whatever happens, and whenever, `path` holds either all of the old content or all of the new: the bytes go to a
    temporary file in the same folder, are forced to the disk, and only then the name moves over.
    """
    path = Path(os.path.realpath(path))  # a link stays a link: what it points to is replaced
    if path.exists() and not path.is_file():  # a pipe or /dev/null is neither replaced nor sought in
        buffer = io.BytesIO()
        yield buffer
        path.write_bytes(buffer.getvalue())
        return
    remove_stale(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}.tmp")
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:  # Ctrl-C too must not leave half a file behind
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Force the new name to the disk: after a power cut the rename itself could be missing."""
    if os.name == "nt":  # Windows cannot open a folder
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_stale(path: Path) -> None:
    """Remove what killed writers of this file left, but nothing that another process may still be writing."""
    for left in path.parent.glob(f".{glob_escape(path.name)}.*.tmp"):
        try:
            if time.time() - left.stat().st_mtime > STALE_SECONDS:
                left.unlink()
        except FileNotFoundError:  # another process was faster
            continue


def glob_escape(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def read_into(file: IO[bytes], array: np.ndarray, what: str) -> None:
    """Fill a C-contiguous array with the next bytes of the file."""
    view = array.reshape(-1).view(np.uint8).data
    done = 0
    while done < len(view):
        piece = file.read(
            min(len(view) - done, 1 << 20)
        )  # in pieces: a second copy of 1 MB, not of everything
        if not piece:
            raise SerializationError(f"{what}: the file ends after {done} of {len(view)} bytes")
        view[done : done + len(piece)] = piece
        done += len(piece)
