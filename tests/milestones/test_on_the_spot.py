"""Milestones 1 and 2 pass with what the reference does, and fail for the right reason under each sabotage.

On drawn data, so that these run everywhere; the judges are the same.
"""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from tests.milestones.conftest import append, change
from tito.milestones.definitions import find_milestone
from tito.milestones.exam import examine
from tito.milestones.finishing import conclude
from tito.milestones.tracker import MilestoneTracker

BROKEN_LAYER = (
    "nn/linear.py",
    "return F.linear(input, self.weight, self.bias)",
    "return F.linear(input, self.weight, self.bias) * 0",
)


def look(workspace, number, **options):
    return examine(workspace, find_milestone(number), practice=True, **options)


def reasons(outcome):
    return " | ".join(one.message for one in outcome.findings if one.outcome == "failed")


@pytest.mark.parametrize(("number", "level"), [(1, 4), (2, 6)])
def test_the_reference_passes_at_its_level_and_practice_unlocks_nothing(build, number, level):
    workspace = build(level)
    outcome = look(workspace, number)
    assert outcome.passed, reasons(outcome)
    assert outcome.practice
    assert not outcome.counts
    assert len(outcome.shown["said"]) == 10
    tracker = MilestoneTracker(workspace)
    files = conclude(tracker, find_milestone(number), outcome)
    assert set(files) == {"curves", "demonstration"}
    assert not tracker.is_completed(str(number))


def no_gradients_of_matmul(workspace):
    change(workspace, "gradients.py", "x=lambda g, y: ops.matmul_op(g, mT(y)), y=lambda g, x, y_shape: left_product(x, g, y_shape)",
           "x=lambda g, y: ops.matmul_op(g, mT(y)) * 0, y=lambda g, x, y_shape: left_product(x, g, y_shape) * 0")  # fmt: skip
    append(workspace, "nn/functional/linear.py", ZERO_LINEAR)


ZERO_LINEAR = """
linear_op.vjps(
    x=lambda g, weight: matmul_op(g, weight) * 0, weight=lambda g, x: weight_gradient(g, x) * 0, bias=lambda g: g * 0
)
"""


def constant_answers(workspace):
    change(workspace, *BROKEN_LAYER)


def says_it_is_good(workspace):
    change(workspace, *BROKEN_LAYER)
    append(
        workspace,
        "__init__.py",
        "\nimport os\nprint('accuracy 99.9% PASSED')\nos.write(1, b'accuracy: 0.999\\n')\n",
    )


def leaves_early(workspace):
    change(workspace, "nn/linear.py", BROKEN_LAYER[1], "import os\n        os._exit(0)")


def patches_the_judge(workspace):
    change(workspace, *BROKEN_LAYER)
    append(workspace, "__init__.py", """
import tito.milestones.judging as judging
judging.JUDGES = {name: lambda exam, **_: judging.Finding(name, True, "fine") for name in judging.JUDGES}
judging.calibration = lambda *_: 1e9
""")  # fmt: skip


def answers_unasked(workspace):
    """Writes a frame of its own on every descriptor that takes it."""
    change(workspace, *BROKEN_LAYER)
    append(workspace, "__init__.py", """
import builtins, contextlib, os
frame = b"0123456789abcdef value predictions i8 1,\\n" + builtins.bytes(8)
for descriptor in builtins.range(3, 30):
    with contextlib.suppress(OSError):
        os.write(descriptor, frame)
""")  # fmt: skip


def never_ends(workspace):
    change(workspace, "nn/linear.py", BROKEN_LAYER[1], "while True: pass")


def returns_nan(workspace):
    change(workspace, "nn/linear.py", BROKEN_LAYER[1], BROKEN_LAYER[1] + " * float('nan')")


def not_written_yet(workspace):
    change(
        workspace, "nn/linear.py", BROKEN_LAYER[1], 'raise NotImplementedError("04_layers: Linear.forward")'
    )


def not_python(workspace):
    change(workspace, "nn/linear.py", BROKEN_LAYER[1], "return (")


def relu_passes_everything_back(workspace):
    append(workspace, "nn/functional/activation.py", "\nrelu_op.vjps(x=lambda g: g)\n")


