"""progress.json: locked, written whole, and built again when it is damaged."""

import json
import os
import subprocess
import sys

import pytest

WRITE = """
import sys
from pathlib import Path
from tito import progress
from tito.workspace import Workspace
workspace = Workspace(Path(sys.argv[1]))
for n in range(25):
    with progress.edit(workspace) as entry:
        progress.module_entry(entry, f"{sys.argv[2]}_{n:02}")["tests"] += 1
        shared = progress.module_entry(entry, "shared")
        shared["tests"] += 1
"""


def start(tito, code, *args):
    variables = os.environ | {"PYTHONPATH": str(tito.course), "TINYTORCH_HOME": str(tito.home)}
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, args)],
        env=variables,
        cwd=tito.here,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_processes_at_once_lose_nothing(tito, tmp_path):
    tito.json("init", "other", here=tmp_path)
    running = [
        start(tito, WRITE, folder, name)
        for folder, name in [(tito.here, "a"), (tito.here, "b"), (tmp_path / "other", "c")]
    ]
    for process in running:
        assert process.communicate(timeout=120)[1] == ""
        assert process.returncode == 0
    entries = {e["path"]: e["modules"] for e in tito.json("progress")["workspaces"].values()}
    mine, other = entries[str(tito.here)], entries[str(tmp_path / "other")]
    assert len(mine) == 51
    assert mine["shared"]["tests"] == 50
    assert other["shared"]["tests"] == 25


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", '{"version": 1, "workspaces": {"x": 3}}', "\x00" * 40, "gone"]
)
def test_a_damaged_file_is_set_aside_and_rebuilt(tito, damage):
    tito.json("module", "start", "0")
    path = tito.home / "progress.json"
    before = json.loads(path.read_text())["workspaces"]
    if damage == "gone":
        path.unlink()
    else:
        path.write_text(damage)
    shown = tito.run("progress")
    assert shown.returncode == 0
    assert "00_setup" in shown.stdout
    if damage != "gone":
        assert "was damaged" in shown.stderr
        assert [p.read_text() for p in tito.home.glob("progress.damaged-*.json")] == [damage]
        assert json.loads(path.read_text())["workspaces"] == before
    tito.json("module", "start", "0")
    assert json.loads(path.read_text())["workspaces"].keys() == before.keys()


def test_a_newer_format_is_left_alone(tito):
    path = tito.home / "progress.json"
    path.write_text('{"version": 99, "workspaces": {}}')
    assert "newer tito" in tito.json("progress", code=2)["error"]
    assert "99" in path.read_text()


def test_a_write_that_fails_leaves_the_old_file(tito):
    path = tito.home / "progress.json"
    before = path.read_text()
    code = """
from pathlib import Path
from tito import progress
from tito.workspace import Workspace
with progress.edit(Workspace(Path("."))) as entry:
    entry["modules"]["x"] = object()
"""
    process = start(tito, code)
    assert "not JSON serializable" in process.communicate(timeout=60)[1]
    assert path.read_text() == before
    assert not list(tito.home.glob(".progress*"))
