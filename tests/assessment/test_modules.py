"""A module's grade: the overlay, the bars beside the checks, the whole build, the answers to the questions."""

from __future__ import annotations

import pytest

from tests.assessment.apart import COURSE, TIER, Room, job, lay_out
from tito.assessment import modules
from tito.assessment.modules import (
    concluded,
    depth_of,
    grade_module,
    limits,
    message_of,
    pace,
    policy,
)
from tito.assessment.remote.starting import Found
from tito.assessment.results import Check
from tito.weave import find, swap, weave_module

SETUP, TENSOR = COURSE.module("00_setup"), COURSE.module("01_tensor")

NUMERICS = "utils/numerics.py"


def graded(folder, module, **changes):
    return grade_module(Room(), job(module.name), folder, TIER)


def named(result):
    return {check.name: check for check in result.checks}


def test_the_reference_has_full_marks(tmp_path):
    result = graded(lay_out(tmp_path, TENSOR), TENSOR)
    assert (result.verdict, result.score, result.isolation) == ("passed", 1.0, TIER)
    found = named(result)
    assert found["code limits"].weight == 0.5
    assert found["whole build"].verdict == "passed" and found["whole build"].weight == 0
    assert sum(check.weight == 1 for check in result.checks) >= len(result.checks) - 3


def test_nothing_written_earns_nothing(tmp_path):
    stubs = {file: data.decode() for file, data in weave_module(TENSOR, COURSE.package).items()}
    result = graded(lay_out(tmp_path, TENSOR, stubs), TENSOR)
    assert (result.verdict, result.score) == ("failed", 0.0)
    assert {check.verdict for check in result.checks if check.weight} == {"failed", "blocked"}
    assert "is not written yet" in named(result)["mean"].message


def test_an_early_mistake_does_not_sink_a_later_module(tmp_path):
    """The student's kernels.py of module 00 is broken; module 01 has its marks, and `whole build` says what is wrong."""
    file = next(one.file for one in COURSE.taught(SETUP) if one.symbol == "promote_np")
    broken = (
        COURSE.package / file
    ).read_text() + "\ndef promote_np(*a, **k):\n    raise ValueError('an early mistake')\n"
    result = graded(lay_out(tmp_path, TENSOR, {file: broken}), TENSOR)
    assert (result.verdict, result.score) == ("passed", 1.0)
    whole = named(result)["whole build"]
    assert whole.verdict != "passed" and whole.weight == 0 and "an early mistake" in whole.message


def test_a_part_is_marked_as_a_part(tmp_path):
    """One wrong body costs the checks about it; the message names the line of the student's file."""
    one = next(one for one in COURSE.taught(TENSOR) if one.symbol == "flatten")
    source = (COURSE.package / one.file).read_text()
    wrong = swap(source, "flatten", "def flatten(x, start_dim=0, end_dim=-1):\n    return x.no_such_thing\n")
    result = graded(lay_out(tmp_path, TENSOR, {one.file: wrong}), TENSOR)
    assert result.verdict == "partial" and 0.8 < result.score < 1
    found = named(result)
    bad = [check for check in result.checks if check.verdict in ("failed", "blocked") and check.weight]
    assert {check.name for check in bad} <= {"flatten", "flatten_refuses_wrong_ends"} and bad
    assert (
        f"tinytorch/{one.file}:" in found["flatten"].message and "no_such_thing" in found["flatten"].message
    )


def test_a_package_that_does_not_import(tmp_path):
    result = graded(lay_out(tmp_path, SETUP, {NUMERICS: "def f(:\n"}), SETUP)
    assert (result.verdict, result.score) == ("syntax_error", 0.0)
    assert "tinytorch/utils/numerics.py:1" in result.checks[0].message


def test_a_module_that_was_not_handed_in(tmp_path):
    result = graded(lay_out(tmp_path, SETUP), TENSOR)
    assert (result.verdict, result.score) == ("missing_submission", 0.0)
    assert TENSOR.files[0] in result.checks[0].message


