"""Downloading: several sources, resume after a cut, checksum, then one rename; a file is complete or not there."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import IO

from .locate import Archive, Published, RemoteFile

CHUNK = 1 << 18
PATIENCE = 30.0  # seconds without a byte
RETRIES = 3  # attempts in a row that bring nothing new, per source
Advance = Callable[[int, int | None], None]  # bytes that are there, bytes in all where known


class DownloadError(OSError):
    """No source had the file; `troubles` says what happened at each."""

    def __init__(self, troubles: list[str]):
        super().__init__("; ".join(troubles))
        self.troubles = troubles


class WrongContent(Exception):
    """A source sent something other than the published file."""


def download_files(entry: Published, files: Sequence[RemoteFile], target: Path) -> None:
    """Bring these files of a data set into the folder `target`."""
    target.mkdir(parents=True, exist_ok=True)
    if entry.archive is None:
        for file in files:
            if not (target / file.name).is_file():
                fetch(file, [address(source, file) for source in entry.sources], target / file.name)
        return
    packed = target.parent / entry.archive.name
    fetch(entry.archive, [address(source, entry.archive) for source in entry.sources], packed)
    unpack(packed, entry.archive, target)
    packed.unlink()


def address(source: str, file: RemoteFile) -> str:
    return source + file.name if source.endswith("/") else source


def fetch(file: RemoteFile, urls: Sequence[str], target: Path) -> None:
    """Download a file from the first source that gives it whole."""
    part = target.with_name(target.name + ".part")
    troubles = []
    with locked(part), progress(target.name) as advance:
        if target.is_file():  # another process brought it while this one waited
            return
        for url in urls:
            try:
                fetch_whole(url, part, file, advance)
            except WrongContent as error:
                troubles.append(f"{url}: {error}")
            except (OSError, http.client.HTTPException) as error:
                # What has arrived stays for the next attempt.
                troubles.append(f"{url}: {reason(error)}")
            else:
                os.replace(part, target)
                return
    raise DownloadError(troubles)


def reason(error: Exception) -> str:
    inner = None if isinstance(error, urllib.error.HTTPError) else getattr(error, "reason", None)
    return str(inner or error) or type(error).__name__


def fetch_whole(url: str, part: Path, file: RemoteFile, advance: Advance) -> None:
    """All of it, and checked. What an earlier attempt left may be bad: then once more from the beginning."""
    for resumed in (size_of(part) > 0, False):
        try:
            fetch_from(url, part, file, advance)
            verify(part, file)
            return
        except WrongContent:
            os.truncate(part, 0)
            if not resumed:
                raise


def fetch_from(url: str, part: Path, file: RemoteFile, advance: Advance) -> None:
    """Ask for what is missing until it is all there; gives up after `RETRIES` attempts that brought nothing."""
    idle = 0
    while True:
        before = size_of(part)
        if file.size is not None and before >= file.size:
            return
        try:
            if receive(url, part, file, advance):
                return
            error: Exception = ConnectionError(f"the connection was cut at {size_of(part)} bytes")
        except urllib.error.HTTPError as refusal:
            refusal.close()
            if refusal.code != 416 or before == 0:  # 416: this source has no bytes after those
                raise
            os.truncate(part, 0)
            error = refusal
        except (TimeoutError, ConnectionError, http.client.HTTPException) as cut:
            error = cut
        idle = 0 if size_of(part) > before else idle + 1
        if idle == RETRIES:
            raise error


def receive(url: str, part: Path, file: RemoteFile, advance: Advance) -> bool:
    """One request, from where the part file ends; True when the server sent all it had announced."""
    have = size_of(part)
    headers = {"User-Agent": "tinytorch", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=PATIENCE) as response:
        resumes = response.status == 206 and (response.headers.get("Content-Range") or "").startswith(
            f"bytes {have}-"
        )
        have = have if resumes else 0  # a server that ignores Range starts again at the beginning
        length = response.headers.get("Content-Length")
        total = have + int(length) if length is not None else file.size
        with part.open("ab" if resumes else "wb") as out:
            while chunk := response.read(CHUNK):
                out.write(chunk)
                have += len(chunk)
                advance(have, total)
                if file.size is not None and have > file.size:
                    raise WrongContent(f"sends more than the {file.size} bytes of the published file")
    return total is None or have >= total


def verify(path: Path, file: RemoteFile) -> None:
    if file.size is not None and size_of(path) != file.size:
        raise WrongContent(f"{file.name} has {size_of(path)} bytes, the published one {file.size}")
    for kind in ("sha256", "md5"):
        expected = getattr(file, kind)
        if expected is not None and (found := checksum(path, kind)) != expected:
            raise WrongContent(f"{file.name} has {kind} {found}, the published one {expected}")


def checksum(path: Path, kind: str) -> str:
    digest = hashlib.new(kind, usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


@contextlib.contextmanager
def locked(part: Path) -> Iterator[None]:
    """One process at a time writes a part file; the others wait."""
    with part.open("ab") as handle, contextlib.suppress(FileNotFoundError):
        if os.name == "posix":
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            yield
        finally:
            if not size_of(part):
                part.unlink()


@contextlib.contextmanager
def progress(name: str) -> Iterator[Advance]:
    """A bar on standard error, where that is a terminal."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(name, total=None)
        yield lambda have, total: bar.update(task, completed=have, total=total)


# ---------------------------------------------------------------- archives


def unpack(packed: Path, archive: Archive, target: Path) -> None:
    """The archive's plain files, beside the target first and moved into it when all are there."""
    staging = target.with_name(target.name + ".unpacking")
    shutil.rmtree(staging, ignore_errors=True)
    try:
        for name, content in members(packed):
            inside = path_inside(name, archive)
            if inside is not None:
                (staging / inside).parent.mkdir(parents=True, exist_ok=True)
                with (staging / inside).open("wb") as out:
                    shutil.copyfileobj(content, out)
        move_all(staging, target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def members(packed: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Plain files only: links and devices of a hostile archive are not even looked at."""
    import tarfile
    import zipfile

    if zipfile.is_zipfile(packed):
        with zipfile.ZipFile(packed) as file:
            for info in file.infolist():
                if not info.is_dir():
                    with file.open(info) as content:
                        yield info.filename, content
        return
    with tarfile.open(packed) as tar:
        for member in tar:
            unpacked = tar.extractfile(member) if member.isreg() else None
            if unpacked is not None:
                yield member.name, unpacked


def path_inside(name: str, archive: Archive) -> Path | None:
    """Where a member goes below the target; None if it is not wanted. A path that leads out of the target is an error."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if ".." in parts or name.startswith(("/", "\\")) or ":" in name:
        raise ValueError(
            f"{archive.name}: the member {name!r} would be written outside the data folder; the archive is not used"
        )
    if len(parts) <= archive.strip or (
        archive.only is not None and archive.only not in parts[: archive.strip]
    ):
        return None
    return Path(*parts[archive.strip :])


def move_all(source: Path, target: Path) -> None:
    for path in sorted(source.rglob("*")):
        if path.is_file():
            inside = target / path.relative_to(source)
            inside.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, inside)
