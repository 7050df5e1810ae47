"""Every written lesson: complete, its blocks run, the reference passes, each stub fails, and mutants are killed.

And the real course, grown in a workspace up to 03 with the reference's bodies filled in.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tito.authoring import block_problems, judged, lesson_problems
from tito.checks import run_checks
from tito.course import the_course
from tito.weave import stubs_in, weave_module
from tito.workspace import Reference

COURSE = the_course()
WRITTEN = [module for module in COURSE.modules if module.checks.is_file()]
lessons = pytest.mark.parametrize("module", WRITTEN, ids=lambda module: module.name)


def test_there_are_lessons():
    assert {"01_tensor", "03_activations"} <= {module.name for module in WRITTEN}


@lessons
def test_a_lesson_is_complete(module):
    assert lesson_problems(COURSE, module) == []


@lessons
def test_its_code_blocks_run_at_its_level(module):
    assert block_problems(COURSE, module) == []


@lessons
def test_the_reference_passes(module):
    report = run_checks(Reference(COURSE), module)
    assert report.passed, report.first_failure


@lessons
def test_the_stubs_are_what_the_lesson_names(module):
    taught = [one.label for one in COURSE.taught(module)]
    woven = weave_module(module, COURSE.package)
    stubs = {label for content in woven.values() for label in stubs_in(content.decode())}
    assert {t for t in taught if any(s == t or s.startswith(f"{t}.") for s in stubs)} == set(taught)


def test_wrong_versions_of_the_package_are_what_is_imported():
    """The package has a finder of its own; what the mutants put in place of a file comes through it."""
    done = subprocess.run(
        [sys.executable, "-m", "tito.mutants", "03", "relu_op"], capture_output=True, text=True, timeout=100
    )
    verdict = json.loads(done.stdout)
    assert verdict["stubs_that_pass"] == []
    assert verdict["killed"] == verdict["mutants"] > 5


@pytest.mark.slow
@pytest.mark.timeout(1500)
@lessons
def test_stubs_fail_and_mutants_are_killed(module):
    verdict = judged(module, every=10 if module.name == "13_kernels" else 1)  # each version is compiled
    assert verdict["reference"]["killed_by"] == ""
    assert verdict["stubs_that_pass"] == []
    assert verdict["rate"] >= 0.95, "\n".join(verdict["survivors"])


def tito(here, home, *args, code=0):
    variables = os.environ | {
        "PYTHONPATH": str(COURSE.root),
        "TINYTORCH_HOME": str(home),
        "PYTHONIOENCODING": "utf-8",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tito", *args, "--json"],
        cwd=here,
        env=variables,
        capture_output=True,
        encoding="utf-8",
        timeout=280,
    )
    assert done.returncode == code, (
        f"tito {' '.join(args)}: {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-2000:]}"
    )
    return json.loads(done.stdout)


def test_the_real_course_grows(tmp_path):
    """init, start 03, every check fails on stubs; with the reference's bodies everything passes and 03 is complete."""
    home, work = tmp_path / "home", tmp_path / "work"
    tito(tmp_path, home, "init", "work")
    started = tito(work, home, "module", "start", "03", "--force")
    assert "nn/functional/softmax.py: softmax_op" in started["build"]
    assert not (work / "tinytorch" / "nn" / "module.py").exists()
    failing = tito(work, home, "module", "test", "03", code=1)
    assert failing["counts"]["passed"] == 0, [
        c["check"] for c in failing["checks"] if c["outcome"] == "passed"
    ]
    for number in ("00", "01", "02", "03"):
        if COURSE.taught(COURSE.module(number)):
            tito(work, home, "module", "solution", number, "--yes")
    for one in COURSE.taught(COURSE.module("03")):
        mine = (work / "tinytorch" / one.file).read_text(encoding="utf-8")
        assert mine == (COURSE.package / one.file).read_text(encoding="utf-8")
    done = tito(work, home, "module", "complete", "03")
    assert {"01_tensor", "03_activations"} <= set(done["modules_checked"])
    assert done["checks"] >= 20
    progress = json.loads(Path(home / "progress.json").read_text())
    (entry,) = progress["workspaces"].values()
    assert entry["modules"]["03_activations"]["completed"]
