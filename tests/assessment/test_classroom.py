"""The folder of a class: made, read, and told on when it is wrong."""

import json
import stat
import subprocess
import sys

import pytest

from tito.assessment import classroom
from tito.assessment.classroom import ClassError, read
from tito.course import the_course
from tito.errors import TitoError

MILESTONE = "perceptron"
GOOD = f"name: cs101\nmilestones:\n  {MILESTONE}: {{points: 10, due: 2026-12-01 23:59}}\nmodules:\n  01_tensor: {{points: 5}}\n"


def write(folder, text=GOOD, roster="student,name,email\nann,Ann A.,ann@x.org\nbob@x.org,Bob,\n"):
    folder.mkdir(exist_ok=True)
    (folder / "class.yaml").write_text(text)
    (folder / "roster.csv").write_text(roster)
    return folder


def test_a_new_class_is_one_that_can_be_read(tmp_path):
    made = classroom.make(tmp_path / "cs101", "cs101", [MILESTONE], list(the_course().modules[:2]))
    assert [t.id for t in made.tasks] == [MILESTONE, "00_setup", "01_tensor"] and made.students == ()
    assert made == read(tmp_path / "cs101") and made.submissions.is_dir()
    key = tmp_path / "cs101" / ".secret"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600 and len(key.read_bytes()) == 32
    with pytest.raises(ClassError, match="is there already"):
        classroom.make(tmp_path / "cs101", "other", [], [])
    assert read(tmp_path / "cs101").name == "cs101"


