"""nbgrader, by nbgrader itself: it is skipped where that is not installed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.assessment.exchange_class import a_class
from tito.assessment.exchange import nbgrader as exchange
from tito.assessment.exchange import points
from tito.assessment.exchange.standing import standing
from tito.course import the_course
from tito.errors import TitoError

pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install 'tinytorch[nbgrader]'")
pytestmark = pytest.mark.filterwarnings("ignore")  # its dependencies warn of each other


@pytest.fixture
def room(tmp_path):
    room, book = a_class(tmp_path / "cs101")
    yield room, book
    book.close()


def nbgrader(folder: Path, *words: str) -> str:
    """Run nbgrader in a course's folder; its own settings only."""
    here = {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]), "PYTHONPATH": str(the_course().root)}  # fmt: skip
    config = {"JUPYTER_CONFIG_DIR": str(folder / ".jupyter"), "JUPYTER_NO_CONFIG": "1", "IPYTHONDIR": str(folder / ".ipython")}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *words], cwd=folder, env=os.environ | here | config, capture_output=True, text=True,
        timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_nbgrader_reads_the_class(room, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")  # alembic stands beside this Python, whatever PATH says
    room, book = room
    course = tmp_path / "course"
    written = exchange.write(standing(room, book), course)
    assert written.submissions == 4 and "cay: perceptron: grader error" in written.left_out
    assert os.environ["PATH"] == "/nowhere"
    monkeypatch.undo()
    nbgrader(course, "export", "--to", "grades.csv")
    # nbgrader quotes nothing: a comma in a name is one column more, so the numbers are counted from the end
    lines = [line.split(",") for line in (course / "grades.csv").read_text().splitlines()[1:]]
    rows = {(line[3], line[0]): line for line in lines}
    got = lambda student, task: tuple(map(float, rows[student, task][-4:]))
    assert got("ann", "perceptron") == (7.5, 0, 7.5, 10) and got("dan", "01_tensor") == (4.5, 0, 4.5, 5)
    assert rows["ann", "perceptron"][1:3] == ["2026-12-01 12:00:00", "2026-12-01 11:00:00"]
    with exchange.gradebook(course / "gradebook.db") as other:
        bob = other.find_submission("perceptron", "bob")
        assert (bob.score, bob.late_submission_penalty) == (10, 2)
        comment = other.find_comment("feedback", "tito", "perceptron", "ann").comment
        assert comment == "passed: values", "what is hidden stays hidden"
        assert not other.find_submission("perceptron", "ann").needs_manual_grade


def test_again_and_back(room, tmp_path):
    room, book = room
    exchange.write(standing(room, book), tmp_path)
    book.decide("override", "ann", "perceptron", "9", "agreed")
    exchange.write(standing(room, book), tmp_path)
    told, strangers = exchange.points(room.students, room.tasks, tmp_path)
    assert told["ann", "perceptron"] == 9 and told["bob", "perceptron"] == 8 and strangers == []
    assert points.differences(room, book, told) == []
    book.decide("override", "ann", "perceptron", "", "not agreed")
    exchange.write(standing(room, book), tmp_path)
    assert exchange.points(room.students, room.tasks, tmp_path)[0]["ann", "perceptron"] == 7.5
    assert {s.id: s for s in exchange.students(tmp_path)} == {s.id: s for s in room.students}


def test_what_is_in_the_way(room, tmp_path):
    with exchange.gradebook(tmp_path / "gradebook.db") as other:
        other.add_assignment("perceptron")
        other.add_notebook("mine", "perceptron")
    with pytest.raises(TitoError, match="has an assignment perceptron with a notebook of its own: mine"):
        exchange.write(standing(*room), tmp_path)
    (tmp_path / "bad.db").write_bytes(b"not a database, but a long text" * 100)
    with pytest.raises(TitoError, match=r"bad.db is no gradebook of nbgrader"):
        exchange.students(tmp_path / "bad.db")
    with pytest.raises(TitoError, match="there is no gradebook of nbgrader"):
        exchange.students(tmp_path / "nowhere")


def test_nbgrader_makes_the_release_and_grades_what_comes_back(tmp_path):
    """The release has no solution, the reference gets every point, what nobody wrote gets none; one cell wrong costs its checks alone."""
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    from tito.nbgrader.generate import generate

    course, name = the_course(), "02_autograd"
    module = course.module(name)
    (made,) = generate(course, [module], tmp_path)
    nbgrader(tmp_path, "generate_assignment", name)
    release = (tmp_path / "release" / name / f"{name}.ipynb").read_text()
    assert "YOUR CODE HERE" in release and "BEGIN SOLUTION" not in release
    assert "y: g * y" in made.read_text() and "y: g * y" not in release
    wrong = made.read_text().replace("x=lambda g, y: g * y", "x=lambda g, y: g + y")
    for student, text in (("ann", made.read_text()), ("bob", release), ("cay", wrong)):
        folder = tmp_path / "submitted" / student / name
        folder.mkdir(parents=True)
        (folder / f"{name}.ipynb").write_text(text)
    nbgrader(tmp_path, "autograde", name)
    with exchange.gradebook(tmp_path / "gradebook.db") as book:
        assert book.find_assignment(name).max_score == module.points
        score = {s.student.id: s.score for s in book.assignment_submissions(name)}
    assert (score["ann"], score["bob"]) == (module.points, 0) and 0 < score["cay"] < module.points
