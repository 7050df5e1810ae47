"""The dashboard: who may ask, that it follows a batch, that it writes nothing, and how it looks when it does."""

import hashlib
import http.client
import json
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

import pytest

from tests.assessment.browser import chromium, opened
from tests.assessment.classes import a_class, grade_waiting
from tito.assessment.dashboard.app import listen
from tito.assessment.dashboard.watch import Run, Watch, stretch
from tito.errors import TitoError

EVIL = '<img src=x onerror="window.hacked=1">'


@contextmanager
def running(room):
    """The command itself; gives its address and its process."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tito", "assessment", "dashboard", "--class", str(room.folder)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    guard = threading.Timer(120, process.kill)
    guard.start()
    try:
        line = process.stdout.readline()
        yield re.search(r"http://127\.0\.0\.1:(\d+)/\?token=(\S+)", line), process
    finally:
        guard.cancel()
        process.kill()
        process.wait()
        process.stdout.close()


def ask(port, path, method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    return answer, connection


def say(port, path, method="GET", **headers):
    answer, connection = ask(port, path, method, **headers)
    body = answer.read().decode()
    connection.close()
    return answer.status, {k.lower(): v for k, v in answer.getheaders()}, body


def heard(answer):
    """The events of a stream, one by one."""
    kind = ""
    while line := answer.readline().decode():
        if line.startswith("event: "):
            kind = line[7:].strip()
        elif line.startswith("data: "):
            yield kind, json.loads(line[6:])


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    return a_class(
        tmp_path_factory.mktemp("live") / "cs101",
        students=30,
        milestones=(1, 2, 3),
        waiting=12,
        names={"ann": EVIL},
    )


@pytest.fixture(scope="module")
def server(room):
    with running(room) as (found, process):
        yield int(found[1]), found[2], process


def test_who_may_ask(server):
    port, token, _ = server
    host = f"127.0.0.1:{port}"
    assert say(port, "/")[0] == 403 and say(port, "/?token=wrong")[0] == 403
    assert say(port, "/events")[0] == say(port, "/parts")[0] == say(port, "/students/ann")[0] == 403
    for foreign in ("evil.example", f"evil.example:{port}", "127.0.0.1", f"127.0.0.1:{port + 1}", ""):
        status, _, body = say(port, f"/?token={token}", Host=foreign)
        assert status == 403 and "own address" in body, foreign
    assert say(port, f"/?token={token}", Origin="http://evil.example")[0] == 403
    status, headers, _ = say(port, f"/?token={token}")
    assert status == 303 and headers["location"] == "/", "the token does not stay in the address"
    cookie = headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie
    mine = cookie.split(";")[0]
    status, headers, body = say(port, "/", Cookie=mine, Host=host)
    assert status == 200 and 'id="live"' in body and token not in body
    assert "access-control-allow-origin" not in headers and headers["cache-control"] == "no-store"
    assert (
        "default-src 'none'" in headers["content-security-policy"]
        and "unsafe" not in headers["content-security-policy"]
    )
    assert say(port, "/", method="POST", Cookie=mine)[0] == 405
    assert say(port, "/students/nobody", Cookie=mine)[0] == 404
    assert say(port, "/../../etc/passwd", Cookie=mine)[0] == 404
    assert say(port, f"/?token={token[:-1]}%C3%A9")[0] == 403


def test_it_listens_to_this_machine_alone():
    with listen(0) as made:
        address, port = made.getsockname()
        assert address == "127.0.0.1"
        made.listen()
        with pytest.raises(TitoError, match=f"port {port} cannot be used"):
            listen(port)


def test_the_stream_tells_what_changed(room, server):
    port, token, _ = server
    answer, connection = ask(port, "/events", Cookie=f"tito-{port}={token}")
    assert answer.status == 200 and answer.getheader("content-type").startswith("text/event-stream")
    stream = heard(answer)
    kind, run = next(stream)
    assert kind == "run" and run["waiting"] == 12 and run["done"] == 0
    kind, rows = next(stream)
    assert kind == "rows" and len(rows) == 30 and len(rows["ann"][2]) == 3
    assert grade_waiting(room, most=2) == 2
    seen: dict[str, list] = {}
    for kind, body in stream:
        seen.setdefault(kind, []).append(body)
        if "stale" in seen and seen["run"][-1]["done"] == 2:
            break
    connection.close()
    assert seen["run"][-1]["waiting"] == 10 and len(seen["run"][-1]["latest"]) == 8
    changed = {name for rows in seen.get("rows", ()) for name in rows}
    assert len(changed) <= 2, "only the students whose grade is another now"


def test_looking_changes_nothing(tmp_path):
    room = a_class(tmp_path / "c", students=5, milestones=(1,))
    before = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in room.folder.iterdir() if p.is_file()}  # fmt: skip
    watch = Watch(room)
    assert watch.analysis() is watch.analysis(), "read once, as long as nothing changes"
    assert watch.students() and watch.run().left == 0 and watch.feedback("ann") and not watch.feedback("x")
    first = watch.mark()
    watch.close()
    after = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in room.folder.iterdir() if p.is_file()}  # fmt: skip
    assert {name: after[name] for name in before} == before and set(after) - set(before) <= {"gradebook.db-wal", "gradebook.db-shm"}  # fmt: skip
    assert first[0] is not None


def test_how_fast_it_goes():
    at = datetime(2026, 9, 7, 12, tzinfo=timezone.utc)
    moments = [at - timedelta(seconds=s) for s in (0, 10, 20, 79, 140, 141)]
    assert stretch(iter(moments)) == moments[:4], "a pause of more than a minute ends it"
    run = Run(30, 2, 10, 0, 4.0, at, ())
    assert (run.left, run.minutes) == (12, 3.0)
    assert run.told == "30 of 42 graded, 2 at work, 10 waiting · 4 a minute · about 3 min left"
    assert Run(0, 0, 0, 0, None, None, ()).told == "Nothing is waiting to be graded"


def test_a_batch_in_the_browser(tmp_path):
    """Watched from the first result to the last: the numbers move, cells fill, the parts are fetched, the end is told."""
    room = a_class(tmp_path / "c", students=20, milestones=(1, 2), waiting=8, names={"ann": EVIL})
    with chromium() as browser, running(room) as (found, process), opened(browser, found[0]) as seen:
        page = seen.page
        until(page, "told.textContent.includes('8 waiting')")
        assert page.url == f"http://127.0.0.1:{found[1]}/" and EVIL in page.text_content("#s-ann th")
        page.evaluate("window.before = document.querySelector('#heat tbody').textContent")
        grade_waiting(room, most=3)
        until(page, "told.textContent.startsWith('3 of 8 graded')")
        assert page.text_content("#queued") == "5" and page.evaluate("bar.value / bar.max") == 3 / 8
        assert page.locator("#latest li").count() == 8
        grade_waiting(room)
        until(page, "told.textContent.startsWith('Nothing is waiting')")
        until(page, "document.querySelector('#heat tbody').textContent !== window.before")
        until(page, "performance.getEntriesByName(location.origin + '/parts').length > 0")
        assert page.evaluate("window.hacked") is None and seen.complaints == []
        assert all(url.startswith(f"http://127.0.0.1:{found[1]}/") for url in seen.requests)
        page.click("#s-ann a")
        assert EVIL in page.text_content("h1") and "points" in page.text_content(".total")
        page.go_back()
        page.set_viewport_size({"width": 380, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 380
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0 and process.stdout.read() == "Ctrl-C ends it.\n"
        until(page, "link.textContent.startsWith('no connection')")


def until(page, condition, seconds=30):
    """Wait for it; by asking again, since the page's policy lets no text become a function."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, (condition, page.text_content("#told"))
        page.wait_for_timeout(50)


def test_without_the_extra():
    hide = "import sys; sys.modules['starlette'] = None; from tito.cli import main; main(['assessment', 'dashboard'])"
    done = subprocess.run([sys.executable, "-c", hide], capture_output=True, text=True)
    assert done.returncode == 2 and "needs starlette, which is not installed" in done.stderr
    assert "pip install 'tinytorch[assessment]'" in done.stderr
