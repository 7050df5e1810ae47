"""`troubleshoot`: looks at the student's actual build, says what it found and what to try.

findings = diagnose(workspace, find_milestone(2))     # each: what, state (fine, look, broken), found, advice
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from .datasets import data_set
from .definitions import Milestone
from .exam import Exam, Say, silent
from .judging import gradients
from .session import ProbeFailed, Session
from .yardstick import Yardstick

FINE, LOOK, BROKEN = "fine", "look", "broken"


@dataclass
class Symptom:
    what: str
    state: str
    found: str
    advice: str = ""
    place: str = ""

    def record(self) -> dict[str, Any]:
        return {k: v for k, v in asdict(self).items() if v}


def diagnose(
    workspace,
    one: Milestone,
    *,
    setting: str = "",
    practice: bool = False,
    download: bool = True,
    say: Say = silent,
) -> list[Symptom]:
    """Every question in turn; one that cannot be answered is a finding of its own, with the line of code."""
    setting = setting or one.default_setting
    found: list[Symptom] = []

    def note(symptom: Symptom) -> None:
        found.append(symptom)
        say(symptom)

    with data_set(one.config["data"], practice, download) as data:
        if "images" in data.train:
            note(statistics(data))
        try:
            knobs = one.config["settings"][setting]
            with Session(workspace, one.script, knobs=knobs) as session, Yardstick(one, knobs) as yardstick:
                exam = Exam(one, session, data, one.config.get("seconds", 60))
                exam.yardstick = yardstick
                for question in QUESTIONS:
                    try:
                        symptom = question(exam)
                    except ProbeFailed as error:
                        symptom = Symptom(
                            question.__name__.replace("_", " "),
                            BROKEN,
                            str(error),
                            advice_for(str(error)),
                            error.place,
                        )
                    if symptom:
                        note(symptom)
        except ProbeFailed as error:
            note(Symptom("import", BROKEN, str(error), advice_for(str(error)), error.place))
    return found


def advice_for(message: str) -> str:
    if "not written yet" in message:
        return "Write it: `tito module hint` helps."
    if "Error" in message:
        return "Mend that line, then `tito module test` for its module."
    return ""


def statistics(data) -> Symptom:
    """What goes in: the range, the mean, the classes."""
    import numpy as np

    images, labels = data.train["images"][:5000], data.train["labels"]
    counts = np.bincount(labels)
    found = f"{len(labels):,} pictures of {images.shape[1:]}, values {images.min()} to {images.max()}, mean {images.mean():.1f}; {counts.min():,} to {counts.max():,} of each of {len(counts)} classes"
    odd = counts.min() == 0 or images.std() == 0
    return Symptom(
        "data",
        BROKEN if odd else FINE,
        found,
        "A class is missing or the pictures are blank: get the data again." if odd else "",
    )


# ---------------------------------------------------------------- questions to the student's build


def start(exam: Exam) -> Symptom | None:
    """The loss before training, and how large gradients are."""
    import math

    import numpy as np

    answer = exam.session.ask("gradients", exam.batch(64), seconds=exam.patience, seed=exam.seed)
    loss, norms = float(answer.array("loss", (), "f")), answer.array("norms", (None,), "f")
    sizes = np.array([np.linalg.norm(answer.array(f"g{i}", None, "f")) for i in range(len(norms))])
    if exam.classes:
        even = math.log(exam.classes)
        if loss > 2 * even:
            return Symptom("start", LOOK, f"an untrained network has a loss of {loss:.2f}; guessing evenly costs {even:.2f}",
                           "Its first weights are too large: look at your initialisation, and whether the input is scaled.")  # fmt: skip
    dead = [i for i, size in enumerate(sizes) if size == 0]
    if dead:
        return Symptom("start", BROKEN, f"{len(dead)} of {len(sizes)} parameters get no gradient (the first is number {dead[0]})",
                       "Follow the graph from the loss down: which op returns zeros, or drops an input? `tito module test 02`.")  # fmt: skip
    ratio = sizes.max() / max(sizes.min(), 1e-12)
    found = f"loss {loss:.3f} before training; gradients from {sizes.min():.2g} to {sizes.max():.2g}"
    if ratio > 1e5:
        return Symptom(
            "start",
            LOOK,
            found,
            "They differ by more than 100,000 times between layers: vanishing or exploding. Look at the initialisation.",
        )
    return Symptom("start", FINE, found)


def gradients_right(exam: Exam) -> Symptom | None:
    finding = gradients(exam, parameters=12)
    advice = "A rule is wrong. `tito module test 02` and the module of the layer it belongs to."
    return Symptom(
        "gradients", FINE if finding.passed else BROKEN, finding.message, "" if finding.passed else advice
    )


def dead_units(exam: Exam) -> Symptom | None:
    """Relu units that are zero for every picture of a batch, in an untrained network."""
    if not exam.classes:
        return None
    answer = exam.session.ask("activations", exam.batch(128), seconds=exam.patience, seed=exam.seed)
    shares = [float(answer.array(name, (), "f")) for name in sorted(answer.values)]
    if not shares:
        return None
    found = ", ".join(f"{share:.0%}" for share in shares)
    if max(shares) > 0.4:
        return Symptom(
            "dead units",
            LOOK,
            f"units that never fire, layer by layer: {found}",
            "Biases far below 0 or a rate that was too high kill them. Look at the initialisation, lower the rate.",
        )
    return Symptom("dead units", FINE, f"units that never fire, layer by layer: {found}")


def one_batch(exam: Exam) -> Symptom | None:
    """The test that finds most bugs: can it learn one batch by heart?"""
    if not exam.classes:
        return None
    rows = exam.batch(32)
    answer = exam.session.ask("overfit", rows, seconds=exam.patience, steps=40, seed=exam.seed)
    losses = answer.array("losses", (40,), "f")
    found = f"loss on one batch of 32: {losses[0]:.3f} -> {losses[-1]:.3f} in 40 steps"
    if losses[-1] > 0.7 * losses[0]:
        return Symptom(
            "one batch",
            BROKEN,
            found,
            "It cannot learn even that. Does the step change the weights (sign, rate)? Are gradients cleared between steps? Is the loss the one you mean?",
        )
    return Symptom("one batch", FINE, found)


def learning_rate(exam: Exam) -> Symptom | None:
    """The loss after a few steps at rates around the script's own."""
    if not exam.classes:
        return None
    rates = [0.03, 0.1, 0.3, 1.0, 3.0, 10.0]
    answer = exam.session.ask(
        "sweep", exam.batch(128), seconds=exam.patience, rates=rates, steps=15, seed=exam.seed
    )
    losses = answer.values.get("losses")
    import numpy as np

    if losses is None or losses.shape != (len(rates),):
        raise ProbeFailed("no losses came back")
    losses = np.where(np.isfinite(losses), losses, np.inf)
    told = ", ".join(f"x{rate:g}: {loss:.2f}" for rate, loss in zip(rates, losses))
    best = rates[int(losses.argmin())]
    if 0.3 <= best <= 3:
        return Symptom("rate", FINE, f"loss after 15 steps at multiples of the script's rate: {told}")
    return Symptom(
        "rate",
        LOOK,
        f"loss after 15 steps at multiples of the script's rate: {told}",
        f"x{best:g} does better here. With right gradients the script's own rate is near the best, so look at their scale (a mean that is a sum?).",
    )


QUESTIONS = (start, gradients_right, dead_units, one_batch, learning_rate)
