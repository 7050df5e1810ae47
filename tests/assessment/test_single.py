"""One submission, graded for one task: on Gradescope's machine as here."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from tito.assessment import classroom, driver, single
from tito.assessment.isolation.doctor import best, examine_all
from tito.assessment.results import Check, Result
from tito.commands.assessment import assessment
from tito.course import the_course
from tito.errors import CouldNotCheck

COURSE = the_course()


@pytest.fixture
def handed_in(tmp_path):
    (tmp_path / "ann" / "tinytorch").mkdir(parents=True)
    (tmp_path / "ann" / "tinytorch" / "__init__.py").write_text("x = 1\n")
    return tmp_path / "ann"


def answer(monkeypatch, result):
    """Let the driver answer with this; what it was asked is returned."""
    asked = []
    monkeypatch.setattr(
        driver, "grade", lambda room, job, archive, tier: asked.append((room, job, tier)) or result
    )
    return asked


def grade(*words):
    return CliRunner().invoke(assessment, ["grade", *map(str, words)], env={"NO_COLOR": "1"})


HALF = Result("partial", 0.5, "B", 1.5, (Check("sum", "passed", 1.0), Check("product", "failed", message="3 is not 4"), Check("secret", "failed", message="7", visible=False)))  # fmt: skip


def test_what_is_shown(monkeypatch, handed_in):
    asked = answer(monkeypatch, HALF)
    done = grade(handed_in, "--task", "01", "--isolation", "weak", "--student", "ann")
    assert done.exit_code == 1
    assert "01_tensor: partial, 15 of 30 points" in done.output and "3 is not 4" in done.output
    assert "secret" not in done.output
    ((room, job, tier),) = asked
    assert (job.student, job.task, tier) == ("ann", "01_tensor", "C") and room.key == single.OPEN_KEY
    answer(monkeypatch, Result("passed", 1.0, "B"))
    told = grade(handed_in, "--task", "perceptron", "--isolation", "B", "--json")
    assert told.exit_code == 0 and json.loads(told.output)["grade"]["points"] == 100


def test_a_submission_that_cannot_be_read(monkeypatch, tmp_path):
    asked = answer(monkeypatch, HALF)
    (tmp_path / "empty").mkdir()
    done = grade(tmp_path / "empty", "--task", "01", "--isolation", "B", "--gradescope", tmp_path / "r.json")
    told = json.loads((tmp_path / "r.json").read_text())
    assert done.exit_code == 0 and not asked and told["score"] == 0
    assert "no tinytorch/__init__.py" in told["tests"][0]["output"]


def test_the_graders_failure_is_no_score(monkeypatch, handed_in, tmp_path):
    answer(monkeypatch, Result("grader_error", 0.0, "B", checks=(Check("grader", "grader_error", message="the disk is full"),)))  # fmt: skip
    done = grade(handed_in, "--task", "01", "--isolation", "B", "--gradescope", tmp_path / "r.json")
    assert isinstance(done.exception, CouldNotCheck) and "the disk is full" in str(done.exception)
    assert not (tmp_path / "r.json").exists()


def test_whose_it_is(monkeypatch, handed_in, tmp_path):
    asked = answer(monkeypatch, HALF)
    metadata = tmp_path / "submission_metadata.json"
    for text, who in (('{"users": [{"email": "ann@x.org", "id": 1}]}', "ann@x.org"), ("{", "gradescope")):
        metadata.write_text(text)
        grade(handed_in, "--task", "01", "--isolation", "B", "--gradescope", tmp_path / "r.json", "--metadata", metadata)  # fmt: skip
        assert asked.pop()[1].student == who


@pytest.fixture(scope="module")
def sandbox():
    if best(examine_all()) == "C":
        pytest.skip("no sandbox holds on this machine")


@pytest.mark.parametrize("student", ["reference", "nobody"])
def test_as_gradescope_runs_it(sandbox, tmp_path, student):
    """The zip, unpacked as Gradescope does it, on a submission: the reference's, and one that was never begun."""
    task = "xor"
    room = classroom.make(tmp_path / "cs101", "cs101", [task], [], points=10)
    zip_file = tmp_path / "autograder.zip"
    assert CliRunner().invoke(assessment, ["gradescope-zip", "--class", str(room.folder), "--task", task, "--out", str(zip_file)]).exit_code == 0  # fmt: skip
    root = tmp_path / "autograder"
    with zipfile.ZipFile(zip_file) as file:
        file.extractall(root / "source")
        (root / "source" / "class" / ".secret").chmod(0o600)
    if student == "reference":
        shutil.copytree(COURSE.package, root / "submission" / "tinytorch", ignore=shutil.ignore_patterns("__pycache__"))  # fmt: skip
    else:
        from tito.workspace import Workspace

        for name, content in Workspace(Path(), COURSE).wanted(COURSE.modules[-1].number).items():
            (root / "submission" / name).parent.mkdir(parents=True, exist_ok=True)
            (root / "submission" / name).write_bytes(content)
    (root / "submission_metadata.json").write_text('{"users": [{"email": "ann@x.org"}]}')
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", str(root / "source" / "run_autograder")], env={"PATH": path, "AUTOGRADER_ROOT": str(root), "HOME": str(tmp_path)},
        cwd=tmp_path, capture_output=True, text=True, timeout=250,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads((root / "results" / "results.json").read_text())
    failed = {test["name"] for test in told["tests"] if test["status"] != "passed"}
    if student == "reference":
        assert told["tests"] and failed <= {"speed"}, told  # this machine may be slow
    else:
        assert told["score"] <= 5 and failed, told
    assert told["extra_data"]["max_score"] == 10
