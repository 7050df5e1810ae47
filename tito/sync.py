"""Progress between machines, through a folder or a git remote that the student names; there is no server of ours.

Each machine writes one file there, named by itself, and reads the others': no two machines write the same file, so nothing can conflict.
A file holds all that its machine knows, field by field, each with the moment it was last changed. Merging is a union: of two values of a
field the newer one wins, except that a pass stays a pass, counts only grow, and lists of names are joined.

    TARGET/tinytorch-progress/MACHINE.json        in a git remote on a branch of its own, `tinytorch-progress`
"""

from __future__ import annotations

import json
import os
import platform
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from . import progress
from .errors import TitoError
from .files import locked, write_atomic

VERSION = 1
FOLDER = BRANCH = "tinytorch-progress"
LARGEST = 16 << 20
LOCAL = ("path", "elsewhere")  # what is true of one machine only
PASSES = ("completed", "passed", "unlocked", "started")  # the first moment of these stands
COUNTS = ("tests", "hints")
DEEPEST = 3  # modules/03_activations/completed; what lies deeper belongs together and is one value
REMOTE = re.compile(r"[a-z][a-z0-9+.-]*://|[\w.-]+@[\w.-]+:")
TRIES = 20


class Field(NamedTuple):
    """A value and the moment it was last changed, in microseconds; of two at one moment the machines' names decide."""

    value: Any
    at: int
    by: str


Fields = dict[str, dict[str, Field]]  # by workspace and place, "modules/03_activations/completed"


# ---------------------------------------------------------------- fields


