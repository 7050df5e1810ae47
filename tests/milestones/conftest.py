"""Workspaces whose student has written everything up to a level as the reference has it, and ways to break them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tito.course import the_course
from tito.levels import write_level
from tito.milestones.tracker import check_module_export
from tito.workspace import Workspace, create


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYTORCH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("NO_COLOR", raising=False)
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """Tests run beside each other: threads that wait for each other's cores would take most of the time."""
    monkeypatch.setenv("NUMBA_NUM_THREADS", "1")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")


@pytest.fixture
def build(home, tmp_path):
    """`build(4)` is a workspace at level 4, complete; each call makes another one."""
    made: list[Path] = []

    def make(level: int) -> Workspace:
        root = tmp_path / f"work{len(made)}"
        made.append(root)
        workspace = create(root, git=False)
        shutil.rmtree(root / "tinytorch")
        write_level(the_course().package, the_course().modules, level, root / "tinytorch")
        with workspace.changing():
            workspace.state["level"] = level
        for module in the_course().up_to(level):
            check_module_export(module.name, workspace=workspace)
        return workspace

    return make


def change(workspace, file: str, old: str, new: str) -> None:
    """Edit a line of the student's package."""
    path = workspace.package / file
    text = path.read_text()
    assert old in text, f"{file} has no {old!r}"
    path.write_text(text.replace(old, new, 1))


def append(workspace, file: str, code: str) -> None:
    path = workspace.package / file
    path.write_text(path.read_text() + code)
