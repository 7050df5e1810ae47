"""Who unlocked what: the seed's own journey through the door, progress.json, the commands that show it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tito.errors import TitoError
from tito.milestones.definitions import MILESTONE_ORDER, MILESTONES, all_milestones, find_milestone
from tito.milestones.tracker import MilestoneTracker, check_module_export
from tito.workspace import create

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYTORCH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("NO_COLOR", raising=False)
    return tmp_path / "home"


@pytest.fixture
def workspace(home, tmp_path):
    return create(tmp_path / "work", git=False)


def run(*command, here=REPOSITORY, code=0):
    done = subprocess.run(
        [sys.executable, *command],
        cwd=here,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert done.returncode == code, done.stderr
    return done


def test_every_entry_names_modules_of_the_course(workspace):
    names = [module.name for module in workspace.course.modules]
    assert len(MILESTONE_ORDER) == len(MILESTONES) == 15
    for one in all_milestones():
        places = [names.index(name) for name in one.requires]
        assert places == sorted(places)
        assert {"name", "requires", "test", "description", "unlock_message"} <= set(one.entry)
    assert [one.number for one in all_milestones("capability")] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("name", ["2", "02", 2, "computer_vision", "Computer Vision", "computer-vision"])
def test_a_milestone_goes_by_its_number_or_name(name):
    assert find_milestone(name).id == "computer_vision"


def test_a_wrong_name_lists_the_near_ones():
    assert find_milestone("1957").id == "perceptron"
    with pytest.raises(TitoError, match="no milestone 'perceptrom'") as caught:
        find_milestone("perceptrom")
    assert "perceptron" in caught.value.hint


def test_modules_unlock_milestones(workspace):
    tracker = MilestoneTracker(workspace)
    assert not tracker.can_run_milestone("perceptron")
    assert check_module_export("00_setup", workspace=workspace) == {"newly_unlocked": [], "messages": []}
    check_module_export("01", workspace=workspace)
    opened = check_module_export("02_autograd", workspace=workspace)
    assert opened["newly_unlocked"] == ["perceptron"]
    assert opened["messages"][0].startswith("🔓 MILESTONE UNLOCKED!\n\n1957 - The Perceptron\n")
    assert tracker.can_run_milestone("perceptron")
    assert not tracker.can_run_milestone("xor")
    assert tracker.missing("xor") == ["03_activations"]
    assert check_module_export("02_autograd", workspace=workspace)["newly_unlocked"] == []
    assert tracker.progress == {
        "completed_modules": ["00_setup", "01_tensor", "02_autograd"],
        "unlocked_milestones": ["perceptron"],
        "completed_milestones": [],
    }


def test_states_and_the_next_goal(workspace):
    tracker = MilestoneTracker(workspace)
    states = lambda: [row["state"] for row in tracker.standing("capability")]
    assert states() == ["locked"] * 5
    assert tracker.next_goal()["text"] == "Complete Module 04 to unlock Basic Inference!"
    for number in range(5):
        check_module_export(str(number), workspace=workspace)
    assert states() == ["in progress"] + ["locked"] * 4
    assert tracker.next_goal()["command"] == "tito milestone start 1"
    tracker.remember("basic_inference", passed="2026-01-01T00:00:00+0000", figures={"accuracy": "97%"})
    assert states() == ["completed", "in progress", "locked", "locked", "locked"]
    assert tracker.next_goal()["text"] == "Complete Module 06 to unlock Computer Vision!"


def test_the_door(home):
    door = "tests/milestones/milestone_tracker.py"
    for name in ("00_setup", "01_tensor"):
        assert "UNLOCKED" not in run(door, "complete", name).stdout
    assert "MILESTONE UNLOCKED!" in run(door, "complete", "02_autograd").stdout
    shown = run(door, "progress").stdout
    assert "1957 - The Perceptron" in shown
    assert "3/3 modules" in shown
    assert "3/4 modules" in shown
    assert "test_perceptron_learning" in run(door, "list").stdout
    assert "there is no module '99'" in run(door, "complete", "99", code=2).stderr
    assert "usage" in run(door, code=2).stderr
    record = json.loads((home / "progress.json").read_text())["workspaces"]["reference"]
    assert record["exports"] == ["00_setup", "01_tensor", "02_autograd"]
    assert not (REPOSITORY / ".tito").exists()


def test_commands_answer_in_json_and_without_colour(workspace, monkeypatch):
    tito = lambda *args, code=0: run("-m", "tito", *args, here=workspace.root, code=code).stdout
    status = json.loads(tito("milestone", "status", "--json"))
    assert [row["number"] for row in status["milestones"]] == [1, 2, 3, 4, 5]
    assert json.loads(tito("milestone", "next", "--json"))["command"] == "tito module start 00"
    assert len(json.loads(tito("milestones", "progress", "--json"))["milestones"]) == 15
    assert json.loads(tito("milestones", "list", "--json"))["tests"] == []
    assert json.loads(tito("milestone", "start", "1", "--json", code=2))["missing"][0] == "00_setup"
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "48")
    for command in (["milestone", "status"], ["milestone", "timeline"], ["milestones", "progress"]):
        text = tito(*command)
        assert "\x1b[" not in text
        assert "Basic Inference" in text or "Basic" in text
    assert "[LOCKED 🔒]" in tito("milestone", "status")
