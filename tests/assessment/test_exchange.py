"""What a class exports is what other programs read; what comes from them is merged, and nothing is dropped silently."""

import json
import os
import zipfile
from dataclasses import replace

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tests.assessment.exchange_class import ROSTER, a_class
from tito.assessment import classroom
from tito.assessment.classroom import ClassError, Student
from tito.assessment.exchange import canvas, gradescope, junit, points, record, roster, spreadsheet
from tito.assessment.exchange.standing import standing
from tito.assessment.sheets import SheetError, guarded, number, read_sheet, unguarded
from tito.cli import main
from tito.errors import TitoError

CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,Perceptron (101),Essay (102),Final Score
,,,,,Manual Posting,,
    Points Possible,,,,,10,20,(read only)
"First, Ann",11,u-1,ANN,"CS, 1",,5,
"B., Bob",12,u-2,bob@x.org,CS 1,3,,
"C, Cay",13,u-3,cay,CS 1,EX,,
"Stranger, Sue",14,u-4,sue,CS 1,,,
"Student, Test",15,,5f6a,CS 1,,,
"""


@pytest.fixture
def room(tmp_path):
    room, book = a_class(tmp_path / "cs101")
    yield room, book
    book.close()


@pytest.fixture
def tito(tmp_path, monkeypatch):
    """`tito("override", ...)` is the outcome of `tito assessment override ...` in the class's folder."""
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*words, code=0):
        from tito.commands.assessment import assessment

        done = CliRunner().invoke(assessment, [*map(str, words), "--class", str(tmp_path / "cs101")])
        if code == 0:
            assert done.exit_code == 0, (done.output, done.exception)
        elif isinstance(done.exception, TitoError):
            return f"{done.exception}; {done.exception.hint}"
        return done.output

    return run


# ---------------------------------------------------------------- CSV


@given(st.text())
def test_a_guard_comes_off_as_it_went_on(text):
    assert unguarded(guarded(text)) == text
    assert guarded(text)[:1] not in tuple("=+-@\t\r\n")


@pytest.mark.parametrize(("value", "text"), [(None, ""), (0.0, "0"), (7.5, "7.5"), (1 / 3, "0.3333333333333333"), (100, "100")])  # fmt: skip
def test_points_in_a_cell(value, text):
    assert number(value) == text


def test_csv_and_back(room, tmp_path):
    room, book = room
    text = spreadsheet.write(standing(room, book))
    assert text.splitlines() == [
        "student,name,email,perceptron,01_tensor,total,of",
        'ann,"Ann, the =first",ann@x.org,7.5,0,7.5,15',
        "bob,'=cmd|' /C calc'!A0,bob@x.org,8,,8,15",
        "cay,Cay C.,,,,,15",
        "dan,,dan@x.org,,4.5,4.5,15",
    ]
    path = tmp_path / "grades.csv"
    path.write_text(text)
    told, strangers = points.from_sheet(room, read_sheet(path))
    assert points.differences(room, book, told) == [] and strangers == [] and len(told) == 4
    path.write_text(text.replace("ann@x.org,7.5", "ann@x.org,9").replace("cay,Cay C.,,", "cay,Cay C.,,2"))
    changes = points.differences(room, book, points.from_sheet(room, read_sheet(path))[0])
    assert [(c.student, c.before, c.after) for c in changes] == [("ann", 7.5, 9), ("cay", None, 2)]
    points.take(book, changes, "agreed in the meeting")
    assert standing(room, book).grades[0].points == 9 and book.broken_at() is None


