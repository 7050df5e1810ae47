"""A package that stays laid out between submissions is, for each of them, what it would be in a folder of its own."""

import os

import pytest

from tito.assessment.bytecode import PACKAGE, Standing, known, lay_out
from tito.assessment.intake import Submission

LEVEL, LAST = 4, 16


def course() -> dict[str, bytes]:
    return {f"{PACKAGE}{name}": data for name, data in known(LEVEL).items()}


def tree(folder) -> dict[str, bytes | None]:
    """Everything in it; folders too, as an empty one can be imported."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


@pytest.fixture(scope="module")
def standing():
    one = Standing(LEVEL)
    yield one
    one.end()
    assert not one.folder.exists()


CHANGES = {
    "nothing": {},
    "a file changed": {"tinytorch/nn/linear.py": b"changed = 1\n"},
    "a file more": {"tinytorch/mine.py": b"mine = 1\n", "tinytorch/a/b/c.py": b"deep = 1\n"},
    "a module and its namesake": {"tinytorch/nn.py": b"other = 1\n"},
    "beside the package": {".tito/answers/x.json": b"{}", "runs/x/run.json": b"{}"},
    "two of them": {"tinytorch/__init__.py": b"", "tinytorch/ops/mine/x.py": b""},
}


@pytest.mark.parametrize("change", CHANGES)
def test_it_is_as_in_a_folder_of_its_own(standing, tmp_path, change):
    mine, before = Submission(course() | CHANGES[change]), tree(standing.folder)
    lay_out(mine, tmp_path, LEVEL, shared=True)
    assert standing.takes(mine)
    standing.put(mine)
    assert tree(standing.folder) == tree(tmp_path)
    standing.clear()
    assert tree(standing.folder) == before and not standing.own and not standing.made


def test_changed_files_have_no_bytecode_of_the_course_s(standing):
    standing.put(Submission(course() | {"tinytorch/nn/linear.py": b"changed = 1\n"}))
    found = os.listdir(standing.folder / "tinytorch/nn/__pycache__")
    standing.clear()
    assert not [name for name in found if name.startswith("linear.")]
    assert [
        name
        for name in os.listdir(standing.folder / "tinytorch/nn/__pycache__")
        if name.startswith("linear.")
    ]


def test_a_submission_without_some_of_the_course_s_files_has_a_folder_of_its_own(standing):
    files = course()
    del files["tinytorch/nn/linear.py"]
    assert not standing.takes(Submission(files))


def test_the_course_s_machine_code_is_for_the_course_s_kernels_alone():
    """Changed anywhere, or with a file more, they are all compiled from what the student wrote."""
    standing = Standing(LAST)
    files = {f"{PACKAGE}{name}": data for name, data in known(LAST).items()}
    a_kernel = next(name for name in files if name.startswith(f"{PACKAGE}kernels/cpu/s"))
    try:
        for change, genuine in (
            ({}, True),
            ({"tinytorch/nn/linear.py": b"changed = 1\n"}, True),
            ({a_kernel: files[a_kernel] + b"\n"}, False),
            ({"tinytorch/kernels/cpu/mine.py": b""}, False),
        ):
            standing.put(Submission(files | change))
            assert standing.genuine == genuine, change
            standing.clear()
            assert not standing.genuine
    finally:
        standing.end()