def test_what_it_says_is_what_is_read(tmp_path):
    text = GOOD + "late: {per_day: 0.25, days: 2, grace_minutes: 30}\nattempts: {count: last, most: 3}\n"
    found = read(write(tmp_path / "c", text))
    assert [(t.kind, t.id, t.points) for t in found.tasks] == [
        ("milestone", MILESTONE, 10),
        ("module", "01_tensor", 5),
    ]
    assert (
        found.tasks[0].due.astimezone().strftime("%Y-%m-%d %H:%M") == "2026-12-01 23:59"
        and found.tasks[1].due is None
    )
    assert (found.late.per_day, found.late.days, found.late.grace_minutes) == (0.25, 2, 30)
    assert (found.attempts, found.most_attempts) == ("last", 3)
    assert [(s.id, s.name) for s in found.students] == [("ann", "Ann A."), ("bob@x.org", "Bob")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: [", r"class.yaml:1: not YAML|class.yaml:2: not YAML"),
        ("- a", "class.yaml:1: the file: wanted keys with values"),
        ("milestones: {}", "a class needs a name"),
        (GOOD + "lates: {}", "class.yaml:6: unknown key 'lates'; did you mean 'late'"),
        (
            GOOD.replace(MILESTONE, "perceptrom"),
            "class.yaml:3: there is no milestone 'perceptrom'; did you mean 'perceptron'",
        ),
        (
            GOOD.replace("01_tensor", "01_tensors"),
            "class.yaml:5: there is no module '01_tensors'; did you mean '01_tensor'",
        ),
        (GOOD.replace("points: 10", "points: ten"), "class.yaml:3: milestones.perceptron.points is 'ten'"),
        (GOOD.replace("points: 10", "points: yes"), "points is True"),
        (GOOD.replace("points: 10", "points: -1"), "points are a number from 0 on"),
        (
            GOOD.replace("2026-12-01 23:59", "tomorrow"),
            "class.yaml:3: milestones.perceptron.due is 'tomorrow'",
        ),
        (GOOD + "late: {per_day: 10}", "class.yaml:6: late.per_day is 10; a share of the points, 0 to 1"),
        (
            GOOD + "attempts: {count: worst}",
            "class.yaml:6: attempts.count is 'worst'; it is one of best, last, first",
        ),
        (
            GOOD.replace("2026-12-01 23:59", "2026-13-45"),
            "class.yaml:3: milestones.perceptron.due is '2026-13-45'",
        ),
        (
            GOOD.replace("2026-12-01 23:59", "0001-01-01"),
            "class.yaml:3: milestones.perceptron.due is '0001-01-01'",
        ),
        (GOOD.replace("points: 10", "points: .inf"), "class.yaml:3: milestones.perceptron.points is inf"),
        (
            GOOD.replace("points: 10", "points: !mine 10"),
            "class.yaml:3: milestones.perceptron.points is '10'",
        ),
        (GOOD + "  01_tensor:\n", "class.yaml:6: modules.01_tensor stands on line 5 already"),
        (GOOD + "  [a, b]: 1\n", "class.yaml:6: a key is one word"),
        (GOOD + "late: {days: 1000000000000}", "class.yaml:6: late.days is 1000000000000; a whole number"),
        ("name: x\nlate: \x07", r"class.yaml:2: a character that no text holds: \\x07"),
        ("name: x\nmilestones: [perceptron]", "class.yaml:2: milestones: wanted keys with values"),
        ("name: x\n", "class.yaml: nothing is graded: it names no milestone and no module"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path, text, says):
    with pytest.raises(ClassError, match=says) as error:
        read(write(tmp_path / "c", text))
    assert "\n" not in str(error.value)


def test_bytes_that_are_no_text_are_named_by_line(tmp_path):
    folder = write(tmp_path / "c", GOOD)
    (folder / "class.yaml").write_bytes(b"# a comment\nname: J\xfcrgen\n")
    with pytest.raises(TitoError, match="class.yaml:2: not UTF-8"):
        read(folder)


@pytest.mark.parametrize(
    ("roster", "says"),
    [
        ("name,email\n", "roster.csv:1: there is no column 'student'"),
        ("student\nann\n../bob\n", "roster.csv:3: student '../bob'"),
        ("student\nann\nANN\n", "roster.csv:3: student 'ANN' is on line 2 already"),
        ("student,name\n,Ann\n", "roster.csv:2: student ''"),
        ("student\n.hidden\n", "roster.csv:2"),
        ('student,name\nann,"Ann\nbob,Bob\n', "roster.csv:3: not CSV"),
        ("student,name\nann,Mason, Ann\n", "roster.csv:2: 3 cells under 2 columns"),
        (f"student,name\nann,{'x' * 200_000}\n", "roster.csv:2: not CSV: field larger"),
    ],
)
def test_a_wrong_roster(tmp_path, roster, says):
    with pytest.raises(TitoError, match=says):
        read(write(tmp_path / "c", roster=roster))
    (tmp_path / "c" / "roster.csv").write_bytes(b"student,name\nann,\xff\n")
    with pytest.raises(TitoError, match=r"roster.csv:2: not UTF-8"):
        read(tmp_path / "c")


def test_a_roster_as_spreadsheets_write_it(tmp_path):
    """Semicolons, capitals, quotes, and a name that breaks a line where only some programs do."""
    told = '\ufeffStudent ;Name;E-Mail\r\nann;"Mason; Ann";x\r\nbob;B\u2028ob;\r\n'
    students = read(write(tmp_path / "c", roster=told)).students
    assert [(s.id, s.name) for s in students] == [("ann", "Mason; Ann"), ("bob", r"B\u2028ob")]


def test_seeds(tmp_path):
    one = classroom.make(tmp_path / "a", "a", [MILESTONE], [])
    two = classroom.make(tmp_path / "b", "b", [MILESTONE], [])
    seeds = {
        c.seed(*words)
        for c in (one, two)
        for words in (("ann", "xor", "x"), ("bob", "xor", "x"), ("ann", "xor", "y"))
    }
    assert len(seeds) == 6 and one.seed("ann", "xor", "x") in seeds, (
        "the same again, another for everybody and everything else"
    )
    (tmp_path / "a" / ".secret").chmod(0o644)
    with pytest.raises(ClassError, match="others can read it"):
        one.seed("ann", "xor", "x")


def test_the_command(tmp_path):
    tito = lambda *words: subprocess.run(
        [sys.executable, "-m", "tito", "assessment", *words], cwd=tmp_path, capture_output=True, text=True
    )
    done = tito("setup", "--milestones", "1,2", "--modules", "01", "--class", "cs329s_2024", "--json")
    assert done.returncode == 0, done.stderr
    assert [t["kind"] for t in json.loads(done.stdout)["tasks"]] == ["milestone", "milestone", "module"]
    assert "is there already" in tito("setup", "--milestones", "1", "--class", "cs329s_2024").stderr
    assert "nothing to grade" in tito("setup").stderr
    assert tito("setup", "--milestones", "99").returncode == 2


def test_a_class_without_students_says_so(tmp_path):
    from click.testing import CliRunner

    from tito.commands.grading.batch import status

    classroom.make(tmp_path / "c", "c", ["xor"], [])
    told = CliRunner().invoke(status, ["--class", str(tmp_path / "c")]).output
    assert "roster.csv names nobody" in told


def test_gradescope_s_task_is_asked_for_by_name(tmp_path):
    from click.testing import CliRunner

    from tito.commands.grading.handing_out import gradescope_zip

    classroom.make(tmp_path / "c", "c", ["xor", "perceptron"], [])
    done = CliRunner().invoke(
        gradescope_zip, ["--class", str(tmp_path / "c"), "--out", str(tmp_path / "a.zip")]
    )
    assert (
        isinstance(done.exception, TitoError)
        and "which task" in str(done.exception)
        and "perceptron" in done.exception.hint
    )


def test_long_lists_of_names_say_how_many_more():
    from tito.commands.grading.batch import some_of

    names = [f"s{i}" for i in range(11)]
    assert some_of(names[:8]).endswith("s7") and some_of(names).endswith("s7 and 3 more")
