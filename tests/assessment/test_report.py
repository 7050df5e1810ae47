"""The report: what it says, that nothing in it is the work of a student's hand, and how it behaves in a browser."""

import base64
import csv
import hashlib
import io
import itertools
import json
import re
import subprocess
import sys

import pytest

from tests.assessment.browser import chromium, opened
from tests.assessment.classes import START, a_class, leased
from tito.assessment.analytics import ReadOnly, analyse, read
from tito.assessment.report import charts, findings, page, record, table
from tito.assessment.report.page import HERE
from tito.assessment.results import Check, Result
from tito.assessment.store import Gradebook

HOSTILE = {
    "ann": '<img src=x onerror="window.hacked=1">',
    "bob": '=HYPERLINK("http://evil.example","x")',
    "cyd": "\u202eevil\x1b[31m",
    "dan": "</script><script>window.hacked=1</script>",
    "eve": "' onmouseover='window.hacked=1",
    "fay": "{{ 7*7 }}",
}
TOLD = "</pre><script>window.hacked=1</script><a href=javascript:alert(1)>\x1b]0;x\x07 http://evil.example/?\u202e"


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """Forty students, six of whom have names that want to be code, as has the message of a failed check."""
    made = a_class(tmp_path_factory.mktemp("classes") / "cs101", students=40, names=HOSTILE, seed=2)
    book = Gradebook(made.gradebook)
    try:
        submission = book.hand_in("gus", "x" * 64, START)
        book.enqueue(submission, "basic_inference", "r1", "e1")
        hostile = Check("<b onclick=alert(1)>check</b>", "failed", 0.0, 1.0, TOLD)
        assert book.finish(leased(book), Result("failed", 0.0, "A", 1.0, (hostile,)))
    finally:
        book.close()
    return made


@pytest.fixture(scope="module")
def found(room):
    book = ReadOnly(room.gradebook)
    try:
        return analyse(read(room, book))
    finally:
        book.close()


@pytest.fixture(scope="module")
def html(found):
    return page(found)


# ---------------------------------------------------------------- what it says


def test_every_title_is_a_finding(found, tmp_path):
    for told in record(found)["findings"].values():
        assert re.search(r"\d|[Nn]o", told) and told[0].isupper() | (told[0] in "“0123456789"), told
    empty = a_class(tmp_path / "none", students=0)
    fresh = a_class(tmp_path / "new", students=3, waiting=10**6)
    for made, says in ((empty, "The roster is empty"), (fresh, "Nothing has been graded yet")):
        book = ReadOnly(made.gradebook)
        told = analyse(read(made, book))
        book.close()
        assert findings.headline(told) == says and says in page(told)
        assert json.dumps(record(told), allow_nan=False) and table(told).startswith("student,name")


def test_counted_the_same_everywhere(found, html):
    everything = len(re.findall(r'<tr class="[rme ]*p"', html))
    assert 0 < everything < 40 and findings.headline(found) == f"{everything} of 40 students have passed all 5 tasks"  # fmt: skip
    assert len(record(found)["students"]) == len(found.rows) == 40
    for rate, stage, line in zip(found.pass_rates, found.funnel, found.progress):
        assert rate.passed == stage.passed == line.points[-1][1] and rate.tried == stage.tried
    assert f"{len(found.at_risk)} students may need a word" in html
    assert html.count('<tr class="r ') + html.count('<tr class="r"') == len(found.at_risk)


def test_the_record_is_plain_json(found):
    told = json.loads(json.dumps(record(found), allow_nan=False))
    assert set(told) >= {"class", "findings", "students", "funnel", "items", "errors", "at_risk", "health"}
    assert "\x1b" not in json.dumps(told, ensure_ascii=False) and "\u202e" not in json.dumps(
        told, ensure_ascii=False
    )


def test_no_cell_of_the_table_is_a_formula(found):
    rows = list(csv.reader(io.StringIO(table(found))))
    assert len(rows) == 41 and len({len(row) for row in rows}) == 1
    assert all(not cell or cell[0] not in "=+-@\t\r" for row in rows for cell in row)
    assert rows[2][:2] == ["bob", "'" + HOSTILE["bob"]]


# ---------------------------------------------------------------- that it is safe


