"""Finding and fetching files, against a server on this machine that can cut, ignore and lie."""

import hashlib
import http.server
import io
import os
import re
import tarfile
import threading
import zipfile

import pytest

from tinytorch.data import download, locate
from tinytorch.data.locate import DatasetNotFound, Published, RemoteFile

CONTENT = bytes(range(256)) * 4000  # about 1 MB
SHA = hashlib.sha256(CONTENT).hexdigest()


class Server:
    """Serves files from a dict; records requests; `cut` bytes into an answer the connection breaks, as often as `cuts` says."""

    def __init__(self):
        self.files: dict[str, bytes] = {}
        self.requests: list[tuple[str, str | None]] = []
        self.cut = self.cuts = 0
        self.ranges = True
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.answer(self)

            def log_message(self, *args):
                pass

        self.httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.httpd.server_address[1]}/"
        threading.Thread(target=self.httpd.serve_forever, daemon=True).start()

    def answer(self, request):
        wanted = request.headers.get("Range")
        self.requests.append((request.path, wanted))
        content = self.files.get(request.path.lstrip("/"))
        if content is None:
            request.send_error(404)
            return
        start = int(re.match(r"bytes=(\d+)-", wanted)[1]) if wanted and self.ranges else 0
        if start and start >= len(content):
            request.send_error(416)
            return
        request.send_response(206 if start else 200)
        request.send_header("Content-Length", str(len(content) - start))
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        request.end_headers()
        stop = len(content)
        if self.cuts:
            self.cuts -= 1
            stop = min(stop, start + self.cut)
        request.wfile.write(content[start:stop])

    def close(self):
        self.httpd.shutdown()
        self.httpd.server_close()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


@pytest.fixture
def alone(monkeypatch, tmp_path):
    """A home, a working directory and no variable: nothing of this machine's data is found."""
    home = tmp_path / "home"
    work = tmp_path / "work"
    home.mkdir()
    work.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("TINYTORCH_DATA", raising=False)
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(work)
    return tmp_path


def remote(**changes) -> RemoteFile:
    return RemoteFile(**{"name": "data.bin", "size": len(CONTENT), "sha256": SHA, **changes})


def get(server, tmp_path, file=None, urls=None):
    file = file or remote()
    download.fetch(file, urls or [server.address + file.name], tmp_path / file.name)
    return tmp_path / file.name


# ---------------------------------------------------------------- fetching


def test_a_file_arrives_whole_and_leaves_no_traces(server, tmp_path):
    server.files["data.bin"] = CONTENT
    assert get(server, tmp_path).read_bytes() == CONTENT
    assert os.listdir(tmp_path) == ["data.bin"]


def test_a_cut_connection_is_resumed(server, tmp_path):
    server.files["data.bin"] = CONTENT
    server.cut, server.cuts = 300_000, 3
    assert get(server, tmp_path).read_bytes() == CONTENT
    assert [r for _, r in server.requests] == [None, "bytes=300000-", "bytes=600000-", "bytes=900000-"]


def test_a_download_goes_on_where_an_earlier_run_stopped(server, tmp_path):
    server.files["data.bin"] = CONTENT
    server.cut, server.cuts = 0, 100
    (tmp_path / "data.bin.part").write_bytes(CONTENT[:123_456])
    with pytest.raises(download.DownloadError, match="cut at 123456 bytes"):
        get(server, tmp_path)
    assert (tmp_path / "data.bin.part").read_bytes() == CONTENT[:123_456]
    server.cuts = 0
    assert get(server, tmp_path).read_bytes() == CONTENT
    assert server.requests[-1] == ("/data.bin", "bytes=123456-")


def test_a_server_that_ignores_range_starts_again(server, tmp_path):
    server.files["data.bin"] = CONTENT
    server.ranges = False
    server.cut, server.cuts = 300_000, 1
    assert get(server, tmp_path).read_bytes() == CONTENT
    assert len(server.requests) == 2


def test_a_server_that_never_gets_further_is_given_up(server, tmp_path):
    server.files["data.bin"] = CONTENT
    server.cut, server.cuts = 0, 100
    with pytest.raises(download.DownloadError, match="cut at 0 bytes"):
        get(server, tmp_path)
    assert len(server.requests) == download.RETRIES and os.listdir(tmp_path) == []


