"""Progress between machines: a union, in whatever order they meet; a pass is never lost, and nothing that fails loses anything."""

import copy
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tito import progress, sync
from tito.errors import TitoError

REPOSITORY = Path(__file__).resolve().parents[2]


class Home:
    """A machine: a home of its own."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.set = folder, lambda: monkeypatch.setenv("TINYTORCH_HOME", str(folder))

    def edit(self, workspace="w1", path="", **changes):
        """`edit(completed={"01_tensor": "2026-..."})`, `edit(tests={"01_tensor": 3})`."""
        self.set()
        with progress.edit_all() as entries:
            entry = entries.setdefault(workspace, progress.new_entry() | {"path": path})
            for key, by_module in changes.items():
                for module, value in by_module.items():
                    progress.module_entry(entry, module)[key] = value

    def sync(self, target):
        self.set()
        return sync.sync(str(target))

    @property
    def entries(self):
        self.set()
        return progress.read()["workspaces"]

    def module(self, name="01_tensor", workspace="w1"):
        return self.entries[workspace]["modules"].get(name, {})


@pytest.fixture
def home(tmp_path, monkeypatch):
    """`home("laptop")` is a machine."""
    return lambda name: Home(tmp_path / name, monkeypatch)


@pytest.fixture
def remote(tmp_path):
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "remote.git")], check=True)
    return tmp_path / "remote.git"


@pytest.fixture(params=["folder", "git"])
def target(request, tmp_path):
    if request.param == "git":
        return request.getfixturevalue("remote")
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick"


# ---------------------------------------------------------------- merging


PLACES = ["modules/01/completed", "modules/01/tests", "modules/01/solutions", "milestones/xor/passed", "milestones/xor/figures", "exports"]  # fmt: skip


def a_value(place):
    name = place.rsplit("/", 1)[-1]
    if name in ("solutions", "exports"):
        return st.lists(st.sampled_from("abc"), unique=True).map(sorted)
    if name == "tests":
        return st.integers(0, 9)
    if name == "figures":
        return st.dictionaries(st.sampled_from("ab"), st.integers(0, 3))
    return st.sampled_from(["", "2026-01-01", "2026-01-02"])


@st.composite
def machines_fields(draw):
    by = draw(st.sampled_from(["laptop", "desk", "lab"]))
    chosen = draw(st.lists(st.sampled_from(PLACES), unique=True))
    # of one machine a field has one value at one moment, so the moment is made of the value
    fields = {}
    for place in chosen:
        value = draw(a_value(place))
        fields[place] = sync.Field(value, 10 * len(json.dumps(value)) + draw(st.integers(0, 1)), by)
    return {draw(st.sampled_from(["w1", "w2"])): fields}


@given(machines_fields(), machines_fields(), machines_fields())
def test_merging_is_a_union(a, b, c):
    before = copy.deepcopy((a, b, c))
    assert sync.merged(a, b) == sync.merged(b, a)
    assert sync.merged(sync.merged(a, b), c) == sync.merged(a, sync.merged(b, c))
    assert sync.merged(sync.merged(a, b), b) == sync.merged(a, b) and (a, b, c) == before
    for one in (a, b, c):
        for workspace, fields in one.items():
            for place, told in fields.items():
                found = sync.merged(sync.merged(a, b), c)[workspace][place].value
                if place.endswith(("completed", "passed")):
                    assert found or not told.value, "a pass is never lost"
                if place.endswith("tests"):
                    assert found >= told.value
                if place.endswith(("solutions", "exports")):
                    assert set(found) >= set(told.value)


def test_places_and_back():
    entry = progress.new_entry() | {"path": "/here", "exports": ["a"], "elsewhere": "x"}
    entry["modules"]["a/b~c"] = {"tests": 1, "deep": {"x": {"y": 1}}}
    values = sync.flat(entry)
    assert values == {"modules/a~1b~0c/tests": 1, "modules/a~1b~0c/deep": {"x": {"y": 1}}, "exports": ["a"]}
    again = progress.new_entry() | {"path": "/here", "elsewhere": "x"}
    sync.deep(values, again)
    assert again == entry


# ---------------------------------------------------------------- two machines


def test_two_machines(home, target):
    laptop, desk = home("laptop"), home("desk")
    laptop.edit(path="/home/ann/w", completed={"01_tensor": "2026-01-01"}, tests={"01_tensor": 5})
    assert laptop.sync(target).machines == []
    desk.edit(tests={"01_tensor": 2, "02_autograd": 1})
    desk.edit("w2", completed={"00_setup": "2026-01-03"})
    told = desk.sync(target)
    assert told.new == ["01_tensor"] and told.workspaces == 2 and len(told.machines) == 1
    assert desk.module() == {"tests": 5, "hints": 0, "solutions": [], "completed": "2026-01-01"}
    assert desk.entries["w1"]["elsewhere"].endswith(": /home/ann/w") and desk.entries["w1"]["path"] == ""
    assert laptop.sync(target).new == ["00_setup"]
    assert laptop.entries["w1"]["path"] == "/home/ann/w", "where it lies is each machine's own affair"
    told = desk.sync(target), laptop.sync(target)
    assert [one.changed for one in told] == [0, 0]
    strip = lambda entries: {
        w: {k: v for k, v in e.items() if k not in sync.LOCAL} for w, e in entries.items()
    }
    assert strip(laptop.entries) == strip(desk.entries)


def test_the_newer_one_wins_and_a_pass_stays(home, target):
    laptop, desk = home("laptop"), home("desk")
    laptop.edit(
        note={"01_tensor": "old"}, solutions={"01_tensor": ["a"]}, completed={"01_tensor": "2026-01-01"}
    )
    laptop.sync(target), desk.sync(target)
    desk.edit(note={"01_tensor": "new"}, solutions={"01_tensor": ["a", "b"]})
    laptop.edit(solutions={"01_tensor": ["a", "c"]}, completed={"01_tensor": ""})
    desk.sync(target), laptop.sync(target), desk.sync(target)
    for one in (laptop, desk):
        assert one.module()["note"] == "new" and one.module()["solutions"] == ["a", "b", "c"]
        assert one.module()["completed"] == "2026-01-01"


def test_a_clock_that_is_ahead_does_not_win_for_ever(home, target, monkeypatch):
    laptop, desk = home("laptop"), home("desk")
    with monkeypatch.context() as ahead:
        ahead.setattr(sync.time, "time_ns", lambda: 4_000_000_000 * 10**9)
        laptop.edit(note={"01_tensor": "from the future"})
        laptop.sync(target)
    desk.sync(target)
    desk.edit(note={"01_tensor": "now"})
    desk.sync(target), laptop.sync(target)
    assert laptop.module()["note"] == "now"


def test_what_was_lost_here_comes_back(home, target):
    laptop, desk = home("laptop"), home("desk")
    laptop.edit(completed={"01_tensor": "2026-01-01"})
    laptop.sync(target), desk.sync(target)
    shutil.rmtree(laptop.folder)
    assert laptop.sync(target).new == ["01_tensor"]
    (desk.folder / "progress.json").write_text("{")
    assert desk.sync(target).new == ["01_tensor"] and desk.module()["completed"] == "2026-01-01"
    (desk.folder / "sync" / "machine.json").write_text("nonsense")
    desk.sync(target)
    assert desk.module()["completed"] == "2026-01-01" and len(list((desk.folder / "sync").glob("*.damaged-*"))) == 1  # fmt: skip


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"version": 1}', '{"version": 1, "machine": "x", "name": "x", "places": {}, "workspaces": {"w": {"modules": [1, 2, "x"]}}}'])  # fmt: skip
def test_a_damaged_file_is_set_aside(home, tmp_path, damage):
    laptop, desk = home("laptop"), home("desk")
    (tmp_path / "stick").mkdir()
    laptop.edit(completed={"01_tensor": "2026-01-01"})
    laptop.sync(tmp_path / "stick")
    folder = tmp_path / "stick" / sync.FOLDER
    (file,) = folder.iterdir()
    file.write_text(damage)
    progress.notices.clear()
    desk.edit(tests={"02_autograd": 1})
    assert desk.sync(tmp_path / "stick").machines == []
    (aside,) = folder.glob("*.damaged-*")
    assert aside.read_text() == damage and "was damaged" in progress.notices.pop()
    laptop.sync(tmp_path / "stick")
    desk.sync(tmp_path / "stick")
    assert desk.module()["completed"] == "2026-01-01" and laptop.module("02_autograd")["tests"] == 1


def test_a_newer_tito_is_left_alone(home, tmp_path):
    laptop = home("laptop")
    laptop.edit(tests={"01_tensor": 1})
    (tmp_path / sync.FOLDER).mkdir()
    (tmp_path / sync.FOLDER / "x.json").write_text('{"version": 99}')
    with pytest.raises(TitoError, match="newer tito"):
        laptop.sync(tmp_path)
    assert (tmp_path / sync.FOLDER / "x.json").read_text() == '{"version": 99}' and laptop.module()[
        "tests"
    ] == 1


# ---------------------------------------------------------------- what can fail


def test_a_remote_that_is_not_there(home, remote):
    laptop = home("laptop")
    laptop.edit(completed={"01_tensor": "2026-01-01"})
    before = (laptop.folder / "progress.json").read_bytes()
    gone = f"file://{remote}-gone"
    with pytest.raises(TitoError, match="cannot be reached") as error:
        laptop.sync(gone)
    assert "Nothing was lost" in error.value.hint and "\n" not in str(error.value)
    assert (laptop.folder / "progress.json").read_bytes() == before
    assert not (laptop.folder / "sync" / "target").exists(), "what never worked is not remembered"
    laptop.sync(remote)
    assert sync.remembered() == str(remote)


@pytest.mark.parametrize("text", ["nowhere/at/all", "", "some-name"])
def test_what_is_no_target(home, text):
    laptop = home("laptop")
    laptop.set()
    with pytest.raises(TitoError, match="neither a folder"):
        sync.sync(text or "./missing")
    with pytest.raises(TitoError, match="where to"):
        sync.remembered()


def test_a_remote_keeps_its_own_branches(home, remote, tmp_path):
    """The repository of a student's code serves, and nothing of it changes."""
    work = tmp_path / "work"
    git = lambda *words: subprocess.run(["git", "-C", str(work), "-c", "user.name=a", "-c", "user.email=a@x.org", *words], check=True, capture_output=True, text=True).stdout  # fmt: skip
    subprocess.run(["git", "clone", "-q", str(remote), str(work)], check=True, capture_output=True)
    (work / "code.py").write_text("x = 1\n")
    git("add", "-A"), git("commit", "-qm", "code"), git("push", "-q", "origin", "HEAD:refs/heads/main")
    laptop = home("laptop")
    laptop.edit(completed={"01_tensor": "2026-01-01"})
    laptop.sync(remote)
    git("fetch", "-q", "origin")
    assert git("show", "origin/main:code.py") == "x = 1\n"
    assert len(git("ls-tree", "--name-only", f"origin/{sync.BRANCH}").split()) == 1
    commits = git("rev-list", "--count", f"origin/{sync.BRANCH}")
    laptop.sync(remote)
    git("fetch", "-q", "origin")
    assert git("rev-list", "--count", f"origin/{sync.BRANCH}") == commits, "nothing new is no commit"