def test_only_its_own_script_and_style_may_run(html):
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)[1].replace("&#39;", "'")
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy
    for kind in ("style", "script"):
        (text,) = re.findall(rf"<{kind}>(.*?)</{kind}>", html, re.DOTALL)
        told = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{told}'" in policy
    assert not re.search(r"<[^>]*\s(style|src|on\w+)=", html), "no attribute that runs, styles or fetches"
    assert not re.search(r'href="(?!#|data:,)', html) and "@import" not in html and "url(" not in html


def test_names_and_messages_are_text(html):
    for name in ("ann", "dan", "eve"):
        assert HOSTILE[name] not in html
    assert "&lt;img src=x onerror=" in html and "{{ 7*7 }}" in html
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", html)


def test_a_picture_escapes_what_it_is_given():
    drawn = charts.tag("text", "<b>", charts.tag("i"), x=1 / 3, class_='a"b')
    assert drawn == '<text x="0.3333" class="a&#34;b">&lt;b&gt;<i></i></text>'
    assert charts.level(None) == "none" and [charts.level(s) for s in (0, 0.24, 0.25, 0.74, 0.99, 1)] == "h0 h0 h1 h2 h3 h4".split()  # fmt: skip


def test_the_cloth_has_every_student_once(found):
    drawn = str(charts.cloth(found.rows, "all"))
    wide = [int(w) for w in re.findall(r"h(\d+)v9", drawn)]
    assert sum(wide) == 40 * 5 and 'viewBox="0 0 40 50"' in drawn


# ---------------------------------------------------------------- colours


def colours(text: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w]+): (#[0-9a-f]{3,6})", text))


def linear(code: str) -> list[float]:
    code = code[1:] if len(code) == 7 else "".join(c * 2 for c in code[1:])
    shares = (int(code[i : i + 2], 16) / 255 for i in (0, 2, 4))
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]


