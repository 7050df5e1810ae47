"""What a student handed in, made safe to keep: a folder, a zip, a tar or a git repository becomes one canonical archive.

Nothing of it is run, imported, linked to or unpacked by name on this side. Files are read one by one, under limits, and only those
that a workspace consists of are kept; everything else is listed with the reason. The archive is named by the SHA-256 of
what it holds, so that the same work handed in twice is one file, and a changed one is known by its name.
"""

from __future__ import annotations

import bz2
import errno
import gzip
import hashlib
import lzma
import os
import stat
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import TitoError
from .packed import LARGE, MB, PIECE, Large, pack, pieces_of, unpack, write
from .repository import Unreadable, head_of

KEPT = {  # what a workspace consists of, and how large one file of it may be
    ".py": 1 * MB, ".md": 1 * MB, ".yaml": 1 * MB, ".yml": 1 * MB, ".json": 8 * MB, ".jsonl": 16 * MB, ".ipynb": 16 * MB, ".csv": 8 * MB,
    ".npz": 64 * MB, ".safetensors": 64 * MB, ".pt": 64 * MB,  # points of a run: only ever opened in the sandbox
}  # fmt: skip
FOLDERS = ("tinytorch", "modules", "milestones", "runs", ".tito")
MOST_FILES, MOST_BYTES, LONGEST_PATH, DEEPEST = 4000, 256 * MB, 240, 16
MOST_SMALL = 32 * MB  # in memory: all files together that do not wait on disk
LONGEST_NAME = 255  # bytes that file systems have room for
MOST_HEADER, MOST_TAR, MOST_LISTED = (
    1 * MB,
    4096 * MB,
    16 * MB,
)  # of one tar entry, of a tar unpacked, of a zip's list
STARTS_BY_ITSELF = {
    "conftest.py",
    "sitecustomize.py",
    "usercustomize.py",
    "setup.py",
}  # Python or pytest would run these unasked


class IntakeError(TitoError):
    """This is no submission: it cannot be read, or breaks a limit. The student's fault, and said in words for the student."""


OURS = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.EROFS)


def is_ours(error: BaseException) -> bool:
    """A full disk and the like is this machine's fault, and no student's work is invalid for it."""
    return isinstance(error, OSError) and error.errno in OURS


@dataclass
class Submission:
    """The files that are kept, by their path in the workspace, and what was left out, with the reason."""

    files: dict[str, bytes | Large] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        total = hashlib.sha256()
        for name, data in sorted(self.files.items()):
            total.update(f"{len(name.encode())} {len(data)}\n{name}".encode())
            for piece in pieces_of(data):
                total.update(piece)
        return total.hexdigest()

    def keep(self, folder: Path) -> Path:
        """Write the canonical archive, `DIGEST.zip`: sorted names, no times, no modes. An archive that is there already is the same one."""
        path = folder / f"{self.digest}.zip"
        if path.exists():
            return path
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            pack(file, self.files)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
        return path

    def lay_out(self, folder: Path) -> None:
        """Write the files into an empty folder. Their names have been checked: none leads out of it."""
        for name, data in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path, data)


def kept(archive: Path, *folders: str) -> Submission:
    """A canonical archive, read back: all of it, or what begins like this."""
    return Submission(unpack(archive, *folders))


# ---------------------------------------------------------------- reading


@dataclass
class Entry:
    """One thing in what was handed in: its path as written there, its size as claimed, how to read it, or why it is not to be read."""

    path: str
    size: int = 0
    open: object = None
    refused: str = ""


def take_in(source: Path) -> Submission:
    """Read whatever was handed in."""
    if source.is_symlink() or not source.exists():
        raise IntakeError(
            f"{source.name}: {'a link' if source.is_symlink() else 'there is no such file or folder'}"
        )
    if not source.is_dir() and not source.is_file():
        raise IntakeError(f"{source.name}: no plain file")  # to open a pipe is to wait for whoever writes it
    with entries_of(source) as entries:
        return gather(source.name, entries)


@contextmanager
def entries_of(source: Path) -> Iterator[Iterator[Entry]]:
    """What a folder or an archive lists, whichever it is; known by what it is, not by its name."""
    if source.is_dir():
        if (source / "HEAD").is_file() and (source / "objects").is_dir():
            with of_repository(source) as entries:
                yield entries
        else:
            yield of_folder(source)
    elif zipfile.is_zipfile(source):
        if listed(source) > MOST_LISTED:
            raise IntakeError(f"{source.name}: the zip lists more files than a submission may have")
        try:
            with zipfile.ZipFile(source) as archive:
                yield of_zip(archive)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
            if is_ours(error):
                raise
            raise IntakeError(f"{source.name}: the zip cannot be read: {error}") from None
    elif is_tar(source):
        try:
            with opened(source) as unpacked_tar, tarfile.open(fileobj=unpacked_tar, mode="r:") as archive:
                yield of_tar(archive, unpacked_tar)
        except (tarfile.TarError, EOFError, OSError, ValueError, lzma.LZMAError, zlib.error) as error:
            if is_ours(error):
                raise
            raise IntakeError(f"{source.name}: the tar cannot be read: {error}") from None
    else:
        raise IntakeError(f"{source.name}: neither a folder, nor a zip, nor a tar")


