"""Whether what a network knows was learned here, from nothing, with the student's code: weights trained elsewhere can be brought along in a
package, and their classes found again by the data, however these are renumbered.

What a package says of its training is not believed. A fresh network has to learn what nobody knew before: a few pictures with labels drawn
now. It has to start from other numbers with each seed, knowing nothing; and what the training ends with has to come from there. Where it
does not look so, and now and then where it does, the course's own network is given the same start and takes the same steps.
"""

from __future__ import annotations

from math import log
from typing import Any

from .exam import Exam, values_of

IMAGES, KNOWN = (
    32,
    0.6,
)  # of a batch with labels drawn at random; the reference knows 97% at least (12 seeds; 20 steps of milestone 1, 30 of 2)
THE_SAME = 0.9  # alike: two starts that do not depend on the seed. Drawn ones are 0.02 at most
KNOWS_NOTHING = (
    0.7  # of ln(classes): a fresh network's loss. It is about 1, and more where the first weights are large
)
REMEMBERS = 0.3  # alike: start and end. Of the reference 0.63 in milestone 1, 0.44 in 2, in the largest layer (4 seeds each)
LEADS_THERE = 0.5  # alike: two ends of the same steps; optimizers may differ, and rounding does
LOOKED_AT = 1 / 8  # of those that look honest: a whole training more


def known_by_heart(exam: Exam, images: int, steps: int) -> float:
    """The share of some pictures, with labels drawn at random now, that a fresh network knows after so many steps on them."""
    rows = exam.batch(images)
    rows["labels"] = exam.rng.integers(0, exam.classes, images)
    answer = exam.session.ask("overfit", rows, seconds=exam.patience, steps=steps, seed=exam.seed)
    return float((answer.array("predictions", (images,), "iu") == rows["labels"]).mean())


def not_learned_here(exam: Exam, steps: int) -> str:
    """Why this cannot be the student's own training; empty if it can."""
    known = known_by_heart(exam, IMAGES, steps)
    if known < KNOWN:
        return (
            f"a fresh network does not learn with your code: it knows {known:.0%} of {IMAGES} pictures with labels drawn at random, "
            f"after {steps} steps on them; {KNOWN:.0%} are needed"
        )
    return (exam.begun and (not_fresh(exam) or not_from_there(exam))) or ""


def not_fresh(exam: Exam) -> str:
    """What is wrong with the start."""
    start, _, another = exam.begun
    largest = largest_drawn(start)
    if largest and alike(start[largest], another.get(largest)) > THE_SAME:
        return "a network starts with the same numbers whatever the seed is"
    exam.yardstick.place(start, exam.begun_with)
    batch = exam.batch(128)
    if exam.names is not None:
        batch["labels"] = exam.names[batch["labels"]]
    answer = exam.yardstick.ask("loss", batch, seconds=exam.patience, seed=exam.begun_with)
    loss, least = float(answer.array("loss", (), "f")), KNOWS_NOTHING * log(exam.classes)
    if loss < least:
        return f"a fresh network has a loss of {loss:.2f} before it has learned anything; {log(exam.classes):.2f} is what guessing costs"
    return ""


def not_from_there(exam: Exam) -> str:
    """Whether the trained numbers come from the start. Where a seed does not repeat, nobody can tell."""
    start, again, _ = exam.begun
    largest = largest_drawn(start)
    if not largest or alike(start[largest], again.get(largest)) < 0.999:
        return ""
    end = values_of(exam.session.ask("trained", seconds=exam.patience), "p")
    if alike(start[largest], end.get(largest)) > REMEMBERS and exam.rng.random() > LOOKED_AT:
        return ""
    exam.yardstick.place(start, exam.begun_with)
    answer = exam.yardstick.ask(
        "go_on", exam.arrays_to_train_on(), seconds=exam.patience, seed=exam.begun_with
    )
    if alike(values_of(answer, "p")[largest], end.get(largest)) < LEADS_THERE:
        return (
            "its weights are not what these steps lead to from where they began: they were not learned here"
        )
    return ""


def largest_drawn(start: dict[str, Any]) -> str:
    """The parameter with the most numbers, if they were drawn; empty if all are alike, as a perceptron's zeros are."""
    drawn = [name for name, array in start.items() if array.size > 1 and array.std() > 0]
    return max(drawn, key=lambda name: start[name].size, default="")


def alike(one: Any, other: Any) -> float:
    """The cosine of the angle between two arrays; 0 where their shapes differ."""
    import numpy as np

    if other is None or one.shape != other.shape:
        return 0.0
    a, b = one.astype(np.float64).ravel(), other.astype(np.float64).ravel()
    return float(a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-12))
