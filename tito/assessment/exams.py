"""A milestone, graded: the milestone's own judges on this side, the submission in a sandbox on the other.

The questions are the milestone's, the random numbers the class's: drawn from its secret for each student and check, so that nobody
knows them before and a regrade asks the same. Each judge is a check with points of its own. A process that hangs or dies takes
the check with it that was asked; the next one gets a new process.
"""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..errors import TitoError
from ..milestones import curriculum, datasets, language  # noqa: F401  (they bring judges)
from ..milestones.datasets import Data, data_set
from ..milestones.definitions import Milestone, find_milestone
from ..milestones.exam import Exam, ask_judge
from ..milestones.judging import FRESH, Finding
from ..milestones.replay import fingerprint_of, points
from ..milestones.session import Laid, ProbeFailed, Session
from ..milestones.training import read_metrics, read_run
from .answers import answered
from .boxes import Box, box_for
from .bytecode import Standing
from .classroom import Class
from .common import common
from .isolation.kills import Killed, undisturbed
from .plain import MOST_SAID, plain
from .rehearsal import hand_over, machine_code
from .results import Check, Job, Result
from .yardstick import GraderYardstick

RESPAWNS = 3
MOST_YARDSTICKS = (
    3  # processes of the course's own networks that a grader keeps: a class may have many milestones
)
FOREIGN = re.compile(  # an import of somebody else's framework: there is none in the sandbox
    r"(No module named '|-packages/)(torch|tensorflow|jax|keras|theano|mxnet|paddle|sklearn|onnxruntime)\b"
)


class Shelf:
    """Data sets, read once and kept as long as the driver lives; what gradients are held against; and the course's package, laid out."""

    def __init__(self, practice: bool = False):
        """`practice`: drawn data even where the published is."""
        self.practice = practice
        self.stack = contextlib.ExitStack()
        self.kept: dict[str, Data] = {}
        self.yardsticks: dict[str, GraderYardstick] = {}
        self.laid: list[Standing] = []  # that nobody uses at the moment
        self.lent: list[Standing] = []

    def yardstick(self, one: Milestone, tier: str, knobs: dict[str, Any] | None) -> GraderYardstick:
        """The milestone's network made of the course's own package."""
        name = f"{one.id} {tier} {json.dumps(knobs, sort_keys=True)}"
        kept = self.yardsticks.pop(name, None) or GraderYardstick(one, tier, knobs)
        while len(self.yardsticks) >= MOST_YARDSTICKS:
            self.yardsticks.pop(
                next(iter(self.yardsticks))
            ).remove()  # the one that was asked for longest ago
        self.yardsticks[name] = kept
        return kept

    def data(self, name: str, rows: int = 0) -> Data:
        """The published data where it is on this machine, else the drawn set in its place; with `rows`, so many to train on.

        Cards are drawn afresh for everybody.
        """
        if rows:
            return self.once(f"{name} {rows}", lambda: self.data(name).first(rows))
        if name in ("cards", "none"):
            return self.stack.enter_context(data_set(name, self.practice, download=False))
        fill = lambda folder: datasets.lay_out(name, folder, self.practice, download=False)
        folder = f"data-{name}-{'drawn' if self.practice else 'published'}"
        return self.once(name, lambda: datasets.read(name, common(folder, fill), keep=True))

    def once(self, name: str, make: Callable[[], Data]) -> Data:
        if name not in self.kept:
            self.kept[name] = make()
        return self.kept[name]

    @contextlib.contextmanager
    def standing(self, level: int) -> Iterator[Standing]:
        """A copy of the course's package at a level. It is given up where something went wrong while it was in use."""
        mine = next((one for one in self.laid if one.level == level), None)
        if mine is not None:
            self.laid.remove(mine)
        mine = mine or Standing(level)
        self.lent.append(mine)
        try:
            yield mine
            if mine.own:
                raise RuntimeError("files of a submission are left")
        except BaseException:
            mine.end()
            raise
        finally:
            self.lent.remove(mine)
        self.laid.append(mine)

    def rehearse(self, one: Milestone, level: int, tier: str) -> None:
        """Before the second submission of a milestone whose network has kernels: have the course's compiled."""
        with self.standing(level) as standing:
            standing.seen[one.id] += 1
            if standing.has_kernels and standing.seen[one.id] > 1 and one.id not in standing.code:
                data = self.data(one.config["data"], one.grading.get("rows", 0))
                standing.code[one.id] = machine_code(one, Laid(standing.folder), tier, data)

    def code_for(self, one: Milestone, root: Path) -> Path | None:
        """For a submission that is laid out there: what the course's kernels were compiled to, if they are the ones it has."""
        mine = next((standing for standing in self.lent if standing.folder == root), None)
        return mine.code.get(one.id) if mine and mine.genuine else None

    def close(self) -> None:
        for one in self.laid:
            one.end()
        self.stack.close()
        self.kept.clear()
        for yardstick in self.yardsticks.values():
            yardstick.remove()
        self.yardsticks.clear()


