"""The list of `lines.py`, graded. Each line has the score that its honest part earns and one of the verdicts that fit; the others keep theirs;
nothing is left: no process, no folder, no file outside; and the grader's memory stays what it was.

Of what is quick every second line is graded here, of honest code and of words every third, in turn in one tier and the other. `pytest -m slow`
grades the whole list in both tiers, as one class, with a real batch.
"""

from __future__ import annotations

import dataclasses
import importlib
import os
import re
import resource
import sys
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest

from tito.assessment import classroom
from tito.assessment.classroom import Student
from tito.assessment.intake import IntakeError, Submission, take_in
from tito.assessment.isolation.launch import possible, remove
from tito.assessment.results import Check, Job, Result
from tito.assessment.store import Gradebook
from tito.course import the_course
from tito.levels import level_files
from tito.milestones.definitions import Milestone, find_milestone

from .lines import EVERYTHING, LINES, MILESTONE, Line

GROUPS = ("endings", "bombs", "replies", "escapes", "archives", "shadows", "words", "shortcuts", "odd")
for group in GROUPS:
    importlib.import_module(f"{__package__}.{group}")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="tiers A and B are Linux's")
MB = 1 << 20
OUTSIDE = ("/tmp/tito-was-here", "/tmp/tito-was-here.py", "/tito-was-here", "/var/tmp/tito-was-here", "/tmp/tito-note", "/dev/shm/tito-note", "/var/tmp/tito-note")  # fmt: skip
TIERS = [tier for tier in "AB" if not possible(tier)]


@cache
def complete() -> dict[str, bytes]:
    """The submission that every line changes a copy of: all right, at the milestone's level."""
    level = the_course().module(find_milestone(MILESTONE).last_module).number
    files = level_files(the_course().package, the_course().modules, level)
    return {f"tinytorch/{name}": data for name, data in files.items()}


def hand_in(line: Line, folder: Path, honest: dict[str, bytes]) -> Path:
    """What the student of this line hands in: an archive of its own making, or a zip of the changed files."""
    files = dict(honest)
    if line.archive:
        (folder / line.name).mkdir(parents=True)
        return line.make(files, folder / line.name)
    line.make(files)
    from .archives import zipped

    folder.mkdir(exist_ok=True)
    return zipped(folder / f"{line.name}.zip", files)


@dataclasses.dataclass
class Graded:
    """What came of a list of lines, and what was left of them."""

    results: dict[str, Result]
    left_processes: list[str]
    left_folders: list[str]
    seconds: dict[str, float]
    grown: int = 0  # MB by which the grader's process has grown


def processes(folder: Path) -> dict[str, str]:
    """What runs below this process, or for a box in this folder, by its number."""
    found = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = status.read_text().rpartition(")")[2].split()[1]
            found[status.parent.name] = (
                parent,
                (status.parent / "cmdline").read_bytes().decode(errors="replace"),
            )
        except OSError:
            continue
    mine, grown = {str(os.getpid())}, True
    while grown:
        more = {pid for pid, (parent, _) in found.items() if parent in mine} - mine
        mine, grown = mine | more, bool(more)
    boxed = {pid for pid, (_, command) in found.items() if str(folder) in command}
    return {
        pid: found[pid][1].replace("\0", " ") for pid in (mine | boxed) - {str(os.getpid())} if pid in found
    }


def grade_all(lines: Iterable[Line], tier_of, folder: Path) -> Graded:
    """Grade each line on its own, two at a time, in this process: intake first, then the driver. What takes its limit of time has a short one."""
    from tito.assessment.boxes import cool_down
    from tito.assessment.driver import grade
    from tito.assessment.exams import Shelf

    lines = list(lines)
    room = classroom.make(folder / "class", "class", [MILESTONE], [])
    room = dataclasses.replace(room, students=tuple(Student(line.name) for line in lines))
    honest, took, temporary = complete(), {}, folder / "temporary"
    temporary.mkdir()
    before = set(processes(temporary))
    patch = pytest.MonkeyPatch()
    ours, shelves = threading.local(), []
    limits = lambda _: {"cpu": 3 if ours.line.slow else 60, "memory": 2048, "answer": 8}
    patch.setattr(Milestone, "grading", property(limits))
    patch.setattr("tempfile.tempdir", str(temporary))
    patch.setenv("SECRET_OF_THE_CLASS", "abc")

    def one(line: Line) -> Result:
        begun = time.monotonic()
        if not hasattr(ours, "shelf"):
            ours.shelf = Shelf()
            shelves.append(ours.shelf)
        ours.line = line
        try:
            archive = take_in(hand_in(line, folder / "submissions", honest)).keep(room.folder / "archives")
        except IntakeError as error:
            return invalid(error, tier_of(line))
        finally:
            remove(folder / "submissions" / line.name)
        result = grade(
            room, Job(1, 1, line.name, archive.stem, MILESTONE, 0, 1, "x"), archive, tier_of(line), ours.shelf
        )
        took[line.name] = time.monotonic() - begun
        return result

    try:
        with ThreadPoolExecutor(2) as pool:
            results = dict(zip([line.name for line in lines], pool.map(one, lines)))
        for shelf in shelves:
            shelf.close()
        cool_down()  # what boxes are forked from lives as long as this process
        left = {pid: command for pid, command in processes(temporary).items() if pid not in before}
        folders = sorted(path.name for path in temporary.iterdir() if not path.name.startswith(("tito-runtime", "tito-data")))  # fmt: skip
    finally:
        patch.undo()
    return Graded(results, list(left.values()), folders, took)


