"""The modules of the course, as the front matter of `modules/NN_name/lesson.md` states them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from .errors import CourseError

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one reads all lessons ten times as fast
FOLDER = re.compile(r"(\d\d)_\w+")


class CurriculumError(CourseError, ValueError):
    """A lesson's front matter says something that cannot be."""


@dataclass(frozen=True)
class Module:
    """One module: its place in the course and the files of `tinytorch/` it brings."""

    number: int
    name: str  # the folder's name: "05_optimizers"
    title: str
    files: tuple[str, ...]  # relative to tinytorch/
    needs: tuple[int, ...]
    lesson: Path
    points: int = 0
    time: str = ""  # what a student needs: "2 to 3 hours"
    capability: str = (
        ""  # what the student can do now, as a question: "Can I turn scores into probabilities?"
    )
    celebration: str = ""

    @property
    def folder(self) -> Path:
        return self.lesson.parent

    @property
    def bare_name(self) -> str:
        return self.name[3:]

    @property
    def checks(self) -> Path:
        return self.folder / "checks.py"

    @property
    def checkpoint(self) -> Path:
        """The test of the capability, with everything built so far."""
        return self.folder / "checkpoint.py"


def read_modules(folder: Path) -> list[Module]:
    """All modules under `modules/`, in order of their numbers."""
    lessons = sorted(path for path in folder.glob("*/lesson.md") if FOLDER.fullmatch(path.parent.name))
    modules = [read_module(lesson) for lesson in lessons]
    for before, module in zip(modules, modules[1:], strict=False):
        if before.number == module.number:
            raise CurriculumError(f"modules {before.name} and {module.name} have the same number")
    return modules


def read_module(lesson: Path) -> Module:
    """The module that one `lesson.md` describes."""
    matter = front_matter(lesson)
    name = lesson.parent.name
    missing = [key for key in ("number", "title", "files", "needs") if key not in matter]
    if missing:
        raise CurriculumError(f"{name}/lesson.md: the front matter lacks {', '.join(missing)}")
    if matter["number"] != int(name[:2]):
        raise CurriculumError(
            f"{name}/lesson.md: number is {matter['number']!r}, but the folder says {int(name[:2])}"
        )
    files, needs = tuple(matter["files"] or ()), tuple(matter["needs"] or ())
    if any(not isinstance(need, int) or need >= matter["number"] for need in needs):
        raise CurriculumError(
            f"{name}/lesson.md: needs is {list(needs)}; it lists numbers of earlier modules"
        )
    texts = {key: str(matter.get(key, "")) for key in ("time", "capability", "celebration")}
    return Module(
        matter["number"],
        name,
        matter["title"],
        files,
        needs,
        lesson,
        points=int(matter.get("points", 0)),
        **texts,
    )


def front_matter(lesson: Path) -> dict:
    """The YAML between the two `---` lines a lesson starts with."""
    parts = re.split(r"^---[ \t]*$", lesson.read_text(encoding="utf-8"), maxsplit=2, flags=re.MULTILINE)
    if len(parts) != 3 or parts[0].strip():
        raise CurriculumError(f"{lesson}: does not start with front matter between two lines of ---")
    matter = yaml.load(parts[1], Loader=LOADER)
    if not isinstance(matter, dict):
        raise CurriculumError(f"{lesson}: the front matter is not a mapping of keys to values")
    return matter


def owners(modules: Iterable[Module]) -> dict[str, Module]:
    """Which module brings a file. A file named twice is an error: it has one owner."""
    found: dict[str, Module] = {}
    for module in modules:
        for file in module.files:
            if file in found:
                raise CurriculumError(
                    f"{file} is listed by {found[file].name} and by {module.name}: a file has one owner"
                )
            found[file] = module
    return found
