"""A class of mutants whose scores are known, graded while graders are killed: every score has to be right at the end.

    python -m tests.assessment.soak --submissions 1000 --kills 50 [--folder DIR]

The submissions are versions of the reference with one change each (tito.mutants), and the reference itself; in all of them memory that
nobody has written holds zeros, so that a layer whose bias is never filled has one score. What each is worth is found first, without any
disturbance. Then supervisor, drivers and sandboxes are killed with SIGKILL at random moments; the supervisor is
started again each time, as an instructor would.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tito.assessment import classroom
from tito.assessment.batch import command
from tito.assessment.classroom import Class
from tito.assessment.driver import grade
from tito.assessment.engines import boxes_of
from tito.assessment.exams import Shelf
from tito.assessment.intake import Submission
from tito.assessment.isolation.launch import possible
from tito.assessment.results import Job, Result
from tito.assessment.store import Gradebook
from tito.course import the_course
from tito.levels import level_files
from tito.mutants import mutants_of

MILESTONE, LEVEL = "basic_inference", 4
KINDS = ("supervisor", "driver", "sandbox")


def versions(count: int, rng: random.Random) -> list[Submission]:
    """The reference, and so many mutants of what modules 03 and 04 teach."""
    course = the_course()
    files = {
        f"tinytorch/{name}": text.encode() if isinstance(text, str) else text
        for name, text in level_files(course.package, course.modules, LEVEL).items()
    }
    fresh = files["tinytorch/creation.py"]
    files["tinytorch/creation.py"] = fresh.replace(b".empty(", b".zeros(").replace(
        b".empty_like(", b".zeros_like("
    )
    wrong = []
    for number in (3, 4):
        for one in course.taught(course.module(number)):
            text = files[f"tinytorch/{one.file}"].decode()
            wrong += [(one.file, mutant.source) for mutant in mutants_of(text, one)]
    rng.shuffle(wrong)
    return [Submission(files)] + [
        Submission(files | {f"tinytorch/{f}": s.encode()}) for f, s in wrong[:count]
    ]


def a_class(
    folder: Path, students: int, kinds: list[Submission], seconds: float, tier: str
) -> dict[str, float]:
    """A class whose students hand these in, and what each student's work is worth, found undisturbed. What takes long is not handed in."""
    room = classroom.make(folder, "soak", [MILESTONE], [])
    names = [f"s{i:04}" for i in range(students)]
    (folder / "roster.csv").write_text("student\n" + "\n".join(names) + "\n")
    with contextlib.closing(Shelf()) as shelf:
        made = [kind.keep(folder / "kinds") for kind in kinds]
        quick = [
            archive for archive in made if undisturbed(room, "nobody", archive, tier, shelf).seconds < seconds
        ]
    handed_in = {name: quick[i % len(quick)] for i, name in enumerate(names)}
    for name, archive in handed_in.items():
        os.link(archive, folder / "submissions" / f"{name}.zip")

    def worth(some: list[str]) -> dict[str, float]:
        with contextlib.closing(Shelf()) as shelf:
            return {name: undisturbed(room, name, handed_in[name], tier, shelf).score for name in some}

    cores = os.cpu_count() or 1
    with ThreadPoolExecutor(cores) as pool:
        parts = list(pool.map(worth, [names[i::cores] for i in range(cores)]))
    return {name: score for part in parts for name, score in part.items()}


def undisturbed(room: Class, student: str, archive: Path, tier: str, shelf: Shelf) -> Result:
    return grade(room, Job(1, 1, student, archive.stem, MILESTONE, 0, 3, ""), archive, tier, shelf)


def worths(folder: Path, student: str, tier: str) -> set[float]:
    """What gradings that nobody disturbs find: more than one for a mutant that reads memory which nobody has written."""
    room, archive = classroom.read(folder), folder / "submissions" / f"{student}.zip"
    with contextlib.closing(Shelf()) as shelf:
        return {undisturbed(room, student, archive, tier, shelf).score for _ in range(8)}


@dataclass
class Outcome:
    graded: int = 0
    wrong: dict[str, list[str]] = field(default_factory=dict)  # what a student's wrong score is made of
    unsteady: dict[str, list[float]] = field(default_factory=dict)  # students whose work has no one score
    killed: Counter = field(default_factory=Counter)
    errors: int = 0  # listed for a person on the way, and graded again
    results: int = 0
    intact: bool = False
    left: list[str] = field(default_factory=list)
    seconds: float = 0.0
    scores: dict[float, int] = field(default_factory=dict)


def supervisor(folder: Path, *options: str) -> subprocess.Popen:
    return subprocess.Popen(
        command(folder, *options), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )


def children(pid: int) -> list[int]:
    try:
        return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def kill_one(rng: random.Random, process: subprocess.Popen, kinds) -> str:
    """SIGKILL to the supervisor, a driver or a sandbox; which it was, or nothing if there is none of the kind."""
    kind = rng.choice(kinds)
    drivers = children(process.pid)
    pids = {
        "supervisor": [process.pid],
        "driver": drivers,
        "sandbox": [p for d in drivers for p in children(d)],
    }[kind]
    if not pids:
        return ""
    try:
        os.kill(rng.choice(pids), signal.SIGKILL)
    except ProcessLookupError:
        return ""
    return kind


def soak(
    folder: Path, expected: dict[str, float], kills: int, seed: int = 1, pause: float = 1.0, options=(), kinds=KINDS
) -> Outcome:  # fmt: skip
    """Grade the class under fire, of these kinds of process."""
    rng, outcome, begun = random.Random(seed), Outcome(), time.monotonic()
    process = supervisor(folder, *options)
    while sum(outcome.killed.values()) < kills:
        time.sleep(rng.uniform(0.05, 2 * pause))
        if process.poll() is not None:
            process.stderr.close()
            counts = Counter(row["state"] for row in standing(folder))
            if counts and set(counts) == {"done"}:
                break
            process = supervisor(folder, *options)
        elif kind := kill_one(rng, process, kinds):
            outcome.killed[kind] += 1
    for _ in range(5):  # what a person does at the end: run it to its end, then what the grader failed at
        process.wait(), process.stderr.close()
        process = supervisor(folder, *options)
        process.wait(), process.stderr.close()
        errors = sum(row["verdict"] == "grader_error" for row in newest(folder).values())
        if not errors:
            break
        outcome.errors += errors
        process = supervisor(folder, "--only", "failed", *options)
    outcome.seconds = time.monotonic() - begun
    found = newest(folder)
    outcome.graded, outcome.results = len(found), len(standing(folder))
    outcome.scores = dict(Counter(round(row["score"], 2) for row in found.values()))
    book = Gradebook(folder / "gradebook.db")
    for student, score in expected.items():
        row = found.get(student)
        if row is None:
            outcome.wrong[student] = ["no grade"]
        elif row["score"] != score:
            scores = worths(folder, student, row["isolation"]) | {score}
            if len(scores) > 1:
                outcome.unsteady[student] = sorted(scores | {row["score"]})
            else:
                outcome.wrong[student] = [f"{row['score']} for {score}", *failures(book, student)]
    intact = book.broken_at() is None
    book.close()
    with closing(sqlite3.connect(folder / "gradebook.db")) as database, database:
        outcome.intact = intact and database.execute("pragma integrity_check").fetchone() == ("ok",)
    time.sleep(0.5)
    mark = os.fsencode(boxes_of(classroom.read(folder)).name)
    outcome.left = [
        str(p) for p in Path("/proc").glob("[0-9]*") if mark in told(p / "cmdline") + told(p / "environ")
    ]
    return outcome


def told(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def standing(folder: Path) -> list[dict]:
    if not (folder / "gradebook.db").exists():
        return []
    book = Gradebook(folder / "gradebook.db")
    try:
        return book.standing()
    finally:
        book.close()


def newest(folder: Path) -> dict[str, dict]:
    return {row["student"]: row for row in standing(folder) if row["state"] == "done"}


def failures(book: Gradebook, student: str) -> list[str]:
    """The checks of a student's newest result that did not pass."""
    result = next((a["result"] for a in reversed(book.attempts()) if a["student"] == student), 0)
    failed = [check for check in book.checks_of(result) if check.verdict != "passed"]
    return [f"{check.name}: {check.verdict}, {check.message}" for check in failed]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--submissions", type=int, default=1000)
    parser.add_argument("--kinds", type=int, default=60)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pause", type=float, default=3.0, help="seconds between kills, on average")
    parser.add_argument("--only", choices=KINDS, action="append", help="kill only such a process")
    parser.add_argument("--folder", type=Path, default=None)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as temporary:
        folder = (wanted.folder or Path(temporary)) / "class"
        tier = next(tier for tier in "ABC" if not possible(tier))
        expected = a_class(
            folder, wanted.submissions, versions(wanted.kinds, random.Random(wanted.seed)), 6.0, tier
        )
        print(f"{len(expected)} submissions, {len(set(expected.values()))} different scores", flush=True)
        outcome = soak(folder, expected, wanted.kills, wanted.seed, wanted.pause, kinds=wanted.only or KINDS)
    print(json.dumps(vars(outcome), indent=2, default=str))
    sys.exit(0 if not outcome.wrong and not outcome.left and outcome.intact else 1)


if __name__ == "__main__":
    main()