def invalid(error: IntakeError, tier: str) -> Result:
    return Result(
        "invalid_submission", 0.0, tier, checks=(Check("intake", "invalid_submission", message=str(error)),)
    )


# ---------------------------------------------------------------- the list, once


QUICK = [
    line
    for place, line in enumerate(LINES)
    if not line.slow and place % (3 if line.group in ("odd", "words") else 2) == 0
]


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """These lines, in turn in one tier and the other."""
    if not TIERS:
        pytest.skip("neither bubblewrap nor Landlock on this machine")
    tiers = {line.name: TIERS[place % len(TIERS)] for place, line in enumerate(QUICK)}
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    done = grade_all(QUICK, lambda line: tiers[line.name], tmp_path_factory.mktemp("hostile"))
    done.grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) // 1024
    return done


def told(result: Result) -> str:
    return "; ".join(f"{check.name} {check.verdict}: {check.message[:150]}" for check in result.checks)


def judge(line: Line, result: Result) -> None:
    passed = {check.name for check in result.checks if check.verdict == "passed" and check.weight}
    wanted = EVERYTHING if line.or_all and passed else line.earns
    assert passed == wanted, told(result)
    assert result.score == pytest.approx(len(wanted) / len(EVERYTHING)), told(result)
    assert result.verdict in line.verdicts, f"{result.verdict}: {told(result)}"
    assert re.search(line.says, told(result))


@pytest.mark.parametrize("line", QUICK, ids=lambda line: line.name)
def test_a_line_has_what_its_honest_part_earns(graded, line):
    judge(line, graded.results[line.name])


def test_nothing_is_left(graded):
    assert graded.left_processes == [] and graded.left_folders == []
    assert [path for path in OUTSIDE if os.path.lexists(path)] == []


def test_the_grader_stays_small(graded):
    """Floods, bombs and archives that explode have been graded by now: in MB more than before."""
    assert graded.grown < 400


def test_the_list_is_as_long_as_it_says():
    names = [line.name for line in LINES]
    assert len(set(names)) == len(names) >= 315
    hostile = [line for line in LINES if line.group != "odd"]
    assert len(hostile) >= 215 and len(LINES) - len(hostile) >= 98


@pytest.mark.parametrize("line", [line for line in LINES if not line.archive], ids=lambda line: line.name)
def test_a_line_changes_something(line):
    files = dict(complete())
    line.make(files)
    assert files != complete()


# ---------------------------------------------------------------- as one class


def grade_class(lines: list[Line], tier: str, folder: Path) -> dict[str, Result]:
    """Every line a student of one class, graded by one batch; an honest student stands before and after them all."""
    from tito.assessment.batch import Order, batch

    room = classroom.make(folder / "class", "class", [MILESTONE], [])
    names = ["aa_honest", *[line.name for line in lines], "zz_honest"]
    (room.folder / "roster.csv").write_text("student\n" + "\n".join(names) + "\n")
    room, honest = classroom.read(room.folder), complete()
    for line in lines:
        made = hand_in(line, folder / "made", honest)
        os.replace(made, room.submissions / f"{line.name}{''.join(made.suffixes)}")
    for name in ("aa_honest", "zz_honest"):
        Submission(honest).lay_out(room.submissions / name)
    book = Gradebook(room.gradebook)
    batch(room, book, Order(workers=2, isolation=tier))
    kept = {one["student"]: Result(one["verdict"], one["score"], one["isolation"], checks=tuple(book.checks_of(one["result"]))) for one in book.attempts()}  # fmt: skip
    assert book.broken_at() is None
    book.close()
    assert set(kept) == set(names), "each has one grade"
    return kept


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("tier", ["A", "B"])
def test_the_whole_list_as_one_class(tier, tmp_path):
    if why := possible(tier):
        pytest.skip(why)
    before = set(processes(tmp_path))
    kept = grade_class(LINES, tier, tmp_path)
    assert kept["aa_honest"].score == kept["zz_honest"].score == 1.0
    wrong = {}
    for line in LINES:
        try:
            judge(line, kept[line.name])
        except AssertionError as error:
            wrong[line.name] = str(error)
    assert not wrong
    assert [command for pid, command in processes(tmp_path).items() if pid not in before] == []
    assert [path for path in OUTSIDE if os.path.lexists(path)] == []