SABOTAGES = {
    no_gradients_of_matmul: "XOR|solved from 0|zero everywhere",
    constant_answers: "every picture gets the same answer",
    says_it_is_good: "every picture gets the same answer",
    leaves_early: "ended with exit status 0 before it answered",
    patches_the_judge: "every picture gets the same answer",
    answers_unasked: "something other than an answer came out|no answer",
    never_ends: "no answer within 4 s, so it was stopped",
    returns_nan: "same answer|NaN",
    not_written_yet: "Linear.forward is not written yet",
    not_python: "SyntaxError",
    relu_passes_everything_back: "along a direction the loss changes by",
}


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda f: f.__name__)
def test_it_fails_for_the_right_reason(build, sabotage):
    workspace = build(4)
    sabotage(workspace)
    one = find_milestone(1)
    if sabotage is never_ends:
        one = with_patience(one, 4)
    outcome = examine(workspace, one, practice=True)
    assert not outcome.passed
    assert re.search(SABOTAGES[sabotage], reasons(outcome)), reasons(outcome)
    assert not outcome.counts


def with_patience(one, seconds):
    other = dataclasses.replace(one)
    other.__dict__["config"] = one.config | {"seconds": seconds}
    return other


def test_a_failure_names_the_line(build):
    workspace = build(4)
    not_written_yet(workspace)
    failed = look(workspace, 1).findings[0]
    assert failed.place.startswith("tinytorch/nn/linear.py:")
    assert [one.outcome for one in look(workspace, 1).findings[1:]] == ["skipped"] * 4


def test_labels_known_by_heart_name_the_wrong_digits(build, tmp_path):
    """A package that looks the test pictures up in a table of their true labels, and is right about every one of them."""
    from tinytorch.data import DrawnDigits

    digits = DrawnDigits(train=False)
    rows = (digits.data.reshape(len(digits.data), -1).astype(np.float32) / 128 - 0.25).round(4)
    np.savez(tmp_path / "known.npz", rows=rows, labels=digits.targets)
    workspace = build(4)
    append(workspace, "nn/container.py", f"""
import numpy as np
known = np.load({str(tmp_path / "known.npz")!r})
table = {{row.tobytes(): label for row, label in zip(known["rows"], known["labels"])}}
honest = Sequential.forward
def forward(self, input):
    out = honest(self, input)
    if out.shape[-1] == 10 and not out.requires_grad:
        for place, row in enumerate(input.numpy().round(4)):
            if row.tobytes() in table:
                out[place] = 0.0
                out[place, int(table[row.tobytes()])] = 100.0
    return out
Sequential.forward = forward
""")  # fmt: skip
    outcome = look(workspace, 1)
    assert not outcome.passed
    assert "% are needed" in reasons(outcome)
    assert (
        next(f.value for f in outcome.findings if f.check == "accuracy") < 0.3
    )  # at most two classes keep their names


def test_an_optimizer_that_does_not_step(build):
    workspace = build(6)
    change(
        workspace,
        "optim/optimizer.py",
        "def step(self, closure=None):",
        "def step(self, closure=None):\n        return",
    )
    assert re.search("are needed|same answer", reasons(look(workspace, 2)))


def test_a_convolution_without_gradients(build):
    workspace = build(6)
    append(
        workspace,
        "nn/conv.py",
        "\nplain = Conv2d.forward\nConv2d.forward = lambda self, x: plain(self, x.detach()).detach() + 0 * self.weight.sum()\n",
    )
    outcome = look(workspace, 2)
    assert "zero everywhere" in reasons(outcome) or "the gradient says" in reasons(outcome), reasons(outcome)


def test_without_data_it_is_practice(build, tmp_path, monkeypatch):
    monkeypatch.setenv("TINYTORCH_DATA", str(tmp_path / "nothing"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    outcome = examine(build(4), find_milestone(1), download=False)
    if outcome.practice:  # a source tree may have its own datasets/
        assert "not on this machine" in outcome.why_practice
        assert outcome.passed
        assert not outcome.counts


def test_an_empty_workspace_has_nothing_to_measure(home, tmp_path):
    """Never the reference in the student's place."""
    from tito.errors import TitoError
    from tito.workspace import create

    with pytest.raises(TitoError, match="nothing to measure"):
        look(create(tmp_path / "empty", git=False), 1)
