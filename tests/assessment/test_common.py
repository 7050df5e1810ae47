"""What drivers share is made once and whole, holds nothing of a submission, and shows no answer."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tito.assessment import common as shared
from tito.assessment.packed import LARGE, Large, pack, unpack
from tito.files import made_once
from tito.milestones import datasets

FORK = multiprocessing.get_context("spawn")


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(shared, "FOLDERS", [])
    shared.share(tmp_path / "common")
    return tmp_path / "common"


def slowly(folder: Path) -> None:
    (folder / "begun").write_text(str(os.getpid()))
    time.sleep(0.5)
    (folder / "done").write_text("")


def ask(folder: Path) -> None:
    made_once(folder, slowly)
    (folder.parent / f"{os.getpid()}.saw").write_text((folder / "begun").read_text())
    assert (folder / "done").is_file()


def test_the_first_makes_it_and_the_others_wait(tmp_path):
    several = [FORK.Process(target=ask, args=(tmp_path / "made",)) for _ in range(3)]
    for one in several:
        one.start()
    for one in several:
        one.join()
    assert [one.exitcode for one in several] == [0, 0, 0]
    seen = {path.read_text() for path in tmp_path.glob("*.saw")}
    assert len(list(tmp_path.glob("*.saw"))) == 3 and len(seen) == 1, "it was made more than once"


def for_ever(folder: Path) -> None:
    (folder / "half").write_text("")
    (folder.parent / "begun").write_text("")
    time.sleep(600)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_half_of_it_is_nothing(tmp_path):
    """Who is killed while it makes it leaves the place free, and no lock."""
    one = FORK.Process(target=made_once, args=(tmp_path / "made", for_ever))
    one.start()
    while not (tmp_path / "begun").exists():
        time.sleep(0.02)
    os.kill(one.pid, signal.SIGKILL)
    one.join()
    assert not (tmp_path / "made").exists()
    made_once(tmp_path / "made", slowly, patience=5)
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == ["begun", "done"]


def test_what_cannot_be_made_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError):
        made_once(tmp_path / "made", lambda folder: (folder / "half").write_text(str(1 / 0)))
    assert [path.name for path in tmp_path.iterdir()] == ["made.lock"]


def test_answers_lie_apart_from_what_a_process_is_shown(place):
    folder = shared.common("data", lambda folder: datasets.lay_out("mnist16", folder, True, False))
    data = datasets.read("mnist16", folder, keep=True)
    again = datasets.read("mnist16", folder, keep=True)
    assert data.practice and data.digest == again.digest and (data.answers == again.answers).all()
    shown = {path for path in data.folder.rglob("*") if path.is_file()}
    assert {*data.train_paths().values()} <= shown
    for path in shown:
        assert "answer" not in path.name and not path.name.startswith("test-labels")
        if path.suffix == ".npy" and len(np.load(path, mmap_mode="r")) == len(data.answers):
            assert path.name == "test-images.npy"
    assert data.first(100).train["labels"].shape == (100,)
    assert data.first(100).folder == again.first(100).folder
    datasets.read("mnist16", folder)
    assert not list(folder.rglob("answers*")), "at home the student's process can read the whole folder"


def test_a_second_driver_takes_the_course_as_the_first_has_made_it(place):
    """As files, and with the bytecode: nothing is cut or compiled again."""
    code = (
        "import sys, tito.assessment.bytecode as b; from tito.assessment.common import share; from pathlib import Path; share(Path(sys.argv[1]))\n"
        "made = []; real = b.compile_level; b.compile_level = lambda *a: made.append(real(*a)); print(len(b.known(1)), len(made))"
    )
    told = [
        subprocess.run([sys.executable, "-c", code, str(place)], capture_output=True, text=True, check=True).stdout.split()
        for _ in range(2)
    ]  # fmt: skip
    assert [made for _, made in told] == ["1", "0"] and told[0][0] == told[1][0] != "0"
    assert len(list(place.rglob("*.pyc"))) == int(told[0][0])


def test_what_is_packed_is_a_zip_and_comes_back_byte_for_byte(tmp_path):
    rng = np.random.default_rng(0)
    large = rng.bytes(LARGE + 5)
    of = lambda data: Large(len(data), lambda: iter((data[:100], data[100:])))
    plain = {
        "tinytorch/__init__.py": b"x = 1\n" * 500, "tinytorch/empty.py": b"", "tinytorch/mine.py": b"x = 2\n" * 500,
        "runs/a/names-\u5024.json": "\u5024".encode() * 100, "runs/a/points.npz": rng.bytes(1000),
    }  # fmt: skip
    files = plain | {"runs/a/large.npz": of(large), "runs/a/large.json": of(b"[1, 2]" * LARGE)}
    with open(tmp_path / "a.zip", "wb") as file:
        pack(file, files)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.testzip() is None and archive.namelist() == sorted(files)
        assert archive.read("runs/a/large.npz") == large
    back = unpack(tmp_path / "a.zip")
    assert {name: back[name] for name in plain} == plain
    assert b"".join(back["runs/a/large.json"].pieces()) == b"[1, 2]" * LARGE
    assert set(unpack(tmp_path / "a.zip", "tinytorch/")) == {n for n in files if n.startswith("tinytorch/")}


def test_a_damaged_archive_is_not_graded(tmp_path):
    with open(tmp_path / "a.zip", "wb") as file:
        pack(file, {"tinytorch/points.npz": b"0123456789" * 10})
    whole = (tmp_path / "a.zip").read_bytes()
    (tmp_path / "a.zip").write_bytes(whole.replace(b"0123456789", b"0123456788", 1))
    with pytest.raises(zipfile.BadZipFile, match="points.npz is not what was kept"):
        unpack(tmp_path / "a.zip")
