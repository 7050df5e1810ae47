"""Taking submissions in: every form gives the same archive, and what climbs, links, explodes or hides is left outside."""

import dataclasses
import errno
import gzip
import io
import os
import stat
import struct
import subprocess
import sys
import tarfile
import zipfile

import pytest

from tests.assessment.repositories import bare, committed, exploding, git
from tito.assessment import classroom, intake
from tito.assessment.intake import IntakeError, kept, take_in
from tito.assessment.isolation.launch import remove
from tito.assessment.scan import handed_in, scan, stamp_of
from tito.assessment.store import Gradebook

FILES = {
    "tinytorch/__init__.py": b"from .op import op\n",
    "tinytorch/op.py": b"def op(f):\n    return f\n",
    "modules/01_tensor/answers.yaml": b"1: 2\n",
}


def lay(folder, files=FILES):
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def zipped(path, files, prefix=""):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(prefix + name, data)
    return path


def tarred(path, files, *members):
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for member in members:
            archive.addfile(member)
    return path


def test_every_form_is_one_archive(tmp_path):
    folder = lay(tmp_path / "ann")
    forms = [
        take_in(folder),
        take_in(zipped(tmp_path / "a.zip", FILES)),
        take_in(zipped(tmp_path / "b.zip", FILES, "ann-work/final/")),
        take_in(tarred(tmp_path / "c.tar.gz", FILES)),
        take_in(zipped(tmp_path / "named.wrong", dict(reversed(FILES.items())))),
    ]
    assert all(form.files == FILES for form in forms)
    paths = {form.keep(tmp_path / "store") for form in forms}
    assert len(paths) == 1 and kept(paths.pop()).files == FILES
    assert [p.suffix for p in (tmp_path / "store").iterdir()] == [".zip"]
    (folder / "tinytorch/op.py").write_bytes(b"changed")
    assert take_in(folder).digest != forms[0].digest


def test_git_repositories_are_read_without_running_anything(tmp_path):
    work = lay(tmp_path / "work")
    (work / ".gitattributes").write_text("*.py filter=evil\n")
    ann = bare(committed(work))
    proof = tmp_path / "ran"
    with open(ann / "config", "a") as config:
        config.write(
            f'[filter "evil"]\n\tsmudge = touch {proof}\n[core]\n\tfsmonitor = touch {proof}\n\tsshCommand = touch {proof}\n'
        )
    hook = ann / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {proof}\n")
    hook.chmod(0o755)
    assert take_in(ann).files == FILES
    assert take_in(work).files == FILES, "a working tree is a folder; its .git is not looked at"
    assert not proof.exists()
    (ann / "HEAD").write_text("ref: refs/heads/nothing\n")
    with pytest.raises(IntakeError, match="the repository cannot be read"):
        take_in(ann)


def test_a_repository_that_fetches_what_it_lacks_from_a_program(tmp_path):
    """As a partial clone it names a remote, and the remote a program that is to be asked for the rest."""
    ann, proof = bare(committed(lay(tmp_path / "work"))), tmp_path / "ran"
    blob = git(ann, "rev-parse", "HEAD:tinytorch/op.py")
    (ann / "objects" / blob[:2] / blob[2:]).unlink()
    (ann / "config").write_text(
        "[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tpartialClone = origin\n"
        f'[remote "origin"]\n\turl = file://{ann}\n\tpromisor = true\n\tuploadpack = "touch {proof}; false"\n'
    )
    with pytest.raises(IntakeError, match="the repository cannot be read"):
        take_in(ann)
    assert not proof.exists()


def test_a_repository_that_borrows_another_one_s_objects(tmp_path):
    """Whoever knows the number of somebody's commit does not have the commit."""
    (tmp_path / "b").mkdir()
    theirs = bare(committed(lay(tmp_path / "a/work")))
    git(tmp_path / "b", "init", "-q", "--bare", "mine.git")
    mine = tmp_path / "b" / "mine.git"
    (mine / "objects/info").mkdir(exist_ok=True)
    (mine / "objects/info/alternates").write_text(f"{theirs}/objects\n")
    (mine / "HEAD").write_text(git(theirs, "rev-parse", "HEAD") + "\n")
    assert git(mine, "cat-file", "-t", "HEAD") == "commit"
    with pytest.raises(IntakeError, match="the repository cannot be read"):
        take_in(mine)


def test_a_repository_of_a_few_trees_that_are_billions_of_files(tmp_path, monkeypatch):
    monkeypatch.setattr("tito.assessment.repository.MOST_MEMORY", 128 << 20)
    with pytest.raises(IntakeError, match="the repository cannot be read"):
        take_in(exploding(tmp_path))


def test_a_repository_with_more_than_there_is_room_for(tmp_path, monkeypatch):
    monkeypatch.setattr("tito.assessment.repository.MOST_TAR", 1 << 10)
    with pytest.raises(IntakeError, match="at its HEAD stand more than"):
        take_in(bare(committed(lay(tmp_path / "work"))))


