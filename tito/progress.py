"""Progress: one file for all workspaces of a user, `~/.tinytorch/progress.json` (or under TINYTORCH_HOME).

    with edit(workspace) as entry:
        module_entry(entry, "03_activations")["completed"] = now()

Reading, changing and writing happen under one lock. Each workspace keeps a copy of its own entry in `.tito/record.json`,
and `workspaces/ID` says where it is, so a damaged progress.json is set aside and built again from those.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import TitoError
from .files import locked, write_atomic, write_json

VERSION = 1
Entry = dict[str, Any]

notices: list[str] = []  # what happened on the way that the user should hear of; `cli` prints them


def home() -> Path:
    """Where tinytorch keeps what belongs to the user."""
    chosen = os.environ.get("TINYTORCH_HOME")
    return Path(chosen).expanduser() if chosen else Path.home() / ".tinytorch"


def progress_file() -> Path:
    return home() / "progress.json"


def now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")


def read() -> dict[str, Any]:
    """The whole record. Reading needs no lock: the file is replaced whole."""
    path = progress_file()
    if not path.exists():
        return rebuilt()
    try:
        return parsed(path)
    except ValueError:
        with locked(home() / "progress.lock"):
            return read_or_rebuild()


@contextlib.contextmanager
def edit(workspace) -> Iterator[Entry]:
    """The entry of one workspace, to be changed; written when the block ends without an error."""
    with locked(home() / "progress.lock"):
        record = read_or_rebuild()
        entry = record["workspaces"].setdefault(workspace.id, own_record(workspace.root) or new_entry())
        entry["path"] = str(workspace.root)
        yield entry
        write_json(progress_file(), record)
        if not workspace.is_reference:  # the source tree keeps nothing of its own
            write_atomic(home() / "workspaces" / workspace.id, f"{workspace.root}\n")
            write_json(workspace.root / ".tito" / "record.json", entry)


@contextlib.contextmanager
def edit_all() -> Iterator[dict[str, Entry]]:
    """All entries, by their workspaces' ids; written when the block ends without an error."""
    with locked(home() / "progress.lock"):
        record = read_or_rebuild()
        yield record["workspaces"]
        write_json(progress_file(), record)
        for ident, entry in record["workspaces"].items():
            here = entry.get("path") and (home() / "workspaces" / ident).is_file()
            if here and own_record(Path(entry["path"])) is not None:
                write_json(Path(entry["path"]) / ".tito" / "record.json", entry)


def entry_of(workspace) -> Entry:
    """What is recorded of a workspace, to be read only."""
    return read()["workspaces"].get(workspace.id) or own_record(workspace.root) or new_entry()


def module_entry(entry: Entry, name: str) -> Entry:
    return entry["modules"].setdefault(name, {"tests": 0, "hints": 0, "solutions": []})


def completed(entry: Entry) -> list[str]:
    return sorted(name for name, module in entry["modules"].items() if module.get("completed"))


def empty() -> dict[str, Any]:
    return {"version": VERSION, "workspaces": {}}


def new_entry() -> Entry:
    return {"path": "", "modules": {}, "checkpoints": {}, "milestones": {}}


# ---------------------------------------------------------------- damage


def parsed(path: Path) -> dict[str, Any]:
    record = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(record, dict) or not isinstance(record.get("workspaces"), dict):
        raise ValueError("not a progress record")
    if record.get("version", 0) > VERSION:
        raise TitoError(
            f"{path} was written by a newer tito (format {record['version']})",
            "Update tinytorch: pip install -U tinytorch",
        )
    if not all(
        isinstance(e, dict) and isinstance(e.get("modules"), dict) for e in record["workspaces"].values()
    ):
        raise ValueError("not a progress record")
    return record


def read_or_rebuild() -> dict[str, Any]:
    """Under the lock: the record, or if it is damaged, one built again; the damaged file stays under another name."""
    path = progress_file()
    if not path.exists():
        return rebuilt()
    try:
        return parsed(path)
    except ValueError:
        aside = path.with_name(f"progress.damaged-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.json")
        os.replace(path, aside)
        record = rebuilt()
        write_json(path, record)
        notices.append(
            f"{path} was damaged. It is kept as {aside.name}; progress was rebuilt from {len(record['workspaces'])} workspace(s)."
        )
        return record


def rebuilt() -> dict[str, Any]:
    record = empty()
    folder = home() / "workspaces"
    for pointer in sorted(folder.iterdir()) if folder.is_dir() else []:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            entry = own_record(Path(pointer.read_text(encoding="utf-8").strip()))
            if entry:
                record["workspaces"][pointer.name] = entry
    return record


def own_record(root: Path) -> Entry | None:
    """The copy that a workspace keeps."""
    try:
        entry = json.loads((root / ".tito" / "record.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return entry if isinstance(entry, dict) and isinstance(entry.get("modules"), dict) else None
