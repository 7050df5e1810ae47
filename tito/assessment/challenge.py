"""The class's own leaderboard: measured results of those who want to be on it, in teams, under a budget.

    CLASS/challenge.yaml
        milestone: computer_vision
        parameters: 100000            # a model may have so many numbers to learn, or null
        time: 20000                   # training may take so many units of the calibration, or null
        teams:
          - {name: The Lambdas, members: [ann, bob], shown: true}
          - {members: [cid]}          # somebody alone, under a pseudonym

Who is not in the file is not on the board. A team that does not want its name shown has a pseudonym that stays the same and tells nobody
anything: it comes from the class's secret. Only what was graded counts, newest grading of each attempt, in tier A or B.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from ..errors import TitoError
from ..files import write_atomic
from ..milestones.definitions import MILESTONES
from .classroom import Class, ClassError, Marked, secret
from .plain import one_line
from .store import Gradebook

MEASURES = {
    "accuracy": "accuracy",
    "speed": "time",
    "gradients": "parameters",
}  # what a judge's value is here
SERIOUS = ("A", "B")  # isolation tiers in which a result counts
FIRST = "amber azure brave brisk calm clear coral crisp dapper eager early fair fleet gentle golden green keen kind light lively lucky mellow merry misty noble plain proud quick quiet rapid rosy silver sly steady still sunny swift tidy vivid warm wise".split()
SECOND = "alder aspen badger beech birch bison cedar crane curlew daisy eagle elder falcon fern finch fox hare hazel heron holly ibis iris ivy jay kestrel lark linden lotus lynx magpie maple marten moss newt oak otter owl pine plover poplar robin rowan rush sage seal sorrel sparrow stoat swan teal thrush tulip vole willow wren yew".split()


@dataclass(frozen=True)
class Team:
    members: tuple[str, ...]
    name: str = ""
    shown: bool = False


@dataclass(frozen=True)
class Challenge:
    """What challenge.yaml says."""

    milestone: str
    parameters: float | None = None
    time: float | None = None
    teams: tuple[Team, ...] = ()

    def team_of(self, student: str) -> Team | None:
        return next((team for team in self.teams if student in team.members), None)


@dataclass(frozen=True)
class Entry:
    """A team's best run within the budget."""

    team: str
    accuracy: float
    time: float | None = None
    parameters: float | None = None
    when: str = ""
    runs: int = 1


@dataclass(frozen=True)
class Board:
    """Two orders of the same entries: by accuracy, and by time among those that passed. `waiting` teams have nothing to show yet."""

    milestone: str
    by_accuracy: list[Entry] = field(default_factory=list)
    by_time: list[Entry] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    beyond: int = 0  # runs that left the budget


# ---------------------------------------------------------------- the file