def test_a_repository_with_the_longer_numbers(tmp_path):
    assert take_in(bare(committed(lay(tmp_path / "work"), "--object-format=sha256"))).files == FILES


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "ann.zip")
    with pytest.raises(IntakeError, match="no plain file"):
        take_in(tmp_path / "ann.zip")


def test_a_full_disk_is_not_the_student_s_fault(tmp_path, monkeypatch):
    from tito.assessment.intake import Submission

    room = classroom.make(tmp_path / "class", "class", ["perceptron"], [])
    room = dataclasses.replace(room, students=(classroom.Student("ann"),))
    zipped(room.submissions / "ann.zip", FILES)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Submission, "keep", full)
    book = Gradebook(room.gradebook)
    with pytest.raises(OSError, match="No space"):
        scan(room, book)
    monkeypatch.undo()
    assert scan(room, book).new == ["ann"] and book.newest()["ann"][1][:7] != "invalid"
    book.close()


@pytest.mark.parametrize(
    "name",
    ["../evil.py", "tinytorch/../../evil.py", "/etc/evil.py", "C:/evil.py", "..\\evil.py", "tinytorch//x.py"],
)
def test_paths_that_climb(tmp_path, name):
    taken = take_in(zipped(tmp_path / "a.zip", FILES | {name: b"x"}))
    assert taken.files == FILES and "leads out" in next(iter(taken.left_out.values()))


