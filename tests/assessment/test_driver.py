"""Grading one submission: full score for honest code, however odd; for broken code what its honest part earns, and the right word."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest

from tito.assessment import exams

from .left import left_of

LINEAR = "return F.linear(input, self.weight, self.bias)"


def change(work, file, old, new):
    path = work / "tinytorch" / file
    text = path.read_text()
    assert old in text, f"{file} has no {old!r}"
    path.write_text(text.replace(old, new, 1))


def append(work, file, code):
    path = work / "tinytorch" / file
    path.write_text(path.read_text() + code)


def by_name(result):
    return {check.name: check for check in result.checks}


def test_the_reference_has_it_all(desk, work, tier):
    result = desk.grade(work, tier)
    assert (result.verdict, result.score, result.isolation) == ("passed", 1.0, tier), result.checks
    assert {c.name: c.weight for c in result.checks} == {
        "import": 0, "training": 0, "accuracy": 1, "speed": 1, "truth_table": 1, "gradients": 1,
    }  # fmt: skip


def test_honest_but_odd(desk, work, best_tier):
    """Warnings, words on both streams, a thread, a file of its own, a slow import: the full score."""
    append(work, "__init__.py", """
import os, sys, tempfile, threading, time, warnings
warnings.warn("deprecated")
sys.stderr.write("Traceback (most recent call last): no, only a joke\\n" * 500)
print("0123456789abcdef done _ u1 0,")
os.write(1, b"hello\\n")
threading.Thread(target=time.sleep, args=(0.1,)).start()
with tempfile.NamedTemporaryFile() as file:
    file.write(b"x")
time.sleep(0.5)
""")  # fmt: skip
    result = desk.grade(work, best_tier)
    assert result.score == 1.0, result.checks


SPOILT = {
    "syntax": (("nn/linear.py", LINEAR, "return ("), "syntax_error", {"import": "syntax_error", "accuracy": "blocked", "truth_table": "blocked"}),
    "import": (("nn/linear.py", "import math", "import math\nraise ValueError('no')"), "import_error", {"import": "import_error"}),
    "foreign": (("nn/linear.py", "import math", "import math\nimport torch"), "policy_violation", {"import": "policy_violation"}),
    "not written": (
        ("nn/linear.py", LINEAR, 'raise NotImplementedError("04_layers: Linear.forward")'), "failed",
        {"import": "passed", "training": "failed", "accuracy": "blocked", "truth_table": "failed", "gradients": "failed"},
    ),
    "exit": (("nn/linear.py", LINEAR, "import os\n        os._exit(0)"), "crashed", {"training": "crashed", "gradients": "crashed"}),
    "memory": (("nn/linear.py", LINEAR, "bytearray(1 << 40)"), "memory_limit", {"training": "memory_limit"}),
    "forged frames": (
        ("nn/linear.py", LINEAR, "import os\n        for fd in range(3, 20):\n            try: os.write(fd, b'0123456789abcdef done _ u1 0,\\n')\n            except OSError: pass\n        return F.linear(input, self.weight, self.bias)"),
        "protocol_violation", {"training": "protocol_violation"},
    ),
    "forged bytes": (
        ("nn/linear.py", LINEAR, "import os\n        for fd in range(3, 20):\n            try: os.write(fd, b'score: 100\\n')\n            except OSError: pass\n        return F.linear(input, self.weight, self.bias)"),
        "protocol_violation", {"truth_table": "protocol_violation"},
    ),
    "only inference is wrong": (
        ("nn/linear.py", LINEAR, "import tinytorch\n        return F.linear(input, self.weight, self.bias) * (1 if tinytorch.is_grad_enabled() else 0)"),
        "partial", {"training": "passed", "accuracy": "failed", "truth_table": "passed", "gradients": "passed", "speed": "passed"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SPOILT)
def test_every_failure_has_its_word(desk, work, best_tier, name):
    edit, verdict, checks = SPOILT[name]
    change(work, *edit)
    result = desk.grade(work, best_tier)
    found = by_name(result)
    assert result.verdict == verdict, result.checks
    assert {check: found[check].verdict for check in checks} == checks, result.checks
    assert result.score == (0.75 if verdict == "partial" else 0.0)


def test_a_hang_takes_one_check_with_it(desk, work, best_tier, monkeypatch):
    """Training hangs and is given up; what builds models of its own is judged in a new process."""
    from tito.milestones.definitions import Milestone

    monkeypatch.setattr(Milestone, "grading", {"cpu": 4, "memory": 2048, "answer": 48})
    change(
        work,
        "nn/functional/cross_entropy.py",
        "def cross_entropy(",
        "def cross_entropy(*_, **__):\n    while True: pass\n\n\ndef honest(",
    )
    begun = time.monotonic()
    result = desk.grade(work, best_tier)
    found = by_name(result)
    assert found["training"].verdict == found["gradients"].verdict == "timeout", result.checks
    assert found["accuracy"].verdict == found["speed"].verdict == "blocked"
    assert found["truth_table"].verdict == "passed" and (result.verdict, result.score) == ("partial", 0.25)
    assert time.monotonic() - begun < 60


def test_no_more_than_three_more_processes(desk, work, best_tier, monkeypatch):
    """A submission whose every process dies is not started for ever."""
    monkeypatch.setattr(exams, "RESPAWNS", 1)
    change(work, "nn/linear.py", LINEAR, "import os\n        os._exit(0)")
    found = by_name(desk.grade(work, best_tier))
    assert [found[name].verdict for name in ("training", "truth_table", "gradients")] == [
        "crashed",
        "crashed",
        "not_run",
    ]


def test_output_without_end(desk, work, best_tier, monkeypatch):
    monkeypatch.setattr("tito.milestones.session.LOUDEST", 1 << 20)
    change(work, "nn/linear.py", LINEAR, "import sys\n        while True: sys.stderr.write('x' * 10000)")
    assert by_name(desk.grade(work, best_tier))["training"].verdict == "output_limit"


def test_a_full_disk(desk, work, best_tier, monkeypatch):
    monkeypatch.setattr("tito.assessment.isolation.written.MOST_BYTES", 1 << 20)
    change(
        work, "nn/linear.py", LINEAR,
        "import time\n        for i in range(100): open(f'x{i}', 'wb').write(bytes(1 << 20))\n        time.sleep(60)",
    )  # fmt: skip
    assert by_name(desk.grade(work, best_tier))["training"].verdict == "output_limit"


def test_the_same_questions_at_a_regrade(desk, work, best_tier):
    """Seeds are the student's and the check's: the same again, others for somebody else or in another epoch (of which one may reach the same)."""
    told = lambda **who: by_name(desk.grade(work, best_tier, **who))["accuracy"].message
    first = told()
    assert first == told()
    assert any(first != told(student=name) for name in ("bob", "eve", "mallory"))
    assert any(first != told(epoch=epoch) for epoch in (1, 2, 3))


def test_what_breaks_in_the_grader_is_no_score(desk, work, best_tier, monkeypatch):
    monkeypatch.setattr(exams, "ask_judge", lambda *_: 1 / 0)
    result = desk.grade(work, best_tier)
    (check,) = result.checks
    assert result.verdict == check.verdict == "grader_error" and not check.visible
    assert re.search("ZeroDivisionError.*\n.*exams.py", check.message)


def test_nothing_is_left(desk, work, tier, tmp_path, monkeypatch):
    """No process and no folder, whatever the submission did."""
    desk.grade(work, tier)  # data, and what boxes are forked from, stay as long as a grader
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    change(work, "nn/linear.py", LINEAR, "import os\n        os._exit(0)")
    desk.grade(work, tier)
    assert {p.name[:12] for p in (tmp_path / "temporary").iterdir()} <= {"tito-runtime"}
    assert left_of(tmp_path / "temporary") == []


def test_links_do_not_lead_the_grader_astray(desk, work, best_tier, tmp_path):
    """The scratch folder is full of links at the names of arrays: the grader writes elsewhere."""
    target = tmp_path / "precious"
    target.write_text("gradebook")
    append(work, "__init__.py", f"""