def test_as_a_european_spreadsheet_saves_it(room, tmp_path):
    path = tmp_path / "grades.csv"
    path.write_bytes("\ufeffstudent;perceptron\r\nANN;7,25\r\nzoe;3\r\n".encode())
    assert points.from_sheet(room[0], read_sheet(path)) == ({("ann", "perceptron"): 7.25}, ["zoe"])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"student,perceptron\nann,seven\n", r"grades.csv:2: perceptron is 'seven'"),
        (b"student,perceptron\nann,1\nbob,-1\n", r"grades.csv:3: perceptron is '-1'"),
        (b"student,perceptron\nann,nan\n", r"grades.csv:2: perceptron is 'nan'"),
        (b"who,perceptron\nann,1\n", r"grades.csv:1: there is no column 'student'"),
        (b"student,essay\nann,1\n", r"grades.csv:1: no column is a task"),
        (b"student,perceptron\nann,\xff\n", r"grades.csv:2: not UTF-8"),
        (b'student,perceptron\nann,"1\n', r"grades.csv:2: not CSV"),
        (b"\n\n", r"grades.csv:1: the file is empty"),
    ],
)
def test_a_bad_line_is_named(room, tmp_path, text, says):
    path = tmp_path / "grades.csv"
    path.write_bytes(text)
    with pytest.raises(SheetError, match=says):
        points.from_sheet(room[0], read_sheet(path))


# ---------------------------------------------------------------- JSON and JUnit


def test_json_is_read_back_as_the_same_class(room):
    room, book = room
    class_ = standing(room, book)
    assert record.read(record.write(class_)) == class_
    for result, found in class_.findings.items():
        assert list(found.checks) == book.checks_of(result), "an export knows what the gradebook knows"
    assert class_.of(class_.grades[0]).checks[0].value == 0.97
    assert class_.of(class_.grades[0]).checks[1].message == "expected 3 & got\x00 \x1b[31m4"
    odd = replace(class_, students=(Student("ann", "\u2028\x00'\"<&é🎉", "\\"),), name="\ud7ff")
    assert record.read(record.write(odd)) == odd


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "other"}', '{"format": "tito class", "version": 1}', '{"format": "tito class", "version": 99}'])  # fmt: skip
def test_json_that_is_something_else(text):
    with pytest.raises(TitoError, match="x.json (is no class|was written by a newer tito)"):
        record.read(text, "x.json")


def test_junit_is_read_by_a_reader_of_junit(room):
    junitparser = pytest.importorskip("junitparser", reason="junitparser is not installed")
    read = junitparser.JUnitXml.fromstring(junit.write(standing(*room)).encode())
    suites = {suite.name: suite for suite in read}
    assert list(suites) == ["perceptron", "01_tensor"] and (read.tests, read.failures, read.errors) == (
        9,
        2,
        1,
    )
    perceptron = suites["perceptron"]
    assert (perceptron.tests, perceptron.failures, perceptron.errors, perceptron.skipped) == (5, 1, 1, 1)
    assert perceptron.time == 1.75
    cases = {(case.classname, case.name): case for case in perceptron}
    assert cases["perceptron.ann", "values"].is_passed
    (failure,) = cases["perceptron.ann", "a <b>hidden</b> one"].result
    assert (failure.type, failure.message) == ("failed", "expected 3 & got\ufffd \ufffd[31m4")
    assert cases["perceptron.dan", "perceptron"].is_skipped


# ---------------------------------------------------------------- Canvas


def sheet(tmp_path, text):
    path = tmp_path / "canvas.csv"
    path.write_text(text)
    return read_sheet(path)


def test_canvas_gets_its_own_file_back(room, tmp_path):
    room, book = room
    filled = canvas.write(standing(room, book), sheet(tmp_path, CANVAS))
    assert filled.text.splitlines() == [
        "Student,ID,SIS User ID,SIS Login ID,Section,Perceptron (101),01_tensor",
        "    Points Possible,,,,,10,5",
        '"First, Ann",11,u-1,ANN,"CS, 1",7.5,0',
        '"B., Bob",12,u-2,bob@x.org,CS 1,8,',
        '"C, Cay",13,u-3,cay,CS 1,EX,',
    ]
    assert (filled.not_in_class, filled.not_in_canvas, filled.new) == (
        ["Stranger, Sue"],
        ["dan"],
        ["01_tensor"],
    )
    again = sheet(tmp_path, filled.text)
    told, strangers = canvas.points(room.students, room.tasks, again)
    assert told == {("ann", "perceptron"): 7.5, ("ann", "01_tensor"): 0.0, ("bob", "perceptron"): 8.0}
    assert strangers == [] and points.differences(room, book, told) == []


