"""Where the course is: the reference package and the lessons, in the source tree or installed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .curriculum import Module, read_modules
from .errors import TitoError
from .lessons import Lesson, read_lesson
from .weave import Taught, taught_by

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Course:
    """The package that is taught and the lessons that teach it."""

    package: Path
    lessons: Path

    @property
    def root(self) -> Path:
        return self.package.parent

    @cached_property
    def modules(self) -> list[Module]:
        return read_modules(self.lessons)

    @cached_property
    def version(self) -> str:
        text = (self.package / "version.py").read_text(encoding="utf-8")
        found = re.search(r'^(?:__version__|VERSION)\s*=\s*"([^"]+)"', text, re.MULTILINE)
        return found[1] if found else "unknown"

    def module(self, name: str | int) -> Module:
        return named(self.modules, str(name))

    def up_to(self, number: int) -> list[Module]:
        return [module for module in self.modules if module.number <= number]

    def lesson(self, module: Module) -> Lesson:
        return read_lesson(module.lesson)

    def taught(self, module: Module) -> list[Taught]:
        return taught_by(module, self.package)


def the_course() -> Course:
    """The course this tito belongs to: `modules/` beside it in the source tree, `tito/_modules/` when installed."""
    beside = HERE.parent
    lessons = beside / "modules" if (beside / "modules").is_dir() else HERE / "_modules"
    return Course(beside / "tinytorch", lessons)


def named(modules: Sequence[Module], name: str) -> Module:
    """The module called `6`, `06`, `06_spatial` or `spatial`; a wrong name lists the near ones."""
    wanted = name.strip().lower().replace("-", "_").rstrip("/")
    for module in modules:
        if wanted in (module.name, module.bare_name, str(module.number), f"{module.number:02}"):
            return module
    bare = re.sub(r"^\d+_", "", wanted)  # 01_setup: its name counts
    for module in modules:
        if bare == module.bare_name:
            return module
    known = [word for module in modules for word in (module.bare_name, module.name)]
    near = difflib.get_close_matches(bare, known, n=4, cutoff=0.5)
    near += [module.name for module in modules if len(bare) > 2 and bare in module.name]
    close = list(dict.fromkeys(named(modules, n).name for n in near))
    hint = f"Near names: {', '.join(close)}" if close else "`tito module list` shows all modules."
    raise TitoError(f"there is no module {name!r}", hint, near=close)
