"""Taking bodies out and putting them back."""

import ast
import difflib
from pathlib import Path

import pytest

from tito.course import named, the_course
from tito.errors import CourseError, TitoError
from tito.files import merge
from tito.lessons import parse
from tito.weave import (
    Taught,
    cells,
    locate,
    names_of,
    split_lines,
    stubs_in,
    swap,
    swap_taught,
    text_of,
    weave_file,
)

COURSE = the_course()
FILES = sorted(COURSE.package.rglob("*.py"))

SOURCE = '''"""A file with é and ü."""

import math


@decorated(
    1,
)
def f(x, *, dim=(1,
                 2)):  # a comment
    """One line."""
    # why
    return x + 1
    # trailing


def g(x): return x * 2


async def h():
    return 1


class A(Base):
    """A class."""

    limit = 3

    def __init__(self):
        self.x = 1

    @property
    def size(self):
        """Its size."""
        return 3


ops.mul.vjps(x=lambda g, y: g * y, y=lambda g, x: "é" and (g * x))  # both
ops.named.vjps(x=slope)
TABLE = {
    "é": 1,
}
pair: int = 3
'''


def taught(symbol, *steps):
    return Taught(symbol, "f.py", steps, (), "03_x")


def woven(*symbols):
    return weave_file(SOURCE, [s if isinstance(s, Taught) else taught(s) for s in symbols])


def changed(text):
    return [line for line in difflib.ndiff(split_lines(SOURCE), split_lines(text)) if line[0] in "+-"]


def test_a_function_keeps_all_but_its_body():
    assert "".join(changed(woven(taught("f", "First.", "Then.")))) == (
        "-     # why\n-     return x + 1\n-     # trailing\n"
        '+     # First.\n+     # Then.\n+     raise NotImplementedError("03_x: f")\n'
    )


def test_a_body_on_the_line_of_its_def():
    assert 'def g(x):\n    raise NotImplementedError("03_x: g")\n' in woven("g")
    assert 'async def h():\n    raise NotImplementedError("03_x: h")\n' in woven("h")


def test_a_class_loses_the_bodies_of_its_methods():
    text = woven(taught("A", "Begin.", "size: Count."))
    assert '        # Begin.\n        raise NotImplementedError("03_x: A.__init__")' in text
    assert (
        '        """Its size."""\n        # Count.\n        raise NotImplementedError("03_x: A.size")' in text
    )
    assert "    limit = 3\n" in text
    assert stubs_in(woven("A.size")) == ["03_x: A.size"]


def test_a_rule_row_keeps_what_its_rules_ask_for():
    text = woven(taught("ops.mul.vjps", "Two rules."))
    row = next(line for line in text.splitlines() if line.startswith("ops.mul"))
    raising = "exec('raise NotImplementedError(\"03_x: ops.mul.vjps\")')"
    assert row == f"ops.mul.vjps(x=lambda g, y: {raising}, y=lambda g, x: {raising})  # both"
    assert "# Two rules.\nops.mul.vjps" in text
    with pytest.raises(NotImplementedError, match=r"03_x: ops\.mul\.vjps"):
        exec(raising)
    with pytest.raises(CourseError, match="no lambda"):
        woven("ops.named.vjps")


def test_the_steps_above_a_row_come_and_go_with_it():
    one = taught("ops.mul.vjps", "One.", "Two.")
    stubbed = woven(one)
    assert swap_taught(stubbed, one, SOURCE) == SOURCE
    assert swap_taught(SOURCE, one, stubbed) == stubbed


def test_an_assignment_becomes_none():
    assert "TABLE = None  # 03_x: TABLE\n" in woven("TABLE")
    assert "pair: int = None  # 03_x: pair\n" in woven("pair")


def test_several_at_once_and_line_ends():
    assert stubs_in(woven("f", "g", "A.size")) == ["03_x: f", "03_x: g", "03_x: A.size"]
    text = weave_file(SOURCE.replace("\n", "\r\n"), [taught("f", "Step.")])
    assert "\n" not in text.replace("\r\n", "")


