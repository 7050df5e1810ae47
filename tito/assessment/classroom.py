"""A class is a folder:

    class.yaml       name, milestones and modules with points and due dates, policies
    roster.csv       student,name,email
    submissions/     what was handed in, one file or folder per student, named by the student
    gradebook.db     results
    .secret          the key that every check's seeds come from, readable by its owner alone

What is wrong in any of them is one line that names file and line.
"""

from __future__ import annotations

import difflib
import hashlib
import hmac
import math
import os
import re
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import yaml

from ..course import the_course
from ..curriculum import Module
from ..errors import TitoError
from ..milestones.definitions import MILESTONES
from .plain import plain
from .sheets import not_utf8, read_sheet, unguarded

STUDENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,79}")
ATTEMPTS = ("best", "last", "first")


class ClassError(TitoError):
    """A file of the class says something that cannot be."""


@dataclass(frozen=True)
class Questions:
    """What the answers to capability questions weigh, as a share of a task's other checks, and whether they must be handed in."""

    share: float = 0.1
    required: bool = False


@dataclass(frozen=True)
class Task:
    """What is graded: a milestone or a module, for how many points, until when."""

    kind: str  # "milestone" or "module"
    id: str
    points: float
    due: datetime | None = None
    questions: Questions = Questions()


@dataclass(frozen=True)
class Late:
    """`per_day` of the points is lost for each begun day after `grace_minutes`; after `days` nothing is left."""

    per_day: float = 0.1
    days: int = 7
    grace_minutes: int = 0


@dataclass(frozen=True)
class Student:
    id: str
    name: str = ""
    email: str = ""


@dataclass(frozen=True)
class Class:
    """What class.yaml says."""

    folder: Path
    name: str
    tasks: tuple[Task, ...]
    late: Late = Late()
    attempts: str = "best"
    most_attempts: int | None = None
    students: tuple[Student, ...] = field(default=(), compare=False)
    key: bytes = field(default=b"", compare=False, repr=False)  # the secret, where there is no file with it

    @property
    def submissions(self) -> Path:
        return self.folder / "submissions"

    @property
    def gradebook(self) -> Path:
        return self.folder / "gradebook.db"

    def task(self, ident: str) -> Task:
        for task in self.tasks:
            if task.id == ident:
                return task
        raise ClassError(f"the class {self.name} has no task {ident!r}")

    def with_key(self) -> Class:
        """The class as a grader on another machine needs it: with the secret, without the students."""
        return replace(self, key=secret(self.folder), students=())

    def seed(self, student: str, task: str, check: str, epoch: int = 0) -> int:
        """The seed of one check for one student: nobody can know it before, and a regrade has the same one."""
        told = "\0".join((student, task, check, str(epoch))).encode()
        return int.from_bytes(hmac.digest(self.key or secret(self.folder), told, hashlib.sha256)[:4], "big")


def secret(folder: Path) -> bytes:
    path = folder / ".secret"
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        raise ClassError(f"{path}: the class has no secret", "tito assessment setup makes one") from None
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise ClassError(f"{path}: others can read it", f"chmod 600 {path}")
    return key


# ---------------------------------------------------------------- making one


def make(
    folder: Path, name: str, milestones: list[str], modules: list[Module], points: float = 100.0
) -> Class:
    """A new class; one that is there already is left as it is."""
    if (folder / "class.yaml").exists():
        raise ClassError(f"{folder / 'class.yaml'} is there already", "edit it, or name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "submissions").mkdir(exist_ok=True)
    entry = lambda worth: {"points": worth, "due": None}
    settings = {
        "name": name,
        "milestones": {milestone: entry(points) for milestone in milestones},
        "modules": {module.name: entry(module.points or points) for module in modules},
        "late": {"per_day": 0.1, "days": 7, "grace_minutes": 0},
        "attempts": {"count": "best", "most": None},
        "questions": {"share": 0.1, "required": False},
    }
    text = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)
    (folder / "class.yaml").write_text(
        f"# due: 2026-12-01 23:59 (local time), or null\n{text}", encoding="utf-8"
    )
    if not (folder / "roster.csv").exists():
        (folder / "roster.csv").write_text("student,name,email\n", encoding="utf-8")
    key = folder / ".secret"
    if not key.exists():
        with open(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(32))
    return read(folder)


# ---------------------------------------------------------------- reading one


class Marked:
    """A YAML mapping that knows on which line each of its keys stands."""

    def __init__(self, path: Path, node: yaml.Node | None, where: str = ""):
        self.path, self.where = path, where
        if node is not None and not isinstance(node, yaml.MappingNode):
            raise self.error(f"{where.rstrip('.') or 'the file'}: wanted keys with values", node)
        self.nodes: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        for key, value in node.value if node else ():
            if not isinstance(key, yaml.ScalarNode):
                raise self.error("a key is one word", key)
            if key.value in self.nodes:
                first = self.nodes[key.value][0].start_mark.line + 1
                raise self.error(f"{where}{key.value} stands on line {first} already", key)
            self.nodes[key.value] = key, value

    def error(self, text: str, node=None) -> ClassError:
        line = "" if node is None else f":{node.start_mark.line + 1}"
        return ClassError(f"{self.path.name}{line}: {text}")

    def only(self, *names: str) -> None:
        for name, (key, _) in self.nodes.items():
            if name not in names:
                near = difflib.get_close_matches(name, names)
                raise self.error(
                    f"unknown key {name!r}"
                    + (f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(names)}"),
                    key,
                )

    def part(self, name: str) -> Marked:
        _, value = self.nodes.get(name, (None, None))
        empty = value is None or value.tag == "tag:yaml.org,2002:null"
        return Marked(self.path, None if empty else value, f"{self.where}{name}.")

    def get(
        self, name: str, kinds: tuple[type, ...], default: Any, rule: str, good=lambda value: True
    ) -> Any:
        if name not in self.nodes:
            return default
        _, node = self.nodes[name]
        try:
            value = yaml.SafeLoader("").construct_object(node, deep=True)
        except (ValueError, yaml.constructor.ConstructorError):  # a 45th of a month; a tag of somebody's own
            raise self.error(f"{self.where}{name} is {node.value!r}; {rule}", node) from None
        if value is None:
            return default
        if type(value) not in kinds or not good(value):
            raise self.error(f"{self.where}{name} is {value!r}; {rule}", node)
        return value