def test_canvas_numbers_are_nobodys_ids(room, tmp_path):
    """A student whose number is another's number in Canvas is not taken for that one."""
    class_ = standing(*room)
    class_ = replace(class_, students=(Student("11"), Student("ann")), grades=class_.grades[:0])
    numbers = canvas.by_any_name(class_.students, sheet(tmp_path, CANVAS))
    assert [s and s.id for s in map(numbers, canvas.students_in(sheet(tmp_path, CANVAS)))] == ["ann", None, None, None]  # fmt: skip
    plain = sheet(tmp_path, "Student,ID,Section\nA,11,\nB,12,\n")
    known = canvas.by_any_name(class_.students, plain)
    assert [s and s.id for s in map(known, canvas.students_in(plain))] == ["11", None]


def test_canvas_students_and_points(room, tmp_path):
    table = sheet(tmp_path, CANVAS)
    found = canvas.students(table)
    assert [(s.id, s.name) for s in found] == [
        ("ANN", "Ann First"),
        ("bob@x.org", "Bob B."),
        ("cay", "Cay C"),
        ("sue", "Sue Stranger"),
    ]
    told, strangers = canvas.points(room[0].students, room[0].tasks, table)
    assert told == {("bob", "perceptron"): 3.0} and strangers == ["Stranger, Sue"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("student,name\nann,Ann\n", r"canvas.csv:1: this is no gradebook that Canvas exported"),
        (CANVAS.replace("u-1,ANN", "cay,ann"), r"canvas.csv:4: this is ann and cay at once"),
        (CANVAS.replace("Essay (102)", "perceptron (102)"), r"canvas.csv:1: two columns are perceptron"),
    ],
)
def test_what_canvas_cannot_mean(room, tmp_path, text, says):
    with pytest.raises(SheetError, match=says):
        canvas.write(standing(*room), sheet(tmp_path, text))


# ---------------------------------------------------------------- Gradescope


def test_gradescope_results_field_by_field(room):
    """https://gradescope-autograders.readthedocs.io/en/latest/specs/#output-format"""
    files = gradescope.write(standing(*room))
    assert sorted(files) == [
        "01_tensor/ann.json",
        "01_tensor/dan.json",
        "perceptron/ann.json",
        "perceptron/bob.json",
    ]
    top = {"score": float, "execution_time": float, "output": str, "output_format": str, "visibility": str, "stdout_visibility": str, "extra_data": dict, "tests": list}  # fmt: skip
    test = {"score": float, "max_score": float, "status": str, "name": str, "number": str, "output": str, "output_format": str, "visibility": str, "extra_data": dict}  # fmt: skip
    for one in files.values():
        json.dumps(one, allow_nan=False)
        assert {name: type(value) for name, value in one.items()} == top
        assert one["visibility"] == "visible" and one["output_format"] == "text"
        for check in one["tests"]:
            assert {name: type(value) for name, value in check.items()} == test
            assert check["visibility"] in ("visible", "hidden", "after_due_date", "after_published")
            assert check["status"] in ("passed", "failed") and check["output_format"] == "text"
    ann, bob = files["perceptron/ann.json"], files["perceptron/bob.json"]
    assert (ann["score"], ann["execution_time"]) == (7.5, 1.25)
    assert [(t["score"], t["max_score"], t["visibility"]) for t in ann["tests"]] == [
        (7.5, 7.5, "visible"),
        (0.0, 2.5, "hidden"),
    ]
    assert bob["score"] == 8 and "2 days late" in bob["output"]
    assert "shown at the board" in files["01_tensor/dan.json"]["output"]