def contrast(a: str, b: str) -> float:
    light = lambda code: sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear(code)))
    high, low = sorted((light(a), light(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def without_green(code: str) -> list[float]:
    """Lab of what somebody with deuteranopia sees (Machado, Oliveira and Fernandes 2009, severity 1)."""
    r, g, b = linear(code)
    seen = [0.367322 * r + 0.860646 * g - 0.227968 * b, 0.280085 * r + 0.672501 * g + 0.047413 * b, -0.011820 * r + 0.042940 * g + 0.968881 * b]  # fmt: skip
    x, y, z = (
        sum(w * c for w, c in zip(row, seen)) / white
        for row, white in (
            ((0.4124, 0.3576, 0.1805), 0.9505),
            ((0.2126, 0.7152, 0.0722), 1.0),
            ((0.0193, 0.1192, 0.9505), 1.089),
        )
    )
    f = lambda t: t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116
    return [116 * f(y) - 16, 500 * (f(x) - f(y)), 200 * (f(y) - f(z))]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_can_be_read_and_levels_told_apart(theme):
    style = (HERE / "style.css").read_text()
    has = colours(re.findall(r":root \{(.*?)\}", style, re.DOTALL)[theme])
    for ground in ("paper", "card"):
        for ink in ("ink", "quiet", "link"):
            assert contrast(has[ink], has[ground]) >= 4.5, (ink, ground)
    for i in range(5):
        assert contrast(has["cell"], has[f"h{i}"]) >= 4.5, i
    seen = [without_green(has[f"h{i}"]) for i in range(5)]
    for i, j in itertools.combinations(range(5), 2):
        assert sum((a - b) ** 2 for a, b in zip(seen[i], seen[j])) ** 0.5 > 8, (i, j)


# ---------------------------------------------------------------- in a browser


@pytest.fixture(scope="module")
def browser():
    with chromium() as one:
        yield one


@pytest.fixture(scope="module")
def url(html, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(html, encoding="utf-8")
    return path.as_uri()


def order(page):
    return page.eval_on_selector_all("#heat tbody tr:not([hidden])", "rows => rows.map(r => r.id.slice(2))")


def test_nothing_runs_that_is_not_ours(browser, url):
    with opened(browser, url) as seen:
        assert seen.requests == [url] and seen.complaints == []
        assert seen.page.evaluate("window.hacked") is None
        for name in ("ann", "dan"):
            assert HOSTILE[name] in seen.page.text_content(f"#s-{name} th")
        seen.page.evaluate(
            "() => { const s = document.createElement('script'); s.textContent = 'window.hacked = 2'; document.body.append(s);"
            " const i = new Image(); i.src = 'http://127.0.0.1:9/x.png'; document.body.append(i); }"
        )
        assert seen.page.evaluate("window.hacked") is None
        refused = [told for told in seen.complaints if "Content Security Policy" in told]
        assert len(refused) == len(seen.complaints) >= 2, "the script and the picture"


def test_students_are_sorted_and_found(browser, url, found):
    with opened(browser, url) as seen:
        seen.page.click("#heat thead th:nth-child(2) button")
        points = {row.student.id: row.points for row in found.rows}
        shown = [points[ident] for ident in order(seen.page)]
        assert shown == sorted(shown, reverse=True) and len(shown) == 40
        seen.page.focus("#heat thead th:nth-child(1) button")
        seen.page.keyboard.press("Enter")
        assert seen.page.get_attribute("#heat thead th:nth-child(1)", "aria-sort") == "ascending"
        assert seen.page.get_attribute("#heat thead th:nth-child(2)", "aria-sort") == "none"
        seen.page.select_option("#show", "r")
        assert set(order(seen.page)) == {risk.student.id for risk in found.at_risk}
        seen.page.select_option("#show", "")
        seen.page.evaluate("document.activeElement.blur()")
        seen.page.keyboard.press("/")
        seen.page.keyboard.type("GUS2")
        assert order(seen.page) == ["gus2"] and seen.page.inner_text("#found") == "1 of 40 students"
        seen.page.keyboard.press("Escape")
        assert len(order(seen.page)) == 40


def test_the_keyboard_alone_will_do(browser, url):
    with opened(browser, url) as seen:
        told = []
        for _ in range(40):
            seen.page.keyboard.press("Tab")
            told.append(seen.page.evaluate("(document.activeElement.textContent || document.activeElement.id).trim().slice(0, 30)"))  # fmt: skip
        assert told[0] == "Skip to the students" and told[1] == "Who needs help"
        places = [told.index(word) for word in ("Skip to the students", "Errors", "find", "student", "points", "Language generation")]  # fmt: skip
        assert places == sorted(places)
        outline = seen.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", "one sees where one is"


@pytest.mark.parametrize("width", [380, 760])
def test_narrow_screens_scroll_only_tables(browser, url, width):
    with opened(browser, url, width=width) as seen:
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
        assert seen.page.evaluate("document.querySelector('.scroll').scrollWidth") > 0


def test_dark_and_on_paper(browser, url):
    ground = "getComputedStyle(document.body).backgroundColor"
    with (
        opened(browser, url, color_scheme="dark") as dark,
        opened(browser, url, color_scheme="light") as light,
    ):
        assert dark.page.evaluate(ground) != light.page.evaluate(ground)
        dark.page.emulate_media(media="print")
        assert dark.page.evaluate(ground) == "rgb(255, 255, 255)"
        assert not dark.page.is_visible("#find") and dark.page.is_visible("#s-vic")
        tall = dark.page.evaluate("document.querySelector('.scroll').clientHeight")
        assert tall >= 40 * 15, "the whole table is printed, not a window of it"


def test_without_its_script_it_reads_as_well(browser, url):
    with opened(browser, url, java_script_enabled=False) as seen:
        assert seen.page.locator("#heat tbody tr").count() == 40
        assert seen.page.is_visible("#checks table")


# ---------------------------------------------------------------- the command


def tito(*words, cwd):
    return subprocess.run(
        [sys.executable, "-m", "tito", "assessment", *words], cwd=cwd, capture_output=True, text=True
    )


def test_the_command(room, tmp_path):
    done = tito("report", "--class", str(room.folder), "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "report.csv",
        "report.html",
        "report.json",
    ]
    assert "students have passed all 5 tasks" in done.stdout
    done = tito("report", "--format", "json", "--json", cwd=room.folder)
    assert json.loads(done.stdout)["files"] == ["report/report.json"], done.stderr
    assert "html, csv, json" in tito("report", "--format", "pdf", cwd=room.folder).stderr
    room.gradebook.rename(room.folder / "away.db")
    try:
        done = tito("report", cwd=room.folder)
        assert done.returncode == 2 and "nothing was graded yet" in done.stderr
        assert not room.gradebook.exists()
    finally:
        (room.folder / "away.db").rename(room.gradebook)