def test_other_frameworks_are_not_there(tmp_path):
    """An import of torch, wherever it stands, fails where it is reached; the message says which line."""
    one = next(one for one in COURSE.taught(TENSOR) if one.symbol == "flatten")
    source = (COURSE.package / one.file).read_text()
    leaning = (
        source
        + "\n\ndef flatten(x, start_dim=0, end_dim=-1):\n    import torch\n    return torch.flatten(x)\n"
    )
    result = graded(lay_out(tmp_path, TENSOR, {one.file: leaning}), TENSOR)
    found = named(result)
    assert found["flatten"].verdict == "failed" and "torch" in found["flatten"].message
    assert found["own code"].verdict == "policy_violation" and "imports torch" in found["own code"].message


# ---------------------------------------------------------------- the parts by themselves


def test_imports_are_found_wherever_they_stand(tmp_path):
    for line, name in (
        ("from jax.numpy import exp", "jax.numpy"),
        ("def f():\n    import autograd.numpy as np", "autograd.numpy"),
    ):
        lay_out(tmp_path, SETUP, {NUMERICS: line})
        (check,) = policy(SETUP, tmp_path)
        assert name in check.message and check.weight == 0
    lay_out(tmp_path, SETUP, {NUMERICS: "from .torch import x\nimport numpy, torchlike\n"})
    assert policy(SETUP, tmp_path) == []


@pytest.mark.parametrize("name", [module.name for module in COURSE.modules])
def test_the_reference_is_within_its_limits(name):
    module = COURSE.module(name)
    folder = COURSE.package.parent
    assert [check.verdict for check in limits(module, folder, 0.5)] == ["passed"]
    assert policy(module, folder) == []


def test_pace(monkeypatch):
    """Ten times the reference's CPU time and no more; nothing is said where CPU time is not known."""
    monkeypatch.setattr(modules, "reference_time", lambda name, tier: 2.0)
    assert [check.verdict for check in pace(SETUP, "B", Found(cpu=19.0))] == ["passed"]
    (slow,) = pace(SETUP, "B", Found(cpu=21.0))
    assert slow.verdict == "failed" and slow.weight == 0.5 and "10.5 times" in slow.message
    assert pace(SETUP, "B", Found(cpu=0.0)) == []


def test_limits(tmp_path):
    one = next(one for one in COURSE.taught(SETUP) if one.symbol == "sigmoid")
    source = (COURSE.package / one.file).read_text()
    text = "def sigmoid(x):\n" + "    x = x + 0\n" * 200 + "    return x\n"
    head, _, tail = source.partition("def sigmoid(")
    lay_out(tmp_path, SETUP, {one.file: head + text + "\n\ndef unused(" + tail})
    (check,) = limits(SETUP, tmp_path, 0.5)
    assert check.verdict == "failed" and "sigmoid has 202 lines" in check.message


def test_depth():
    deep = "def f():\n" + "".join("    " * n + "if x:\n" for n in range(1, 8)) + "    " * 8 + "pass\n"
    assert depth_of(find(deep, "f")) == 7
    flat = "def f():\n    if a:\n        pass\n    elif b:\n        pass\n    elif c:\n        pass\n"
    assert depth_of(find(flat, "f")) == 1


def test_a_folder_in_the_place_of_an_earlier_file(tmp_path):
    """What is marked stands on the reference's files, whatever else was handed in."""
    for name in ("op.py/x.py", "mine/x.py"):
        (tmp_path / "tinytorch" / name).parent.mkdir(parents=True)
        (tmp_path / "tinytorch" / name).write_text("x = 1\n")
    with modules.overlay(COURSE.module("02"), tmp_path) as root:
        assert (root / "tinytorch/op.py").is_file() and (root / "tinytorch/mine/x.py").is_file()


def test_messages_can_be_kept_and_shown():
    """What the student's code says is text without control characters and broken letters, and no longer than a page."""
    told = message_of(
        {
            "message": "a\x1b[31m\ud800\x00b",
            "expected": "1",
            "got": "2",
            "place": ["tinytorch/a.py", 3, "x\ty"],
        }
    )
    assert told == "a\\ud800\\x00b\nexpected 1\ngot      2\ntinytorch/a.py:3  x\ty"
    assert len(message_of({"message": "x" * 100_000})) == 4000


def test_a_graders_error_is_no_score():
    result = concluded([Check("a", "passed", 1.0), Check("b", "grader_error")], "B", 1.0)
    assert result.verdict == "grader_error"
    assert concluded([Check("a", "passed", 1.0), Check("b", "failed")], "B", 1.0).score == 0.5
    assert concluded([], "B", 0.0).score == 0