def test_gradescope_students_and_points(room, tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text(
        "First Name,Last Name,SID,Email,Role\nAnn,A,,ann@x.org,Student\nTim,T,t,t@x.org,Instructor\nEve,E,e1,e@x.org,Student\n"
    )
    found = gradescope.students(read_sheet(path))
    assert found == [Student("ann@x.org", "Ann A", "ann@x.org"), Student("e1", "Eve E", "e@x.org")]
    merged = roster.merge(room[0].students, found)
    assert (merged.added, merged.changed, merged.gone) == (["e1"], ["ann"], ["bob", "cay", "dan"])
    path.write_text(
        "Name,SID,Email,perceptron,perceptron - Max Points\nAnn,,ann@x.org,6,10\nZoe,z,z@x.org,1,10\n"
    )
    told, strangers = gradescope.points(room[0].students, room[0].tasks, read_sheet(path))
    assert told == {("ann", "perceptron"): 6.0} and strangers == ["z"]


METADATA = """submission_1:
  :submitters:
  - :name: Ann A
    :sid: ''
    :email: ANN@x.org
  :created_at: 2026-11-30 10:00:00.000000000 Z
  :score: 5.0
submission_2:
  :submitters:
  - :name: Bob
    :sid: bob
    :email: other@x.org
  - :name: Cay
    :sid: cay
    :email:
  :created_at: 2026-11-30 11:00:00.000000000 Z
submission_3:
  :submitters:
  - :sid: sue
submission_4:
  :submitters:
  - :sid: dan
"""


def an_export(path, extra=""):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a_1_export/submission_metadata.yml", METADATA)
        for n in (1, 2, 3):
            archive.writestr(f"a_1_export/submission_{n}/tinytorch/__init__.py", f"n = {n}{extra}\n")
            archive.writestr(f"a_1_export/submission_{n}/../../../evil.py", "")
        archive.writestr("a_1_export/submission_4/notes.txt", "I did not finish")
    return path


def test_gradescope_submissions(room, tito, tmp_path):
    folder = room[0].submissions
    done = json.loads(tito("import", "gradescope", an_export(tmp_path / "export.zip"), "--json"))
    assert (done["new"], done["strangers"], list(done["problems"])) == (["ann", "bob", "cay"], ["sue"], ["dan"])  # fmt: skip
    assert "tinytorch/__init__.py" in done["problems"]["dan"]
    assert sorted(p.name for p in folder.iterdir()) == ["ann.zip", "bob.zip", "cay.zip"]
    with zipfile.ZipFile(folder / "bob.zip") as archive:
        assert archive.namelist() == ["tinytorch/__init__.py"] and archive.read(archive.namelist()[0]) == b"n = 2\n"  # fmt: skip
    assert (folder / "ann.zip").stat().st_mtime == 1796032800  # 2026-11-30 10:00 UTC, when it was handed in
    again = json.loads(tito("import", "gradescope", tmp_path / "export.zip", "--json"))
    assert (again["new"], again["same"]) == ([], ["ann", "bob", "cay"])
    os.utime(folder / "cay.zip", (1.9e9, 1.9e9))
    path = an_export(tmp_path / "export.zip", " + 1")
    would = json.loads(tito("import", "gradescope", path, "--json", "--dry-run"))
    assert not (room[0].folder / "submissions-before").exists()
    newer = json.loads(tito("import", "gradescope", path, "--json"))
    assert would == newer | {"dry_run": True}
    assert (newer["replaced"], newer["older"]) == (["ann", "bob"], ["cay"])
    assert sorted(p.name for p in (room[0].folder / "submissions-before").iterdir()) == ["ann-1.zip", "bob-1.zip"]  # fmt: skip
    assert not list(tmp_path.rglob("evil.py")) and not list(room[0].folder.glob(".taking-in-*"))


# ---------------------------------------------------------------- the roster


def test_a_roster_is_merged(room, tito, tmp_path):
    path = tmp_path / "new.csv"
    path.write_text("student,name,email\nANN,Ann New,\nbob,,\neve,=Eve,eve@x.org\nd.n,,DAN@x.org\n")
    told = json.loads(tito("import", "roster", path, "--json", "--dry-run"))
    assert (told["added"], told["changed"], told["gone"]) == (["eve"], ["ann"], ["cay"])
    assert (room[0].folder / "roster.csv").read_text() == ROSTER
    tito("import", "roster", path)
    students = classroom.read(room[0].folder).students
    assert [(s.id, s.name, s.email) for s in students] == [
        ("ann", "Ann New", "ann@x.org"),
        ("bob", "=cmd|' /C calc'!A0", "bob@x.org"),
        ("cay", "Cay C.", ""),
        ("dan", "", "dan@x.org"),
        ("eve", "=Eve", "eve@x.org"),
    ]
    text = (room[0].folder / "roster.csv").read_text()
    assert text.startswith("student,name,email,section\nann,Ann New,ann@x.org,A\n") and "eve,'=Eve" in text
    out = tito("import", "roster", path, "--drop")
    assert "1 not in the list, taken out; their grades stay: cay" in out
    assert [s.id for s in classroom.read(room[0].folder).students] == ["ann", "bob", "dan", "eve"]
    assert "cay" in {attempt["student"] for attempt in room[1].attempts()}


def test_a_bad_line_of_a_roster_changes_nothing(room, tito, tmp_path):
    path = tmp_path / "new.csv"
    path.write_text("student,name\neve,Eve\n../bob,Bob\n")
    assert "new.csv:3: student '../bob'" in tito("import", "roster", path, code=2)
    assert (room[0].folder / "roster.csv").read_text() == ROSTER
    with pytest.raises(ClassError, match=r"canvas.csv:2: student 'a b'"):
        canvas.students(sheet(tmp_path, "Student,ID,SIS Login ID\nA,1,a b\n"))


# ---------------------------------------------------------------- commands


def test_the_commands(room, tito, tmp_path):
    assert tito("export", "csv").splitlines()[0] == "student,name,email,perceptron,01_tensor,total,of"
    assert "4 students, 2 tasks, 4 grades" in tito("export", "junit", "--out", tmp_path / "x.xml")
    tito("export", "json", "--out", tmp_path / "x.json")
    assert record.read((tmp_path / "x.json").read_text()) == standing(*room)
    (tmp_path / "c.csv").write_text(CANVAS)
    out = tito("export", "canvas", "--template", tmp_path / "c.csv", "--out", tmp_path / "out.csv")
    assert "3 grades" in out and "Stranger, Sue" in out and "not in Canvas: dan" in out
    tito("export", "gradescope", "--out", tmp_path / "g")
    assert json.loads((tmp_path / "g/perceptron/ann.json").read_text())["score"] == 7.5
    assert "there is no such file" in tito("export", "canvas", "--template", tmp_path / "no.csv", code=2)
    assert "there is no folder" in tito("export", "csv", "--out", tmp_path / "no/where/x.csv", code=2)
    assert not (tmp_path / "no").exists()


def test_points_come_back_as_overrides_with_a_reason(room, tito, tmp_path):
    path = tmp_path / "c.csv"
    path.write_text(CANVAS)
    assert "need a reason" in tito("import", "canvas", path, "--grades", code=2)
    told = json.loads(tito("import", "canvas", path, "--grades", "--reason", "Canvas counts", "--json"))
    assert told["changes"] == [{"student": "bob", "task": "perceptron", "before": 8.0, "after": 3.0}]
    assert "bob@x.org,3,,3,15" in tito("export", "csv")


def test_the_front_door_names_them(capsys):
    with pytest.raises(SystemExit):
        main(["assessment", "--help"])
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("export", "import", "override", "extension"))


@pytest.mark.parametrize("format", ["gradescope", "nbgrader"])
def test_an_export_of_many_files_needs_a_place(tito, format):
    assert "Missing option '--out'" in tito("export", format, code=2)
