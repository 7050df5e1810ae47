"""The whole course as a student walks it: every module started, written with the reference's bodies, tested and completed.

In a folder whose name has a space and letters of other alphabets; once in the files, once in notebooks.
"""

import ast
import json
import os
import subprocess
import sys

import pytest

from tito.course import the_course
from tito.levels import level_files, package_files
from tito.viewing import markdown
from tito.weave import text_of
from tito.workspace import find_workspace

COURSE = the_course()
LAST = COURSE.modules[-1].number


class Student:
    """A workspace of the real course, and tito in it."""

    def __init__(self, folder):
        folder.mkdir()
        self.home, self.work = folder / "home", folder / "mein tinytorch ü 火"
        self.here = folder
        self.tito("init", self.work.name)
        self.here = self.work

    def tito(self, *arguments, code=0):
        variables = os.environ | {"PYTHONPATH": str(COURSE.root), "TINYTORCH_HOME": str(self.home)}
        done = subprocess.run(
            [sys.executable, "-m", "tito", *arguments, "--json"],
            cwd=self.here,
            env=variables | {"PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            encoding="utf-8",
            timeout=280,
        )
        assert done.returncode == code, f"tito {' '.join(arguments)}: {done.stdout[-3000:]} {done.stderr}"
        return json.loads(done.stdout)

    def write_files(self, module):
        for file in {one.file for one in COURSE.taught(module)}:
            (self.work / "tinytorch" / file).write_bytes((COURSE.package / file).read_bytes())

    def write_notebook(self, module):
        """The cells filled in, as Jupyter saves them."""
        nbformat = pytest.importorskip("nbformat", reason="notebooks are read and written with nbformat here")
        path = self.tito("module", "notebook", module.name)["notebook"]
        book = nbformat.read(path, as_version=4)
        nbformat.validate(book)
        for cell in book.cells:
            if place := cell.metadata.get("tito"):
                source = (COURSE.package / place["file"]).read_text(encoding="utf-8")
                cell.source = text_of(source, place["symbol"]).rstrip("\n")
        nbformat.write(book, path)

    def walk(self, last, write):
        for module in COURSE.up_to(last):
            number = f"{module.number:02}"
            started = self.tito("module", "start", number)
            assert len(started["build"]) == len(COURSE.taught(module))
            unwritten = self.tito("module", "test", number, code=1)
            assert unwritten["counts"]["passed"] < len(unwritten["checks"])
            write(module)
            done = self.tito("module", "complete", number)
            assert done["modules_checked"][-1] == module.name
            assert done["checkpoint"], "a checkpoint says what it measured"
        status = self.tito("module", "status")
        assert [m["state"] for m in status["modules"]][: last + 1] == ["complete"] * (last + 1)
        reached = [c["said"] != "" for c in self.tito("checkpoint", "status")["checkpoints"]]
        assert reached == [n <= last for n in range(LAST + 1)]
        assert self.tito("update")["conflicts"] == []
        for file, content in level_files(COURSE.package, COURSE.modules, last).items():
            grown = (self.work / "tinytorch" / file).read_bytes()
            assert code_of(file, grown) == code_of(file, content), f"{file} is not the framework's"


def code_of(file, content):
    """Without comments: the steps above a rule row are outside its cell, so that they stay when a notebook is taken back."""
    return ast.dump(ast.parse(content)) if file.endswith(".py") else content


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_whole_course_in_files(tmp_path):
    student = Student(tmp_path / "é")
    student.walk(LAST, student.write_files)
    for path in package_files(COURSE.package):  # what was grown is the framework, comments too
        grown = student.work / "tinytorch" / path.relative_to(COURSE.package)
        assert grown.read_bytes() == path.read_bytes()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_whole_course_in_notebooks(tmp_path):
    student = Student(tmp_path / "é")
    student.walk(LAST, student.write_notebook)


def test_the_first_modules_in_notebooks(tmp_path):
    student = Student(tmp_path / "é")
    student.walk(1, student.write_notebook)


def words(text):
    return " ".join(text.replace("#", " ").split())


def test_what_is_asked_for_stands_in_the_notebook_and_in_the_view(tmp_path):
    """Also of a rule row, whose steps stand above it in the file, and so in no cell; until it is written."""
    student, module = Student(tmp_path / "é"), COURSE.module("02")
    student.tito("module", "start", "02", "--force")

    def shown():
        path = student.tito("module", "notebook", "02")["notebook"]
        with open(path, encoding="utf-8") as file:
            book = "\n".join("".join(cell["source"]) for cell in json.load(file)["cells"])
        return words(book), words(markdown(find_workspace(student.work), module))

    steps = [words(step) for one in COURSE.taught(module) for step in one.steps]
    assert [step for step in steps for text in shown() if step not in text] == []
    student.tito("module", "solution", "02", "--yes")
    rows = [words(step) for one in COURSE.taught(module) if ".vjps" in one.symbol for step in one.steps]
    assert rows and [step for step in rows for text in shown() if step in text] == []
