"""The data of a milestone, on the trusted side: what may be handed to the student's process, and the answers that may not."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import CouldNotCheck

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
        folder = self.folder / f"first-{rows}"
        folder.mkdir()
        for name, array in self.train.items():
            np.save(folder / f"train-{name}.npy", array[:rows])
        train = {name: np.load(folder / f"train-{name}.npy", mmap_mode="r") for name in self.train}
        return replace(self, folder=folder, train=train)


@contextlib.contextmanager
def data_set(name: str, practice: bool = False, download: bool = True) -> Iterator[Data]:
    """The published data if it is on this machine or can be had, else the drawn set in its place, which is practice."""
    with tempfile.TemporaryDirectory(prefix="tito-data-") as folder:
        why = "asked for" if practice else ""
        if name == "none":
            yield Data(name, False, "", "", Path(folder), {}, {}, None)
            return
        trouble = "" if practice else fetch(name, folder, False, download)
        if trouble and name not in CAN_BE_DRAWN:
            raise CouldNotCheck(
                f"the data of this milestone cannot be had: {trouble}",
                "datasets/README.md says where to put it.",
            )
        if practice or trouble:
            practice, why = True, why or trouble
            if trouble := fetch(name, folder, True, False):
                raise CouldNotCheck(f"the drawn data cannot be made: {trouble}")
        yield read(name, Path(folder), practice, why)


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


def read(name: str, folder: Path, practice: bool, why: str) -> Data:
    import numpy as np

    about = json.loads((folder / "data.json").read_text(encoding="utf-8"))
    parts: dict[str, dict[str, Any]] = {"train": {}, "test": {}}
    for path in sorted(folder.glob("*-*.npy")):
        part, _, key = path.stem.partition("-")
        parts[part][key] = np.load(path, mmap_mode="r")
    answers = np.load(folder / "answers.npy")
    (folder / "answers.npy").unlink()  # the student's process can read this folder
    return Data(
        name, practice, about["source"], about["digest"], folder, parts["train"], parts["test"], answers, why
    )
