"""What is handed out: the students' archive holds no solution and no secret; an autograder for Gradescope; a workflow for GitHub."""

import json
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from tito.assessment import classroom
from tito.assessment.actions import workflow
from tito.assessment.release import level_of, release
from tito.commands.assessment import assessment
from tito.course import the_course
from tito.errors import TitoError
from tito.nbgrader.cells import BEGIN, END, cell_of
from tito.weave import stubs_in
from tito.workspace import Workspace, find_workspace

COURSE = the_course()


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A class of one milestone and two modules."""
    modules = [COURSE.module("01"), COURSE.module("05")]
    return classroom.make(tmp_path_factory.mktemp("classes") / "cs101", "cs101", ["perceptron"], modules)


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Everything the course has, as a zip; its files by their names."""
    path = tmp_path_factory.mktemp("release") / "course.zip"
    release(COURSE, path, COURSE.modules[-1].number)
    with zipfile.ZipFile(path) as file:
        return path, {name.removeprefix("my-tinytorch/"): file.read(name) for name in file.namelist()}


def test_no_taught_body_is_in_it(archive):
    """Not where it belongs, not as it was given (.tito/base), nowhere else."""
    _, files = archive
    texts = {
        name: stripped(data.decode())
        for name, data in files.items()
        if name.endswith((".py", ".md", ".yaml"))
    }
    searched = 0
    for module in COURSE.modules:
        for one in COURSE.taught(module):
            for copy in (f"tinytorch/{one.file}", f".tito/base/tinytorch/{one.file}"):
                left = {label.split(".")[0] for label in stubs_in(texts[copy])}
                assert one.label.split(".")[0] in left or f"# {one.label}" in texts[copy], (
                    f"{copy}: {one.symbol}"
                )
            for body in bodies(one):
                searched += 1
                found = [name for name, text in texts.items() if body in text]
                assert not found, f"{one.symbol} is in {found}:\n{body}"
    assert searched > 100


def bodies(one):
    """What is taken out for a symbol, each part of it that is too long to stand elsewhere by chance."""
    marked = cell_of(one, (COURSE.package / one.file).read_text())
    parts = [part.split(END)[0] for part in marked.split(BEGIN)[1:]]
    return [body for body in map(stripped, parts) if len(body) > 60]


def stripped(text):
    """Lines without their margins, so that a body is found at any depth."""
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def test_nothing_is_in_it_that_is_the_instructors(archive):
    _, files = archive
    assert {name.split("/")[0] for name in files} == {".gitignore", ".tito", "README.md", "modules", "pytest.ini", "tinytorch"}  # fmt: skip
    assert not [name for name in files if "secret" in name or name.endswith(("mutants.yaml", ".db", ".pyc"))]
    assert not [name for name in files if name.startswith(("tinytorch/assessment", "tito"))]
    for module in COURSE.modules:
        asked = yaml.safe_load(files[f"modules/{module.name}/questions.yaml"])
        assert len(asked) >= 5 and all(set(one) == {"ask", "choices"} for one in asked)
        assert files[f"modules/{module.name}/checks.py"] == module.checks.read_bytes()
        assert files[f"modules/{module.name}/lesson.md"] == module.lesson.read_bytes()


def test_a_copy_is_a_workspace_of_its_own(archive, tmp_path):
    path, _ = archive
    found = []
    for name in ("ann", "bob"):
        with zipfile.ZipFile(path) as file:
            file.extractall(tmp_path / name)
        found.append(find_workspace(tmp_path / name / "my-tinytorch"))
    ann, bob = found
    assert ann.level == COURSE.modules[-1].number and ann.id and ann.id != bob.id
    assert Workspace(ann.root).id == ann.id, "the same one the next time"
    done = subprocess.run(
        [sys.executable, "-m", "tito", "module", "test", "01", "--json"], cwd=ann.root, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(COURSE.root), "TINYTORCH_HOME": str(tmp_path / "home")},
    )  # fmt: skip
    assert done.returncode == 1 and json.loads(done.stdout)["passed"] is False, done.stderr