def flat(entry: progress.Entry) -> dict[str, Any]:
    """An entry's values by their places."""

    def walk(value: Any, place: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
        if isinstance(value, dict) and len(place) < DEEPEST:
            for key, inner in value.items():
                yield from walk(inner, (*place, key))
        elif place[0] not in LOCAL:
            yield "/".join(part.replace("~", "~0").replace("/", "~1") for part in place), value

    return dict(walk(entry, ()))


def deep(values: dict[str, Any], entry: progress.Entry) -> None:
    """Put values back at their places."""
    for place, value in values.items():
        *parents, last = (part.replace("~1", "/").replace("~0", "~") for part in place.split("/"))
        here: Any = entry
        for parent in parents:
            here = here.setdefault(parent, {}) if isinstance(here, dict) else None
        if isinstance(here, dict):
            here[last] = value


def merged(mine: Fields, theirs: Fields) -> Fields:
    """Everything that either knows. The order does not matter, and merging again changes nothing."""
    result: Fields = {}
    for workspace in mine.keys() | theirs.keys():
        a, b = mine.get(workspace, {}), theirs.get(workspace, {})
        result[workspace] = {
            place: chosen(place, a[place], b[place])
            if place in a and place in b
            else (a.get(place) or b[place])
            for place in a.keys() | b.keys()
        }
    return result


def chosen(place: str, a: Field, b: Field) -> Field:
    name = place.rsplit("/", 1)[-1]
    newer = max(a, b, key=lambda one: (one.at, one.by, json.dumps(one.value, sort_keys=True)))
    if name in PASSES:
        known = [one for one in (a, b) if one.value]
        return min(known, key=lambda one: (one.at, one.by, str(one.value))) if known else newer
    if name in COUNTS and all(type(one.value) is int for one in (a, b)):
        return newer._replace(value=max(a.value, b.value))
    if all(isinstance(one.value, list) and all(isinstance(v, str) for v in one.value) for one in (a, b)):
        return newer._replace(value=sorted({*a.value, *b.value}))
    return newer


def stamped(entries: dict[str, progress.Entry], known: Fields, machine: str) -> Fields:
    """This machine's fields: what has changed since the last time is new now, and newer than all that is known."""
    newest = max((one.at for fields in known.values() for one in fields.values()), default=0)
    now = max(time.time_ns() // 1000, newest + 1)
    result = {workspace: dict(fields) for workspace, fields in known.items()}
    for workspace, entry in entries.items():
        mine = result.setdefault(workspace, {})
        for place, value in flat(entry).items():
            if place not in mine or mine[place].value != value:
                mine[place] = Field(value, now, machine)
    return result


# ---------------------------------------------------------------- a machine's file


@dataclass(frozen=True)
class Machine:
    id: str
    name: str
    fields: Fields = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)  # where a workspace lies on it

    def text(self) -> str:
        record = {
            "version": VERSION, "machine": self.id, "name": self.name, "places": self.places,
            "workspaces": {w: {p: list(one) for p, one in fields.items()} for w, fields in self.fields.items()},
        }  # fmt: skip
        return json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def parsed(path: Path) -> Machine:
    """A machine's file; a ValueError if it is damaged."""
    if path.stat().st_size > LARGEST:
        raise ValueError("it is too large")
    record = json.loads(path.read_text(encoding="utf-8"))
    try:
        if record["version"] > VERSION:
            raise TitoError(f"{path.name} was written by a newer tito", "pip install -U tinytorch")
        fields = {w: {p: Field(v, int(at), str(by)) for p, (v, at, by) in told.items()} for w, told in record["workspaces"].items()}  # fmt: skip
        places = {str(w): str(p) for w, p in record["places"].items()}
        found = Machine(str(record["machine"]), str(record["name"]), fields, places)
        for told in fields.values():
            entry = progress.new_entry()
            deep({place: one.value for place, one in told.items()}, entry)
            if not all(isinstance(entry[part], dict) for part in ("modules", "checkpoints", "milestones")):
                raise TypeError("a part of it has the wrong form")
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a record of progress: {error}") from None
    return found


def others(folder: Path, mine: str) -> list[Machine]:
    """The other machines' files. One that is damaged is set aside, and its machine writes it anew when it syncs next."""
    found = []
    for path in sorted(folder.glob("*.json")):
        if path.stem == mine or ".damaged-" in path.name:
            continue
        try:
            found.append(parsed(path))
        except ValueError as error:
            aside = path.with_name(f"{path.stem}.damaged-{time.strftime('%Y%m%d-%H%M%S')}.json")
            os.replace(path, aside)
            progress.notices.append(f"{path.name} was damaged ({error}). It is kept as {aside.name}.")
    return found


def this_machine() -> Machine:
    """What this machine knew when it synced last, and its name; both are in `sync/` beside progress.json."""
    path = state_file()
    try:
        return parsed(path)
    except FileNotFoundError:
        pass
    except ValueError:
        aside = path.with_name(f"machine.damaged-{time.strftime('%Y%m%d-%H%M%S')}.json")
        os.replace(path, aside)
        progress.notices.append(f"{path} was damaged. It is kept as {aside.name}.")
    return Machine(uuid.uuid4().hex[:12], platform.node() or "a machine")


def state_file() -> Path:
    return progress.home() / "sync" / "machine.json"


# ---------------------------------------------------------------- where to


class Target(Protocol):
    def opened(self): ...


@dataclass(frozen=True)
class Shared:
    """A folder: a stick, a network drive, one that another program keeps the same everywhere."""

    path: Path

    @contextmanager
    def opened(self) -> Iterator[Path]:
        yield self.path


class Overtaken(Exception):
    """Another machine has pushed in the meantime."""


@dataclass(frozen=True)
class Remote:
    """A git remote: one branch of it, fetched, added to, pushed."""

    url: str

    @contextmanager
    def opened(self) -> Iterator[Path]:
        if shutil.which("git") is None:
            raise TitoError("git is not installed", "name a folder instead: tito sync FOLDER")
        with tempfile.TemporaryDirectory(prefix="tito-sync-") as scratch:
            here = Path(scratch)
            there = self.git(here, "ls-remote", "--heads", self.url, BRANCH).strip()
            self.git(here, "init", "-q")
            if there:
                self.git(here, "fetch", "-q", "--depth", "1", self.url, f"refs/heads/{BRANCH}")
                self.git(here, "reset", "-q", "--hard", "FETCH_HEAD")
            yield here
            self.git(here, "add", "-A")
            if self.git(here, "status", "--porcelain").strip():
                self.git(here, "commit", "-q", "-m", f"Progress of {platform.node()}")
                self.push(here)

    def push(self, here: Path) -> None:
        try:
            self.git(here, "push", "-q", self.url, f"HEAD:refs/heads/{BRANCH}")
        except TitoError as error:
            if re.search(
                r"rejected|fetch first|non-fast-forward|failed to update ref|cannot lock ref|stale",
                str(error.details),
            ):
                raise Overtaken from None
            raise

    def git(self, here: Path, *words: str) -> str:
        settings = ("core.hooksPath=" + os.devnull, "user.name=tinytorch", "user.email=tinytorch@localhost", "commit.gpgsign=false")  # fmt: skip
        quiet = {} if sys.stdin and sys.stdin.isatty() else {"GIT_TERMINAL_PROMPT": "0", "GIT_SSH_COMMAND": os.environ.get("GIT_SSH_COMMAND", "ssh -o BatchMode=yes")}  # fmt: skip
        environment = {
            k: v for k, v in os.environ.items() if k not in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")
        }
        try:
            done = subprocess.run(
                ["git", *(word for one in settings for word in ("-c", one)), *words], cwd=here, env=environment | quiet | {"LC_ALL": "C"},
                capture_output=True, text=True, timeout=120,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise TitoError(f"{self.url} does not answer", "Nothing was lost; try again later.") from None
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if line.strip()] or ["git failed"]
            told = next((line for line in lines if line.startswith(("fatal:", "error:"))), lines[-1])
            raise TitoError(
                f"{self.url} cannot be reached: {told.removeprefix('fatal: ')}",
                "Nothing was lost: your progress is on this machine. Try again later.", said=done.stderr,
            )  # fmt: skip
        return done.stdout


def target_of(text: str) -> Shared | Remote:
    """What the student named: a folder that is there, or a git remote."""
    path = Path(text).expanduser()
    if path.is_dir():
        is_git = (path / ".git").exists() or ((path / "HEAD").is_file() and (path / "objects").is_dir())
        return Remote(str(path.resolve())) if is_git else Shared(path.resolve())
    if REMOTE.match(text):
        return Remote(text)
    raise TitoError(
        f"{text} is neither a folder that is there nor a git remote",
        "Make the folder, plug it in, or name a remote as git does: https://..., git@host:name.git",
    )


def remembered() -> str:
    path = progress.home() / "sync" / "target"
    if not path.is_file():
        raise TitoError("where to? Nothing was synced yet", "tito sync FOLDER, or tito sync GIT_REMOTE")
    return path.read_text(encoding="utf-8").strip()


# ---------------------------------------------------------------- syncing


@dataclass(frozen=True)
class Synced:
    """What came of it: the machines met, and the passes that are new here."""

    target: str
    machines: list[str]
    workspaces: int
    changed: int
    new: list[str]


def sync(text: str) -> Synced:
    """Bring this machine and the target to the same state. Whatever fails, what was known here stays."""
    target = target_of(text)
    with locked(progress.home() / "sync" / "lock", patience=180):
        for _ in range(TRIES):
            try:
                with target.opened() as there:
                    found = exchange(there / FOLDER if isinstance(target, Shared) else there, text)
                break
            except Overtaken:
                time.sleep(random.uniform(0.05, 0.4))
        else:
            raise TitoError(
                f"{text}: other machines were quicker {TRIES} times", "Nothing was lost; try again."
            )
        write_atomic(progress.home() / "sync" / "target", f"{text}\n")
    return found


def exchange(folder: Path, text: str) -> Synced:
    """Read what the others know, merge it in here, write down all of it."""
    me = this_machine()
    folder.mkdir(parents=True, exist_ok=True)
    met = others(folder, me.id)
    with progress.edit_all() as entries:
        mine = stamped(entries, me.fields, me.id)
        everything = mine
        for other in met:
            everything = merged(everything, other.fields)
        new, changed = apply(entries, everything, met)
        places = {w: entry["path"] for w, entry in entries.items() if entry.get("path")}
    after = Machine(me.id, me.name, everything, places)
    write_atomic(state_file(), after.text())
    path = folder / f"{me.id}.json"
    if not path.is_file() or path.read_text(encoding="utf-8", errors="replace") != after.text():
        write_atomic(path, after.text())
    return Synced(text, sorted(other.name for other in met), len(entries), changed, new)


def apply(
    entries: dict[str, progress.Entry], everything: Fields, met: list[Machine]
) -> tuple[list[str], int]:
    """Put into the entries what is new to them; returns the passes among it, and how many fields changed."""
    new, changed = set(), 0
    for workspace, fields in everything.items():
        entry = entries.setdefault(workspace, progress.new_entry())
        before = flat(entry)
        values = {p: one.value for p, one in fields.items() if p not in before or before[p] != one.value}
        deep(values, entry)
        changed += len(values)
        new |= {p.split("/")[-2] for p, v in values.items() if v and p not in before and p.endswith(("/completed", "/passed"))}  # fmt: skip
        if not entry.get("path"):
            places = [f"{m.name}: {m.places[workspace]}" for m in met if m.places.get(workspace)]
            entry["elsewhere"] = places[0] if places else entry.get("elsewhere", "")
    return sorted(new), changed
