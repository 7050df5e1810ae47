"""Modules as nbgrader's notebooks: every solution is marked, what is released has none, and what comes back is the file again."""

import ast
import copy
import json
import os
import subprocess
import sys
import textwrap
from datetime import datetime, timezone
from pathlib import Path

import pytest

from tests.assessment.exchange_class import a_class
from tito.course import the_course
from tito.errors import TitoError
from tito.nbgrader.cells import BEGIN, END, NotInThisCell, assemble, cell_of, split_magic, written
from tito.nbgrader.generate import notebook, shares
from tito.nbgrader.submitted import cells_in, moment, students, workspace_of
from tito.notebook import source_of
from tito.weave import stubs_in, weave_module

COURSE = the_course()
MODULES = [pytest.param(module, id=module.name) for module in COURSE.modules]


def source(one):
    return (COURSE.package / one.file).read_bytes().decode()


def cleared(text):
    """What nbgrader's ClearSolutions leaves of a cell."""
    out, inside = [], False
    for line in text.split("\n"):
        if BEGIN in line:
            inside, margin = True, line[: len(line) - len(line.lstrip())]
            out += [f"{margin}# YOUR CODE HERE", f"{margin}raise NotImplementedError()"]
        elif END in line:
            inside = False
        elif not inside:
            out.append(line)
    return "\n".join(out)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_goes_out_and_comes_back(module):
    taught, woven = COURSE.taught(module), weave_module(module, COURSE.package)
    cells = {(one.file, one.symbol): split_magic(cell_of(one, source(one)))[1] for one in taught}
    solved, left_out = assemble(woven, taught, cells)
    assert not left_out
    for file, content in solved.items():
        if file.endswith(".py"):
            assert ast.dump(ast.parse(content)) == ast.dump(ast.parse((COURSE.package / file).read_bytes()))
    released, left_out = assemble(woven, taught, {key: cleared(text) for key, text in cells.items()})
    assert not left_out
    labels = lambda files: {label.split(": ")[1].split(".")[0] for text in files.values() for label in stubs_in(text.decode())}  # fmt: skip
    assert labels(released) == labels(woven) and labels(solved) <= labels(woven)
    for one in taught:
        ast.parse(cleared(cells[one.file, one.symbol]))


def solutions(one):
    """The statements of a symbol's body that could not stand anywhere by chance."""
    inside, found = False, []
    for line in cell_of(one, source(one)).split("\n"):
        if BEGIN in line or END in line:
            inside = BEGIN in line
        elif inside and len(line.strip()) > 40:
            found.append(line.strip())
    return found


@pytest.mark.parametrize("module", MODULES)
def test_the_notebook_is_one_of_nbgraders(module):
    """https://nbgrader.readthedocs.io: metadata of schema 3; points as the lesson says; nothing of a solution outside its marks."""
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    book = notebook(COURSE, module)
    nbformat.validate(nbformat.reads(json.dumps(book), as_version=4))
    told = [c["metadata"]["nbgrader"] for c in book["cells"] if "nbgrader" in c["metadata"]]
    for one in told:
        assert one["schema_version"] == 3 and one["grade_id"] and one["task"] is False
        assert one["locked"] != one["solution"] and ("points" in one) == one["grade"]
    assert len({one["grade_id"] for one in told}) == len(told)
    assert sum(one["points"] for one in told if one["grade"]) == module.points
    assert min(one["points"] for one in told if one["grade"]) > 0
    left = {line.strip() for c in book["cells"] for line in cleared(source_of(c)).splitlines()}
    # code that is given may have a line in common with what is taught
    woven = weave_module(module, COURSE.package)
    left -= {line.strip() for text in woven.values() for line in text.decode().splitlines()}
    for one in COURSE.taught(module):
        for line in solutions(one):
            assert line not in left, f"{one.symbol}: {line}"


def test_shares():
    assert shares(30, 26) == [1.25] * 16 + [1.0] * 10 and sum(shares(30, 26)) == 30
    assert shares(20, 19) == [1.25] * 4 + [1.0] * 15


# ---------------------------------------------------------------- cells that are something else


SUB = next(one for one in COURSE.taught(COURSE.module("01")) if one.symbol == "sub_op")
ENTER = next(one for one in COURSE.taught(COURSE.module("02")) if one.symbol == "Switch.__enter__")
RULE = next(one for one in COURSE.taught(COURSE.module("02")) if one.symbol == "ops.mul.vjps")


@pytest.mark.parametrize(
    ("one", "text", "says"),
    [
        (SUB, "def sub_op(x, y:\n    return x\n", r"sub_op, line 2 of its cell:"),
        (SUB, "def other(x, y):\n    return x\n", "does not define it"),
        (SUB, "x = 1\0", "cell"),
        (SUB, "x = " + "(" * 5000, "cell"),
        (RULE, "print(1)\n", "does not define it"),
    ],
)
def test_a_cell_that_cannot_be_the_symbol(one, text, says):
    with pytest.raises(NotInThisCell, match=says):
        written(one, text)