def test_as_far_as_the_class_needs(room, tmp_path):
    assert level_of(room, COURSE) == 5
    words = ["--class", str(room.folder), "--out", str(tmp_path / "out"), "--json"]
    told = json.loads(CliRunner().invoke(assessment, ["release", *words]).output)
    assert (
        told["modules"][-1] == "05_optimizers" and not (tmp_path / "out" / "modules" / "06_spatial").exists()
    )
    readme = (tmp_path / "out" / "README.md").read_text()
    assert readme.startswith("# cs101\n") and "| perceptron | 100 |" in readme
    key = (room.folder / ".secret").read_bytes()
    assert not [p for p in (tmp_path / "out").rglob("*") if p.is_file() and key in p.read_bytes()]
    again = CliRunner().invoke(assessment, ["release", *words])
    assert isinstance(again.exception, TitoError) and "is there already" in str(again.exception)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out"]


def test_the_same_archive_twice(archive, tmp_path):
    _, files = archive
    release(COURSE, tmp_path / "again.zip", COURSE.modules[-1].number)
    with zipfile.ZipFile(tmp_path / "again.zip") as file:
        again = {name.removeprefix("my-tinytorch/"): file.read(name) for name in file.namelist()}
    created = lambda state: json.loads(state) | {"created": ""}
    assert created(again.pop(".tito/workspace.json")) == created(files[".tito/workspace.json"])
    assert again == {name: data for name, data in files.items() if name != ".tito/workspace.json"}


# ---------------------------------------------------------------- GitHub Classroom


def test_the_workflow(room):
    tree = yaml.safe_load(workflow(room, "tinytorch[assessment]"))
    assert (tree[True] if True in tree else tree["on"]) == ["push", "workflow_dispatch"]
    (job,) = tree["jobs"].values()
    grading = [step for step in job["steps"] if "command-grader" in step.get("uses", "")]
    assert [step["with"]["test-name"] for step in grading] == ["perceptron", "01_tensor", "05_optimizers"]
    assert all(step["id"][0].isalpha() and "-" not in step["id"] for step in grading)
    assert [step["with"]["max-score"] for step in grading] == [100, 30, 40]
    report = job["steps"][-1]
    assert report["with"]["runners"].split(",") == [step["id"] for step in grading]
    for step in grading:
        assert report["env"][f"{step['id'].upper()}_RESULTS"] == f"${{{{steps.{step['id']}.outputs.result}}}}"


# ---------------------------------------------------------------- Gradescope


@pytest.fixture(scope="module")
def autograder(room, tmp_path_factory):
    path = tmp_path_factory.mktemp("gradescope") / "autograder.zip"
    done = CliRunner().invoke(assessment, ["gradescope-zip", "--class", str(room.folder), "--task", "01", "--out", str(path)])  # fmt: skip
    assert done.exit_code == 0 and "it holds a secret" in done.output, (done.output, done.exception)
    return path


def test_what_is_in_the_zip(room, autograder):
    with zipfile.ZipFile(autograder) as file:
        names = set(file.namelist())
        modes = {info.filename: info.external_attr >> 16 & 0o777 for info in file.infolist()}
        key = file.read("class/.secret")
        told = yaml.safe_load(file.read("class/class.yaml"))
        needs = file.read("requirements.txt").decode().splitlines()
    assert {"setup.sh", "run_autograder", "course/tito/__main__.py", "course/tinytorch/__init__.py"} <= names
    assert modes["setup.sh"] == modes["run_autograder"] == 0o755 and modes["class/.secret"] == 0o600
    assert len(key) == 32 and key != (room.folder / ".secret").read_bytes()
    assert told == {"name": "cs101", "modules": {"01_tensor": {"points": 30, "due": None}}}
    assert "numpy>=2.1" in needs and "sqlalchemy>=2" in needs
    assert stat.S_IMODE(autograder.stat().st_mode) == 0o600
    assert not [name for name in names if ".." in name or name.startswith("/") or "__pycache__" in name]


@pytest.mark.skipif(os.name != "posix", reason="Gradescope's scripts are for bash")
def test_its_scripts_are_bash(autograder, tmp_path):
    with zipfile.ZipFile(autograder) as file:
        file.extractall(tmp_path)
    for name in ("setup.sh", "run_autograder"):
        assert (tmp_path / name).read_text().startswith("#!/usr/bin/env bash\n")
        subprocess.run(["bash", "-n", str(Path(tmp_path) / name)], check=True)
