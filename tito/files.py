"""Small things done to files: written whole or not at all, merged three ways, locked."""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from .errors import TitoError


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def write_atomic(path: Path, content: bytes | str) -> None:
    """The old file or the new one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            os.chmod(temporary, path.stat().st_mode & 0o777)
        else:
            os.chmod(temporary, 0o644)
        replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def replace(temporary: str, path: Path) -> None:
    """os.replace; on Windows an editor or a virus scanner may hold the old file for a moment."""
    for _ in range(40 if sys.platform == "win32" else 0):
        try:
            return os.replace(temporary, path)
        except PermissionError:
            time.sleep(0.05)
    os.replace(temporary, path)


def write_json(path: Path, record: Any) -> None:
    write_atomic(path, json.dumps(record, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


@contextlib.contextmanager
def locked(path: Path, patience: float = 20.0) -> Iterator[None]:
    """One process at a time. The lock is on a file of its own, which stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+b") as file:
        deadline = time.monotonic() + patience
        while not grab(file):
            if time.monotonic() > deadline:
                raise TitoError(
                    f"another tito has held {path} for {patience:.0f} s", "Try again when it has ended."
                )
            time.sleep(0.02)
        try:
            yield
        finally:
            release(file)


def made_once(folder: Path, make: Callable[[Path], None], patience: float = 1800.0) -> Path:
    """A folder that several processes need: the first fills it with `make`, the others wait; what is there is whole.

    It is filled under another name, so that one who is killed over it leaves nothing that somebody would take for it.
    """
    if folder.is_dir():
        return folder
    with locked(folder.with_name(f"{folder.name}.lock"), patience):
        if not folder.is_dir():
            begun = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
            try:
                make(begun)
                os.rename(begun, folder)
            except BaseException:
                shutil.rmtree(begun, ignore_errors=True)
                raise
    return folder


if sys.platform == "win32":
    import msvcrt

    def grab(file) -> bool:
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def release(file) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def grab(file) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def release(file) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)


# ---------------------------------------------------------------- three-way merge


def merge(base: str, mine: str, theirs: str) -> tuple[str, int]:
    """`mine` with the changes from base to `theirs`; where both changed a place, mine stays. Also: how many such places."""
    if base == theirs or mine == theirs:
        return mine, 0
    if base == mine:
        return theirs, 0
    old, ours, new = (text.splitlines(keepends=True) for text in (base, mine, theirs))
    keep_mine, keep_new = matches(old, ours), matches(old, new)
    out: list[str] = []
    conflicts = 0
    o = m = n = 0
    while True:
        # the next line of base that both still have
        stop = next((i for i in range(o, len(old)) if i in keep_mine and i in keep_new), len(old))
        m_stop = keep_mine.get(stop, len(ours))
        n_stop = keep_new.get(stop, len(new))
        part, mine_part, new_part = old[o:stop], ours[m:m_stop], new[n:n_stop]
        if mine_part == part:
            out += new_part
        else:
            out += mine_part
            conflicts += new_part not in (part, mine_part)
        if stop == len(old):
            return "".join(out), conflicts
        out.append(ours[m_stop])
        o, m, n = stop + 1, m_stop + 1, n_stop + 1


def matches(old: Sequence[str], new: Sequence[str]) -> dict[int, int]:
    blocks = difflib.SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    return {a + i: b + i for a, b, size in blocks for i in range(size)}