import os
for name in ("images", "inputs", "targets", "seeds", "labels", "directions"):
    os.symlink({str(target)!r}, f"{{name}}.npy")
""")  # fmt: skip
    assert desk.grade(work, best_tier).score == 1.0 and target.read_text() == "gradebook"
    assert os.path.exists(target)


@pytest.mark.parametrize("shared", [True, False])
def test_code_of_the_course_comes_compiled(work, tmp_path, shared):
    """Files as the course has them get their bytecode, and import as before; a file the student changed gets none."""
    import subprocess
    import sys

    from tito.assessment.bytecode import lay_out
    from tito.assessment.intake import take_in

    change(work, "nn/linear.py", LINEAR, LINEAR + "  # mine")
    submission, work = take_in(work), tmp_path / "laid out"
    work.mkdir()
    count = lay_out(submission, work, 4, shared=shared)
    assert {p: p.read_bytes() for p in work.rglob("*.py")} == {
        work / n: d for n, d in submission.files.items()
    }
    links = {p.stat().st_nlink for p in work.rglob("*") if p.is_file() and p.stem.split(".")[0] != "linear"}
    assert min(links) > 1 if shared else links == {1}
    files = {p.relative_to(work / "tinytorch") for p in (work / "tinytorch").rglob("*.py")}
    made = {
        p.parent.parent.relative_to(work / "tinytorch") / f"{p.name.split('.')[0]}.py"
        for p in work.rglob("*.pyc")
    }
    assert len(made) == count and files - made == {Path("nn/linear.py")}
    code = "import sys; from tinytorch import nn; print(sys.modules['tinytorch.tensor'].__cached__, nn.Linear.forward.__code__.co_filename)"
    told = subprocess.run(
        [sys.executable, "-B", "-c", code], cwd=work, capture_output=True, text=True, check=True
    ).stdout
    assert "__pycache__" in told and "tinytorch/nn/linear.py" in told
