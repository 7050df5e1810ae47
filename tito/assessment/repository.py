"""What a bare git repository has at its HEAD, as a tar.

A repository's own configuration may name programs to run and other repositories to read. So git never runs in the one that was handed in: its
objects and references are copied, plain files alone, into one whose configuration is ours, under limits of their own.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

from .packed import MB, PIECE

MOST_COPIED, MOST_COPIES = 1024 * MB, 100_000  # of a repository: its size, its files
MOST_TAR = 1024 * MB  # a few kilobytes of trees that name each other are billions of files
MOST_SECONDS, MOST_MEMORY = 120, 1024 * MB
BORROWED = re.compile(r"objects/info/(http-)?alternates")  # names other repositories to take objects from
EXTENSION = re.compile(
    r"^\s*(objectformat|refstorage)\s*=\s*(sha256|reftable)\s*$", re.IGNORECASE | re.MULTILINE
)
CONFIG = """[core]
	repositoryformatversion = 1
	bare = true
	bigFileThreshold = 1m
	packedGitWindowSize = 16m
	packedGitLimit = 128m
[extensions]
"""


class Unreadable(Exception):
    """There is nothing that git can make of it."""


def head_of(source: Path, scratch: Path) -> Path:
    """Write what stands at HEAD into `scratch`, as a tar."""
    repository, tar = scratch / "copy", scratch / "head.tar"
    copy(source, repository)
    with open(scratch / "words", "w+b") as words, open(tar, "wb") as file:
        command = ["git", "--git-dir", str(repository), "archive", "--format=tar", "HEAD"]
        process = subprocess.Popen(command, env=clean(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=words)  # fmt: skip
        alarm = threading.Timer(MOST_SECONDS, process.kill)
        alarm.start()
        try:
            bind(process.pid)
            size = 0
            while piece := process.stdout.read(PIECE):  # type: ignore[union-attr]
                size += len(piece)
                if size > MOST_TAR:
                    raise Unreadable(f"at its HEAD stand more than {MOST_TAR // MB} MB")
                file.write(piece)
        finally:
            process.kill()
            code = process.wait()
            process.stdout.close()  # type: ignore[union-attr]
            alarm.cancel()
        if code:
            words.seek(0)
            said = words.read(4000).decode("utf-8", "replace").strip().splitlines()
            raise Unreadable(said[-1] if said else "git took too much time or memory")
    return tar


def copy(source: Path, repository: Path) -> None:
    """Objects and references, and no more than the two words of its configuration that say how they are written."""
    size = 0
    for count, (name, path) in enumerate(plain_files(source), 1):
        size += path.lstat().st_size
        if size > MOST_COPIED or count > MOST_COPIES:
            raise Unreadable(f"it has more than {MOST_COPIED // MB} MB or {MOST_COPIES:,} files")
        target = repository / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target, follow_symlinks=False)
    for needed in ("objects", "refs"):
        (repository / needed).mkdir(parents=True, exist_ok=True)
    told = source / "config"
    text = (
        told.read_bytes()[: 1 * MB].decode("utf-8", "replace")
        if told.is_file() and not told.is_symlink()
        else ""
    )
    own = [f"\t{name} = {value}\n" for name, value in dict(EXTENSION.findall(text.lower())).items()]
    (repository / "config").write_text(CONFIG + "".join(own), encoding="utf-8")


def plain_files(source: Path) -> Iterator[tuple[str, Path]]:
    """What a repository's content consists of; links and what is borrowed from elsewhere are left out."""
    waiting = [source / name for name in ("HEAD", "packed-refs", "shallow", "refs", "objects", "reftable")]
    while waiting:
        path = waiting.pop()
        try:
            kind = path.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            continue
        name = path.relative_to(source).as_posix()
        if stat.S_ISDIR(kind):
            waiting += path.iterdir()
        elif stat.S_ISREG(kind) and not BORROWED.fullmatch(name):
            yield name, path


def clean() -> dict[str, str]:
    """git without anybody's settings."""
    return {
        "PATH": os.environ.get("PATH", ""), "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1", "GIT_ATTR_NOSYSTEM": "1",
    }  # fmt: skip


def bind(pid: int) -> None:
    """Memory and CPU time, where the kernel lets limits be set from outside (Linux)."""
    try:
        import resource

        resource.prlimit(pid, resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        resource.prlimit(pid, resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    except (ImportError, AttributeError, ProcessLookupError):
        return  # there the clock alone ends it, or it has ended