def listed(path: Path) -> int:
    """How many bytes a zip's list of its files takes, which is read at once: by the record at its end, or the larger one before that.

    zipfile takes the record at the very end, or else the last thing that looks like one: the larger of the two counts here.
    """
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - (1 << 16) - 200))
        tail = file.read()
    return max(listed_by(tail, end) for end in (len(tail) - 22, tail.rfind(b"PK\5\6")))


def listed_by(tail: bytes, end: int) -> int:
    if not 0 <= end <= len(tail) - 22 or tail[end : end + 4] != b"PK\5\6":
        return 0
    wide = end - 76  # 20 bytes that say where it is, 56 of its own
    if wide >= 0 and tail[wide : wide + 4] == b"PK\6\6":
        return struct.unpack_from("<Q", tail, wide + 40)[0]
    return struct.unpack_from("<L", tail, end + 12)[0]


COMPRESSED: dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
    b"]\x00\x00\x80": lzma.open,
}


class Sips:
    """A tar, unpacked as it is read. What describes an entry is read whole by tarfile, however long it says to be: not by this."""

    def __init__(self, path: Path):
        with open(path, "rb") as file:
            head = file.read(6)
        unpack = next((how for mark, how in COMPRESSED.items() if head.startswith(mark)), open)
        self.file: BinaryIO = unpack(path, "rb")
        self.left: int | None = None  # bytes that may be read; any number between two entries' descriptions

    def read(self, size: int) -> bytes:
        if self.left is not None:
            self.left -= size
            if self.left < 0:
                raise IntakeError(f"what describes an entry of the tar is longer than {MOST_HEADER // MB} MB")
        return self.file.read(size)

    def seek(self, place: int, whence: int = 0) -> int:
        if place > MOST_TAR:
            raise IntakeError(f"the tar is larger than {MOST_TAR // MB} MB")
        return self.file.seek(place, whence)

    def tell(self) -> int:
        return self.file.tell()


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    sips = Sips(path)
    with sips.file:
        sips.left = MOST_HEADER  # the first entry is read as the tar is opened
        yield sips


def is_tar(path: Path) -> bool:
    try:
        with opened(path) as unpacked_tar, tarfile.open(fileobj=unpacked_tar, mode="r:"):
            return True
    except (tarfile.TarError, OSError, EOFError, ValueError, lzma.LZMAError, zlib.error):
        return False


def below(root: Path, leave: str = "") -> Iterator[os.DirEntry[str]]:
    """What is beneath a folder but no folder itself, in folders of another name than `leave`; links are not followed.

    However deep it is: `os.walk` calls itself for each level before Python 3.12.
    """
    waiting = [str(root)]
    while waiting:
        try:
            entries = sorted(os.scandir(waiting.pop()), key=lambda entry: entry.name)
        except OSError:  # closed, or deeper than a path may be long
            continue
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                yield entry
            elif entry.name != leave:
                waiting.append(entry.path)


def of_folder(root: Path) -> Iterator[Entry]:
    """All files beneath a folder; what is no plain file is not opened."""
    for entry in below(root, leave=".git"):
        told = entry.stat(follow_symlinks=False)
        plain = stat.S_ISREG(told.st_mode)
        refused = "" if plain else "a link" if entry.is_symlink() else "no plain file"
        path = Path(entry.path)
        yield Entry(path.relative_to(root).as_posix(), told.st_size, partial(path.open, "rb"), refused)


def of_zip(archive: zipfile.ZipFile) -> Iterator[Entry]:
    for info in archive.infolist():
        if info.is_dir():
            continue
        kind = info.external_attr >> 16
        refused = "a link" if stat.S_ISLNK(kind) else "encrypted" if info.flag_bits & 1 else ""
        yield Entry(info.filename, info.file_size, lambda i=info: archive.open(i), refused)


def of_tar(archive: tarfile.TarFile, file: Sips) -> Iterator[Entry]:
    for _ in range(10 * MOST_FILES):
        file.left = MOST_HEADER
        member = archive.next()
        file.left = None
        if member is None:
            return
        archive.members.clear()  # type: ignore[attr-defined]  # it would keep all of them
        if member.isdir():
            continue
        refused = "" if member.isreg() else "a link" if member.issym() or member.islnk() else "no plain file"
        yield Entry(member.name, member.size, lambda m=member: archive.extractfile(m), refused)
    raise IntakeError(f"more than {10 * MOST_FILES:,} entries in the tar")


@contextmanager
def of_repository(source: Path) -> Iterator[Iterator[Entry]]:
    """A bare git repository: its HEAD."""
    with tempfile.TemporaryDirectory(prefix="tito-intake-") as scratch:
        try:
            tar = head_of(source, Path(scratch))
            with opened(tar) as file, tarfile.open(fileobj=file, mode="r:") as archive:
                yield of_tar(archive, file)
        except FileNotFoundError as error:
            if error.filename != "git":
                raise
            raise TitoError(
                f"{source.name} is a git repository, and git is not installed", "install git"
            ) from None
        except (Unreadable, tarfile.TarError) as error:
            raise IntakeError(f"{source.name}: the repository cannot be read: {error}") from None


