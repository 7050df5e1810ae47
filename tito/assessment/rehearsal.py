"""Machine code for boxes. Kernels are compiled when they are first used, for a minute in milestone 4, and each box would do it again.

A driver that has more than one submission of a milestone to grade asks the course's own package first, in a box like any other; what its
kernels were compiled to is copied into each box whose submission has the same kernels, byte for byte (`Standing.genuine`). A kernel that
a student changed is compiled from what the student wrote, with all others.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import Any

from ..milestones.datasets import Data
from ..milestones.definitions import Milestone
from ..milestones.exam import Exam
from ..milestones.session import Laid, ProbeFailed, Session
from .boxes import Box, box_for

STEPS = 2  # of each way to train: the second finds nothing left to compile


def machine_code(one: Milestone, work: Laid, tier: str, data: Data) -> Path:
    """A folder with what the kernels of this package, which is the course's, were compiled to: perhaps not all of them, and perhaps none."""
    kept = Path(tempfile.mkdtemp(prefix="tito-runtime-code-"))
    box = box_for(one, work, tier, data)
    patience = 4.0 * one.grading["cpu"]
    knobs = (one.config["settings"].get(one.graded) or {}) | (
        {} if one.is_trained(one.graded) else {"steps": STEPS}
    )
    with contextlib.suppress(ProbeFailed), Session(work, one.script, knobs=knobs, box=box) as session:
        exam = Exam(one, session, data, patience)
        asked: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
            ("overfit", exam.batch(128), {"steps": STEPS}),
            ("gradients", exam.batch(16), {}),
        ]
        if not one.is_trained(one.graded):
            asked.append(("train", dict(data.train_paths()), {"told": False}))
        for what, arrays, settings in asked:
            with contextlib.suppress(ProbeFailed):
                session.ask(what, arrays, seconds=patience, seed=exam.seed, **settings)
        if (box.scratch / "numba").is_dir():
            shutil.copytree(box.scratch / "numba", kept, dirs_exist_ok=True)
    return kept


def hand_over(code: Path, box: Box) -> None:
    """A copy: what a submission writes there is its own."""
    shutil.copytree(code, box.scratch / "numba", dirs_exist_ok=True)
