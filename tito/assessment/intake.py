"""What a student handed in, made safe to keep: a folder, a zip, a tar or a git repository becomes one canonical archive.

Nothing of it is run, imported, linked to or unpacked by name on this side. Files are read one by one, under limits, and only those
that a workspace consists of are kept; everything else is listed with the reason. The archive is named by the SHA-256 of
what it holds, so that the same work handed in twice is one file, and a changed one is known by its name.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from ..errors import TitoError

MB = 1 << 20
KEPT = {  # what a workspace consists of, and how large one file of it may be
    ".py": 1 * MB, ".md": 1 * MB, ".yaml": 1 * MB, ".yml": 1 * MB, ".json": 8 * MB, ".jsonl": 16 * MB, ".ipynb": 16 * MB, ".csv": 8 * MB,
    ".npz": 64 * MB, ".safetensors": 64 * MB, ".pt": 64 * MB,  # points of a run: only ever opened in the sandbox
}  # fmt: skip
FOLDERS = ("tinytorch", "modules", "milestones", "runs", ".tito")
DENSE = (".npz", ".safetensors", ".pt")  # numbers hardly get smaller, and a run has many
MOST_FILES, MOST_BYTES, LONGEST_PATH, DEEPEST = 4000, 256 * MB, 240, 16
STARTS_BY_ITSELF = {
    "conftest.py",
    "sitecustomize.py",
    "usercustomize.py",
    "setup.py",
}  # Python or pytest would run these unasked


class IntakeError(TitoError):
    """This is no submission: it cannot be read, or breaks a limit. The student's fault, and said in words for the student."""


@dataclass
class Submission:
    """The files that are kept, by their path in the workspace, and what was left out, with the reason."""

    files: dict[str, bytes] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        total = hashlib.sha256()
        for name, data in sorted(self.files.items()):
            total.update(f"{len(name.encode())} {len(data)}\n{name}".encode())
            total.update(data)
        return total.hexdigest()

    def keep(self, folder: Path) -> Path:
        """Write the canonical archive, `DIGEST.zip`: sorted names, no times, no modes. An archive that is there already is the same one."""
        path = folder / f"{self.digest}.zip"
        if path.exists():
            return path
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                for entry, data in sorted(self.files.items()):
                    how = zipfile.ZIP_STORED if entry.endswith(DENSE) else zipfile.ZIP_DEFLATED
                    archive.writestr(zipfile.ZipInfo(entry), data, how)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
        return path

    def only(self, *beginnings: str) -> Submission:
        """The part of it that lies in these folders."""
        return Submission({name: data for name, data in self.files.items() if name.startswith(beginnings)})

    def lay_out(self, folder: Path) -> None:
        """Write the files into an empty folder. Their names have been checked: none leads out of it."""
        for name, data in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


def kept(archive: Path) -> Submission:
    """A canonical archive, read back."""
    with zipfile.ZipFile(archive) as file:
        return Submission({name: file.read(name) for name in file.namelist()})


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
        try:
            with zipfile.ZipFile(source) as archive:
                yield of_zip(archive)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
            raise IntakeError(f"{source.name}: the zip cannot be read: {error}") from None
    elif is_tar(source):
        try:
            with tarfile.open(source) as archive:
                yield of_tar(archive)
        except (tarfile.TarError, EOFError, OSError, ValueError) as error:
            raise IntakeError(f"{source.name}: the tar cannot be read: {error}") from None
    else:
        raise IntakeError(f"{source.name}: neither a folder, nor a zip, nor a tar")


def is_tar(path: Path) -> bool:
    try:
        return tarfile.is_tarfile(path)
    except OSError:
        return False


def of_folder(root: Path) -> Iterator[Entry]:
    """All files beneath a folder; links are not followed, and what is no plain file is not opened."""
    for folder, names, files in os.walk(root, followlinks=False):
        here = Path(folder)
        for name in list(names):
            if (here / name).is_symlink():
                yield Entry((here / name).relative_to(root).as_posix(), refused="a link")
        names[:] = sorted(n for n in names if n != ".git" and not (here / n).is_symlink())
        for name in sorted(files):
            path = here / name
            told = path.lstat()
            refused = (
                ""
                if stat.S_ISREG(told.st_mode)
                else "a link"
                if stat.S_ISLNK(told.st_mode)
                else "no plain file"
            )
            yield Entry(path.relative_to(root).as_posix(), told.st_size, partial(path.open, "rb"), refused)


