"""submissions/, looked through: who handed in what, and when. Only what changed since the last time is read.

An entry is named by its student: `ann/`, `ann.zip`, `ann.tar.gz`, `ann.git`; several entries of one student are several attempts. It
was handed in when it was last modified. What cannot be read is a submission too, an invalid one, with the reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from .classroom import Class
from .intake import IntakeError, below, is_ours, take_in
from .plain import one_line
from .store import Gradebook

ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".git")
LATEST = datetime(9999, 1, 1, tzinfo=timezone.utc).timestamp()  # a file may say any time; a date ends there
INVALID = "invalid:"  # the digest of what is no submission begins so; the rest is the reason


@dataclass
class Scan:
    """What a look into submissions/ found."""

    submissions: dict[str, int] = field(default_factory=dict)  # each student's newest, by student
    new: list[str] = field(default_factory=list)  # students with something new in it
    strangers: list[str] = field(default_factory=list)  # entries of nobody on the roster
    missing: list[str] = field(default_factory=list)  # students with nothing in it


def archives(room: Class) -> Path:
    return room.folder / "archives"


def scan(room: Class, book: Gradebook, say: Callable[[str], None] = lambda _: None) -> Scan:
    """Take in what is new, and say what is there."""
    found, known = Scan(), book.found_at()
    students = {student.id.lower(): student.id for student in room.students}
    newest = book.newest()
    entries = sorted(room.submissions.iterdir()) if room.submissions.is_dir() else []
    entries = [
        path
        for path in entries
        if not path.name.startswith(".") and path.name not in ("README.md", "Thumbs.db")
    ]
    seen = set()
    for path in sorted(entries, key=lambda path: (handed_in(path), path.name)):
        student = students.get(owner(path.name).lower())
        if student is None:
            found.strangers.append(one_line(path.name))
            continue
        seen.add(student)
        mark = stamp_of(path)
        if known.get(path.name, ("", 0))[0] == mark:
            continue
        digest, left_out = read(room, path)
        say(f"{path.name}: {digest.removeprefix(INVALID) if digest.startswith(INVALID) else 'taken in'}")
        if newest.get(student, (0, ""))[1] != digest:  # the same work once more is not a new attempt
            newest[student] = book.hand_in(student, digest, handed_in(path), left_out), digest
            found.new.append(student)
        book.remember(path.name, mark, newest[student][0])
    found.submissions = {student: ident for student, (ident, _) in newest.items() if student in seen or ident}
    found.missing = [student.id for student in room.students if student.id not in newest]
    return found


def owner(name: str) -> str:
    """The student's id in an entry's name."""
    for ending in sorted(ENDINGS, key=len, reverse=True):
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return name


def read(room: Class, path: Path) -> tuple[str, dict[str, str]]:
    """The digest under which it is kept, and what was left out of it."""
    try:
        submission = take_in(path)
    except (IntakeError, OSError) as error:
        if is_ours(error):
            raise
        return f"{INVALID}{one_line(str(error), 400)}", {}
    return submission.keep(archives(room)).stem, submission.left_out


def files_of(path: Path) -> list[Path]:
    if path.is_symlink() or not path.is_dir():
        return [path]
    return [Path(entry.path) for entry in below(path)]


def stamp_of(path: Path) -> str:
    """What tells that an entry has changed, without reading it: names, sizes and times."""
    total = hashlib.sha256()
    for file in sorted(files_of(path)):
        told = file.lstat()
        total.update(
            f"{file}\0{told.st_size}\0{told.st_mtime_ns}\0{told.st_ino}\n".encode("utf-8", "replace")
        )
    return total.hexdigest()[:24]


def handed_in(path: Path) -> datetime:
    """When it was last modified; of a folder, its newest file."""
    moments = [file.lstat().st_mtime for file in files_of(path)] or [path.lstat().st_mtime]
    return datetime.fromtimestamp(min(max(0.0, *moments), LATEST), timezone.utc)
