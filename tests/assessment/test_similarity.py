"""Shared passages: a copy is found through whatever disguise, work done on one's own is not, and what was given counts for nobody."""

import json
import re

import pytest
from click.testing import CliRunner

from tests.assessment.authors import ANN, AUTHORS, BOB, disguised, skeleton, work_of
from tito.assessment import classroom
from tito.assessment.similarity import THRESHOLD, compare, known, page, read
from tito.commands.grading.similarity import similarity
from tito.course import the_course
from tito.errors import TitoError
from tito.weave import cells


@pytest.fixture(scope="module")
def given():
    return known()


@pytest.fixture(scope="module")
def alone():
    """Three people, each on their own."""
    return {student: work_of(bodies) for student, bodies in AUTHORS.items()}


def pairs(works, given, **options):
    return {pair.students: pair for pair in compare(works, given=given, **options).pairs}


def test_work_of_one_s_own_is_not_reported(alone, given):
    assert compare(alone, given=given).pairs == []
    likeness = {k: p.share for k, p in pairs(alone, given, threshold=0.0).items()}
    assert all(share < THRESHOLD / 2 for share in likeness.values()), likeness


@pytest.mark.parametrize("seed", range(4))
def test_a_disguised_copy_is_found(alone, given, seed):
    """Renamed variables, other comments, other layout."""
    found = pairs(alone | {"eve": work_of(disguised(ANN, seed))}, given)
    assert list(found) == [("ann", "eve")]
    assert found["ann", "eve"].share > 0.9


def test_functions_in_another_order(alone, given):
    """The copy's files are cut before each statement and put together backwards; nothing is run here."""
    turned = {name: "".join(reversed(cells(data.decode()))).encode() for name, data in alone["bob"].items()}
    found = pairs(alone | {"eve": turned}, given)
    assert list(found) == [("bob", "eve")] and found["bob", "eve"].share > 0.8


def test_half_a_copy(alone, given):
    halves = ANN[: ANN.index("def sgd_step")] + disguised(BOB[BOB.index("def sgd_step") :])
    found = pairs(alone | {"eve": work_of(halves)}, given)
    assert set(found) == {("ann", "eve"), ("bob", "eve")}
    assert all(0.3 < pair.share < 0.8 for pair in found.values())


def test_what_was_given_counts_for_nobody(given):
    """Two untouched skeletons, two complete references: nothing of their own, nothing shared."""
    bare = {name: text.encode() for name, text in skeleton().items()}
    course = the_course()
    whole = {f"tinytorch/{f}": (course.package / f).read_bytes() for m in course.modules for f in m.files}
    assert (
        compare({"ann": bare, "bob": bare, "cid": whole, "dan": whole}, given=given, threshold=0.0).pairs
        == []
    )


def test_what_many_have_counts_for_nobody(alone, given):
    """A function from the lecture that half of the class took over; and one copied by three alone."""
    own = list(AUTHORS.values())
    lecture = {f"s{i:02}": work_of(own[i % 3]) for i in range(30)}
    assert compare(lecture, given=given).pairs == []
    assert len(compare(lecture, given=given, common=1.0).pairs) == 3 * 45


def test_the_passages_are_the_students_own_lines(alone, given):
    pair = pairs(alone | {"eve": work_of(disguised(ANN))}, given)["ann", "eve"]
    assert len(pair.passages) >= 8 - 1
    for passage in pair.passages:
        for text, file, (first, last), student in zip(
            passage.texts, passage.files, passage.lines, pair.students
        ):
            work = alone["ann"] if student == "ann" else work_of(disguised(ANN))
            assert text == "\n".join(work[file].decode().split("\n")[first - 1 : last])
    assert not any("def windows" in passage.texts[0] for passage in pair.passages), (
        "a function that was given"
    )


def test_reading():
    """Names, texts, comments and layout do not count; structure, numbers and the libraries' names do."""
    same = lambda a, b: read("", a, frozenset({"exp", "sum"})).tokens.tolist() == read("", b, frozenset({"exp", "sum"})).tokens.tolist()  # fmt: skip
    assert same(
        "def f(a):\n    '''Doc.'''\n    return a + 1  # one",
        "def g(long_name):\n\n  return (long_name\n+ 1)".replace("(long_name\n+ 1)", "long_name + 1"),
    )
    assert same("x = 'abc'", 'y = f"""d\ne"""') and same("a.mine(b)", "c.other(d)")
    assert not same("a.exp(b)", "a.sum(b)") and not same("x = 1", "x = 2") and not same("len(x)", "sum(x)")
    assert read("", "x = 1\n'''a\nb'''\ny = 2\n").lines.tolist() == [1, 1, 1, 4, 4, 4]


@pytest.mark.parametrize(
    "source", ["", "'", '"""', "\\", "(" * 5000, "\x00\x01", "def f(:\n  'x", "é = 'ü' # ñ", "#"]
)
def test_whatever_a_file_holds(given, source):
    """Text that is no Python is read as far as it goes."""
    works = {
        "ann": {"tinytorch/op.py": source.encode()},
        "bob": {"tinytorch/op.py": b"\xff\xfe" + source.encode()},
    }
    assert compare(works, given=given).pairs == []


@pytest.fixture
def room(tmp_path, alone):
    made = classroom.make(tmp_path / "cs101", "cs101", ["perceptron"], [])
    (made.folder / "roster.csv").write_text("student\nann\nbob\ncid\neve\nfay\n")
    for student, work in (alone | {"eve": work_of(disguised(ANN))}).items():
        for name, data in (work | {"tinytorch/__init__.py": b""}).items():
            path = made.submissions / student / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    (made.submissions / "fay.zip").write_bytes(b"no zip")
    return made


def test_the_command(room, tmp_path):
    run = lambda *words: CliRunner().invoke(similarity, ["--class", str(room.folder), *words])
    done = run("--json")
    record = json.loads(done.output)
    assert [p["students"] for p in record["pairs"]] == [["ann", "eve"]], record
    assert "please look" in record["note"]
    assert "fay.zip" in record["unread"]["fay"]
    words = run().output
    assert "ann and eve: 9" in words and "please look" in words and max(map(len, words.splitlines())) <= 80
    assert json.loads(run("--json", "--student", "bob").output)["pairs"] == []
    assert run("--html", str(tmp_path / "likeness.html")).exit_code == 0
    assert "ann and eve" in (tmp_path / "likeness.html").read_text()
    empty = classroom.make(tmp_path / "empty", "empty", ["perceptron"], [])
    assert isinstance(CliRunner().invoke(similarity, ["--class", str(empty.folder)]).exception, TitoError)


def test_the_page_holds_text_not_markup(alone, given):
    evil = "\ndef evil(x):\n    first = '<script>alert(1)</script>' + x[1:2] * 3\n    second = x[3:4] ** 2 + first[5:6] - x[7:8]\n    return first[:9], second[9:], x[2:3], first[3:4]\n"
    works = {s: {"tinytorch/op.py": (evil * 3).encode()} for s in ("ann", "<b>bob</b>")}
    found = compare(works, given=given)
    assert len(found.pairs) == 1
    text = page(found, "<i>cs</i>", 0.3)
    assert "<script>" not in text and "<b>bob" not in text and "<i>cs" not in text
    assert not re.search(r"(src|href)=", text)
