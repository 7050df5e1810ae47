"""The judges. They know the answers and the thresholds; the student's process gives values only.

    @judge
    def accuracy(exam, at_least): ...      # {"judge": "accuracy", "at_least": 0.95} in milestones.json

A judge returns a Finding. ProbeFailed inside one is a failed finding with its reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


@dataclass
class Finding:
    """What one judge found."""

    check: str
    passed: bool
    message: str
    figure: str = ""  # a short number for the badge and the certificate
    value: float | None = None
    bar: float | None = None
    place: str = ""  # a line of the student's code
    skipped: bool = False

    @property
    def outcome(self) -> str:
        return SKIPPED if self.skipped else PASSED if self.passed else FAILED

    def record(self) -> dict[str, Any]:
        return {"outcome": self.outcome} | {k: v for k, v in asdict(self).items() if v not in ("", None)}


JUDGES: dict[str, Callable[..., Finding]] = {}
FRESH: set[str] = set()  # judges that build models of their own: they can judge where the training failed


def judge(function: Callable[..., Finding]) -> Callable[..., Finding]:
    JUDGES[function.__name__] = function
    return function


def judge_fresh(function: Callable[..., Finding]) -> Callable[..., Finding]:
    """A judge that needs no trained model."""
    FRESH.add(function.__name__)
    return judge(function)


# ---------------------------------------------------------------- answers that must be right


@judge_fresh
def truth_table(exam, seeds: int) -> Finding:
    """XOR from each of so many fresh seeds; every third network is asked for the opposite table, so that none can be known before."""
    import numpy as np

    inputs = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)[exam.rng.permutation(4)]
    xor = (inputs[:, 0] != inputs[:, 1]).astype(np.int64)
    targets = np.stack([1 - xor if i % 3 == 2 else xor for i in range(seeds)])
    numbers = exam.rng.integers(0, 2**31, seeds)
    answer = exam.session.ask(
        "truth_table", {"inputs": inputs, "targets": targets, "seeds": numbers}, seconds=exam.patience
    )
    given = answer.array("probabilities", (seeds, 4), "f")
    right = ((given > 0.5) == (targets > 0.5)).all(1)
    solved = int(right.sum())
    figure = f"{solved} of {seeds} seeds"
    if solved == seeds:
        return Finding("xor", True, f"XOR is solved from each of {seeds} seeds", figure, solved, seeds)
    worst = int(np.argmin(right))
    told = ", ".join(f"{int(a)}{int(b)} -> {p:.2f}" for (a, b), p in zip(inputs, given[worst]))
    table = "XOR" if worst % 3 != 2 else "the opposite of XOR"
    return Finding(
        "xor", False, f"solved from {solved} of {seeds} seeds; from seed {numbers[worst]} {table} came out as {told}",
        figure, solved, seeds,
    )  # fmt: skip


@judge
def accuracy(
    exam, at_least: float, noise: int = 8, slack: float = 0.06, of: str = "the test images", rows: int = 0, fresh: int = 0
) -> Finding:  # fmt: skip
    """Right answers on the test set (or so many rows of it), and on a part of it with a little noise, all in an order drawn now.

    `fresh`: they count if they were learned here (`scratch.py`), and so many steps are enough to learn a small batch.
    """
    import numpy as np

    from .scratch import not_learned_here

    images, wanted = exam.data.test["images"], exam.wanted()
    if rows and rows < len(images):
        chosen = np.sort(exam.rng.permutation(len(images))[:rows])
        images, wanted = images[chosen], wanted[chosen]
    n = len(images)
    some = exam.rng.permutation(n)[: max(n // 5, 1)] if noise else np.zeros(0, np.int64)
    places = np.concatenate([np.arange(n), some])
    shown = np.array(images)[places]
    if noise:
        shaken = shown[n:].astype(np.int16) + exam.rng.integers(-noise, noise + 1, shown[n:].shape)
        shown[n:] = shaken.clip(0, 255).astype(np.uint8)
    order = exam.rng.permutation(len(places))
    answer = exam.session.ask("predict", {"images": shown[order]}, seconds=exam.patience)
    given = np.empty(len(places), np.int64)
    given[order] = answer.array("predictions", (len(places),), "iu")
    right = given == wanted[places]
    plain = float(right[:n].mean())
    # the same pictures without and with noise: two draws of 200 differ by 6 points of themselves once in some hundred times
    clear, noisy = (float(right[some].mean()), float(right[n:].mean())) if noise else (plain, plain)
    figure = f"{plain:.2%}"
    exam.figures["accuracy"] = figure
    name = "accuracy"
    if len(np.unique(given)) == 1:
        return Finding(
            name,
            False,
            f"every picture gets the same answer, {exam.spoken(given[0])}: nothing was learned",
            figure,
            plain,
            at_least,
        )
    if plain < at_least:
        return Finding(
            name, False, f"{plain:.2%} of {of} are right; {at_least:.0%} are needed", figure, plain, at_least
        )
    if noisy < clear - slack:
        return Finding(
            name, False,
            f"{plain:.2%} of {of} are right, but of {len(some):,} with a little noise {noisy:.2%}, and {clear:.2%} without: that is knowing pictures by heart",
            figure, plain, at_least,
        )  # fmt: skip
    if fresh and (trouble := not_learned_here(exam, fresh)):
        return Finding(name, False, f"{plain:.2%} of {of} are right, but {trouble}", figure, plain, at_least)
    return Finding(
        name, True, f"{plain:.2%} of {of} are right (at least {at_least:.0%})", figure, plain, at_least
    )


@judge
def backwards(exam, rows: int = 500, length: int = 8, symbols: int = 10, at_least: float = 0.95) -> Finding:
    """Rows drawn now, written backwards."""
    shown = exam.rng.integers(0, symbols, (rows, length))
    answer = exam.session.ask("backwards", {"rows": shown}, seconds=exam.patience)
    right = float((answer.array("rows", (rows, length), "iu") == shown[:, ::-1]).mean())
    figure = f"{right:.1%} of the symbols"
    exam.figures["backwards"] = figure
    return Finding(
        "sequence",
        right >= at_least,
        f"{right:.1%} of the symbols of {rows} rows come out backwards (at least {at_least:.0%})",
        figure,
        right,
        at_least,
    )


# ---------------------------------------------------------------- integration: does what was built fit together?


@judge_fresh
def gradients(exam, batch: int = 16, directions: int = 3, parameters: int = 6, batches: int = 3) -> Finding:
    """Backpropagation through the milestone's own network, against differences of its loss along random directions.

    Where the loss has a kink just there, differences say nothing: another batch is taken. What is wrong is wrong on all of them.
    """
    for _ in range(batches):
        trouble = disagreement(exam, exam.batch(batch), directions, parameters)
        if not trouble:
            told = "backpropagation agrees with the changes of the loss"
            return Finding("gradients", True, told, value=exam.learns)
    return Finding("gradients", False, trouble)


def disagreement(exam, rows: dict[str, Any], directions: int, parameters: int) -> str:
    """Which parameter's gradient does not fit the changes of the loss on these rows; empty if all fit."""
    import numpy as np

    answer = exam.session.ask("gradients", rows, seconds=exam.patience, seed=exam.seed)
    norms = answer.array("norms", (None,), "f")
    if not len(norms):
        return "the network has no parameters that learn"
    beside = exam.beside(answer)
    exam.learns = float(sum(array.size for name, array in answer.values.items() if name[0] == "g"))
    for which in sorted(exam.rng.permutation(len(norms))[:parameters].tolist()):
        g = answer.array(f"g{which}", None, "f").astype(np.float64)
        if not g.any():
            return f"the gradient of parameter {which} (shape {g.shape}) is zero everywhere"
        along = exam.rng.standard_normal((directions, *g.shape))
        along[0] += g / np.abs(g).max()  # one that surely goes up
        along /= np.linalg.norm(along.reshape(directions, -1), axis=1).reshape(-1, *[1] * g.ndim)
        claimed = (along * g).reshape(directions, -1).sum(1)
        size = max(float(norms[which]), 0.3)
        for step in (
            0.01 * size,
            0.002 * size,
            0.0005 * size,
        ):  # smaller ones where the loss has kinks, up to rounding
            asked = beside.ask(
                "losses_along", rows | {"directions": along.astype(np.float32)}, seconds=exam.patience, which=which,
                step=step, seed=exam.seed,
            )  # fmt: skip
            pairs = asked.array("losses", (directions, 2), "f")
            measured = (pairs[:, 0] - pairs[:, 1]) / (2 * step)
            scale = max(float(np.linalg.norm(measured)), float(np.linalg.norm(claimed)), 1e-8)
            if np.linalg.norm(measured - claimed) < 0.1 * scale:
                break
        else:
            return (
                f"parameter {which} (shape {g.shape}): along a direction the loss changes by {measured[0]:.4g}, "
                f"but the gradient says {claimed[0]:.4g}"
            )
    return ""


