"""A lesson as its parts: prose, code and directives. docs/lesson-format.md describes the format for authors.

lesson = read_lesson(Path("modules/03_activations/lesson.md"))
[build.target for build in lesson.builds]   # ["nn/functional/activation:relu_op", ...]
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .errors import CourseError

FENCE = re.compile(r"^(?P<ticks>`{3,}|~{3,})[ \t]*(?P<info>[^`\n]*)$")
DIRECTIVE = re.compile(r"^\{(?P<kind>\w+)\}[ \t]*(?P<argument>.*)$")
KINDS = ("build", "show", "check", "figure")


@dataclass(frozen=True)
class Part:
    """A stretch of a lesson. `kind`: "prose", "code" or a directive's name."""

    kind: str
    text: str  # without the fence
    argument: str = ""  # a directive's target, or a code block's language
    line: int = 1  # where it starts in lesson.md
    section: str = ""  # the heading it stands under

    @property
    def target(self) -> str:
        return self.argument

    @property
    def steps(self) -> list[str]:
        """What a stub says in its comments."""
        return [line.rstrip() for line in self.text.splitlines() if line.strip() and not line.startswith("?")]

    @property
    def hints(self) -> list[str]:
        """What `tito module hint` says, one at a time: the lines that start with a question mark."""
        return [line[1:].strip() for line in self.text.splitlines() if line.startswith("?")]


@dataclass(frozen=True)
class Lesson:
    path: Path
    parts: list[Part] = field(default_factory=list)

    @property
    def builds(self) -> list[Part]:
        return [part for part in self.parts if part.kind == "build"]

    @property
    def checks(self) -> list[Part]:
        return [part for part in self.parts if part.kind == "check"]

    @property
    def is_written(self) -> bool:
        return any(part.kind != "prose" for part in self.parts)

    def section(self, name: str) -> str:
        """The text under one heading, directives left out."""
        return "\n\n".join(p.text.strip() for p in self.parts if p.kind == "prose" and p.section == name)


def read_lesson(path: Path) -> Lesson:
    """Read one lesson.md; an unknown directive or a fence that is never closed stops with file and line."""
    text = path.read_text(encoding="utf-8")
    return Lesson(path, list(parse(text, path)))


def parse(text: str, path: Path) -> Iterator[Part]:
    lines = text.split("\n")
    at = after_front_matter(lines)
    prose: list[str] = []
    begin, section, inside = at, "", ""
    while at < len(lines):
        line = lines[at]
        fence = FENCE.match(line)
        if not fence:
            if line.startswith("#"):
                if prose:
                    yield Part("prose", "\n".join(prose), line=begin + 1, section=section)
                    prose = []
                section, begin = line.lstrip("#").strip(), at
            prose.append(line)
            at += 1
            continue
        if prose:
            yield Part("prose", "\n".join(prose), line=begin + 1, section=section)
            prose = []
        end = closing(lines, at, fence["ticks"])
        if end is None:
            raise CourseError(f"{where(path, at)}: this fence is never closed")
        inside, info = "\n".join(lines[at + 1 : end]), fence["info"].strip()
        directive = DIRECTIVE.match(info)
        if directive is None:
            yield Part("code", inside, info, at + 1, section)
        elif directive["kind"] not in KINDS:
            raise CourseError(
                f"{where(path, at)}: there is no directive {{{directive['kind']}}}; there are {', '.join(KINDS)}"
            )
        elif not directive["argument"].strip():
            raise CourseError(f"{where(path, at)}: {{{directive['kind']}}} of what? Name it on the same line")
        else:
            yield Part(directive["kind"], inside, directive["argument"].strip(), at + 1, section)
        at = begin = end + 1
    if prose:
        yield Part("prose", "\n".join(prose), line=begin + 1, section=section)


def after_front_matter(lines: list[str]) -> int:
    if not lines or lines[0].strip() != "---":
        return 0
    return next((i + 1 for i in range(1, len(lines)) if lines[i].strip() == "---"), 0)


def closing(lines: list[str], start: int, ticks: str) -> int | None:
    for i in range(start + 1, len(lines)):
        mark = lines[i].strip()
        if mark.startswith(ticks) and not mark.strip(ticks[0]):
            return i
    return None


def where(path: Path, index: int) -> str:
    return f"{path.parent.name}/{path.name}:{index + 1}"