def test_helpers_come_along_and_methods_find_their_place():
    module = COURSE.module("02")
    woven, taught = weave_module(module, COURSE.package), COURSE.taught(module)
    text = (
        "HELP = 3\n\ndef __enter__(self):\n    return self.helper()\n\ndef helper(self):\n    return HELP\n"
    )
    files, left_out = assemble(woven, taught, {(ENTER.file, ENTER.symbol): text, (RULE.file, RULE.symbol): "raise NotImplementedError()\n"})  # fmt: skip
    switch = next(s for s in ast.parse(files[ENTER.file]).body if getattr(s, "name", "") == "Switch")
    assert not left_out and {"__enter__", "helper", "__exit__"} <= {
        getattr(s, "name", "") for s in switch.body
    }
    assert files[RULE.file] == woven[RULE.file], "a rule that is not written leaves its stub"
    files, left_out = assemble(woven, taught, {(SUB.file, SUB.symbol): text, ("../evil.py", "x"): "x = 1"})
    assert files.keys() == woven.keys() and not left_out


# ---------------------------------------------------------------- in a kernel


def in_a_notebook(*cells, cwd):
    """Run cells as a notebook would, in a process of their own; returns what each printed, or its error."""
    program = f"""
import contextlib, io, json
from tito.nbgrader.cells import split_magic
from tito.nbgrader.kernel import begin
space, told = {{"begin": begin}}, []
for cell in {list(cells)!r}:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            magic = split_magic(cell)
            if magic:
                space["check"].build(" ".join(magic[0]), magic[1])
            else:
                exec(cell, space)
        except Exception as error:
            print(type(error).__name__, *getattr(error, "_render_traceback_", lambda: [str(error)])())
    told.append(out.getvalue().strip())
print(json.dumps(told))
"""
    pytest.importorskip("IPython", reason="IPython is not installed: pip install 'tinytorch[notebook]'")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], cwd=cwd, capture_output=True, text=True, timeout=120,
        env=os.environ | {"PYTHONPATH": str(COURSE.root)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_building_and_checking(tmp_path):
    solved = cell_of(SUB, source(SUB))
    begun, unwritten, before, built, right, use, wrong, says, other = in_a_notebook(
        'check = begin("01_tensor")',
        cleared(solved),
        'check("subtraction")',
        solved,
        'check("subtraction")',
        "import tinytorch as tt; print(tt.__file__, (tt.tensor([5.0]) - 3).item())",
        solved.replace("np.subtract(x, y)", "np.subtract(y, x)"),
        'check("subtraction")',
        "check.build('ops/shape.py softmax_op', 'x = 1')",
        cwd=tmp_path,
    )
    assert begun == "" and unwritten == "sub_op: not written yet"
    assert before.startswith("CheckFailed subtraction: sub_op is not written yet")
    assert built == "sub_op: put into tinytorch/ops/arithmetic.py" and right == ""
    assert "tito-notebook-" in use and use.endswith(" 2.0")
    assert wrong == built and "expected" in says and says.startswith("CheckFailed subtraction:")
    assert "does not teach that" in other


# ---------------------------------------------------------------- submitted/


@pytest.fixture
def submitted(tmp_path):
    """`submitted("ann", "01_tensor", book, "2026-12-01 10:00:00 UTC")` hands a notebook in."""

    def hand_in(student, name, book, when=""):
        folder = tmp_path / "course" / "submitted" / student / name
        folder.mkdir(parents=True)
        (folder / f"{name}.ipynb").write_text(book if isinstance(book, str) else json.dumps(book))
        if when:
            (folder / "timestamp.txt").write_text(when)
        return folder

    hand_in.course = tmp_path / "course"
    return hand_in


def edited(book, change):
    book = copy.deepcopy(book)
    for one in book["cells"]:
        one["source"] = change(source_of(one))
    return book


def test_notebooks_become_a_workspace(submitted, tmp_path):
    first, second = notebook(COURSE, COURSE.module("01")), notebook(COURSE, COURSE.module("02"))
    submitted("ann", "01_tensor", first, "2026-12-01 10:00:00.000000 UTC")
    submitted("ann", "02_autograd", edited(second, cleared), "2026-12-02 10:00:00 Europe/Berlin")
    submitted("bob", "01_tensor", edited(first, lambda t: t.replace("def sub_op(x, y)", "def sub(x, y)")))
    submitted("cay", "01_tensor", "{not json")
    submitted("cay", "essay", "{}")
    submitted("dan", "essay", "{}")
    os.symlink("/etc", submitted.course / "submitted" / "eve")
    found = {one.student: one for one in students(submitted.course, COURSE)}
    assert list(found) == ["ann", "bob", "cay"]
    assert found["ann"].when == datetime(2026, 12, 2, 9, tzinfo=timezone.utc) and found["bob"].when is None
    ann = workspace_of(found["ann"], COURSE)
    assert not ann.left_out
    for file in COURSE.module("01").files:
        mine, theirs = ann.files[f"tinytorch/{file}"], (COURSE.package / file).read_bytes()
        assert not file.endswith(".py") or ast.dump(ast.parse(mine)) == ast.dump(ast.parse(theirs))
    assert len(stubs_in(ann.files["tinytorch/autograd/engine.py"].decode())) == 3
    assert "tinytorch/nn/functional/softmax.py" not in ann.files
    bob = workspace_of(found["bob"], COURSE)
    assert bob.left_out == {"01_tensor.ipynb: sub_op": "the cell of sub_op does not define it"}
    assert stubs_in(bob.files["tinytorch/ops/arithmetic.py"].decode()) == ["01_tensor: sub_op"]
    assert "cannot be read" not in str(bob.left_out) and "01_tensor.ipynb" in workspace_of(found["cay"], COURSE).left_out  # fmt: skip


def test_the_workspace_passes_the_checks(submitted, tmp_path):
    from tito.checks import run_checks
    from tito.workspace import Workspace

    for module in COURSE.up_to(1):
        submitted("ann", module.name, notebook(COURSE, module))
    (ann,) = students(submitted.course, COURSE)
    workspace_of(ann, COURSE).lay_out(tmp_path / "ann")
    report = run_checks(Workspace(tmp_path / "ann", COURSE), module)
    assert report.passed and len(report.results) == 21


def test_the_notebooks_are_graded_in_the_sandbox(submitted, tmp_path):
    """What nbgrader collected, graded by ours: every point for the reference, none where nothing is written."""
    from tito.assessment import classroom
    from tito.assessment.isolation.launch import possible
    from tito.assessment.modules import grade_module
    from tito.assessment.results import Job

    module = COURSE.module("01")
    tier = next((tier for tier in "AB" if not possible(tier)), None) or pytest.skip("no sandbox here")
    book = notebook(COURSE, module)
    submitted("ann", module.name, book)
    submitted("bob", module.name, edited(book, cleared))
    room = classroom.make(tmp_path / "cs101", "cs101", [], [module])
    score = {}
    for one in students(submitted.course, COURSE):
        workspace_of(one, COURSE).lay_out(tmp_path / one.student)
        job = Job(1, 1, one.student, "", module.name, 0, 1, "")
        score[one.student] = grade_module(room, job, tmp_path / one.student, tier).score
    assert score == {"ann": 1.0, "bob": 0.0}


@pytest.mark.parametrize(
    "text",
    ["[]", '{"cells": 3}', '{"cells": [3]}', '{"cells": [{"cell_type": "code"}]}', "[" * 100_000, "\ud800"],
)
def test_a_notebook_that_is_none(tmp_path, text):
    path = tmp_path / "x.ipynb"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(TitoError, match=r"x.ipynb: not a notebook that can be read"):
        cells_in(path)


@pytest.mark.parametrize(
    ("text", "hour"),
    [("2026-12-01 10:00:00.5 UTC", 10), ("2026-12-01 10:00:00", 10), ("2026-12-01T10:00:00+02:00", 8), ("2026-12-01 10:00:00 Europe/Berlin", 9), ("soon", None), ("2026-12-01 10:00:00 ../../etc/passwd", None)],
)  # fmt: skip
def test_when_it_was_handed_in(tmp_path, text, hour):
    (tmp_path / "timestamp.txt").write_text(text)
    when = moment(tmp_path / "timestamp.txt")
    assert (when and when.astimezone(timezone.utc).hour) == hour


def test_the_commands(submitted, tmp_path):
    from click.testing import CliRunner

    from tito.cli import tito

    room, book = a_class(tmp_path / "cs101")
    book.close()
    done = CliRunner().invoke(tito, ["nbgrader", "generate", "--modules", "01,2", "--out", str(submitted.course), "--json"])  # fmt: skip
    paths = json.loads(done.output)["written"]
    assert [Path(path).name for path in paths] == ["01_tensor.ipynb", "02_autograd.ipynb"]
    assert "c.Execute.timeout" in (submitted.course / "nbgrader_config.py").read_text()
    submitted("ann", "01_tensor", Path(paths[0]).read_text(), "2026-12-01 10:00:00 UTC")
    submitted("sue", "01_tensor", Path(paths[0]).read_text())
    words = ["assessment", "import", "nbgrader", str(submitted.course), "--class", str(room.folder)]
    told = json.loads(CliRunner().invoke(tito, [*words, "--json"]).output)
    assert (told["new"], told["strangers"], told["left_out"]) == (["ann"], ["sue"], {})
    assert (room.submissions / "ann.zip").stat().st_mtime == datetime(2026, 12, 1, 10, tzinfo=timezone.utc).timestamp()  # fmt: skip
    assert CliRunner().invoke(tito, words).output == textwrap.dedent(
        f"""\
        {room.submissions}: 0 submissions
          1 there already: ann
          1 not in the class, left out: sue
        """
    )
