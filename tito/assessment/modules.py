"""Grading one module of one submission.

What is marked is the *overlay*: the student's files of module N on the reference's 00 to N-1, so that an early mistake is marked once, in the
module where it was made, and not again in all that stand on it. Every file of the package belongs to one module, so the overlay goes by files;
files that the student added to the package come along. The checks of the lesson run at arm's length (`remote/`), with data that are this
student's own, and the score is the passed share of their weights.

Then the same checks run once more on the student's own build from 00 up. That is reported as `whole build` and weighs nothing: what it finds
is an earlier module's mistake, which has its own marks, and whether the whole works is what the milestones measure.

Beside the checks of the lesson there are few bars, each a check with a small weight or none; what counts half a check does so once all checks of
the lesson pass, so that nothing is earned by code that does not work yet:

- `own code` (no weight): the module's files import no other framework. The sandbox does not have them, so that a body which leans on one
  fails where it is called; this line says why.
- `code limits` (half a check): taught bodies at most three times as long as the reference's and 30 lines more, nested no deeper than six blocks.
- `pace` (half a check): the CPU time of the student's process against the reference's on this machine, in this tier.
- `questions` (`answers.py`).
"""

from __future__ import annotations

import ast
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from ..course import the_course
from ..curriculum import Module
from ..levels import level_files
from ..weave import NoSuchSymbol, find, span
from .answers import answered
from .classroom import Class
from .plain import MOST_SAID, plain
from .remote.starting import FOREIGN, Found, Work, run_apart
from .results import Check, Job, Result

Mixes = dict[str, tuple[int, ...]]
LONGER, MORE_LINES, DEEPEST = 3, 30, 6
SLOWEST = 10.0  # times the reference's time: what is asked for is no accident of a busy machine
LIMITS_WEIGHT, PACE_WEIGHT = 0.5, 0.5
BLOCKS = (ast.For, ast.While, ast.If, ast.With, ast.Try, ast.Match)


def grade_module(room: Class, job: Job, folder: Path, tier: str) -> Result:
    """Grade module `job.task` of the submission laid out in `folder`."""
    begun = time.monotonic()
    module = the_course().module(job.task)
    handed_in = [file for file in module.files if (folder / "tinytorch" / file).is_file()]
    if not handed_in:
        message = f"none of the files of {module.name} is in the submission: {', '.join(module.files)}"
        told = Check(module.name, "missing_submission", message=message)
        return Result("missing_submission", 0.0, tier, checks=(told,))
    mixes = seeds(room, job, module)
    with overlay(module, folder) as root:
        spans = taught_lines(module, root)
        found = run_apart(Work(root, module.checks, tier, mix=mixes["module"], mixes=mixes, spans=spans))
    if found.package:
        verdict = found.package["verdict"]
        told = Check("import", verdict, message=message_of(found.package), visible=verdict != "grader_error")
        return Result(verdict, 0.0, tier, time.monotonic() - begun, (told, *policy(module, folder)))
    lesson = [check_of(record) for record in found.records]
    asked = yaml.safe_load((module.folder / "questions.yaml").read_text(encoding="utf-8"))
    checks = [
        *lesson, *bars(module, folder, tier, found), *answered(folder, room.task(job.task), asked, float(len(lesson))),
        *whole_build(module, folder, tier, found, mixes),
    ]  # fmt: skip
    return concluded(checks, tier, time.monotonic() - begun)


def concluded(checks: list[Check], tier: str, seconds: float) -> Result:
    """The passed share of the weights. A check that the grader could not make makes a result that is none: it is tried again."""
    most = sum(check.weight for check in checks)
    score = sum(check.weight * check.score for check in checks) / most if most else 0.0
    score = min(1.0, max(0.0, round(score, 9)))
    if any(check.verdict == "grader_error" for check in checks):
        verdict = "grader_error"
    else:
        verdict = "passed" if score == 1 else "partial" if score else "failed"
    return Result(verdict, score, tier, seconds, tuple(checks))


