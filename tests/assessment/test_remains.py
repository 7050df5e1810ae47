"""What is left of a sandbox is removed whatever was made there."""

import os

import pytest

from tito.assessment.boxes import Box
from tito.assessment.engines import clear
from tito.assessment.isolation.launch import possible, remove


def deep(folder, levels):
    """Folders in folders, made from within, as a path to them would be too long."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=here))
    os.close(here)


@pytest.mark.parametrize("levels", [3, 1500, 3000])
def test_folders_in_folders(tmp_path, levels):
    kept = tmp_path / "kept"
    kept.write_text("x")
    (tmp_path / "box").mkdir()
    deep(tmp_path / "box", levels)
    (tmp_path / "box" / "closed").mkdir()
    (tmp_path / "box" / "closed" / "file").write_text("x")
    (tmp_path / "box" / "closed").chmod(0)
    (tmp_path / "box" / "link").symlink_to(tmp_path)
    (tmp_path / "box" / "dangling").symlink_to("nowhere")
    remove(tmp_path / "box")
    assert sorted(tmp_path.iterdir()) == [kept]


@pytest.mark.parametrize("levels", [3, 1500, 3000])
def test_what_a_killed_grader_left(tmp_path, levels):
    """The next start clears it away, however deep a submission has dug."""
    box = tmp_path / "boxes" / "tito-box-x"
    box.mkdir(parents=True)
    deep(box, levels)
    assert clear(tmp_path / "boxes") == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("levels", "says"), [(20, ""), (1500, ""), (3000, "deeper than a path may be long")])
def test_what_is_written_is_counted_however_deep(tmp_path, levels, says):
    if why := possible("B"):
        pytest.skip(why)
    box = Box("B", [], tmp_path)
    try:
        deep(box.scratch, levels)
        assert says in box.overflow() and bool(says) == bool(box.overflow())
    finally:
        box.end()
    assert not box.folder.exists()
