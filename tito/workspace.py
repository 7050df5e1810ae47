"""A student's workspace: a folder whose `tinytorch/` grows module by module.

    DIR/tinytorch/      the student's files, at the level reached
    DIR/modules/        the lessons reached
    DIR/.tito/          workspace.json (state), base/ (each file as it was given), backups/, record.json (progress)

Whatever is given is compared with `base/` first: what the student wrote is never overwritten, only merged with, and
every command that replaces a file keeps a copy of it under `backups/`.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from .course import Course, the_course
from .curriculum import Module
from .errors import TitoError
from .files import digest, locked, merge, write_atomic, write_json
from .levels import level_files
from .weave import NoSuchSymbol, Taught, carried_over, stubs_in, swap_taught, weave_module

STATE = ".tito/workspace.json"
VERSION = 1
LESSON_FILES = ("lesson.md", "checks.py", "checkpoint.py", "questions.yaml")
PYTEST = """[pytest]
python_files = checks.py checkpoint.py
pythonpath = .
addopts = -q --import-mode=importlib
"""
README = """# My tinytorch

I am building a deep-learning framework, module by module. `tito module status` says what comes next.
"""


@dataclass(frozen=True)
class Laid:
    """What laying out a module or an update did, file by file (paths in the workspace)."""

    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)  # edited by the student, nothing new to merge
    merged: list[str] = field(default_factory=list)
    conflicts: list[str] = field(
        default_factory=list
    )  # the student's lines stayed, the new file lies in .tito/incoming
    backup: str = ""


class Workspace:
    """One folder with a `.tito/workspace.json`."""

    is_reference = False

    def __init__(self, root: Path, course: Course | None = None):
        self.root = root.resolve()
        self.course = course or the_course()

    # ------------------------------------------------------------ state

    @property
    def package(self) -> Path:
        return self.root / "tinytorch"

    @property
    def lessons(self) -> Path:
        return self.root / "modules"

    @cached_property
    def state(self) -> dict[str, Any]:
        path = self.root / STATE
        try:
            state = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, UnicodeDecodeError):
            raise TitoError(
                f"{path} cannot be read", "Restore it with git: git checkout -- .tito/workspace.json"
            ) from None
        if state.get("version", 0) > VERSION:
            raise TitoError(
                f"this workspace was written by a newer tito (format {state['version']})",
                "Update tinytorch: pip install -U tinytorch",
            )
        return state

    def save(self) -> None:
        write_json(self.root / STATE, self.state)

    @property
    def id(self) -> str:
        """Its name in the user's progress. One that came out of a course's archive gets its own when it is first asked for."""
        if not self.state["id"]:
            with self.changing():
                self.state["id"] = self.state["id"] or new_id()
        return self.state["id"]

    @property
    def level(self) -> int:
        """The highest module that is laid out; -1 before the first."""
        return self.state["level"]

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the workspace while its state changes; the state is read again, since another tito may have written it."""
        with locked(self.root / ".tito" / "lock"):
            self.__dict__.pop("state", None)
            yield
            self.save()

    # ------------------------------------------------------------ what the student has

    def module(self, name: str | int) -> Module:
        return self.course.module(name)

    def checks_of(self, module: Module) -> Path:
        return module.checks

    def file(self, relative: str) -> Path:
        return self.package / relative

    def read(self, relative: str) -> str:
        path = self.file(relative)
        try:
            return path.read_bytes().decode("utf-8")
        except FileNotFoundError:
            raise TitoError(f"{path} is missing", "`tito module reset` brings it back.") from None
        except UnicodeDecodeError as error:
            raise TitoError(f"{path} is not UTF-8 text: {error}", "Save it as UTF-8.") from None

    def is_laid_out(self, module: Module) -> bool:
        return module.number <= self.level

    def stubs(self, module: Module) -> list[str]:
        """The labels of what is still to be written in a module's files."""
        files = {one.file for one in self.course.taught(module)}
        found = [
            label
            for file in sorted(files)
            if self.file(file).is_file()
            for label in stubs_in(self.read(file))
        ]
        return [label for label in found if label.startswith(f"{module.name}:")]

    # ------------------------------------------------------------ laying out

    def lay_out(self, level: int) -> Laid:
        """Bring the workspace to a level: new files arrive, given ones follow the course, the student's stay."""
        with self.changing():
            level = max(level, self.level)
            laid = self.place(self.wanted(level), "lay out")
            self.state["level"], self.state["course"] = level, self.course.version
        return laid

    def wanted(self, level: int) -> dict[str, bytes]:
        """Every file of the workspace at a level, by its path in the workspace."""
        if level < 0:
            return {}
        files = {
            f"tinytorch/{file}": content
            for file, content in level_files(self.course.package, self.course.modules, level).items()
        }
        for module in self.course.up_to(level):
            if module.checks.is_file() or self.course.lesson(module).builds:
                files |= {
                    f"tinytorch/{file}": content
                    for file, content in weave_module(module, self.course.package).items()
                    if file != "later.py"
                }
            for name in LESSON_FILES:
                if (module.folder / name).is_file():
                    files[f"modules/{module.name}/{name}"] = (module.folder / name).read_bytes()
        return files

    def place(self, files: dict[str, bytes], why: str) -> Laid:
        """Write files where the student has not; merge where both have."""
        laid = Laid()
        known = self.state["files"]
        before: dict[str, bytes] = {}
        writes: list[tuple[str, bytes]] = []
        for path, new in files.items():
            there = self.root / path
            base = self.base(path)
            mine = there.read_bytes() if there.is_file() else None
            if mine and b"\r\n" not in new:  # an editor on Windows may end its lines so
                mine = mine.replace(b"\r\n", b"\n")
            if mine is None and base is None:
                laid.new.append(path)
                writes.append((path, new))
            elif mine == new:
                pass
            elif mine is None:
                laid.new.append(path)  # the student deleted it
                writes.append((path, new))
            elif mine == base:
                laid.changed.append(path)
                before[path] = mine
                writes.append((path, new))
            elif base == new:
                laid.kept.append(path)
            else:
                text, conflicts = self.merged(path, (base or b"").decode(), mine.decode(), new.decode())
                (laid.conflicts if conflicts else laid.merged).append(path)
                if conflicts:
                    write_atomic(self.root / ".tito" / "incoming" / path, new)
                before[path] = mine
                writes.append((path, text.encode()))
        backup = self.back_up(why, before) if any(p in laid.merged + laid.conflicts for p in before) else ""
        for path, content in writes:
            write_atomic(self.root / path, content)
        for path, new in files.items():
            if known.get(path) != digest(new):
                write_atomic(self.root / ".tito" / "base" / path, new)
                known[path] = digest(new)
        return Laid(laid.new, laid.changed, laid.kept, laid.merged, laid.conflicts, backup)

    def merged(self, path: str, base: str, mine: str, new: str) -> tuple[str, int]:
        """The student's file with what the course changed; what the student wrote in the place of a stub stays."""
        file = path.removeprefix("tinytorch/")
        for module in self.course.modules if file != path else []:
            if file in module.files:
                base, new = carried_over(
                    base, mine, new, [one for one in self.course.taught(module) if one.file == file]
                )
        return merge(base, mine, new)

    def base(self, path: str) -> bytes | None:
        """A file as it was given last."""
        there = self.root / ".tito" / "base" / path
        return there.read_bytes() if there.is_file() else None

    def start(self, module: Module, force: bool = False, completed: Iterable[str] = ()) -> Laid:
        """Lay a module out; everything before it must be complete, unless forced."""
        done = set(completed)
        open_before = [m for m in self.course.modules if m.number < module.number and m.name not in done]
        if open_before and not force:
            raise TitoError(
                f"{module.name} needs everything before it; not complete: {', '.join(m.name for m in open_before)}",
                f"Go on with `tito module start {open_before[0].number:02}`, or use --force.",
                missing=[m.name for m in open_before],
            )
        laid = self.lay_out(module.number)
        with self.changing():
            if module.name not in self.state["started"]:
                self.state["started"].append(module.name)
            self.state["current"] = module.name
        return laid

    # ------------------------------------------------------------ backups

    def back_up(self, why: str, files: dict[str, bytes]) -> str:
        """Keep files before they are replaced; returns the backup's name."""
        folder = self.root / ".tito" / "backups"
        number = 1 + max((int(p.name[:4]) for p in folder.glob("[0-9][0-9][0-9][0-9]*")), default=0)
        name = f"{number:04}-{why.replace(' ', '-')}"
        for path, content in files.items():
            write_atomic(folder / name / "files" / path, content)
        write_json(folder / name / "backup.json", {"why": why, "files": sorted(files), "time": time.time()})
        return name

    def backups(self) -> list[str]:
        return sorted(p.parent.name for p in (self.root / ".tito" / "backups").glob("*/backup.json"))

    def undo(self) -> tuple[str, list[str]]:
        """Bring back what the last reset, solution or update replaced. What is there now is backed up in its turn."""
        for name in reversed(self.backups()):
            folder = self.root / ".tito" / "backups" / name
            record = json.loads((folder / "backup.json").read_text(encoding="utf-8"))
            if record.get("undone") or record["why"].startswith("undo"):
                continue
            now = {p: (self.root / p).read_bytes() for p in record["files"] if (self.root / p).is_file()}
            self.back_up(f"undo {name[:4]}", now)
            for path in record["files"]:
                write_atomic(self.root / path, (folder / "files" / path).read_bytes())
            write_json(folder / "backup.json", record | {"undone": True})
            return name, record["files"]
        raise TitoError("there is nothing to undo: no reset, solution or update has replaced a file")

    # ------------------------------------------------------------ one module's symbols

    def taught(self, module: Module, symbol: str = "") -> list[Taught]:
        everything = self.course.taught(module)
        if not symbol:
            return everything
        chosen = [
            one
            for one in everything
            if symbol in (one.symbol, f"{one.file.removesuffix('.py')}:{one.symbol}")
        ]
        if not chosen:
            near = difflib.get_close_matches(symbol, [one.symbol for one in everything])
            raise TitoError(
                f"{module.name} does not teach {symbol!r}",
                f"It teaches: {', '.join(near or [one.symbol for one in everything])}",
            )
        return chosen

    def reset(self, module: Module, symbol: str = "") -> Laid:
        """Bring stubs back. With a symbol only that one; else all files of the module as they were given."""
        self.need(module)
        woven = weave_module(module, self.course.package)
        files = {one.file for one in self.taught(module, symbol)} if symbol else set(woven)
        return self.replace(module, {file: woven[file].decode() for file in files}, "reset", symbol)

    def solve(self, module: Module, symbol: str = "") -> Laid:
        """Put the reference's bodies in."""
        self.need(module)
        files = {one.file for one in self.taught(module, symbol)}
        reference = {file: (self.course.package / file).read_bytes().decode() for file in files}
        return self.replace(module, reference, "solution", symbol, by_symbol=True)

    def replace(
        self, module: Module, texts: dict[str, str], why: str, symbol: str, by_symbol: bool = False
    ) -> Laid:
        new: dict[str, bytes] = {}
        before: dict[str, bytes] = {}
        chosen = self.taught(module, symbol)
        for file, text in texts.items():
            path = f"tinytorch/{file}"
            there = self.root / path
            mine = there.read_bytes() if there.is_file() else b""
            if symbol or by_symbol:
                result = mine.decode()
                for one in chosen:
                    if one.file == file:
                        result = self.swapped(result, one, text)
                text = result
            if mine.decode(errors="replace") != text:
                if mine:
                    before[path] = mine
                new[path] = text.encode()
        backup = self.back_up(f"{why} {module.number:02}", before) if before else ""
        for path, content in new.items():
            write_atomic(self.root / path, content)
        return Laid(changed=sorted(new), backup=backup)

    def swapped(self, mine: str, one: Taught, other: str) -> str:
        try:
            return swap_taught(mine, one, other)
        except SyntaxError as error:
            raise TitoError(
                f"tinytorch/{one.file}, line {error.lineno}: {error.msg}",
                "Mend that line first, or reset the whole file.",
            ) from None
        except NoSuchSymbol as error:
            raise TitoError(
                f"your tinytorch/{one.file} {error}", "Reset the whole file: tito module reset"
            ) from None

    def diff(self, module: Module) -> str:
        """What the student changed in a module's files since they were given."""
        self.need(module)
        parts: list[str] = []
        for file in module.files:
            path = f"tinytorch/{file}"
            base, mine = self.base(path) or b"", (self.root / path)
            now = mine.read_bytes().decode() if mine.is_file() else ""
            parts += difflib.unified_diff(
                base.decode().splitlines(keepends=True),
                now.splitlines(keepends=True),
                f"given/{path}",
                f"yours/{path}",
            )
        return "".join(parts)

    def need(self, module: Module) -> None:
        if not self.is_laid_out(module):
            raise TitoError(f"{module.name} is not started", f"tito module start {module.number:02}")

    def update(self) -> Laid:
        """Follow a newer course without touching what the student wrote."""
        with self.changing():
            laid = self.place(self.wanted(self.level), "update")
            self.state["course"] = self.course.version
        return laid


