"""What comes after a pass: questions, badge, certificate, portfolio; and what troubleshoot finds in a broken build."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.milestones.conftest import append, change
from tito.errors import TitoError
from tito.milestones.definitions import all_milestones, find_milestone
from tito.milestones.tracker import MilestoneTracker
from tito.quiz import Quiz, answers_of

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def passed(build):
    """A workspace that has passed milestone 1, as the record has it."""
    workspace = build(4)
    MilestoneTracker(workspace).remember(
        "basic_inference", passed="2026-01-02T03:04:05+0000", figures={"accuracy": "94.49%"}, data="MNIST: somewhere",
        fingerprint="0123456789abcdef", findings=[{"check": "xor", "message": "XOR is solved"}],
    )  # fmt: skip
    return workspace


def tito(workspace, *arguments, code=0):
    done = subprocess.run(
        [sys.executable, "-m", "tito", *arguments],
        cwd=workspace.root,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_questions_are_marked_and_explained(passed):
    one = find_milestone(1)
    asked = Quiz(
        one.title, "tito milestone quiz 1", one.questions, passed.root / answers_of("milestone", one.id)
    )
    right = [question["answer"] for question in one.questions]
    assert asked.mark(right)["passed"] and not asked.sheet.exists()
    wrong = [(right[0] + 1) % len(one.questions[0]["choices"]), *right[1:]]
    record = json.loads(
        tito(passed, "milestone", "quiz", "1", "--answers", ",".join(map(str, wrong)), "--json", code=1)
    )
    assert (record["right"], record["of"]) == (4, 5)
    assert record["questions"][0]["because"]
    assert not record["questions"][0]["right"]
    shown = tito(passed, "milestone", "quiz", "1", "--answers", ",".join(map(str, right)))
    assert "5 of 5" in shown
    assert MilestoneTracker(passed).result("1")["questions"] == {"right": 5, "of": 5}
    assert json.loads(asked.sheet.read_text()) == right
    told = json.loads(tito(passed, "milestone", "quiz", "1", "--json"))
    assert len(told["questions"]) == 5 and "answer" not in json.dumps(told)
    with pytest.raises(TitoError, match="5 questions, and 1 answers"):
        asked.mark([0])
    with pytest.raises(TitoError, match="the answers to"):
        asked.mark([9] * 5)


def test_questions_without_their_answers_are_written_down(tmp_path):
    """In an instructor's archive the right answers are not there."""
    questions = [{"ask": "a?", "choices": ["x", "y"]}, {"ask": "b?", "choices": ["x", "y", "z"]}]
    asked = Quiz("T", "tito module quiz 01", questions, tmp_path / "modules" / "01_tensor" / "answers.yaml")
    assert asked.mark([1, 2]) == {
        "of": 2, "right": None, "passed": None, "questions": [{"ask": "a?", "given": 1}, {"ask": "b?", "given": 2}],
    }  # fmt: skip
    asked.write([1, 2])
    assert asked.sheet.read_text() == "[1, 2]\n"


def test_badges_are_svg(passed):
    for one in all_milestones():
        from tito.milestones.badge import badge_svg

        ElementTree.fromstring(badge_svg(one, {"passed": "2026-01-02", "figures": {"a": "<5%"}}))
    record = json.loads(tito(passed, "milestone", "badge", "1", "--json"))
    assert "94.49%" in Path(record["file"]).read_text()
    assert "[x] Can build multi-layer perceptrons" in tito(passed, "milestone", "badge")


def test_a_certificate_can_be_checked(passed):
    facts = json.loads(tito(passed, "milestone", "certificate", "1", "--name", "A & B <c>", "--json"))
    path = Path(facts["file"])
    ElementTree.fromstring(path.read_text())
    checked = json.loads(tito(passed, "milestone", "certificate", "--verify", str(path), "--json"))
    assert checked["valid"]
    assert checked["in_this_workspace"]
    assert re.fullmatch(r"([0-9A-F]{5}-){3}[0-9A-F]{5}", checked["code"])
    whole = path.read_text()
    for forged in (
        whole.replace("94.49%", "99.49%"),
        whole.replace(">accuracy: 94.49%", ">accuracy: 99.49%"),
    ):
        path.write_text(forged)
        assert not json.loads(
            tito(passed, "milestone", "certificate", "--verify", str(path), "--json", code=1)
        )["valid"]


def test_the_portfolio_is_one_file(passed):
    folder = passed.root / "runs" / "basic_inference"
    folder.mkdir(parents=True)
    (folder / "curves.png").write_bytes(b"\x89PNG")
    (folder / "english.txt").write_text("a <b>")
    record = json.loads(tito(passed, "milestone", "export", "1", "--json"))
    page = Path(record["file"]).read_text()
    assert "data:image/png;base64," in page
    assert "a &lt;b&gt;" in page
    assert "../tinytorch/tensor" in page or "../tinytorch/" in page
    assert not re.search(r"(src|href)=.https?:", page)
    assert "94.49%" in record["share"]


@pytest.mark.parametrize("command", ["badge", "certificate", "export"])
def test_nothing_is_awarded_that_was_not_passed(build, command):
    workspace = build(6)
    refused = json.loads(tito(workspace, "milestone", command, "2", "--json", code=2))
    assert refused["error"] == "Milestone 2: Computer Vision is not passed yet"


def test_troubleshoot_finds_what_is_broken(build):
    workspace = build(6)
    healthy = json.loads(tito(workspace, "milestone", "troubleshoot", "2", "--practice", "--json"))
    assert {symptom["what"] for symptom in healthy["symptoms"]} == {
        "data",
        "start",
        "gradients",
        "dead units",
        "one batch",
        "rate",
    }
    assert not healthy["broken"]
    append(workspace, "nn/functional/activation.py", "\nrelu_op.vjps(x=lambda g: -g)\n")
    broken = json.loads(tito(workspace, "milestone", "troubleshoot", "2", "--practice", "--json", code=1))
    states = {symptom["what"]: symptom["state"] for symptom in broken["symptoms"]}
    assert states["gradients"] == "broken"
    change(workspace, "nn/conv.py", "class Conv2d", "raise ValueError('here')\n\n\nclass Conv2d")
    found = json.loads(tito(workspace, "milestone", "troubleshoot", "2", "--practice", "--json", code=1))
    assert found["symptoms"][-1]["place"].startswith("tinytorch/nn/conv.py:")
