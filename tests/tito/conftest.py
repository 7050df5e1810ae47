"""A small course of three modules, with a tito of its own beside it, so that a whole journey takes seconds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

from tito.course import Course

REPOSITORY = Path(__file__).resolve().parents[2]

PACKAGE = {
    "__init__.py": '''
        """A small package."""

        from . import later  # 00
        from .zero import half  # 00
        from .first import add, scale  # 01
        from .second import Counter, double  # 02

        __getattr__ = later.missing_from(__name__)
        ''',
    "version.py": '__version__ = "1.0"\n',
    "zero.py": '''
        """Numbers."""


        def half(x):
            """x / 2."""
            return x / 2
        ''',
    "first.py": '''
        """Arrays."""

        import numpy as np

        SCALE = 3  # given


        def add(x, y):
            """x + y, one array."""
            # The answer:
            return np.add(x, y)
            # after it


        def scale(x):
            return SCALE * x


        def given(x):
            """Not taught."""
            return -x
        ''',
    "second.py": '''
        """Things that remember."""

        from .first import add


        class Counter:
            """Counts."""

            def __init__(self, start=0):
                self.count = start

            def step(self):
                """One more."""
                self.count = add(self.count, 1)
                return self.count


        def double(x):
            """x twice."""
            return add(x, x)
        ''',
}
LESSONS = {
    "00_setup": ("Setup", ["later.py", "version.py", "zero.py"], [("zero:half", "Divide by two.\n? x / 2")]),
    "01_tensor": (
        "Arrays",
        ["first.py"],
        [
            ("first:add", "Add them.\n? np.add\n? np.add(x, y)"),
            ("first.scale", "Three times x.\n? SCALE * x"),
        ],
    ),
    "02_memory": (
        "Memory",
        ["second.py"],
        [
            ("second:Counter", "Remember the start.\nstep: Add one.\n? self.count"),
            ("second:double", "Twice.\n? add(x, x)"),
        ],
    ),
}
CHECKS = {
    "00_setup": '''
        @check(of="half", section="The idea")
        def test_half():
            """Half of 3 is 1.5."""
            expect_close(tinytorch.half(3), 1.5, "half of 3")
        ''',
    "01_tensor": '''
        @check(of="add", section="The idea")
        def test_add():
            """1, 2 and 3, 4 make 4, 6."""
            expect_close(tinytorch.add(np.array([1, 2]), np.array([3, 4])), [4, 6], "the sum")

        @check(of="scale", needs="add", section="The idea", seconds=2)
        def test_scale():
            """Three times 2 is 6."""
            expect_close(tinytorch.scale(2), 6, "three times 2")
        ''',
    "02_memory": '''
        @check(of="Counter", section="The idea")
        def test_counter():
            """A counter counts from its start."""
            expect_close(tinytorch.Counter(4).step(), 5, "the count")

        @check(of="double")
        def test_double():
            """Twice 4 is 8."""
            expect_close(tinytorch.double(4), 8, "twice 4")
        ''',
}
CHECKPOINTS = {
    "02_memory": '''
        @check(of="Counter")
        def test_counting_what_is_scaled():
            """A counter that starts at minus three times 2 reaches -4 after two steps."""
            counter = tinytorch.Counter(tinytorch.first.given(tinytorch.scale(2)))
            counter.step()
            expect_close(counter.step(), -4, "the count")
            print("counted to -4")
        ''',
}
HEAD = '''"""Checks."""
import numpy as np
import tinytorch
from tito.checking import check, expect_close, CouldNotCheck
'''


def write_course(root: Path) -> Course:
    package, modules = root / "tinytorch", root / "modules"
    package.mkdir(parents=True)
    for name, text in PACKAGE.items():
        (package / name).write_text(textwrap.dedent(text).lstrip("\n"))
    shutil.copy(REPOSITORY / "tinytorch" / "later.py", package)
    for number, (name, (title, files, builds)) in enumerate(LESSONS.items()):
        (modules / name).mkdir(parents=True)
        listed = "\n".join(f"  - {file}" for file in files)
        matter = f"number: {number}\ntitle: {title}\nfiles:\n{listed}\nneeds: {list(range(number))}\npoints: 10\ntime: 1 hour\ncapability: Can I {title}?\ncelebration: Well done."
        body = "\n\n".join(f"```{{build}} {target}\n{text}\n```" for target, text in builds)
        (modules / name / "lesson.md").write_text(
            f"---\n{matter}\n---\n\n# {title}\n\n## The idea\n\nProse.\n\n{body}\n"
        )
        (modules / name / "checks.py").write_text(HEAD + textwrap.dedent(CHECKS[name]))
        if name in CHECKPOINTS:
            (modules / name / "checkpoint.py").write_text(HEAD + textwrap.dedent(CHECKPOINTS[name]))
    shutil.copytree(REPOSITORY / "tito", root / "tito", ignore=shutil.ignore_patterns("__pycache__"))
    return Course(package, modules)


@pytest.fixture
def course(tmp_path) -> Course:
    return write_course(tmp_path / "course")


@dataclass
class Tito:
    """`tito ...` in a folder, with the course's own tito and a home of its own."""

    course: Path
    home: Path
    here: Path

    def run(self, *args: str, here: Path | None = None, **environment: str) -> subprocess.CompletedProcess:
        variables = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "NO_COLOR")}
        variables |= {
            "PYTHONPATH": str(self.course),
            "TINYTORCH_HOME": str(self.home),
            "PYTHONIOENCODING": "utf-8",
        } | environment
        return subprocess.run(
            [sys.executable, "-m", "tito", *args],
            cwd=here or self.here,
            env=variables,
            capture_output=True,
            encoding="utf-8",
            timeout=240,
        )

    def json(self, *args: str, code: int = 0, **options):
        done = self.run(*args, "--json", **options)
        assert done.returncode == code, (
            f"tito {' '.join(args)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        )
        return json.loads(done.stdout)


@pytest.fixture
def tito(course, tmp_path) -> Tito:
    """A workspace of the small course, and tito in it."""
    made = Tito(course.root, tmp_path / "home", tmp_path)
    made.json("init", "work")
    made.here = tmp_path / "work"
    return made