class Reference(Workspace):
    """The source tree itself: commands that look and check work on the reference; those that write refuse."""

    is_reference = True

    def __init__(self, course: Course):
        super().__init__(course.root, course)

    @cached_property
    def state(self) -> dict[str, Any]:
        return {
            "id": "reference",
            "level": self.course.modules[-1].number if self.course.modules else -1,
            "files": {},
            "started": [],
            "hints": {},
            "current": "",
            "course": self.course.version,
        }

    def save(self) -> None:
        pass

    def start(self, module: Module, force: bool = False, completed: Iterable[str] = ()) -> Laid:
        with self.changing():
            return Laid()

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        raise TitoError(
            "this is the course's source tree: the commands here work on the reference itself, which has no exercises",
            "Make a workspace elsewhere: tito init DIR",
        )
        yield


# ---------------------------------------------------------------- making and finding


def new_id() -> str:
    return uuid.uuid4().hex[:12]


def create(root: Path, course: Course | None = None, git: bool = True) -> Workspace:
    """A new, empty workspace."""
    course = course or the_course()
    root = root.resolve()
    if (root / STATE).exists():
        raise TitoError(f"{root} is a workspace already", "tito module status")
    if root.exists() and not root.is_dir():
        raise TitoError(f"{root} is a file, not a folder")
    if root == course.root.resolve() or (
        course.root.resolve() in root.parents and (course.root / "modules").is_dir()
    ):
        raise TitoError(
            f"{root} is inside the course's source tree",
            "Choose a folder of your own: tito init ~/my-tinytorch",
        )
    if root.is_dir() and any(
        p.name not in (".git", ".venv", "README.md", ".gitignore", "LICENSE") for p in root.iterdir()
    ):
        raise TitoError(f"{root} is not empty", "Choose a new folder: tito init DIR")
    (root / "tinytorch").mkdir(parents=True)
    (root / "modules").mkdir()
    for name, text in {
        "README.md": README,
        "pytest.ini": PYTEST,
        ".gitignore": "__pycache__/\n.tito/lock\n.tito/backups/\n.venv/\nruns/\n",
    }.items():
        if not (root / name).exists():
            write_atomic(root / name, text)
    state = {
        "version": VERSION,
        "id": new_id(),
        "course": course.version,
        "level": -1,
        "files": {},
        "started": [],
        "current": "",
        "hints": {},
        "created": time.strftime("%Y-%m-%dT%H:%M:%S"),
    }
    write_json(root / STATE, state)
    if git:
        make_repository(root)
    return Workspace(root, course)


def make_repository(root: Path) -> bool:
    """`git init`, so that the student can commit; without git it is done without."""
    if (root / ".git").exists() or shutil.which("git") is None:
        return False
    return subprocess.run(["git", "init", "-q", str(root)], capture_output=True).returncode == 0


def find_workspace(start: Path | None = None, course: Course | None = None) -> Workspace:
    """The workspace around a folder; at the source tree's root, the reference."""
    here = (start or Path.cwd()).resolve()
    course = course or the_course()
    for folder in (here, *here.parents):
        if (folder / STATE).is_file():
            return Workspace(folder, course)
        if (folder / "tito").is_dir() and (folder / "modules").is_dir() and (folder / "tinytorch").is_dir():
            if folder == course.root.resolve():
                return Reference(course)
            return Reference(Course(folder / "tinytorch", folder / "modules"))
    raise TitoError(
        f"{here} is not inside a workspace", "Make one: tito init my-tinytorch, then cd my-tinytorch"
    )