# ---------------------------------------------------------------- keeping


def gather(name: str, entries: Iterator[Entry]) -> Submission:
    """Keep what belongs to a workspace, under the limits."""
    found, total, small = Submission(), 0, 0
    spool = Spool()
    raw: dict[str, bytes | Large] = {}
    for count, entry in enumerate(entries, 1):
        if count > 10 * MOST_FILES:
            raise IntakeError(f"{name}: more than {10 * MOST_FILES:,} entries")
        reason = entry.refused or refusal(entry.path, entry.size)
        path = entry.path.replace("\\", "/")
        if not reason and path in raw:
            reason = "there twice"
        if reason:
            found.left_out[shown(path)] = reason
            continue
        data = read(entry, spool)
        if data is None:
            found.left_out[shown(path)] = f"larger than it says, or than {KEPT[suffix_of(path)] // MB} MB"
            continue
        total += len(data)
        small += len(data) if isinstance(data, bytes) else 0
        if len(raw) >= MOST_FILES or total > MOST_BYTES:
            raise IntakeError(f"{name}: more than {MOST_FILES:,} files or {MOST_BYTES // MB} MB")
        if small > MOST_SMALL:
            raise IntakeError(f"{name}: more than {MOST_SMALL // MB} MB in files of up to {LARGE // MB} MB")
        raw[path] = data
    in_the_way = raw.keys() & {path[:i] for path in raw for i, c in enumerate(path) if c == "/"}
    for path in [path for path in raw if any(path.startswith(f"{file}/") for file in in_the_way)]:
        del raw[path]
        found.left_out[shown(path)] = "a file stands where its folder would be"
    root = workspace_root(name, raw)
    for path, data in raw.items():
        inside = path[len(root) :] if path.startswith(root) else ""
        if inside.split("/")[0] in FOLDERS and "/" in inside:
            found.files[inside] = data
        else:
            found.left_out[shown(path)] = "not part of a workspace"
    return found


def shown(path: str) -> str:
    """A path that can be printed anywhere: no control characters, not endless."""
    return "".join(c if c.isprintable() else "�" for c in path)[:LONGEST_PATH]


def refusal(path: str, size: int) -> str:
    """Why a file is not kept, told by its path and its claimed size; empty if it is."""
    parts = path.replace("\\", "/").split("/")
    name = parts[-1]
    suffix = suffix_of(name)
    if path.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "" in parts:
        return "its path leads out of the submission"
    if len(path) > LONGEST_PATH or len(parts) > DEEPEST:
        return "its path is too long"
    if not path.isprintable():
        return "its name has characters that cannot be printed"
    if not path.isascii() and any(len(part.encode()) > LONGEST_NAME for part in parts):
        return "its name is too long"
    if "__pycache__" in parts or ".git" in parts:
        return "derived"
    if name in STARTS_BY_ITSELF:
        return "Python or pytest would run it unasked"
    if suffix not in KEPT:
        return f"files of kind {suffix or name!r} are not kept"
    if size > KEPT[suffix]:
        return f"larger than {KEPT[suffix] // MB} MB"
    return ""


def suffix_of(name: str) -> str:
    """As pathlib has it, for thousands of names."""
    dot = name.rfind(".")
    return name[dot:] if 0 < dot < len(name) - 1 else ""


def read(entry: Entry, spool: Spool) -> bytes | Large | None:
    """The bytes, or None if there are more than it claimed or its kind may have: a file that explodes is not read to its end."""
    most = min(entry.size, KEPT[suffix_of(entry.path)])
    file: BinaryIO = entry.open()  # type: ignore[operator]
    with file:
        data = file.read(min(most, LARGE) + 1)
        if len(data) <= LARGE:
            return data if len(data) <= most else None
        start = spool.file.seek(0, os.SEEK_END)
        while data:
            spool.file.write(data)
            if spool.file.tell() - start > most:
                return None
            data = file.read(PIECE)
        end = spool.file.tell()
        return Large(end - start, partial(spool.stretch, start, end))


class Spool:
    """Room on disk for large files, one after the other; it is there as long as one of them is."""

    def __init__(self) -> None:
        self.file = tempfile.TemporaryFile()  # noqa: SIM115 (closed below)

    def __del__(self) -> None:
        self.file.close()

    def stretch(self, start: int, end: int) -> Iterator[bytes]:
        """The bytes from one place to another; others may be read in between."""
        for place in range(start, end, PIECE):
            self.file.seek(place)
            yield self.file.read(min(PIECE, end - place))


def workspace_root(name: str, files: Iterable[str]) -> str:
    """Where in it the workspace stands: at the top, or in a folder. Known by its package, tinytorch/__init__.py."""
    mark = "tinytorch/__init__.py"
    roots = [path[: -len(mark)] for path in files if path == mark or path.endswith(f"/{mark}")]
    if not roots:
        raise IntakeError(f"{name}: there is no tinytorch/__init__.py in it; hand in the whole workspace")
    return min(roots, key=lambda root: (root.count("/"), root))