class Sitting:
    """One submission before one milestone's judges. `believed`: a process that was killed has failed, whoever did it."""

    def __init__(
        self, room: Class, job: Job, one: Milestone, work: Laid, tier: str, data: Data, shelf: Shelf, believed: bool,
        code: Path | None = None,
    ):  # fmt: skip
        """`code`: what its kernels were compiled to before."""
        self.one, self.work, self.tier, self.data, self.code = one, work, tier, data, code
        self.shelf, self.believed = shelf, believed
        self.box: Box | None = None  # the newest
        self.setting = one.graded
        self.seeds = lambda check: room.seed(job.student, job.task, check, job.epoch)
        self.exam: Exam | None = None
        self.spawned, self.ready = 0, False  # ready: the process has a trained model
        self.run: dict[str, Any] = {}
        self.checks: list[Check] = []

    # ------------------------------------------------------------ processes

    def open(self) -> None:
        """A process with the package in it; the fourth that would have to take a dead one's place is refused."""
        if self.spawned > RESPAWNS:
            raise ProbeFailed(
                f"{self.spawned} processes have died of this submission: no more are started",
                verdict="not_run",
            )
        knobs = self.run["made_of"]["knobs"] if self.run else self.one.config["settings"].get(self.setting)
        self.box = box_for(self.one, self.work, self.tier, self.data)
        if self.code:
            hand_over(self.code, self.box)
        self.spawned += 1
        patience = 2.0 * self.one.grading["cpu"]  # wall clock: others may be at work on this machine too
        session = Session(
            self.work, self.one.script, knobs=knobs, box=self.box, seconds=min(patience, 60)
        ).__enter__()
        if self.exam is None:
            self.exam = Exam(self.one, session, self.data, patience, draw=self.seeds)
            self.exam.setting = self.setting
            self.exam.yardstick = self.shelf.yardstick(self.one, self.tier, knobs)
            self.exam.run, self.exam.run_folder = self.run, self.folder
        self.exam.session, self.ready = session, False

    def close(self) -> None:
        if self.exam is not None:
            self.exam.session.close()

    @property
    def folder(self) -> Path:
        return self.work.root / "runs" / self.one.id

    def session_for(self, judge: str) -> None:
        """A living process, with a model in it if the judge needs one."""
        if self.exam is None or not self.exam.session.alive:
            self.close()
            self.open()
        if judge not in FRESH and not self.ready:
            self.prepare()
            self.ready = True

    def prepare(self) -> None:
        """Train on the spot; or take the model from the run that was handed in."""
        assert self.exam is not None
        self.exam.begin("training")
        if self.run:
            paths, last = self.data.train_paths(), str(points(self.folder)[-1][1])
            self.exam.session.ask(
                "restore", paths, seconds=self.exam.patience, checkpoint=last, seed=self.run["seed"]
            )
        else:
            if "labels" in self.data.train and self.exam.names is None:
                self.exam.rename_classes()
            self.exam.train(told=False)

    # ------------------------------------------------------------ checks

    def sit(self) -> None:
        """Import, training, then every judge; what needs a failed one is blocked."""
        specs = self.one.judges(self.setting)
        trained = self.one.is_trained(self.setting)
        if not self.attempt("import", 0, self.open):
            self.block(specs, "the package cannot be imported")
            return
        if trained and not self.attempt("run", 0, self.look_at_run):
            fresh = [spec for spec in specs if spec["judge"] in FRESH]
            self.block(
                [spec for spec in specs if spec not in fresh], "needs a trained run that is what it says"
            )
            specs = fresh
        self.judge_each(specs)

    def judge_each(self, specs: list[dict[str, Any]]) -> None:
        lost = ""  # why there is no trained model
        for spec in sorted(specs, key=lambda spec: spec["judge"] in FRESH):
            name, weight = spec["judge"], spec.get("weight", 1)
            if name not in FRESH and not lost and not self.ready:
                what = "the last checkpoint" if self.run else "training"
                if not self.attempt(
                    "restore" if self.run else "training", 0, lambda n=name: self.session_for(n)
                ):
                    lost = f"needs {what}, which failed"
            if name not in FRESH and lost:
                self.block([spec], lost)
            else:
                self.attempt(name, weight, lambda s=spec: self.judged(s))

    def judged(self, spec: dict[str, Any]) -> Finding:
        self.session_for(spec["judge"])
        assert self.exam is not None
        return ask_judge(self.exam, spec)

    def look_at_run(self) -> Finding:
        """Whether a finished run was handed in, made by this package; where the process reads it, once it is known to be one."""
        run = read_run(self.folder)
        if not run or not run.get("finished"):
            raise ProbeFailed(
                f"there is no finished run in runs/{self.one.id}: tito milestone train {self.one.handle}", verdict="missing_submission"
            )  # fmt: skip
        try:
            finding = fingerprint_of(self.work, self.one, run, self.folder, self.data, sealed=False)
            read_metrics(self.folder / "metrics.jsonl")
            well_formed = type(run.get("seed")) is int
        except (
            TitoError,
            AttributeError,
            TypeError,
            KeyError,
            ValueError,
            RecursionError,
            IsADirectoryError,
        ) as error:
            raise ProbeFailed(
                f"runs/{self.one.id} is no record of a run: {error}", verdict="invalid_submission"
            ) from None
        if not well_formed:
            raise ProbeFailed(f"runs/{self.one.id}/run.json has no seed", verdict="invalid_submission")
        if finding.passed:
            self.run = run
            self.close()  # the knobs are the run's: the next process is given them
            self.exam, self.spawned = None, 0
        return finding

    def attempt(self, name: str, weight: float, ask) -> bool:
        """A check: what came of asking, with the verdict. Steps on the way to checks weigh nothing."""
        try:
            found = ask()
        except ProbeFailed as error:
            if self.box is not None and self.box.killed and not self.believed:
                raise Killed from error
            message = f"{error}\n{error.place}" if error.place else str(error)
            self.checks.append(Check(name, verdict_of(name, error), 0.0, weight, plain(message, MOST_SAID)))
            return False
        passed = found is None or found.passed
        told = found.message if found else ""
        if found and found.place:
            told += f"\n{found.place}"
        self.checks.append(
            Check(
                name,
                "passed" if passed else "failed",
                float(passed),
                weight,
                plain(told, MOST_SAID),
                value=found.value if found else None,
            )
        )
        return passed

    def block(self, specs: list[dict[str, Any]], why: str) -> None:
        self.checks += [Check(s["judge"], "blocked", 0.0, s.get("weight", 1), why) for s in specs]


