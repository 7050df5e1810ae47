"""A trained run is held to its record: made of what is here now, as good as it says, and repeatable step by step.

The fingerprint says whether the run was made by this package, script and data. The result is measured again in a fresh process.
And from stored points of the run the student's code goes on for a few steps: the losses must come out as recorded, the last
weights as stored. That, and learning a batch with labels drawn on the spot, is what no file written by hand can do.
"""

from __future__ import annotations

import hmac
import re
import time
from pathlib import Path
from typing import Any

from ..errors import TitoError
from ..journey import run_checkpoint, said
from .datasets import data_set
from .definitions import Milestone
from .exam import Exam, Outcome, Say, examine, judge_all, silent
from .fingerprint import file_digest, package_files, package_fingerprint
from .judging import Finding, judge
from .session import ProbeFailed, Session
from .training import checkpoint_digests, read_metrics, read_run, run_folder, seal
from .yardstick import Yardstick

POINT = re.compile(r"step-(\d{8})\.pt")


def examine_any(workspace, one: Milestone, *, setting: str = "", **options) -> Outcome:
    """`test`: on the spot where that fits, else the run that was trained before; and then whether all parts fit together."""
    setting = setting or one.default_setting
    look = examine_run if one.is_trained(setting) else examine
    outcome = look(workspace, one, setting=setting, **options)
    if outcome.passed and options.get("judges") is None:
        outcome.findings += integration(workspace, one, options.get("say", silent))
    return outcome


def integration(workspace, one: Milestone, say: Say) -> list[Finding]:
    """The checkpoint of the last module that the milestone needs: a test over everything built so far."""
    module = workspace.course.module(one.requires[-1])
    report = run_checkpoint(workspace, module)
    if report is None:
        return []
    failed = report.first_failure
    message = failed.message if failed else said(report) or "what was built fits together"
    place = f"{failed.file}:{failed.line}  {failed.code}" if failed and failed.file else ""
    found = Finding("integration", report.passed, f"checkpoint {module.number:02}: {message}", place=place)
    say("finding", found)
    return [found]


def examine_run(
    workspace, one: Milestone, *, setting: str, practice: bool = False, download: bool = True, say: Say = silent,
    judges: list[dict[str, Any]] | None = None,
) -> Outcome:  # fmt: skip
    """Judge the run in runs/NAME."""
    folder, begun = run_folder(workspace, one), time.monotonic()
    run = read_run(folder)
    if not run:
        raise TitoError(f"{one.title} has no trained run yet", f"tito milestone train {one.handle}")
    if run["made_of"].get("setting") != setting:
        raise TitoError(
            f"the run in {folder} has the setting {run['made_of'].get('setting')!r}, not {setting!r}",
            f"tito milestone train {one.handle} --setting {setting}",
        )
    if not run.get("finished"):
        raise TitoError(
            f"the run in {folder} is not finished", f"tito milestone train {one.handle} goes on with it."
        )
    outcome = Outcome(one.id, setting=setting, reference=workspace.is_reference)
    outcome.fingerprint = package_fingerprint(workspace)
    practice = practice or bool(run["made_of"].get("practice"))
    with data_set(one.config["data"], practice, download) as data:
        outcome.practice, outcome.source, outcome.why_practice = data.practice, data.source, data.why_practice
        say("data", data)
        stale = fingerprint_of(workspace, one, run, folder, data)
        if judges is None:
            say("finding", stale)
            outcome.findings.append(stale)
        specs = one.judges(setting) if judges is None else judges
        if not stale.passed and judges is None:
            outcome.findings += [
                Finding(s["judge"], False, "needs a run that is what it says", skipped=True) for s in specs
            ]
        else:
            restore_and_judge(workspace, one, run, folder, data, specs, outcome, say)
        outcome.curve = read_metrics(folder / "metrics.jsonl")
        outcome.figures["trained in"] = f"{run.get('seconds', 0):.0f} s"
    outcome.seconds = time.monotonic() - begun
    return outcome


def restore_and_judge(workspace, one, run, folder, data, specs, outcome, say) -> None:
    """A fresh process, the last checkpoint, the judges."""
    patience = one.config.get("seconds", 120)
    try:
        knobs = run["made_of"]["knobs"]
        with Session(workspace, one.script, knobs=knobs) as session, Yardstick(one, knobs) as yardstick:
            exam = Exam(one, session, data, patience, say)
            exam.yardstick = yardstick
            exam.run, exam.run_folder, exam.setting = run, folder, outcome.setting
            session.ask(
                "restore",
                data.train_paths(),
                seconds=patience,
                checkpoint=str(points(folder)[-1][1]),
                seed=run["seed"],
            )
            judge_all(exam, specs, outcome)
            if outcome.passed or not specs:
                outcome.shown = exam.show()
    except ProbeFailed as error:
        failed = Finding("checkpoint", False, f"the last checkpoint: {error}", place=error.place)
        say("finding", failed)
        outcome.findings.append(failed)