def seeds(room: Class, job: Job, module: Module) -> Mixes:
    """What is mixed into the seeds of each check; of `module`, into those drawn while checks.py is read."""
    tree = ast.parse(module.checks.read_text(encoding="utf-8"))
    functions = [s.name for s in tree.body if isinstance(s, ast.FunctionDef) and s.name.startswith("test_")]
    names = [name.removeprefix("test_") for name in functions]
    return {name: (room.seed(job.student, job.task, name, job.epoch),) for name in ["module", *names]}


def check_of(record: dict[str, Any]) -> Check:
    name, verdict = record["check"], record["verdict"]
    weight = float("excused" not in record)  # what cannot be made on this machine weighs nothing
    told = "" if verdict == "passed" else message_of(record)
    return Check(name, verdict, float(verdict == "passed"), weight, told)


def message_of(record: dict[str, Any]) -> str:
    """What the student reads: what was expected, what came, and where to look."""
    lines = [record["message"]]
    lines += [f"{key:<8} {record[key]}" for key in ("expected", "got") if record.get(key)]
    lines += [record["difference"]] if record.get("difference") else []
    if record.get("place"):
        file, line, code = record["place"]
        lines.append(f"{file}:{line}  {code}")
    return plain("\n".join(lines), MOST_SAID)


def taught_lines(module: Module, root: Path) -> tuple[tuple[str, int, int], ...]:
    """Where the bodies stand that the student wrote: an error's place is looked for there first."""
    found = (
        (one.file, statement(root / "tinytorch" / one.file, one.symbol))
        for one in the_course().taught(module)
    )
    return tuple((file, *span(node)) for file, node in found if node is not None)


# ---------------------------------------------------------------- what is run


@contextmanager
def overlay(module: Module, folder: Path) -> Iterator[Path]:
    """A package: the reference up to the module before, the student's files of this one, and what the student added."""
    package = folder / "tinytorch"
    files = dict(reference_level(module.number))
    known = {
        p.relative_to(the_course().package).as_posix() for p in the_course().package.rglob("*") if p.is_file()
    }
    for path in package.rglob("*"):
        name = path.relative_to(package).as_posix()
        mine = name in module.files or not known.intersection([name, *map(str, PurePosixPath(name).parents)])
        if path.is_file() and mine:
            files[name] = path.read_bytes()
    for name in module.files:
        if name.endswith(".py") and not (package / name).is_file():
            files.pop(name, None)  # not handed in: the reference's does not stand in for it
    with laid_out(files) as root:
        yield root


@cache
def reference_level(number: int) -> dict[str, bytes]:
    course = the_course()
    return level_files(course.package, course.modules, number)


@contextmanager
def laid_out(files: dict[str, bytes]) -> Iterator[Path]:
    root = Path(tempfile.mkdtemp(prefix="tito-overlay-"))
    try:
        for name, data in files.items():
            path = root / "tinytorch" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


def whole_build(module: Module, folder: Path, tier: str, found: Found, mixes: Mixes) -> list[Check]:
    """The checks that passed on the overlay, on the student's own build."""
    names = tuple(record["check"] for record in found.records if record["verdict"] == "passed")
    if not names or module.number == 0:
        return []
    alone = run_apart(Work(folder, module.checks, tier, names=names, mix=mixes["module"], mixes=mixes))
    if alone.package:
        verdict, told = alone.package["verdict"], message_of(alone.package)
        return [Check("whole build", verdict, 0.0, 0.0, told)] if verdict != "grader_error" else []
    bad = [record for record in alone.records if record["verdict"] != "passed"]
    if not bad:
        return [Check("whole build", "passed", 1.0, 0.0)]
    good, first = len(names) - len(bad), bad[0]["check"].replace("_", " ")
    told = (
        f"on your own modules 00 to {module.number:02} {good} of the {len(names)} checks pass that pass on the reference's; "
        f"the first that does not is {first}: {message_of(bad[0])}"
    )
    return [Check("whole build", "partial" if good else "failed", good / len(names), 0.0, told)]


