"""The data of a milestone, on the trusted side: what may be handed to the student's process, and the answers that may not."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import CouldNotCheck
from ..files import made_once

HERE = Path(__file__).resolve().parents[2]
ALWAYS_THERE = ("cards", "english_and_python", "none")  # no download, and no drawn stand-in
CAN_BE_DRAWN = ("mnist", "mnist16", "cifar10")


@dataclass
class Data:
    """`train` and `test` are arrays by name, `answers` what is asked for the test arrays."""

    name: str
    practice: bool  # drawn in place of published data: unlocks nothing
    source: str
    digest: str
    folder: Path
    train: dict[str, Any]
    test: dict[str, Any]
    answers: Any
    why_practice: str = ""

    def train_paths(self) -> dict[str, Path]:
        return {name: self.folder / f"train-{name}.npy" for name in self.train}

    def first(self, rows: int) -> Data:
        """The same with so many rows to train on: a process that trains for seconds touches no more memory than it uses."""
        import numpy as np

        if all(len(array) <= rows for array in self.train.values()):
            return self

        def cut(folder: Path) -> None:
            for name, array in self.train.items():
                np.save(folder / f"train-{name}.npy", array[:rows])

        folder = made_once(self.folder / f"first-{rows}", cut)
        train = {name: np.load(folder / f"train-{name}.npy", mmap_mode="r") for name in self.train}
        return replace(self, folder=folder, train=train)


@contextlib.contextmanager
def data_set(name: str, practice: bool = False, download: bool = True) -> Iterator[Data]:
    """The published data if it is on this machine or can be had, else the drawn set in its place, which is practice."""
    with tempfile.TemporaryDirectory(prefix="tito-data-") as folder:
        if name == "none":
            yield Data(name, False, "", "", Path(folder), {}, {}, None)
            return
        lay_out(name, Path(folder), practice, download)
        yield read(name, Path(folder))


def lay_out(name: str, folder: Path, practice: bool, download: bool) -> None:
    """Write a data set into an empty folder: what the student's process may be shown in `shown`, the answers beside it in `answers`."""
    shown, answers = folder / "shown", folder / "answers"
    shown.mkdir()
    answers.mkdir()
    why = "asked for" if practice else ""
    trouble = "" if practice else fetch(name, str(shown), False, download)
    if trouble and name not in CAN_BE_DRAWN:
        raise CouldNotCheck(
            f"the data of this milestone cannot be had: {trouble}", "datasets/README.md says where to put it."
        )
    if practice or trouble:
        practice, why = True, why or trouble
        if trouble := fetch(name, str(shown), True, False):
            raise CouldNotCheck(f"the drawn data cannot be made: {trouble}")
    os.rename(shown / "answers.npy", answers / "answers.npy")
    about = json.loads((shown / "data.json").read_text(encoding="utf-8"))
    about |= {"practice": practice, "why_practice": why}
    (answers / "data.json").write_text(json.dumps(about), encoding="utf-8")


def fetch(name: str, folder: str, drawn: bool, download: bool) -> str:
    """Have the trusted process write the arrays; what went wrong, or nothing."""
    command = [sys.executable, "-m", "tito.milestones.fetch", name, folder]
    command += ["--drawn"] * drawn + ["--no-download"] * (not download)
    paths = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    done = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": paths}, cwd=HERE, capture_output=True, encoding="utf-8", errors="replace",
        timeout=1800,
    )  # fmt: skip
    if done.returncode == 0:
        return ""
    lines = [line for line in done.stderr.strip().splitlines() if not line.startswith((" ", "Traceback"))]
    told = next(
        (line for line in lines if "Error" in line or "NotFound" in line), lines[-1] if lines else "it died"
    )
    return told.partition(": ")[2] or told


def read(name: str, folder: Path, keep: bool = False) -> Data:
    """A data set that was laid out. `keep` the answers where they are: only where the student's process cannot read them."""
    import numpy as np

    shown, kept = folder / "shown", folder / "answers"
    about = json.loads((kept / "data.json").read_text(encoding="utf-8"))
    parts: dict[str, dict[str, Any]] = {"train": {}, "test": {}}
    for path in sorted(shown.glob("*-*.npy")):
        part, _, key = path.stem.partition("-")
        parts[part][key] = np.load(path, mmap_mode="r")
    answers = np.load(kept / "answers.npy")
    if not keep:
        shutil.rmtree(kept)
    return Data(
        name, about["practice"], about["source"], about["digest"], shown, parts["train"], parts["test"], answers, about["why_practice"]
    )  # fmt: skip