def test_a_wrong_checksum_is_refused_and_the_next_source_asked(server, tmp_path):
    server.files["bad/data.bin"] = CONTENT[:-1] + b"x"
    server.files["good/data.bin"] = CONTENT
    urls = [
        server.address + "bad/data.bin",
        server.address + "gone/data.bin",
        server.address + "good/data.bin",
    ]
    assert get(server, tmp_path, urls=urls).read_bytes() == CONTENT
    with pytest.raises(download.DownloadError) as caught:
        get(server, tmp_path, remote(name="other.bin"), urls[:2])
    bad, gone = caught.value.troubles
    assert "sha256" in bad and SHA in bad and "404" in gone
    assert os.listdir(tmp_path) == ["data.bin"]


def test_md5_and_sizes_are_checked_too(server, tmp_path):
    server.files["data.bin"] = CONTENT
    with pytest.raises(download.DownloadError, match="md5"):
        get(server, tmp_path, remote(sha256=None, md5="0" * 32))
    with pytest.raises(download.DownloadError, match="sends more than the 1000 bytes"):
        get(server, tmp_path, remote(sha256=None, size=1000))
    with pytest.raises(download.DownloadError, match=r"cut at|has .* bytes"):
        get(server, tmp_path, remote(sha256=None, size=len(CONTENT) + 1))


def test_a_spoiled_part_file_is_thrown_away(server, tmp_path):
    server.files["data.bin"] = CONTENT
    (tmp_path / "data.bin.part").write_bytes(b"rubbish" * 100)
    assert get(server, tmp_path).read_bytes() == CONTENT
    (tmp_path / "data.bin").unlink()
    (tmp_path / "data.bin.part").write_bytes(b"x" * len(CONTENT))
    assert get(server, tmp_path).read_bytes() == CONTENT


def test_a_part_file_longer_than_the_source(server, tmp_path):
    server.files["data.bin"] = CONTENT
    (tmp_path / "data.bin.part").write_bytes(CONTENT + b"more")
    assert get(server, tmp_path, remote(size=None)).read_bytes() == CONTENT


def test_a_source_that_is_not_there(tmp_path):
    with pytest.raises(download.DownloadError, match="refused"):
        get(None, tmp_path, urls=["http://127.0.0.1:9/data.bin"])
    assert os.listdir(tmp_path) == []