# ---------------------------------------------------------------- bars


def bars(module: Module, folder: Path, tier: str, found: Found) -> list[Check]:
    whole = all(record["verdict"] == "passed" or "excused" in record for record in found.records)
    return [
        *policy(module, folder),
        *limits(module, folder, LIMITS_WEIGHT if whole else 0.0),
        *(pace(module, tier, found) if whole else []),
    ]


def policy(module: Module, folder: Path) -> list[Check]:
    """The first import of another framework in the module's files. Only for the message: the sandbox has none of them."""
    for file in module.files:
        for line, name in imported(folder / "tinytorch" / file):
            if name.partition(".")[0] in FOREIGN:
                told = f"tinytorch/{file}:{line}  imports {name}; the module is to be built without it, and was run without it"
                return [Check("own code", "policy_violation", 0.0, 0.0, told)]
    return []


def imported(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(parsed(path) or ast.Module([], [])):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.lineno, node.module or ""


def bar(name: str, holds: bool, weight: float, told: str) -> Check:
    return Check(name, "passed" if holds else "failed", float(holds), weight, told)


def limits(module: Module, folder: Path, weight: float) -> list[Check]:
    """How long and how deep the taught bodies are."""
    course, problems = the_course(), []
    for one in course.taught(module):
        mine = statement(folder / "tinytorch" / one.file, one.symbol)
        if mine is None:
            continue
        theirs = statement(course.package / one.file, one.symbol)
        most = LONGER * lines_of(theirs) + MORE_LINES
        if lines_of(mine) > most:
            problems.append(f"{one.symbol} has {lines_of(mine)} lines; the bar is {most}")
        if depth_of(mine) > DEEPEST:
            problems.append(f"{one.symbol} is nested {depth_of(mine)} blocks deep; the bar is {DEEPEST}")
    return [bar("code limits", not problems, weight, "\n".join(problems[:5]))]


def parsed(path: Path) -> ast.Module | None:
    try:
        return ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def statement(path: Path, symbol: str) -> ast.stmt | None:
    try:
        return find(path.read_bytes().decode(), symbol)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError, NoSuchSymbol):
        return None


def lines_of(node: ast.stmt | None) -> int:
    if node is None:
        return 0
    first, last = span(node)
    return last - first + 1


def depth_of(node: ast.AST) -> int:
    """How many blocks stand in each other; `elif` is no deeper than `if`."""
    deepest, waiting = 0, [(node, 0)]
    while waiting:
        here, depth = waiting.pop()
        deepest = max(deepest, depth)
        for child in ast.iter_child_nodes(here):
            is_elif = isinstance(here, ast.If) and isinstance(child, ast.If) and child in here.orelse
            waiting.append((child, depth + (isinstance(child, BLOCKS) and not is_elif)))
    return deepest


def pace(module: Module, tier: str, found: Found) -> list[Check]:
    """How long the student's process computed beside the reference's: CPU time, which other work on the machine hardly changes."""
    if not found.cpu:
        return []
    theirs = reference_time(module.name, tier)
    told = f"the checks took {found.cpu:.1f} s of CPU time, {found.cpu / theirs:.1f} times the reference's here; the bar is {SLOWEST:.0f}"
    return [bar("pace", found.cpu <= SLOWEST * theirs, PACE_WEIGHT, told)]


@cache
def reference_time(name: str, tier: str) -> float:
    """CPU seconds of the reference under the module's checks on this machine; measured once in a grader's life."""
    module = the_course().module(name)
    with laid_out(dict(reference_level(module.number))) as root:
        return max(0.2, run_apart(Work(root, module.checks, tier)).cpu)