MANY = """
import sys
from tito import progress, sync
for n in range(6):
    with progress.edit_all() as entries:
        entry = entries.setdefault("w1", progress.new_entry())
        progress.module_entry(entry, f"{sys.argv[2]}_{n}")["completed"] = "2026-01-01"
    sync.sync(sys.argv[1])
"""


def test_at_the_same_time(home, target, tmp_path):
    """Three machines that sync all the time: each pass is everywhere in the end."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", MANY, str(target), name], stderr=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": str(REPOSITORY), "TINYTORCH_HOME": str(tmp_path / name)},
        )
        for name in ("laptop", "desk", "lab")
    ]  # fmt: skip
    for process in running:
        words = process.communicate(timeout=120)[1]
        assert process.returncode == 0, words
    wanted = {f"{name}_{n}" for name in ("laptop", "desk", "lab") for n in range(6)}
    for name in ("laptop", "desk", "lab"):
        machine = home(name)
        machine.sync(target)
        assert {
            m for m, entry in machine.entries["w1"]["modules"].items() if entry.get("completed")
        } == wanted


def test_the_command(home, tmp_path, monkeypatch):
    from click.testing import CliRunner

    from tito.cli import tito

    laptop, desk = home("laptop"), home("desk")
    (tmp_path / "stick").mkdir()
    laptop.edit(path="/home/ann/w", completed={"01_tensor": "2026-01-01"})
    run = lambda *words: CliRunner().invoke(tito, list(words), env={"NO_COLOR": "1"})
    assert "with no other machine yet" in run("sync", str(tmp_path / "stick")).output
    desk.set()
    shown = run("sync", str(tmp_path / "stick")).output
    assert "passed elsewhere, now known here: 01_tensor" in shown
    assert "nothing new for this machine" in run("sync").output
    assert json.loads(run("sync", "--json").output)["workspaces"] == 1
    assert "/home/ann/w  (on another machine)" in run("progress").output