def test_two_processes_fetch_once(server, tmp_path):
    server.files["data.bin"] = CONTENT
    threads = [threading.Thread(target=get, args=(server, tmp_path)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "data.bin").read_bytes() == CONTENT and len(server.requests) == 1


# ---------------------------------------------------------------- archives


def tar_of(members: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        for name, to in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, to
            tar.addfile(info)
    return out.getvalue()


def zip_of(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return out.getvalue()


def packed(server, content: bytes, name: str, strip: int = 1, only=None) -> Published:
    server.files[name] = content
    archive = {"name": name, "strip": strip, "only": only}
    return locate.published(
        title="T", folder="t", files=[{"name": "a"}], archive=archive, sources=[server.address + name]
    )


@pytest.mark.parametrize("pack", [tar_of, zip_of])
def test_an_archive_is_unpacked_into_the_folder(server, tmp_path, pack):
    entry = packed(server, pack({"top/a": b"1", "top/sub/b": b"2", "readme": b"no"}), "data.archive")
    download.download_files(entry, entry.files, tmp_path / "t")
    assert (tmp_path / "t" / "a").read_bytes() == b"1" and (tmp_path / "t" / "sub" / "b").read_bytes() == b"2"
    assert sorted(os.listdir(tmp_path)) == ["t"] and not (tmp_path / "t" / "readme").exists()


def test_only_the_wanted_folder_of_an_archive(server, tmp_path):
    content = zip_of({"R-1/DATA/a": b"1", "R-1/code/a": b"2", "R-1/x": b"3"})
    entry = packed(server, content, "r.zip", strip=2, only="DATA")
    download.download_files(entry, entry.files, tmp_path / "t")
    assert [p.name for p in (tmp_path / "t").iterdir()] == ["a"] and (
        tmp_path / "t" / "a"
    ).read_bytes() == b"1"


@pytest.mark.parametrize("name", ["../a", "top/../../a", "/tmp/a", "top\\..\\..\\a", "C:\\a"])
def test_an_archive_that_would_write_elsewhere_is_refused(server, tmp_path, name):
    entry = packed(server, zip_of({"top/a": b"1", name: b"2"}), "evil.zip")
    with pytest.raises(ValueError, match="outside the data folder"):
        download.download_files(entry, entry.files, tmp_path / "t")
    assert list((tmp_path / "t").iterdir()) == []


def test_links_in_an_archive_are_left_out(server, tmp_path):
    entry = packed(server, tar_of({"top/a": b"1"}, {"top/link": "/etc/passwd"}), "links.tar.gz")
    download.download_files(entry, entry.files, tmp_path / "t")
    assert [p.name for p in (tmp_path / "t").iterdir()] == ["a"]


# ---------------------------------------------------------------- finding


MANIFEST = """
thing:
  title: Thing
  folder: thing/raw
  files:
    - {{name: data.bin, size: {size}, sha256: {sha}}}
    - {{name: labels.gz}}
  sources: [{source}]
"""


def manifest(tmp_path, source="http://127.0.0.1:9/"):
    path = tmp_path / "manifest.yaml"
    path.write_text(MANIFEST.format(size=len(CONTENT), sha=SHA, source=source))
    locate.read_manifest.cache_clear()
    return path


def place(base, folder="thing/raw", names=("data.bin", "labels.gz")):
    (base / folder).mkdir(parents=True)
    for name in names:
        (base / folder / name).write_bytes(b"local")
    return base / folder


def test_the_order_of_the_search(alone, monkeypatch):
    path = manifest(alone)
    bases = {
        "home": alone / "home/.tinytorch/datasets",
        "project": alone / "work/datasets",
        "variable": alone / "var",
        "root": alone / "root",
    }
    find = lambda root=None: locate.locate("thing", root, download=False, manifest=path)
    for name, base in bases.items():
        place(base)
        if name == "variable":
            monkeypatch.setenv("TINYTORCH_DATA", str(base))
        assert find(base if name == "root" else None) == base / "thing/raw"
    inside = alone / "work" / "deep" / "er"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    monkeypatch.delenv("TINYTORCH_DATA")
    assert find() == bases["home"] / "thing/raw"  # a datasets folder above counts only in a project
    (alone / "work" / "pyproject.toml").touch()
    assert find() == bases["project"] / "thing/raw"


def test_root_may_be_the_folder_itself_and_gz_files_may_be_unpacked(alone):
    path = manifest(alone)
    place(alone, "here", names=("data.bin", "labels"))
    assert locate.locate("thing", alone / "here", download=False, manifest=path) == alone / "here"


def test_only_the_wanted_files_must_be_there(alone):
    path = manifest(alone)
    folder = place(alone / "root", names=("labels.gz",))
    assert locate.locate("thing", alone / "root", download=False, only=["labels.gz"], manifest=path) == folder
    with pytest.raises(DatasetNotFound, match=r"data.bin is not on this machine"):
        locate.locate("thing", alone / "root", download=False, manifest=path)


def test_the_error_says_what_where_and_how(alone, monkeypatch):
    monkeypatch.setenv("TINYTORCH_DATA", str(alone / "var"))
    with pytest.raises(FileNotFoundError) as caught:
        locate.locate("thing", manifest=manifest(alone))
    text = str(caught.value)
    for part in (
        "Thing: the file data.bin is not on this machine",
        str(alone / "var/thing/raw"),
        str(alone / "home/.tinytorch/datasets/thing/raw"),
    ):
        assert part in text
    assert "http://127.0.0.1:9/data.bin: [Errno" in text and "refused" in text  # what happened at the source
    assert (
        "put data.bin, labels.gz into\n    " + str(alone / "var/thing/raw") in text
        and "TINYTORCH_DATA" in text
    )


def test_downloading_goes_to_the_first_place_that_can_be_written(alone, server, monkeypatch):
    server.files |= {"data.bin": CONTENT, "labels.gz": b"labels"}
    path = manifest(alone, server.address)
    found = locate.locate("thing", manifest=path)
    assert (
        found == alone / "home/.tinytorch/datasets/thing/raw" and (found / "data.bin").read_bytes() == CONTENT
    )
    before = len(server.requests)
    assert locate.locate("thing", manifest=path) == found and len(server.requests) == before
    assert locate.locate("thing", alone / "root", manifest=path) == found  # already on this machine
    assert len(server.requests) == before


def test_every_entry_of_the_manifest_can_be_read():
    entries = locate.read_manifest()
    assert {
        "mnist",
        "fashion_mnist",
        "cifar10",
        "tiny_shakespeare",
        "cora",
        "citeseer",
        "pubmed",
        "bccd",
    } <= entries.keys()
    for entry in entries.values():
        assert entry.files and entry.sources and all(source.startswith("http") for source in entry.sources)
        assert entry.archive is not None or all(source.endswith("/") for source in entry.sources)