def read(folder: Path) -> Class:
    """The class in a folder, with its students."""
    course = {module.name: module for module in the_course().modules}
    path = folder / "class.yaml"
    try:
        text = path.read_text(encoding="utf-8")
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
    except (FileNotFoundError, NotADirectoryError):
        raise ClassError(f"{path}: there is no class here", "tito assessment setup") from None
    except UnicodeDecodeError as error:
        raise not_utf8(path, error) from None
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise ClassError(
            f"class.yaml:{line}: a character that no text holds: {plain(chr(error.character))}"
        ) from None
    except yaml.MarkedYAMLError as error:
        line_of = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ClassError(f"class.yaml{line_of}: not YAML: {error.problem}") from None
    top = Marked(path, tree)
    top.only("name", "milestones", "modules", "late", "attempts", "questions")
    name = top.get("name", (str,), "", "a class needs a name", bool)
    if not name:
        raise top.error("a class needs a name")
    share = lambda value: 0 <= value <= 1
    asked = top.part("questions")
    asked.only("share", "required")
    questions = Questions(
        asked.get("share", (int, float), 0.1, "a share of what the other checks weigh, 0 to 1", share),
        asked.get("required", (bool,), False, "true or false"),
    )
    tasks = [
        *tasks_of(top.part("milestones"), "milestone", MILESTONES, questions),
        *tasks_of(top.part("modules"), "module", course, questions),
    ]
    if not tasks:
        raise top.error("nothing is graded: it names no milestone and no module")
    late, attempts = top.part("late"), top.part("attempts")
    late.only("per_day", "days", "grace_minutes")
    attempts.only("count", "most")
    positive = lambda value: 0 <= value < 10**6
    return Class(
        folder, name, tuple(tasks),
        Late(
            late.get("per_day", (int, float), 0.1, "a share of the points, 0 to 1", share),
            late.get("days", (int,), 7, "a whole number of days", positive),
            late.get("grace_minutes", (int,), 0, "a whole number of minutes", positive),
        ),
        attempts.get("count", (str,), "best", f"it is one of {', '.join(ATTEMPTS)}", lambda value: value in ATTEMPTS),
        attempts.get("most", (int,), None, "a whole number above 0, or null", lambda value: value > 0),
        tuple(roster(folder / "roster.csv")),
    )  # fmt: skip


def tasks_of(part: Marked, kind: str, known, questions: Questions) -> list[Task]:
    tasks = []
    for name, (key, _) in part.nodes.items():
        if name not in known:
            near = difflib.get_close_matches(name, known)
            raise part.error(
                f"there is no {kind} {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""), key
            )
        one = part.part(name)
        one.only("points", "due")
        points = one.get(
            "points",
            (int, float),
            100.0,
            "points are a number from 0 on",
            lambda value: 0 <= value < math.inf,
        )
        tasks.append(Task(kind, name, float(points), due(one), questions))
    return tasks


def due(part: Marked) -> datetime | None:
    """A due date: with a time zone, or in the local one; a date alone means its last minute."""
    import datetime as dt

    rule = "wanted a date, 2026-12-01 23:59"
    told = value = part.get("due", (str, dt.datetime, dt.date), None, rule)
    if value is None:
        return None
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        if not isinstance(value, datetime):
            value = datetime(value.year, value.month, value.day, 23, 59, 59)
        return value.astimezone(timezone.utc)
    except (ValueError, OverflowError):
        raise part.error(f"{part.where}due is {str(told)!r}; {rule}", part.nodes["due"][1]) from None


def roster(path: Path) -> list[Student]:
    """The students of roster.csv. A student's id names files, so it is held to letters, digits and . _ @ + -."""
    if not path.exists():
        raise ClassError(f"{path}: there is no roster", "a CSV file with the columns student,name,email")
    sheet = read_sheet(path)
    ids, names, emails = (sheet.column(name) for name in ("student", "name", "email"))
    if ids is None:
        there = ", ".join(plain(name) for name in sheet.head)
        raise ClassError(f"{path.name}:1: there is no column 'student' (columns: {there})")
    found: dict[str, int] = {}
    students = []
    for row in sheet.rows[1:]:
        ident = sheet.cell(row, ids)
        if len(row.cells) > len(sheet.head):
            raise sheet.error(
                row,
                f"{len(row.cells)} cells under {len(sheet.head)} columns",
                "quotes around a name that holds a comma",
            )
        if not STUDENT.fullmatch(ident):
            raise sheet.error(row, f"student {ident!r}: letters, digits and . _ @ + - only, at most 80")
        if ident.lower() in found:
            raise sheet.error(row, f"student {ident!r} is on line {found[ident.lower()]} already")
        found[ident.lower()] = row.line
        name, email = (plain(unguarded(sheet.cell(row, column))) for column in (names, emails))
        students.append(Student(ident, name, email))
    return students
