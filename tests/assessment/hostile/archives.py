"""Archives that climb, link, lie or explode; names that are none. What is left after intake is graded like any other submission."""

import gzip
import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path

from tests.assessment.repositories import bare, committed, exploding

from .lines import EVERYTHING, Files, line

BROKEN = "invalid_submission"


def zipped(path: Path, files: Files) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def tarred(path: Path, files: Files, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for member in members:
            archive.addfile(member)
    return path


def member(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@line("archives", earns=EVERYTHING, archive=True)
def a_zip_that_climbs(files: Files, path: Path):
    return zipped(path / "x.zip", files | {"../../tito-was-here.py": b"x", "/tmp/tito-was-here": b"x", "..\\tito-was-here.py": b"x"})  # fmt: skip


@line("archives", earns=EVERYTHING, archive=True)
def a_tar_that_climbs(files: Files, path: Path):
    return tarred(path / "x.tar.gz", files | {"../../tito-was-here.py": b"x", "/tmp/tito-was-here.py": b"x"})


@line("archives", earns=EVERYTHING, archive=True)
def a_tar_full_of_links(files: Files, path: Path):
    return tarred(
        path / "x.tar.gz", files,
        member("tinytorch/passwd.py", tarfile.SYMTYPE, "/etc/passwd"), member("tinytorch/secret.json", tarfile.LNKTYPE, "../.secret"),
        member("tinytorch/all", tarfile.SYMTYPE, "/"), member("tinytorch/pipe.py", tarfile.FIFOTYPE), member("tinytorch/disk.py", tarfile.BLKTYPE),
    )  # fmt: skip


@line("archives", earns=EVERYTHING, archive=True)
def a_zip_with_a_link(files: Files, path: Path):
    made = zipped(path / "x.zip", files)
    info = zipfile.ZipInfo("tinytorch/passwd.py")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(made, "a") as archive:
        archive.writestr(info, "/etc/passwd")
    return made


@line("archives", earns=EVERYTHING, archive=True)
def a_folder_with_links(files: Files, path: Path):
    folder = laid_out(files, path / "x")
    (folder / "tinytorch/passwd.py").symlink_to("/etc/passwd")
    (folder / "tinytorch/all").symlink_to("/")
    (folder / "tinytorch/round").symlink_to(folder)
    return folder


@line("archives", earns=EVERYTHING, archive=True, slow=True)
def a_zip_that_explodes(files: Files, path: Path):
    """One file of 400 MB that packs to 400 KB."""
    return zipped(path / "x.zip", files | {"tinytorch/zeros.py": bytes(400 << 20)})


@line("archives", verdicts=BROKEN, archive=True, slow=True)
def a_zip_of_twenty_bombs(files: Files, path: Path):
    """Each file is as large as its kind may be; together they are too large."""
    return zipped(path / "x.zip", files | {f"tinytorch/zeros{i}.npz": bytes(60 << 20) for i in range(6)})


@line("archives", verdicts=BROKEN, archive=True, slow=True)
def fifty_thousand_files(files: Files, path: Path):
    with zipfile.ZipFile(path / "x.zip", "w") as archive:
        for i in range(50_000):
            archive.writestr(f"tinytorch/f{i}.py", b"")
    return path / "x.zip"


@line("archives", verdicts=BROKEN, archive=True, slow=True)
def a_tar_whose_header_explodes(files: Files, path: Path):
    """An extended header of 400 MB, packed into 400 KB: tar readers take headers in whole."""
    size = 400 << 20
    info = tarfile.TarInfo("././@PaxHeader")
    info.type, info.size = tarfile.XHDTYPE, size
    with gzip.open(path / "x.tar.gz", "wb", compresslevel=6) as file:
        file.write(info.tobuf(tarfile.USTAR_FORMAT))
        for _ in range(size >> 20):
            file.write(bytes(1 << 20))
    return path / "x.tar.gz"


@line("archives", verdicts=BROKEN, archive=True, slow=True)
def a_tar_with_a_giant_to_skip(files: Files, path: Path):
    """Two gigabytes that nobody wants stand before the submission; to skip them is to unpack them."""
    size = 2 << 30
    info = tarfile.TarInfo("video.mp4")
    info.size = size
    with gzip.open(path / "x.tar.gz", "wb", compresslevel=1) as file:
        file.write(info.tobuf(tarfile.GNU_FORMAT))
        for _ in range(size >> 24):
            file.write(bytes(1 << 24))
    return path / "x.tar.gz"


@line("archives", verdicts=BROKEN, archive=True)
def cut_off_in_the_middle(files: Files, path: Path):
    made = zipped(path / "x.zip", files)
    made.write_bytes(made.read_bytes()[: made.stat().st_size // 2])
    return made


@line("archives", verdicts=BROKEN, archive=True)
def an_empty_file(files: Files, path: Path):
    (path / "x.zip").write_bytes(b"")
    return path / "x.zip"


@line("archives", verdicts=BROKEN, archive=True)
def a_picture_of_the_homework(files: Files, path: Path):
    (path / "x.zip").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(1000))
    return path / "x.zip"


@line("archives", verdicts=BROKEN, archive=True)
def an_empty_zip(files: Files, path: Path):
    return zipped(path / "x.zip", {})


@line("archives", verdicts=BROKEN, archive=True)
def a_zip_within_a_zip(files: Files, path: Path):
    inner = zipped(path / "inner.zip", files).read_bytes()
    (path / "inner.zip").unlink()
    return zipped(path / "x.zip", {"submission.zip": inner})


@line("archives", earns=EVERYTHING, archive=True)
def a_file_that_is_a_folder_too(files: Files, path: Path):
    return zipped(path / "x.zip", files | {"tinytorch/a.py": b"", "tinytorch/a.py/b.py": b""})


@line("archives", earns=EVERYTHING, archive=True)
def the_same_file_twice(files: Files, path: Path):
    made = zipped(path / "x.zip", files)
    with zipfile.ZipFile(made, "a") as archive:
        archive.writestr(
            "tinytorch/ops/matmul.py".replace("tinytorch/", "tinytorch\\", 1), b"raise SystemExit"
        )
    return made


@line("archives", earns=EVERYTHING, archive=True)
def names_that_cannot_be_printed(files: Files, path: Path):
    return tarred(path / "x.tar.gz", files | {"tinytorch/\x1b[2J\x07.py": b"", "tinytorch/\udcff\udcfe.py": b"", "tinytorch/‮yp.exe.py": b""})  # fmt: skip


@line("archives", earns=EVERYTHING, archive=True)
def three_folders_deep_on_another_system(files: Files, path: Path):
    """As zipped on Windows, in a folder of a folder, with what macOS adds."""
    moved = {f"My Homework\\final (2)\\{name}".replace("/", "\\"): data for name, data in files.items()}
    return zipped(path / "x.zip", moved | {"__MACOSX/My Homework/._tinytorch": b"x", "My Homework\\.DS_Store": b"x"})  # fmt: skip


@line("archives", verdicts=BROKEN, archive=True)
def an_encrypted_zip(files: Files, path: Path):
    return marked(zipped(path / "x.zip", files), every=True)


@line("archives", earns=EVERYTHING, archive=True)
def one_encrypted_file_too_many(files: Files, path: Path):
    return marked(zipped(path / "x.zip", files | {"tinytorch/secret.py": b"1"}), every=False)


def marked(made: Path, every: bool) -> Path:
    """The zip with the mark of encryption on its files, or on the last one."""
    data, place = bytearray(made.read_bytes()), 0
    places = []
    while (place := data.find(b"PK\1\2", place)) >= 0:
        places.append(place)
        place += 4
    for place in places if every else places[-1:]:
        data[place + 8] |= 1
    made.write_bytes(data)
    return made


@line("archives", verdicts=BROKEN, archive=True)
def a_zip_with_a_wrong_sum(files: Files, path: Path):
    made = zipped(path / "x.zip", files)
    data = bytearray(made.read_bytes())
    data[data.find(b"PK\1\2") + 16] ^= 0xFF
    made.write_bytes(data)
    return made


@line("archives", verdicts=BROKEN, archive=True)
def a_zip_that_contradicts_itself(files: Files, path: Path):
    """The list says one name, the entry another."""
    made = zipped(path / "x.zip", files)
    data = bytearray(made.read_bytes())
    data[30:36] = b"xxxxxx"
    made.write_bytes(data)
    return made


@line("archives", earns=EVERYTHING, archive=True)
def a_tar_with_a_file_of_holes(files: Files, path: Path):
    """A sparse file that says to be eight gigabytes, in an entry of no bytes."""
    made = tarred(path / "x.tar.gz", files)
    head = bytearray(member("tinytorch/huge.py", tarfile.GNUTYPE_SPARSE).tobuf(tarfile.GNU_FORMAT))
    head[386:410], head[483:495] = b"00000000000\0" * 2, b"77777777777\0"
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    data = gzip.decompress(made.read_bytes()).rstrip(b"\0")
    made.write_bytes(gzip.compress(data + bytes(-len(data) % 512) + bytes(head) + bytes(1024)))
    return made


@line("archives", earns=EVERYTHING, archive=True)
def a_tar_with_names_behind_names(files: Files, path: Path):
    """The name in the entry is harmless; the one that counts leads out."""
    with tarfile.open(path / "x.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in files.items():
            info = member(name, tarfile.REGTYPE)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for i, name in enumerate(("/tmp/tito-was-here.py", "tinytorch/../../../tmp/tito-was-here.py")):
            info = member(f"harmless{i}.py", tarfile.REGTYPE)
            info.size, info.pax_headers = 1, {"path": name, "linkpath": "/etc/passwd"}
            archive.addfile(info, io.BytesIO(b"x"))
    return path / "x.tar"


@line("archives", earns=EVERYTHING, archive=True)
def a_link_and_a_file_behind_it(files: Files, path: Path):
    with tarfile.open(path / "x.tar", "w") as archive:
        archive.addfile(member("tinytorch/out", tarfile.SYMTYPE, "/tmp"))
        for name, data in (files | {"tinytorch/out/tito-was-here.py": b"x"}).items():
            info = member(name, tarfile.REGTYPE)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path / "x.tar"


@line("archives", verdicts=BROKEN, archive=True, slow=True)
def a_hundred_thousand_files(files: Files, path: Path):
    with tarfile.open(path / "x.tar.gz", "w:gz", compresslevel=1) as archive:
        for i in range(100_000):
            archive.addfile(tarfile.TarInfo(f"tinytorch/f{i}.py"))
    return path / "x.tar.gz"


@line("archives", earns=EVERYTHING, archive=True)
def names_that_are_one_elsewhere(files: Files, path: Path):
    """Where capitals or accents do not count, these would replace the right ones."""
    loud = b"raise SystemExit"
    return zipped(path / "x.zip", files | {"tinytorch/Tensor.py": loud, "TINYTORCH/__init__.py": loud, "tinytorch/ｔensor.py": loud, "tinytorch/e\u0301.py": loud, "tinytorch/\xe9.py": loud, "tinytorch/con.py": b"", "C:/tinytorch/x.py": loud, "//host/x.py": loud, "tinytorch/./x.py": loud})  # fmt: skip


@line("archives", earns=EVERYTHING, archive=True)
def a_name_that_no_disk_has_room_for(files: Files, path: Path):
    """Two hundred letters, of three bytes each."""
    return zipped(
        path / "x.zip", files | {f"tinytorch/{'名' * 200}.py": b"", f"tinytorch/{'名' * 200}/x.py": b""}
    )


@line("archives", earns=EVERYTHING, archive=True)
def an_older_copy_beside_it(files: Files, path: Path):
    moved = {f"homework/{name}": data for name, data in files.items()}
    return zipped(path / "x.zip", moved | {"homework/backup/tinytorch/__init__.py": b"raise SystemExit", "__MACOSX/homework/tinytorch/__init__.py": b"\0"})  # fmt: skip


@line("archives", earns=EVERYTHING, archive=True)
def a_zip_behind_a_program(files: Files, path: Path):
    made = zipped(path / "x.zip", files)
    made.write_bytes(b"#!/bin/sh\nexit 1\n" * 100 + made.read_bytes())
    return made


@line("archives", earns=EVERYTHING, archive=True)
def packed_as_seldom_done(files: Files, path: Path):
    """LZMA inside a zip, with sizes of eight bytes."""
    with zipfile.ZipFile(path / "x.zip", "w", zipfile.ZIP_LZMA) as archive:
        for name, data in files.items():
            with archive.open(name, "w", force_zip64=True) as file:
                file.write(data)
    return path / "x.zip"


@line("archives", earns=EVERYTHING, archive=True)
def a_tar_by_a_wrong_name(files: Files, path: Path):
    """Packed by xz, and called a zip."""
    with tarfile.open(path / "x.zip", "w:xz") as archive:
        for name, data in files.items():
            info = member(f"./homework/{name}", tarfile.REGTYPE)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path / "x.zip"


@line("archives", earns=EVERYTHING, archive=True)
def a_folder_without_a_floor(files: Files, path: Path):
    """Handed in as it is: 1,500 folders in each other, and what is no file."""
    folder = laid_out(files, path / "x")
    os.mkfifo(folder / "tinytorch/pipe.py")
    (folder / "tinytorch/line\nbreak.py").write_bytes(b"raise SystemExit")
    here = os.open(folder, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    return folder


def laid_out(files: Files, folder: Path) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


PROGRAMS = """[core]
	repositoryformatversion = 1
	bare = true
	fsmonitor = touch /tmp/tito-was-here
	alternateRefsCommand = touch /tmp/tito-was-here
	sshCommand = touch /tmp/tito-was-here
[extensions]
	partialClone = origin
[remote "origin"]
	promisor = true
	url = .
	uploadpack = touch /tmp/tito-was-here; false
[uploadpack]
	packObjectsHook = touch /tmp/tito-was-here
[tar "tar"]
	command = touch /tmp/tito-was-here
[include]
	path = /etc/passwd
"""


@line("archives", earns=EVERYTHING, archive=True)
def a_repository_that_starts_programs(files: Files, path: Path):
    made = bare(committed(laid_out(files, path / "work")))
    for hook in ("post-checkout", "post-upload-pack", "pre-auto-gc", "reference-transaction"):
        (made / "hooks").mkdir(exist_ok=True)
        (made / "hooks" / hook).write_text("#!/bin/sh\ntouch /tmp/tito-was-here\n")
        (made / "hooks" / hook).chmod(0o755)
    (made / "config").write_text(PROGRAMS)
    return made


@line("archives", earns=EVERYTHING, archive=True)
def a_working_tree_that_starts_programs(files: Files, path: Path):
    work = committed(laid_out(files, path / "x"))
    (work / ".git/config").write_text(PROGRAMS.replace("bare = true", "bare = false"))
    return work


@line("archives", verdicts=BROKEN, archive=True, slow=True)
def a_repository_that_explodes(files: Files, path: Path):
    return exploding(path)


@line("archives", earns=EVERYTHING, archive=True)
def times_that_cannot_be(files: Files, path: Path):
    folder = laid_out(files, path / "x")
    for i, name in enumerate(files):
        os.utime(folder / name, (0, (-(1 << 33), 1 << 40, 0)[i % 3]))
    return folder


@line("archives", earns=EVERYTHING, archive=True)
def a_file_of_nothing_but_holes(files: Files, path: Path):
    """A terabyte, of which no byte was ever written."""
    folder = laid_out(files, path / "x")
    with open(folder / "tinytorch/weights.npz", "wb") as file:
        file.truncate(1 << 40)
    return folder


@line("archives", verdicts=BROKEN, archive=True)
def a_zip_whose_files_overlap(files: Files, path: Path):
    """Thirty names for the same fifty megabytes of zeros."""
    made = zipped(path / "x.zip", files | {"tinytorch/zeros.npz": bytes(50 << 20)})
    data = made.read_bytes()
    end = data.rfind(b"PK\5\6")
    start = int.from_bytes(data[end + 16 : end + 20], "little")
    place = data.rfind(b"PK\1\2", 0, data.index(b"zeros.npz", start))
    size = 46 + sum(int.from_bytes(data[place + at : place + at + 2], "little") for at in (28, 30, 32))
    one = data[place : place + size]
    body = data[start:end] + b"".join(one.replace(b"zeros.npz", b"zer%02d.npz" % i) for i in range(30))
    count = (len(files) + 31).to_bytes(2, "little")
    tail = (
        b"PK\5\6"
        + bytes(4)
        + count * 2
        + len(body).to_bytes(4, "little")
        + start.to_bytes(4, "little")
        + bytes(2)
    )
    made.write_bytes(data[:start] + body + tail)
    return made