def test_swap_brings_a_symbol_back_byte_for_byte():
    text = woven("f", "g", "A", "ops.mul.vjps")
    for symbol in ("f", "g", "A.__init__", "A.size", "ops.mul.vjps"):
        text = swap(text, symbol, SOURCE)
    assert text == SOURCE.replace(
        "    # trailing\n", ""
    )  # a comment below the last statement belongs to nobody
    assert text_of(SOURCE, "g") == "def g(x): return x * 2\n"


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(COURSE.package).as_posix())
def test_cells_join_to_the_file(path):
    source = path.read_bytes().decode()
    parts = cells(source)
    assert "".join(parts) == source
    for part in parts:
        ast.parse(part)
    functions = [s for s in ast.parse(source).body if isinstance(s, ast.FunctionDef)]
    for one in functions[:3]:  # the lines outside a taught function are the reference's, in their order
        woven = weave_file(source, [Taught(one.name, module="03_x")])
        rest = [line for line in split_lines(woven) if 'NotImplementedError("03_x' not in line]
        remaining = iter(split_lines(source))
        assert all(line in remaining for line in rest)
        assert text_of(swap(woven, one.name, source), one.name) == text_of(source, one.name)


def test_cells_of_odd_files():
    for source in ("", "\n\n", "x = 1; y = 2\nz = 3", "# only a comment\n", "if 1:\n    pass\n# end"):
        assert "".join(cells(source)) == source


def test_an_unknown_symbol_stops_with_file_and_line():
    with pytest.raises(
        CourseError, match=r"lesson\.md:7: tinytorch/ops/reduction\.py has no meen; near names: mean"
    ):
        locate(COURSE.package, "ops/reduction:meen", "03_x/lesson.md:7")
    with pytest.raises(CourseError, match="no file tinytorch/nowhere"):
        locate(COURSE.package, "nowhere:f")
    with pytest.raises(CourseError, match="no file of tinytorch/ starts"):
        locate(COURSE.package, "nowhere.f")


def test_ways_to_name_a_symbol():
    for target in ("ops/reduction:mean", "ops.reduction.mean", "ops/reduction.mean", "ops/reduction.py:mean"):
        assert locate(COURSE.package, target) == ("ops/reduction.py", "mean")
    assert locate(COURSE.package, "gradients:ops.exp.vjps") == ("gradients.py", "ops.exp.vjps")
    assert locate(COURSE.package, "tensor:Tensor.backward") == ("tensor.py", "Tensor.backward")


def test_names_of_statements():
    assert [names_of(s) for s in ast.parse("a, b = 1, 2\nops.x.vjps(y=1)\nimport q").body] == [
        ["a", "b"],
        ["ops.x.vjps"],
        [],
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# A\n```{bild} x\n```\n", "no directive {bild}"),
        ("# A\n\n```{build}\n```\n", "of what"),
        ("```{build} x\nhint\n", "never closed"),
    ],
)
def test_a_wrong_directive_stops_with_file_and_line(text, message):
    with pytest.raises(CourseError, match=r"03_x/lesson\.md:\d") as caught:
        list(parse(text, Path("03_x/lesson.md")))
    assert message in str(caught.value)


def test_parts_of_a_lesson():
    text = "---\nnumber: 3\n---\n# T\n## S\nprose\n```python\n# not a heading\n```\n```{build} a:b\nstep\n? hint\n```\nend\n"
    parts = list(parse(text, Path("03_x/lesson.md")))
    assert [(p.kind, p.section) for p in parts] == [
        ("prose", "T"),
        ("prose", "S"),
        ("code", "S"),
        ("build", "S"),
        ("prose", "S"),
    ]
    assert (parts[3].steps, parts[3].hints, parts[3].line) == (["step"], ["hint"], 10)


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "merged", "conflicts"),
    [
        ("a\nb\nc\n", "a\nB\nc\n", "a\nb\nC\n", "a\nB\nC\n", 1),  # neighbours: one place
        ("a\nb\nc\nd\n", "a\nB\nc\nd\n", "a\nb\nc\nD\n", "a\nB\nc\nD\n", 0),
        ("a\nb\n", "a\nmine\n", "a\ntheirs\n", "a\nmine\n", 1),
        ("a\nb\n", "a\nb\nmine\n", "new\na\nb\n", "new\na\nb\nmine\n", 0),
        ("a\n", "", "a\nb\n", "", 1),
        ("a\nb\n", "a\nX\n", "a\nX\n", "a\nX\n", 0),
    ],
)
def test_three_way_merge(base, mine, theirs, merged, conflicts):
    text, places = merge(base, mine, theirs)
    if conflicts:  # the student's lines stay
        assert text == (mine if base != "a\nb\nc\n" else "a\nB\nc\n")
        assert places
    else:
        assert (text, places) == (merged, 0)


def test_names_of_modules():
    modules = COURSE.modules
    for name in ("6", "06", "06_spatial", "spatial", "6_spatial", "SPATIAL"):
        assert named(modules, name).name == "06_spatial"
    assert named(modules, "01_setup").name == "00_setup"
    with pytest.raises(TitoError) as caught:
        named(modules, "spatal")
    assert "06_spatial" in caught.value.hint