@pytest.mark.parametrize("levels", [1500, 3000])
def test_a_folder_deeper_than_a_function_may_call_itself(tmp_path, levels):
    """It is looked through like any other: by who takes it in, and by who asks whether it has changed."""
    folder = lay(tmp_path / "ann")
    here = os.open(folder / "tinytorch", os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(os.open("x.py", os.O_WRONLY | os.O_CREAT, dir_fd=here))
    os.close(here)
    try:
        assert take_in(folder).files == FILES
        assert stamp_of(folder) and handed_in(folder)
    finally:
        remove(folder)


def test_links_are_never_followed(tmp_path):
    secret = tmp_path / "secret.py"
    secret.write_text("the answers")
    folder = lay(tmp_path / "folder")
    (folder / "tinytorch/stolen.py").symlink_to(secret)
    (folder / "tinytorch/all").symlink_to(tmp_path)
    taken = take_in(folder)
    assert taken.files == FILES and taken.left_out == {
        "tinytorch/stolen.py": "a link",
        "tinytorch/all": "a link",
    }
    link, hard = tarfile.TarInfo("tinytorch/a.py"), tarfile.TarInfo("tinytorch/b.py")
    link.type, link.linkname, hard.type, hard.linkname = (
        tarfile.SYMTYPE,
        str(secret),
        tarfile.LNKTYPE,
        str(secret),
    )
    fifo = tarfile.TarInfo("tinytorch/c.py")
    fifo.type = tarfile.FIFOTYPE
    taken = take_in(tarred(tmp_path / "a.tar.gz", FILES, link, hard, fifo))
    assert taken.files == FILES and set(taken.left_out.values()) == {"a link", "no plain file"}
    info = zipfile.ZipInfo("tinytorch/a.py")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(zipped(tmp_path / "a.zip", FILES), "a") as archive:
        archive.writestr(info, str(secret))
    assert take_in(tmp_path / "a.zip").left_out == {"tinytorch/a.py": "a link"}
    (tmp_path / "link.zip").symlink_to(tmp_path / "a.zip")
    with pytest.raises(IntakeError, match="a link"):
        take_in(tmp_path / "link.zip")
    os.mkfifo(folder / "tinytorch/pipe.py")
    assert take_in(folder).left_out["tinytorch/pipe.py"] == "no plain file"


def test_what_runs_unasked_or_is_no_source_stays_outside(tmp_path):
    unwanted = ("conftest.py", "tinytorch/conftest.py", "sitecustomize.py", "tinytorch/x.pth", "tinytorch/x.so", "tinytorch/x.pkl", "tinytorch/__pycache__/a.py", "numpy/__init__.py", "tinytorch/a\x1b[2Jb.py")  # fmt: skip
    taken = take_in(zipped(tmp_path / "a.zip", FILES | dict.fromkeys(unwanted, b"x")))
    assert taken.files == FILES and len(taken.left_out) == len(unwanted)
    assert all(path.isprintable() for path in taken.left_out)


def test_archives_that_explode(tmp_path, monkeypatch):
    bomb = zipped(tmp_path / "bomb.zip", FILES | {"tinytorch/big.py": bytes(300 * intake.MB)})
    assert bomb.stat().st_size < intake.MB
    taken = take_in(bomb)
    assert taken.files == FILES and taken.left_out == {"tinytorch/big.py": "larger than 1 MB"}
    monkeypatch.setattr(intake, "MOST_FILES", 50)
    with pytest.raises(IntakeError, match="more than 50 files"):
        take_in(zipped(tmp_path / "many.zip", FILES | {f"tinytorch/f{i}.py": b"" for i in range(60)}))
    with pytest.raises(IntakeError, match="more than 500 entries"):
        take_in(zipped(tmp_path / "more.zip", FILES | {f"x{i}.bin": b"" for i in range(600)}))


def test_a_file_larger_than_it_says(tmp_path):
    """The size in a zip's directory is what somebody wrote there."""
    path = zipped(tmp_path / "a.zip", FILES | {"tinytorch/liar.py": b"x" * 5000})
    data = bytearray(path.read_bytes())
    at = data.rindex(b"tinytorch/liar.py") - 46
    data[at + 24 : at + 28] = (10).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(IntakeError, match=r"a\.zip: the zip cannot be read"):
        take_in(path)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 not really", b"\x1f\x8b garbage", os.urandom(2000)])
def test_what_cannot_be_read_is_said(tmp_path, data):
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(IntakeError, match=r"a\.zip"):
        take_in(tmp_path / "a.zip")


def test_a_cut_off_archive(tmp_path):
    whole = tarred(tmp_path / "a.tar.gz", FILES | {"tinytorch/long.py": os.urandom(100_000)}).read_bytes()
    (tmp_path / "b.tar.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(IntakeError, match="cannot be read"):
        take_in(tmp_path / "b.tar.gz")


def test_no_workspace_in_it(tmp_path):
    with pytest.raises(IntakeError, match="hand in the whole workspace"):
        take_in(zipped(tmp_path / "a.zip", {"homework.py": b"print(1)"}))
    with pytest.raises(IntakeError, match="no such file"):
        take_in(tmp_path / "nothing")


@pytest.mark.parametrize(
    "names", [("tinytorch/a.py", "tinytorch/a.py/b.py"), ("tinytorch/a.py/b.py", "tinytorch/a.py")]
)
def test_a_file_that_is_a_folder_too(tmp_path, names):
    taken = take_in(zipped(tmp_path / "a.zip", FILES | dict.fromkeys(names, b"")))
    assert taken.files == FILES | {"tinytorch/a.py": b""}
    assert taken.left_out == {"tinytorch/a.py/b.py": "a file stands where its folder would be"}
    (tmp_path / "out").mkdir()
    taken.lay_out(tmp_path / "out")


def peak_of(source) -> tuple[str, float]:
    """What comes of taking it in, and how many MB a process of its own needed for that, beyond what it has before."""
    code = f"""
import resource, sys
from pathlib import Path
from tito.assessment.intake import IntakeError, take_in
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before = peak()
try:
    taken = take_in(Path({str(source)!r}))
    taken.keep(Path({str(source)!r} + "-kept"))
    told = f"{{len(taken.files)}} files"
except IntakeError as error:
    told = str(error)
print(round(peak() - before), told)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    grown, _, told = done.stdout.strip().partition(" ")
    return told, float(grown)


def long_name(path, kind, megabytes):
    """A tar in which what describes one entry is that long: a few KB of gzip."""
    with gzip.open(path, "wb", 9) as file:
        info = tarfile.TarInfo("./@LongLink")
        info.type, info.size = kind, megabytes * intake.MB
        file.write(info.tobuf(tarfile.GNU_FORMAT))
        for _ in range(megabytes):
            file.write(b"a" * intake.MB)
        file.write(tarfile.TarInfo("tinytorch/__init__.py").tobuf() + bytes(1024))
    return path


@pytest.mark.parametrize(
    "kind", [tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE]
)
def test_a_tar_s_headers_cannot_fill_the_grader_s_memory(tmp_path, kind):
    told, grown = peak_of(long_name(tmp_path / "a.tar.gz", kind, 300))
    assert "what describes an entry of the tar is longer than 1 MB" in told and grown < 50


@pytest.mark.parametrize("place", [0, 0x06054B50], ids=["plain", "with a second mark in its last record"])
def test_a_zip_s_list_cannot_fill_the_grader_s_memory(tmp_path, place):
    path = tmp_path / "a.zip"
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"x"
    listing = entry * (20 * intake.MB // len(entry))
    path.write_bytes(
        listing + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, len(listing), place, 0)
    )
    told, grown = peak_of(path)
    assert "lists more files than a submission may have" in told and grown < 50
    path.write_bytes(b"PK\3\4" + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, 0xFFFFFFFF, place, 0))
    with pytest.raises(IntakeError):
        take_in(path)


def test_large_files_wait_on_disk(tmp_path):
    """Points of a run, as many as are allowed: they come through whole, and not through memory."""
    big = {f"runs/full_training/{i}.npz": os.urandom(20 * intake.MB) for i in range(9)}
    path = zipped(tmp_path / "a.zip", FILES | big)
    told, grown = peak_of(path)
    assert told == "12 files" and grown < 50
    again = kept(take_in(path).keep(tmp_path / "kept"), "runs/")
    again.lay_out(tmp_path / "out")
    assert all((tmp_path / "out" / name).read_bytes() == data for name, data in big.items())


def test_much_text_is_no_workspace(tmp_path):
    with pytest.raises(IntakeError, match="more than 32 MB in files of up to 1 MB"):
        take_in(
            zipped(tmp_path / "a.zip", FILES | {f"tinytorch/x{i}.py": bytes(intake.MB) for i in range(40)})
        )
