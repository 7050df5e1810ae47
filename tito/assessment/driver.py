"""One grader: takes a job, lays the submission out, has it examined, answers with a result. Trusted; one for each slot.

    python -m tito.assessment.driver CLASS TIER SUPERVISOR COMMON     jobs and results are lines of JSON on standard input and output

Nothing here runs a submission's code or imports it. What goes wrong on this side is a `grader_error`, never a score.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import TitoError
from ..milestones.definitions import find_milestone
from ..quiz import answers_of
from . import classroom
from .boxes import warm
from .bytecode import lay_out
from .classroom import Class
from .common import share
from .exams import Shelf, examine
from .intake import kept
from .isolation.confine import die_with
from .modules import grade_module
from .results import Check, Job, Result

A_BEAT = 2.0  # seconds between signs of life


def grade(room: Class, job: Job, archive: Path, tier: str, shelf: Shelf | None = None) -> Result:
    """Grade one submission for one task."""
    begun = time.monotonic()
    own = None if shelf else Shelf()
    try:
        task = room.task(job.task)
        level = level_of(task.id) if task.kind == "milestone" else None
        beside = (f"runs/{task.id}/", answers_of(task.kind, task.id))
        if level is not None and shelf is not None and tier in ("A", "B"):
            shelf.rehearse(find_milestone(task.id), level, tier)
        with laid_out(archive, beside, level, tier, shelf) as folder:
            if task.kind == "module":
                return grade_module(room, job, folder, tier)
            return examine(room, job, folder, tier, shelf or own)  # type: ignore[arg-type]
    except Exception as error:
        return broken(error, tier, time.monotonic() - begun)
    finally:
        if own:
            own.close()


@cache
def level_of(milestone: str) -> int:
    """A driver asks for it again and again, and each time all lessons' heads would be read."""
    return find_milestone(milestone).level


def broken(error: BaseException, tier: str, seconds: float) -> Result:
    """The grader's own failure, with where it happened: for the instructor's eyes."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    where = " < ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in reversed(frames))
    told = f"{type(error).__name__}: {error}"[:2000]
    return Result(
        "grader_error", 0.0, tier, seconds, (Check("grader", "grader_error", message=f"{told}\n{where}", visible=False),)
    )  # fmt: skip


@contextlib.contextmanager
def laid_out(
    archive: Path, beside: Sequence[str], level: int | None, tier: str, shelf: Shelf | None = None
) -> Iterator[Path]:
    """A submission's files in a folder of their own: its package, and beside it a milestone's run and the answers, if they are there.

    With a `level`, as a sandbox of this tier imports them, bytecode included; with a shelf, in a copy of the course's that stands there.
    """
    mine, shared = kept(archive, "tinytorch/", *beside), tier in ("A", "B")
    if level is not None and shared and shelf is not None:
        with shelf.standing(level) as standing:
            if standing.takes(mine):
                standing.put(mine)
                yield standing.folder
                standing.clear()
                return
    folder = Path(tempfile.mkdtemp(prefix="tito-work-"))
    try:
        if level is None:
            mine.lay_out(folder)
        else:
            lay_out(mine, folder, level, shared)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# ---------------------------------------------------------------- as a process of the local engine


def main() -> None:
    die_with(int(sys.argv[3]))
    room, tier = classroom.read(Path(sys.argv[1])), sys.argv[2]
    share(Path(sys.argv[4]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's to answer
    out, lock = os.fdopen(os.dup(1), "w", encoding="utf-8"), threading.Lock()
    os.dup2(2, 1)

    def say(record: dict[str, Any]) -> None:
        with lock:
            out.write(json.dumps(record) + "\n")
            out.flush()

    def beat() -> None:
        with contextlib.suppress(OSError, ValueError):
            while True:
                time.sleep(A_BEAT)
                say({"beat": time.time()})

    shelf = Shelf()
    say({"ready": os.getpid()})
    threading.Thread(target=beat, daemon=True).start()
    try:
        for line in sys.stdin:
            order = json.loads(line)
            if "prepare" in order:
                prepare(order["prepare"], tier, shelf)
                continue
            job = Job(**order["job"])
            result = grade(room, job, Path(order["archive"]), tier, shelf)
            say({"job": job.id, "result": asdict(result)})
    finally:
        shelf.close()


def prepare(milestones: Sequence[str], tier: str, shelf: Shelf) -> None:
    """What jobs for these will need. What cannot be had is said by the job that needs it."""
    with contextlib.suppress(TitoError, OSError):
        for one in map(find_milestone, milestones):
            if tier in ("A", "B"):
                with shelf.standing(level_of(one.id)):
                    warm()
            if one.config["data"] != "cards":  # they are drawn afresh for everybody
                shelf.data(one.config["data"], one.grading.get("rows", 0))


def result_of(record: dict[str, Any]) -> Result:
    """A result that came as JSON."""
    return Result(**record | {"checks": tuple(Check(**check) for check in record["checks"])})


if __name__ == "__main__":
    main()
