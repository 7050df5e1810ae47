"""A submission's files in a folder, with compiled code beside those that are the course's own, so that no sandbox compiles them again.

A file is the course's if its bytes are: then what is compiled here is the reference, and nothing of the student's. Half of an import's
time is saved (level 4: 0.22 s of CPU time without, 0.12 s with). Such files are laid out once for all submissions and linked to.
"""

from __future__ import annotations

import importlib.util
import marshal
import os
import shutil
import tempfile
from collections import Counter
from functools import cache
from pathlib import Path

from ..course import the_course
from ..levels import level_files
from .common import common
from .intake import Submission, write

UNCHECKED = 1  # a flag in a .pyc: found by its name, and not held against the source again
PACKAGE = "tinytorch/"


@cache
def known(level: int) -> dict[str, bytes]:
    """The course's files at a level, by their path in the package."""
    folder = shelf(level)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.py"))}


@cache
def shelf(level: int) -> Path:
    """These files with their bytecode: cutting the package takes 0.5 s and compiling it 0.4, so one driver does it for all."""
    return common(f"course-{level}", lambda folder: compile_level(level, folder))


def compile_level(level: int, folder: Path) -> None:
    course = the_course()
    for name, source in level_files(course.package, course.modules, level).items():
        if not name.endswith(".py"):
            continue
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source)
        beside = Path(importlib.util.cache_from_source(str(path)))
        beside.parent.mkdir(exist_ok=True)
        beside.write_bytes(compiled(name, source))


def compiled(name: str, source: bytes) -> bytes:
    code = compile(source, f"{PACKAGE}{name}", "exec", dont_inherit=True)
    head = importlib.util.MAGIC_NUMBER + UNCHECKED.to_bytes(4, "little") + importlib.util.source_hash(source)
    return head + marshal.dumps(code)


def lay_out(submission: Submission, folder: Path, level: int, shared: bool) -> int:
    """Write a submission into an empty folder; how many of its files are the course's at this level.

    `shared`: these are links to one copy of them, for sandboxes that can change neither a file that they may read nor its mode.
    """
    count, made, put, ours = 0, {str(folder)}, link if shared else shutil.copyfile, shelf(level)
    for name, data in submission.files.items():
        path = f"{folder}/{name}"
        have_folder(os.path.dirname(path), made)
        inner = name.removeprefix(PACKAGE)
        if name.startswith(PACKAGE) and known(level).get(inner) == data:
            put(f"{ours}/{inner}", path)
            beside = importlib.util.cache_from_source(path)
            have_folder(os.path.dirname(beside), made)
            put(importlib.util.cache_from_source(f"{ours}/{inner}"), beside)
            count += 1
        else:
            write(path, data)
    return count


class Standing:
    """A level's package that stays laid out: for a submission its own files are written into it, and taken away again afterwards.

    For sandboxes that can change nothing of what they read. Two thirds of the time for laying out and removing are saved.
    """

    def __init__(self, level: int):
        self.level, self.folder = level, Path(tempfile.mkdtemp(prefix="tito-runtime-work-"))
        self.own: list[str] = []  # files that are not the course's, or in the place of one
        self.made: list[str] = []  # folders for them, outer ones first
        self.genuine = (
            False  # whether the submission has the course's kernels: all of them, unchanged, and no more
        )
        self.has_kernels = any(map(is_kernel, known(level)))
        self.seen: Counter[str] = Counter()  # submissions, by milestone
        self.code: dict[str, Path] = {}  # what the kernels were compiled to, by milestone; by no submission
        lay_out(
            Submission({f"{PACKAGE}{name}": data for name, data in known(level).items()}),
            self.folder,
            level,
            shared=True,
        )

    def takes(self, submission: Submission) -> bool:
        """Whether each of the course's files is there, as it is or changed; else folders would stand empty that Python could import."""
        return all(f"{PACKAGE}{name}" in submission.files for name in known(self.level))

    def put(self, submission: Submission) -> None:
        ours = known(self.level)
        self.genuine = self.has_kernels and all(
            ours.get(name.removeprefix(PACKAGE)) == data
            for name, data in submission.files.items() if is_kernel(name.removeprefix(PACKAGE))
        )  # fmt: skip
        for name, data in submission.files.items():
            inner = name.removeprefix(PACKAGE) if name.startswith(PACKAGE) else ""
            if ours.get(inner) == data:
                continue
            self.own.append(name)
            if inner in ours:
                self.unlink(inner)
            self.have(os.path.dirname(name))
            write(self.folder / name, data)

    def clear(self) -> None:
        for name in self.own:
            os.unlink(self.folder / name)
            inner = name.removeprefix(PACKAGE)
            if name.startswith(PACKAGE) and inner in known(self.level):
                for there, here in zip(pair(shelf(self.level) / inner), pair(self.folder / name)):
                    link(there, here)
        for folder in reversed(self.made):
            os.rmdir(self.folder / folder)
        self.own, self.made, self.genuine = [], [], False

    def unlink(self, inner: str) -> None:
        for path in pair(self.folder / f"{PACKAGE}{inner}"):
            os.unlink(path)

    def have(self, folder: str) -> None:
        if not (self.folder / folder).is_dir():
            self.have(os.path.dirname(folder))
            os.mkdir(self.folder / folder)
            self.made.append(folder)

    def end(self) -> None:
        for folder in (self.folder, *self.code.values()):
            shutil.rmtree(folder, ignore_errors=True)


def is_kernel(name: str) -> bool:
    return name.startswith("kernels/cpu/")


def pair(path: Path) -> tuple[str, str]:
    """A file and its bytecode."""
    return str(path), importlib.util.cache_from_source(str(path))


def have_folder(path: str, made: set[str]) -> None:
    if path not in made:
        os.makedirs(path, exist_ok=True)
        made.add(path)


def link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # file systems without links, or with too many of this one
        shutil.copyfile(source, target)
