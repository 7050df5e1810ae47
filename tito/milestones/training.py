"""`train`: a milestone's script on the student's package, recorded so that `test` can hold the run to its record.

    runs/NAME/run.json        what the run was made of, and its losses' digest; written on this side
    runs/NAME/metrics.jsonl   every number the training told, a line a step
    runs/NAME/work/           what the student's code writes; checkpoints/ holds points of the run, the last one is the result
    runs/NAME/curves.png

The numbers in these files are not believed: `replay.py` says what is done with them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import shutil
import time
from pathlib import Path
from typing import Any

from .. import progress as book
from ..errors import ChecksFailed, TitoError
from ..files import write_atomic, write_json
from .datasets import data_set
from .definitions import Milestone
from .exam import Say, silent
from .fingerprint import file_digest, package_files
from .session import ProbeFailed, Session

LIMIT = 6 * 3600.0  # seconds; ResNet-18 on a CPU takes hours


def run_folder(workspace, one: Milestone) -> Path:
    return workspace.root / "runs" / one.id


def train_run(
    workspace, one: Milestone, *, setting: str = "", practice: bool = False, download: bool = True, fresh: bool = False,
    say: Say = silent,
) -> dict[str, Any]:  # fmt: skip
    """Train, or go on with a run that was stopped; the record of the run."""
    setting = setting or one.default_setting
    folder = run_folder(workspace, one)
    with data_set(one.config["data"], practice, download) as data:
        say("data", data)
        made_of: dict[str, Any] = {
            "milestone": one.id, "setting": setting, "knobs": one.config["settings"][setting] or {},
            "script": file_digest(one.script), "package": package_files(workspace), "data": data.digest,
            "practice": data.practice, "source": data.source,
        }  # fmt: skip
        old = read_run(folder)
        resumed = bool(old) and not fresh and not old.get("finished") and old.get("made_of") == made_of
        if resumed:
            record = old
        else:
            put_aside(folder)
            record = {
                "made_of": made_of,
                "seed": secrets.randbelow(2**31),
                "begun": book.now(),
                "seconds": 0.0,
            }
        write_json(folder / "run.json", record)
        book_of_numbers = Metrics(folder / "metrics.jsonl")
        begun = time.monotonic()

        def note(name: str, step: int, total: int, value: float) -> None:
            book_of_numbers.add(name, step, value)
            say("step", name, step, total, value)

        try:
            with Session(workspace, one.script, knobs=made_of["knobs"], folder=folder / "work") as session:
                session.ask("train", data.train_paths(), seconds=LIMIT, seed=record["seed"], on_log=note)
        except ProbeFailed as error:
            raise ChecksFailed(
                f"training failed: {error}" + (f"\n  {error.place}" if error.place else ""),
                f"tito milestone troubleshoot {one.handle}",
            ) from None
        finally:
            record["seconds"] = round(record["seconds"] + time.monotonic() - begun, 1)
            book_of_numbers.close()
            write_json(folder / "run.json", record)
    rows = book_of_numbers.rows
    if not rows or "loss" not in rows[-1]:
        raise ChecksFailed(
            "the training told of no step: its script has to call work.log(step, total, loss=...)"
        )
    record |= {
        "finished": book.now(), "steps": int(rows[-1]["step"]), "loss": rows[-1]["loss"], "resumed": resumed,
        "metrics": file_digest(folder / "metrics.jsonl"), "checkpoints": checkpoint_digests(folder),
    }  # fmt: skip
    record["seal"] = seal(record)
    write_json(folder / "run.json", record)
    from .pictures import save_curves

    files = {
        "curves": save_curves(rows, folder / "curves.png", f"{one.title}: training"),
        "metrics": folder / "metrics.jsonl",
    }
    return {k: v for k, v in record.items() if k != "made_of"} | {
        "milestone": one.id, "setting": setting, "practice": made_of["practice"],
        "files": {name: str(path) for name, path in files.items()},
    }  # fmt: skip


class Metrics:
    """The numbers of a run, a line a step; a resumed run writes over what it does again."""

    def __init__(self, path: Path):
        self.path = path
        self.rows = read_metrics(path)
        self.begun = False

    def add(self, name: str, step: int, value: float) -> None:
        if not self.begun:  # the steps from here on are done again
            self.rows = [row for row in self.rows if row["step"] < step]
            self.begun = True
        if not self.rows or self.rows[-1]["step"] != step:
            self.rows.append({"step": step})
            if len(self.rows) % 200 == 0:
                self.close()
        self.rows[-1][name] = value

    def close(self) -> None:
        write_atomic(self.path, "".join(json.dumps(row) + "\n" for row in self.rows))


def read_metrics(path: Path) -> list[dict[str, float]]:
    """The rows of a metrics file; anything that is no such row is an error that names the line."""
    rows: list[dict[str, float]] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines() if path.is_file() else [], 1):
        try:
            row = json.loads(line)
            rows.append({str(name): float(value) for name, value in row.items()} | {"step": int(row["step"])})
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
            raise TitoError(f"{path}, line {number}: no row of numbers", "Train again.") from None
    return rows


def read_run(folder: Path) -> dict[str, Any]:
    """The record of the run in a folder; empty if there is none."""
    try:
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError, ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) and isinstance(record.get("made_of"), dict) else {}


def put_aside(folder: Path) -> None:
    """A new run starts in an empty folder; the last one is kept beside it."""
    if (folder / "run.json").exists():
        before = folder.with_name(f"{folder.name}.before")
        shutil.rmtree(before, ignore_errors=True)
        os.replace(folder, before)
    folder.mkdir(parents=True, exist_ok=True)


def checkpoint_digests(folder: Path) -> dict[str, str]:
    return {
        path.name: file_digest(path) for path in sorted((folder / "work" / "checkpoints").glob("step-*.pt"))
    }


def seal(record: dict[str, Any]) -> str:
    """A keyed digest of the record: says that this user's tito wrote it. What a run is worth is measured, not sealed."""
    path = book.home() / "seal"
    if not path.is_file():
        write_atomic(path, secrets.token_bytes(32))
        os.chmod(path, 0o600)
    content = json.dumps({k: v for k, v in record.items() if k != "seal"}, sort_keys=True).encode()
    return hmac.new(path.read_bytes(), content, hashlib.sha256).hexdigest()[:32]