def points(folder: Path) -> list[tuple[int, Path]]:
    """The stored points of a run, in order."""
    found = [
        (int(m[1]), path)
        for path in (folder / "work" / "checkpoints").glob("*.pt")
        if (m := POINT.fullmatch(path.name))
    ]
    if not found:
        raise ProbeFailed("there is no checkpoint in the run's folder")
    return sorted(found)


def fingerprint_of(
    workspace, one: Milestone, run: dict[str, Any], folder: Path, data, sealed: bool = True
) -> Finding:
    """Whether the run was made of what is here now. `sealed`: and recorded by this user's tito, which a grader cannot ask."""
    made = run["made_of"]
    no = lambda message: Finding("fingerprint", False, message)
    now, then = package_files(workspace), made.get("package", {})
    changed = sorted(name for name in now.keys() | then.keys() if now.get(name) != then.get(name))
    if changed:
        told = ", ".join(f"tinytorch/{name}" for name in changed[:3]) + (
            f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        )
        return no(f"the run was made by other code than what is here now: {told} differ. Train again.")
    if made.get("script") != file_digest(one.script) or made.get("knobs") != (
        one.config["settings"].get(made.get("setting")) or {}
    ):
        return no("the run was made by another script or other knobs than the milestone's. Train again.")
    if made.get("data") != data.digest:
        return no(f"the run was made on other data than {data.source}. Train again.")
    stored = run.get("checkpoints") or {}
    present = checkpoint_digests(folder)
    if stored != present or not stored:
        edited = sorted(
            name for name in stored.keys() | present.keys() if stored.get(name) != present.get(name)
        )
        return no(
            f"a checkpoint is not as it was when the run ended: {', '.join(edited) or 'there is none'}. Train again."
        )
    metrics = folder / "metrics.jsonl"
    if not metrics.is_file() or file_digest(metrics) != run.get("metrics"):
        return no("metrics.jsonl is not as it was when the run ended. Train again.")
    if sealed and not hmac.compare_digest(str(run.get("seal", "")), seal(run)):
        return no("run.json was not written by this tito, or was edited since. Train again.")
    return Finding("fingerprint", True, "the run was made by this package, script and data")


@judge
def replay(exam, steps: int = 4, segments: int = 3, tolerance: float = 1e-3) -> Finding:
    """Go on from stored points with the student's code: the losses repeat, and the end is the stored end."""
    import numpy as np

    stored, recorded = points(exam.run_folder), read_metrics(exam.run_folder / "metrics.jsonl")
    losses = {int(row["step"]): row["loss"] for row in recorded if "loss" in row}
    last = stored[-1][0]
    usable = [(step, path) for step, path in stored if step + steps <= last]
    if len(usable) < segments:
        return Finding(
            "replay", False, f"the run stored {len(usable)} points to replay from; {segments} are needed"
        )
    middle = exam.rng.permutation(len(usable) - 1)[: segments - 1]
    for step, path in [*(usable[i] for i in sorted(middle)), usable[-1]]:
        answer = exam.session.ask(
            "replay",
            exam.data.train_paths(),
            seconds=exam.patience,
            checkpoint=str(path),
            steps=steps,
            seed=exam.run["seed"],
        )
        again = answer.array("losses", (steps,), "f")
        for i, value in enumerate(again.tolist(), 1):
            was = losses.get(step + i)
            if was is None:
                return Finding("replay", False, f"the record has no loss for step {step + i}")
            if not abs(value - was) <= tolerance * max(abs(was), 0.1):  # a record may say NaN
                return Finding(
                    "replay", False,
                    f"from the point after step {step}, step {step + i} gives a loss of {value:.5f} with your code; the record says {was:.5f}",
                )  # fmt: skip
        if step + steps == last:
            end = exam.session.ask("weights", seconds=exam.patience).array("weights", (None,), "f")
            if not end.size:
                return Finding("replay", False, "the stored model has no weights")
            reached = answer.array("weights", end.shape, "f")
            off = float(np.abs(reached - end).max()) / max(float(np.abs(end).max()), 1e-8)
            if off > 1e-2:
                return Finding(
                    "replay",
                    False,
                    f"the run's last steps do not lead to the stored weights: they differ by {off:.1%}",
                )
            before = answer.array("before", end.shape, "f")
            if np.array_equal(before, reached):
                return Finding(
                    "replay",
                    False,
                    f"the {steps} steps before the end change no weight: nothing is learned there",
                )
    return Finding(
        "replay",
        True,
        f"{segments} stretches of {steps} steps repeat with your code, one of them from a resume in the middle to the end",
    )