def read(room: Class) -> Challenge:
    path = room.folder / "challenge.yaml"
    try:
        tree = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except FileNotFoundError:
        raise ClassError(
            f"{path}: this class has no challenge", "tito assessment challenge start MILESTONE"
        ) from None
    except (yaml.MarkedYAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise ClassError(
            f"challenge.yaml{line}: not YAML: {getattr(error, 'problem', 'it is not UTF-8')}"
        ) from None
    top = Marked(path, tree)
    top.only("milestone", "parameters", "time", "teams")
    known = [task.id for task in room.tasks if task.kind == "milestone"]
    milestone = top.get(
        "milestone",
        (str,),
        "",
        f"it is one of the class's milestones: {', '.join(known)}",
        lambda name: name in known,
    )
    if not milestone:
        raise top.error("a challenge needs a milestone")
    number = lambda name: top.get(
        name, (int, float), None, "a number above 0, or null", lambda value: value > 0
    )
    teams = top.get("teams", (list,), [], "a list of teams, each with its members")
    students = {student.id for student in room.students}
    made = tuple(team(path, number_, one, students) for number_, one in enumerate(teams, 1))
    seen: dict[str, int] = {}
    for place, one in enumerate(made, 1):
        for student in one.members:
            if seen.setdefault(student, place) != place:
                raise ClassError(
                    f"challenge.yaml: {student!r} is in team {seen[student]} and in team {place}"
                )
    return Challenge(milestone, number("parameters"), number("time"), made)


def team(path: Path, place: int, one: Any, students: set[str]) -> Team:
    where = f"challenge.yaml: team {place}"
    if not isinstance(one, dict) or set(one) - {"name", "members", "shown"}:
        raise ClassError(f"{where}: a team has members, and may have name and shown")
    members, name, shown = one.get("members"), one.get("name") or "", one.get("shown", False)
    if not isinstance(members, list) or not members or not all(isinstance(m, str) for m in members):
        raise ClassError(f"{where}: members are a list of students")
    for member in members:
        if member not in students:
            raise ClassError(f"{where}: {member!r} is not in roster.csv")
    if not isinstance(name, str) or type(shown) is not bool:
        raise ClassError(f"{where}: name is a text, shown is true or false")
    return Team(tuple(dict.fromkeys(members)), one_line(name, 60), shown)


def write(room: Class, challenge: Challenge) -> None:
    record = {
        "milestone": challenge.milestone, "parameters": challenge.parameters, "time": challenge.time,
        "teams": [{"name": t.name, "members": list(t.members), "shown": t.shown} for t in challenge.teams],
    }  # fmt: skip
    text = yaml.safe_dump(record, sort_keys=False, allow_unicode=True)
    write_atomic(room.folder / "challenge.yaml", f"# who is not in a team here is not on the board\n{text}")


def start(room: Class, milestone: str, parameters: float | None, time: float | None) -> Challenge:
    if (room.folder / "challenge.yaml").exists():
        raise ClassError("this class has a challenge already", f"edit {room.folder / 'challenge.yaml'}")
    known = [task.id for task in room.tasks if task.kind == "milestone"]
    if milestone not in known:
        raise ClassError(f"{milestone} is not among the class's milestones: {', '.join(known) or 'none'}")
    if "accuracy" not in judges_of(milestone):
        raise ClassError(f"{milestone} measures no accuracy: there is nothing to compare")
    made = Challenge(milestone, parameters, time)
    write(room, made)
    return made


def judges_of(milestone: str) -> set[str]:
    judges = MILESTONES[milestone]["judges"]
    every = [spec for specs in judges.values() for spec in specs] if isinstance(judges, dict) else judges
    return {spec["judge"] for spec in every}


def join(room: Class, students: Iterable[str], name: str = "", shown: bool = False) -> Team:
    """Put students on the board as one team; whoever was in another leaves it."""
    challenge, members = read(room), tuple(dict.fromkeys(students))
    known = {student.id for student in room.students}
    for student in members:
        if student not in known:
            raise TitoError(f"there is no student {student!r} in this class", "they stand in roster.csv")
    if shown and not name:
        raise TitoError("a team that is shown by its name needs one", "--team NAME")
    made = Team(members, one_line(name, 60), shown)
    write(room, replace(challenge, teams=(*without(challenge.teams, members), made)))
    return made


def leave(room: Class, students: Iterable[str]) -> None:
    challenge = read(room)
    write(room, replace(challenge, teams=without(challenge.teams, students)))


def without(teams: tuple[Team, ...], students: Iterable[str]) -> tuple[Team, ...]:
    gone = set(students)
    left = (replace(t, members=tuple(m for m in t.members if m not in gone)) for t in teams)
    return tuple(t for t in left if t.members)


# ---------------------------------------------------------------- the board


def board(room: Class, book: Gradebook) -> Board:
    """Computed anew from the gradebook each time: nothing else is believed."""
    challenge = read(room)
    spoken = names(room, challenge.teams)
    best: dict[str, Entry] = {}
    quickest: dict[str, Entry] = {}
    beyond = 0
    for attempt in book.attempts():
        mine = challenge.team_of(attempt["student"])
        if attempt["task"] != challenge.milestone or mine is None or attempt["isolation"] not in SERIOUS:
            continue
        found = measured(book, attempt)
        if "accuracy" not in found:
            continue
        if exceeds(found.get("parameters"), challenge.parameters) or exceeds(
            found.get("time"), challenge.time
        ):
            beyond += 1
            continue
        name = spoken[mine]
        entry = Entry(
            name, found["accuracy"], found.get("time"), found.get("parameters"), attempt["handed_in"]
        )
        better(best, entry, lambda e: (-e.accuracy, e.time or float("inf"), e.when))
        if attempt["verdict"] == "passed" and entry.time is not None:
            better(quickest, entry, lambda e: (e.time, -e.accuracy, e.when))
    return Board(
        challenge.milestone,
        sorted(best.values(), key=lambda e: (-e.accuracy, e.time or float("inf"), e.when)),
        sorted(quickest.values(), key=lambda e: (e.time, -e.accuracy, e.when)),
        sorted(set(spoken.values()) - set(best)),
        beyond,
    )


def measured(book: Gradebook, attempt: dict[str, Any]) -> dict[str, float]:
    """What the judges measured in one attempt, by its name here; only of checks that came to an end."""
    return {
        MEASURES[check.name]: check.value
        for check in book.checks_of(attempt["result"])
        if check.name in MEASURES and check.value is not None and check.verdict in ("passed", "failed")
    }


def exceeds(value: float | None, budget: float | None) -> bool:
    """A budget that was not measured is not kept."""
    return budget is not None and (value is None or value > budget)


def better(entries: dict[str, Entry], new: Entry, order) -> None:
    old = entries.get(new.team)
    if old is None:
        entries[new.team] = new
    else:
        entries[new.team] = replace(min(old, new, key=order), runs=old.runs + 1)


def names(room: Class, teams: Iterable[Team]) -> dict[Team, str]:
    """What each team is called on the board; two that would be called the same are told apart."""
    key, taken, found = secret(room.folder), set(), {}
    for one in sorted(teams, key=lambda t: sorted(t.members)):
        name = one.name if one.shown and one.name else pseudonym(key, one)
        number, plain = 2, name
        while name in taken:
            name, number = f"{plain} {number}", number + 1
        taken.add(name)
        found[one] = name
    return found


def pseudonym(key: bytes, one: Team) -> str:
    """Two words that the first to have joined keeps, whoever joins or leaves; without the secret nobody can compute them."""
    number = int.from_bytes(
        hmac.digest(key, f"challenge\0{one.members[0]}".encode(), hashlib.sha256)[:8], "big"
    )
    return f"{FIRST[number % len(FIRST)]} {SECOND[number // len(FIRST) % len(SECOND)]}"