@judge_fresh
def by_heart(exam, images: int = 32, steps: int = 30, at_least: float = 0.6) -> Finding:
    """A fresh network learns one small batch with labels drawn at random now: only one that trains can follow them."""
    from .scratch import known_by_heart

    right = known_by_heart(exam, images, steps)
    what = f"{right:.0%} of {images} pictures with labels drawn at random, after {steps} steps"
    if right >= at_least:
        return Finding("learning", True, f"your code learns here and now: {what}", value=right, bar=at_least)
    return Finding(
        "learning",
        False,
        f"a fresh network does not learn with your code: {what}; {at_least:.0%} are needed",
        value=right,
        bar=at_least,
    )


# ---------------------------------------------------------------- the performance bar


@judge
def speed(exam, within: float) -> Finding:
    """What the training took on our clock, in units of a fixed piece of work measured on this machine right before and after."""
    units = exam.train_work / exam.unit
    figure = f"{exam.train_seconds:.1f} s"
    exam.figures["training time"] = figure
    told = f"training took {figure}, {units:,.0f} times the calibration; the bar is {within:,.0f}"
    return Finding("speed", units <= within, told, figure, units, within)


@judge_fresh
def kernels_pay(exam, factor: float, batch: int = 128, rounds: int = 3) -> Finding:
    """The network's step with the student's kernels against the same step with the student's own reference bodies, on our clock."""
    import numpy as np

    rows = exam.batch(batch)
    times: dict[str, list[float]] = {"numba": [], "reference": []}
    losses: dict[str, float] = {}
    for turn in range(rounds + 1):
        for backend in times:
            answer = exam.session.ask(
                "step", rows, seconds=exam.patience, backend=backend, repeats=2, seed=exam.seed
            )
            losses[backend] = float(answer.array("losses", (2,), "f")[-1])
            if turn:  # the first round compiles
                times[backend].append(answer.seconds)
    ratio = min(times["reference"]) / min(times["numba"])
    exam.figures["kernels"] = f"{ratio:.1f} times as fast"
    if not np.isclose(losses["numba"], losses["reference"], rtol=1e-3):
        return Finding(
            "kernels",
            False,
            f"with the kernels the loss is {losses['numba']:.5f}, with the reference bodies {losses['reference']:.5f}",
        )
    return Finding(
        "kernels", ratio >= factor, f"a step is {ratio:.2f} times as fast with your kernels as with your reference bodies (at least {factor})",
        f"{ratio:.1f}x", ratio, factor,
    )  # fmt: skip
