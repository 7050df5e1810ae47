"""The course archive that students get: a workspace with the lessons, their checks and the files still to be written.

Nothing in it comes from the class's folder but its name, tasks and dates; no solution is in it, no answer to a question, nothing that the
grading keeps to itself. Each copy becomes a workspace of its own when it is first used.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from ..course import Course
from ..curriculum import LOADER
from ..errors import TitoError
from ..files import write_json
from ..milestones.definitions import find_milestone
from ..workspace import STATE, create
from .classroom import Class

ANSWERS = ("answer", "because")
LEFT_HERE = {".tito/lock"}
EPOCH = (2000, 1, 1, 0, 0, 0)  # archives made twice are the same


@dataclass(frozen=True)
class Released:
    path: Path
    files: int
    modules: list[str]


def level_of(room: Class, course: Course) -> int:
    """The last module that the class's tasks need."""
    names = [task.id for task in room.tasks if task.kind == "module"]
    for task in room.tasks:
        if task.kind == "milestone":
            names += find_milestone(task.id).requires
    return max((course.module(name).number for name in names), default=course.modules[-1].number)


def release(course: Course, out: Path, level: int, room: Class | None = None) -> Released:
    """Write the archive: a zip if `out` is called so, else a new folder."""
    if out.exists():
        raise TitoError(f"{out} is there already", "name another, or take it away")
    modules = [module.name for module in course.up_to(level)]
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".release-") as scratch:
        root = Path(scratch) / "my-tinytorch"
        lay_out(course, root, level, room)
        files = sorted(files_of(root))
        if out.suffix.lower() == ".zip":
            packed = Path(scratch) / "packed.zip"
            pack(root, files, packed)
            os.replace(packed, out)
        else:
            for file in LEFT_HERE:
                (root / file).unlink(missing_ok=True)
            os.replace(root, out)
    return Released(out, len(files), modules)


def lay_out(course: Course, root: Path, level: int, room: Class | None) -> None:
    workspace = create(root, course, git=False)
    files = workspace.wanted(level)
    for path in files:
        if path.endswith("/questions.yaml"):
            files[path] = unanswered(files[path])
    with workspace.changing():
        workspace.place(files, "release")
        workspace.state["level"] = level
    write_json(root / STATE, workspace.state | {"id": ""})  # each copy gets its own
    (root / "README.md").write_text(readme(course, level, room), encoding="utf-8")


def unanswered(text: bytes) -> bytes:
    questions = yaml.load(text, Loader=LOADER)
    asked = [{key: value for key, value in one.items() if key not in ANSWERS} for one in questions]
    return yaml.safe_dump(asked, sort_keys=False, allow_unicode=True, width=120).encode()


def readme(course: Course, level: int, room: Class | None) -> str:
    first, last = course.modules[0], course.module(level)
    lines = [
        f"# {room.name if room else 'My tinytorch'}",
        "",
        f"A deep-learning framework to be built module by module, from {first.name} to {last.name}.",
        "",
        "    pip install tinytorch",
        f"    tito module start {first.number:02}",
        "",
        "`tito module status` says what comes next; `modules/` holds the lessons, `tinytorch/` is yours to write.",
    ]
    if room and room.tasks:
        lines += ["", "| task | points | due |", "|---|---|---|"]
        for task in room.tasks:
            due = task.due.astimezone().strftime("%Y-%m-%d %H:%M %Z") if task.due else ""
            lines.append(f"| {task.id} | {task.points:g} | {due} |")
    return "\n".join(lines) + "\n"


def files_of(root: Path) -> Iterator[str]:
    for path in root.rglob("*"):
        name = path.relative_to(root).as_posix()
        if path.is_file() and name not in LEFT_HERE:
            yield name


def pack(root: Path, files: list[str], out: Path) -> None:
    """A zip with one folder in it; the same files make the same zip."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in files:
            entry = zipfile.ZipInfo(f"{root.name}/{name}", EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, (root / name).read_bytes(), zipfile.ZIP_DEFLATED)