def verdict_of(name: str, error: ProbeFailed) -> str:
    """One word. What fails while the package is imported is an import's failure, whatever was raised."""
    if FOREIGN.search(str(error)):
        return "policy_violation"
    if name == "import" and error.verdict == "failed":
        return "import_error"
    return error.verdict


def examine(room: Class, job: Job, root: Path, tier: str, shelf: Shelf) -> Result:
    """Grade one milestone of a submission that is laid out in `root`."""
    one = find_milestone(job.task)
    begun = time.monotonic()
    work = Laid(root)
    data, code = shelf.data(one.config["data"], one.grading.get("rows", 0)), shelf.code_for(one, root)

    def sit(believed: bool) -> list[Check]:
        sitting = Sitting(room, job, one, work, tier, data, shelf, believed, code)
        try:
            sitting.sit()
        finally:
            sitting.close()
        return sitting.checks

    checks = undisturbed(sit)
    checks += answered(root, room.task(job.task), one.questions, sum(check.weight for check in checks))
    return summed_up(checks, tier, time.monotonic() - begun)


def summed_up(checks: list[Check], tier: str, seconds: float) -> Result:
    """The weighted share of what passed, and one word for all of it."""
    total = sum(check.weight for check in checks)
    score = sum(check.score * check.weight for check in checks) / total if total else 0.0
    failing = [check.verdict for check in checks if check.verdict not in ("passed", "blocked")]
    if score >= 1 - 1e-9:
        verdict, score = "passed", 1.0
    elif score > 0:
        verdict = "partial"
    else:
        verdict = failing[0] if failing else "blocked"
    return Result(verdict, min(max(score, 0.0), 1.0), tier, seconds, tuple(checks))