def of_zip(archive: zipfile.ZipFile) -> Iterator[Entry]:
    for info in archive.infolist():
        if info.is_dir():
            continue
        kind = info.external_attr >> 16
        refused = "a link" if stat.S_ISLNK(kind) else "encrypted" if info.flag_bits & 1 else ""
        yield Entry(info.filename, info.file_size, lambda i=info: archive.open(i), refused)


def of_tar(archive: tarfile.TarFile) -> Iterator[Entry]:
    for count, member in enumerate(archive):
        if count > 10 * MOST_FILES:
            raise IntakeError(f"more than {10 * MOST_FILES:,} entries in the tar")
        if member.isdir():
            continue
        refused = "" if member.isreg() else "a link" if member.issym() or member.islnk() else "no plain file"
        yield Entry(member.name, member.size, lambda m=member: archive.extractfile(m), refused)


@contextmanager
def of_repository(source: Path) -> Iterator[Iterator[Entry]]:
    """A bare git repository: its HEAD. Cloned first, since a repository's own configuration may name programs to run."""
    clean = {
        "PATH": os.environ.get("PATH", ""), "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_COUNT": "2", "GIT_CONFIG_KEY_0": "core.hooksPath", "GIT_CONFIG_VALUE_0": os.devnull,
        "GIT_CONFIG_KEY_1": "safe.directory", "GIT_CONFIG_VALUE_1": "*",
    }  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="tito-intake-") as scratch:
        clone = Path(scratch) / "clone"
        for command in (
            [
                "git",
                "clone",
                "-q",
                "--bare",
                "--depth",
                "1",
                "--no-tags",
                "--template=",
                source.resolve().as_uri(),
                str(clone),
            ],
            [
                "git",
                "--git-dir",
                str(clone),
                "archive",
                "--format=tar",
                "-o",
                str(Path(scratch) / "head.tar"),
                "HEAD",
            ],
        ):
            done = subprocess.run(command, env=clean, capture_output=True, text=True, timeout=300)
            if done.returncode:
                words = (done.stderr.strip().splitlines() or ["git failed"])[-1]
                raise IntakeError(f"{source.name}: the repository cannot be read: {words}")
        with tarfile.open(Path(scratch) / "head.tar") as archive:
            yield of_tar(archive)


# ---------------------------------------------------------------- keeping


def gather(name: str, entries: Iterator[Entry]) -> Submission:
    """Keep what belongs to a workspace, under the limits."""
    found, total = Submission(), 0
    raw: dict[str, bytes] = {}
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
        data = read(entry)
        if data is None:
            found.left_out[shown(path)] = (
                f"larger than it says, or than {KEPT[PurePosixPath(path).suffix] // MB} MB"
            )
            continue
        total += len(data)
        if len(raw) >= MOST_FILES or total > MOST_BYTES:
            raise IntakeError(f"{name}: more than {MOST_FILES:,} files or {MOST_BYTES // MB} MB")
        raw[path] = data
    for path in [path for path in raw if any(str(above) in raw for above in PurePosixPath(path).parents)]:
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
    suffix = PurePosixPath(name).suffix
    if path.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "" in parts:
        return "its path leads out of the submission"
    if len(path) > LONGEST_PATH or len(parts) > DEEPEST:
        return "its path is too long"
    if any(not c.isprintable() for c in path):
        return "its name has characters that cannot be printed"
    if "__pycache__" in parts or ".git" in parts:
        return "derived"
    if name in STARTS_BY_ITSELF:
        return "Python or pytest would run it unasked"
    if suffix not in KEPT:
        return f"files of kind {suffix or name!r} are not kept"
    if size > KEPT[suffix]:
        return f"larger than {KEPT[suffix] // MB} MB"
    return ""


def read(entry: Entry) -> bytes | None:
    """The bytes, or None if there are more than it claimed or its kind may have: a file that explodes is not read to its end."""
    most = min(entry.size, KEPT[PurePosixPath(entry.path).suffix])
    file: BinaryIO = entry.open()  # type: ignore[operator]
    with file:
        data = io.BytesIO()
        while piece := file.read(64 * 1024):
            if data.tell() + len(piece) > most:
                return None
            data.write(piece)
    return data.getvalue()


def workspace_root(name: str, files: dict[str, bytes]) -> str:
    """Where in it the workspace stands: at the top, or in a folder. Known by its package, tinytorch/__init__.py."""
    mark = "tinytorch/__init__.py"
    roots = [path[: -len(mark)] for path in files if path == mark or path.endswith(f"/{mark}")]
    if not roots:
        raise IntakeError(f"{name}: there is no tinytorch/__init__.py in it; hand in the whole workspace")
    return min(roots, key=lambda root: (root.count("/"), root))
