"""`test`: the student's code in a process of its own, the judges here.

outcome = examine(workspace, find_milestone(2))
outcome.passed, outcome.findings, outcome.figures
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .clock import calibration, spent
from .datasets import Data, data_set
from .definitions import Milestone
from .judging import JUDGES, Finding
from .session import Answer, ProbeFailed, Session
from .yardstick import Yardstick

Say = Callable[..., None]
Draw = Callable[[str], int]  # the seed of a check, by its name
CLASSES = {
    "cifar10": ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    "cards": ("left", "right"),
}


def silent(*_, **__) -> None:
    """Nobody watches."""


@dataclass
class Outcome:
    """What an examination found. It counts only if it passed on data that is not practice."""

    milestone: str
    findings: list[Finding] = field(default_factory=list)
    figures: dict[str, str] = field(default_factory=dict)
    practice: bool = False
    source: str = ""
    why_practice: str = ""
    seconds: float = 0.0
    reference: bool = False
    setting: str = ""
    fingerprint: str = ""
    curve: list[dict[str, float]] = field(
        default_factory=list
    )  # what the training told of itself, step by step
    shown: dict[str, Any] = field(
        default_factory=dict
    )  # for the demonstration: pictures or text, and what the model says

    @property
    def passed(self) -> bool:
        return bool(self.findings) and all(one.passed for one in self.findings)

    @property
    def counts(self) -> bool:
        return self.passed and not self.practice

    def record(self) -> dict[str, Any]:
        return {
            "milestone": self.milestone, "passed": self.passed, "counts": self.counts, "practice": self.practice,
            "why_practice": self.why_practice, "data": self.source, "setting": self.setting, "figures": self.figures,
            "findings": [one.record() for one in self.findings], "seconds": round(self.seconds, 2),
            "fingerprint": self.fingerprint, "reference": self.reference,
        }  # fmt: skip


class Exam:
    """What the judges are given."""

    def __init__(
        self, one: Milestone, session: Session, data: Data, patience: float, say: Say = silent, draw: Draw | None = None
    ):  # fmt: skip
        self.one, self.session, self.data, self.patience, self.say = one, session, data, patience, say
        self.setting = one.default_setting
        self.texts: dict[str, list[str]] = {}  # what a language model wrote, by language
        self.draw = draw or (lambda name: secrets.randbits(128))  # nobody knows these numbers before
        self.begin("training")
        self.names: Any = None  # the classes' new names in this examination
        self.figures: dict[str, str] = {}
        self.ground: dict[str, Any] = {}  # of a loss landscape: heights and paths
        self.train_seconds = self.train_work = 0.0  # by the clock on the wall, and by the processor's
        self.learns = 0.0  # how many numbers the network learns, once its gradients have been asked for
        self.unit = 0.0  # seconds that a fixed piece of work took around the training
        self.curve: list[dict[str, float]] = []
        self.classes = int(data.answers.max()) + 1 if "labels" in data.train else 0
        self.yardstick: Any = None  # the same network made of the course's own package
        self.begun: list[dict[str, Any]] = []  # what fresh networks start with, where that is looked at
        self.begun_with = 0  # the training's seed
        self.run: Any = None  # the record of a trained run, and where it lies
        self.run_folder: Any = None

    def begin(self, name: str) -> None:
        """Random numbers for one check: `rng` stays on this side, `seed` may be told to the student's process."""
        import numpy as np

        self.rng = np.random.default_rng(self.draw(name))
        self.seed = int(np.random.default_rng(self.draw(f"{name}, seed")).integers(2**31))

    def rename_classes(self) -> None:
        """Give the classes other numbers, so that weights trained before, or labels known by heart, name the wrong ones."""
        known = list(range(self.classes))
        while self.names is None or (self.names == known).sum() > 2:  # by chance too many would keep theirs
            self.names = self.rng.permutation(self.classes)

    def train_arrays(self) -> dict[str, Any]:
        paths: dict[str, Any] = dict(self.data.train_paths())
        if self.names is not None:
            paths["labels"] = self.names[self.data.train["labels"]]
        return paths

    def arrays_to_train_on(self) -> dict[str, Any]:
        """The same as arrays, for the course's own network: its process may read none of these files."""
        import numpy as np

        labels = self.data.train["labels"]
        return dict(self.data.train) | {
            "labels": np.asarray(labels) if self.names is None else self.names[labels]
        }

    def wanted(self):
        """The right answers, by the names the student's process knows."""
        return self.data.answers if self.names is None else self.names[self.data.answers]

    def spoken(self, label) -> int:
        """A label by its usual name."""
        label = int(label)
        if self.names is None or not 0 <= label < self.classes:
            return label
        return int(self.names.argsort()[label])

    def batch(self, size: int) -> dict[str, Any]:
        """Random rows of the training data; for language models sequences of 16 tokens, drawn now."""
        import numpy as np

        if "labels" not in self.data.train:
            return {"tokens": self.rng.integers(0, 16, (size // 4, 17))}
        n = min(len(array) for array in self.data.train.values())
        rows = np.sort(self.rng.permutation(n)[: min(size, n)])
        return {name: np.array(array[rows]) for name, array in self.data.train.items()}

    def beside(self, gradients: Answer) -> Any:
        """Where to measure how the loss changes: in the session itself, or in the course's network with the same parameters."""
        if self.yardstick is None:
            return self.session
        names = [name.replace("g", "p", 1) for name in gradients.values if name[0] == "g"]
        answer = self.session.ask("values", seconds=self.patience)
        values = {name: answer.array(name, None, "f") for name in names}
        for name, value in values.items():
            gradients.array(name.replace("p", "g", 1), value.shape)
        self.yardstick.place(values, self.seed)
        return self.yardstick

    def train(self, told: bool = True) -> None:
        """Train on the spot, on the clock of this side; `told`: with its numbers step by step, where somebody looks at them."""
        self.begun, self.begun_with = self.starts(), self.seed
        before, unit = spent(self.session.process.pid), calibration()
        answer = self.session.ask(
            "train", self.train_arrays(), seconds=self.patience, seed=self.seed, told=told, on_log=self.note
        )
        after = spent(self.session.process.pid)
        self.train_seconds, self.unit = answer.seconds, (unit + calibration()) / 2
        self.train_work = answer.seconds if before is None or after is None else after - before

    def starts(self) -> list[dict[str, Any]]:
        """Parameters of fresh networks: under the training's seed, under it once more, under another. Nothing where no judge looks at them."""
        if not any(spec.get("fresh") for spec in self.one.judges(self.setting)):
            return []
        seeds = [self.seed, self.seed, int(self.rng.integers(2**31))]
        answer = self.session.ask("starts", seconds=self.patience, seeds=seeds)
        return [values_of(answer, f"s{n}p") for n in range(len(seeds))]

    def note(self, name: str, step: int, total: int, value: float) -> None:
        """A number the training tells of itself: for curves and progress bars, never for a verdict."""
        if not self.curve or self.curve[-1]["step"] != step:
            self.curve.append({"step": step})
        self.curve[-1][name] = value
        self.say("step", name, step, total, value)

    def show(self, pictures: int = 10) -> dict[str, Any]:
        """A few test pictures with what the model says, a fresh choice every time; of a language model, texts."""
        import numpy as np

        if "text" in self.data.train or "english" in self.data.train:
            from .language import show_texts

            return show_texts(self)
        if "images" not in self.data.test:
            return {}
        rows = np.sort(self.rng.permutation(len(self.data.answers))[:pictures])
        images = np.array(self.data.test["images"][rows])
        given = self.session.ask("predict", {"images": images}, seconds=self.patience).array(
            "predictions", (len(rows),), "iu"
        )
        said = [self.spoken(label) for label in given]
        return {
            "images": images,
            "said": said,
            "right": self.data.answers[rows].tolist(),
            "classes": CLASSES.get(self.data.name),
        }


def values_of(answer: Answer, prefix: str) -> dict[str, Any]:
    """The parameters in an answer that are called so, finite, as `p0`, `p1`, ..."""
    names = [name for name in answer.values if name.startswith(prefix)]
    return {f"p{name.removeprefix(prefix)}": answer.array(name, None, "f") for name in names}


def examine(
    workspace, one: Milestone, *, setting: str = "", practice: bool = False, download: bool = True, say: Say = silent,
    judges: list[dict[str, Any]] | None = None,
) -> Outcome:  # fmt: skip
    """Train or restore, measure, judge (by the milestone's own judges unless told otherwise). Nothing is recorded here."""
    from .fingerprint import package_fingerprint

    config, begun = one.config, time.monotonic()
    setting = setting or one.default_setting
    judges = one.judges(setting) if judges is None else judges
    outcome = Outcome(one.id, setting=setting, reference=workspace.is_reference)
    outcome.fingerprint = package_fingerprint(workspace)
    with data_set(config["data"], practice, download) as data:
        outcome.practice, outcome.source, outcome.why_practice = data.practice, data.source, data.why_practice
        say("data", data)
        try:
            knobs = config["settings"][setting]
            with Session(workspace, one.script, knobs=knobs) as session, Yardstick(one, knobs) as yardstick:
                exam = Exam(one, session, data, config.get("seconds", 60), say)
                exam.setting, exam.yardstick = setting, yardstick
                if "labels" in data.train:
                    exam.rename_classes()
                exam.train()
                outcome.curve = exam.curve
                judge_all(exam, judges, outcome)
                if outcome.passed or not judges:
                    outcome.shown = exam.show() | ({"ground": exam.ground} if exam.ground else {})
        except ProbeFailed as error:
            failed = Finding("training", False, str(error), place=error.place)
            say("finding", failed)
            outcome.findings.append(failed)
            outcome.findings += [
                Finding(spec["judge"], False, "needs training, which failed", skipped=True) for spec in judges
            ]
    outcome.seconds = time.monotonic() - begun
    return outcome


def judge_all(exam: Exam, specs: list[dict[str, Any]], outcome: Outcome) -> None:
    """Each judge in turn; what one could not get out of the student's process is its failure."""
    from . import curriculum, language, replay  # noqa: F401  (they bring judges)

    for spec in specs:
        exam.say("judge", spec["judge"])
        try:
            finding = ask_judge(exam, spec)
        except ProbeFailed as error:
            finding = Finding(spec["judge"], False, str(error), place=error.place)
        outcome.findings.append(finding)
        exam.say("finding", finding)
    outcome.figures |= exam.figures


def ask_judge(exam: Exam, spec: dict[str, Any]) -> Finding:
    """One judge, with random numbers of its own. Its weight is the grader's affair."""
    exam.begin(spec["judge"])
    return JUDGES[spec["judge"]](exam, **{k: v for k, v in spec.items() if k not in ("judge", "weight")})
