"""Honest submissions that look unlike the reference, graded as a class: each of them is right, so each has to have its full score.

    python -m tests.assessment.honest --submissions 1000 [--seed 1] [--folder DIR]

A version has some functions as other people wrote them (`authors.py`), variables with other names, files in another layout, and habits that
are nobody's fault: prints, warnings, line ends of Windows, a file more. Which, is drawn for each. What is counted is what a class is
afraid of: a zero, or less than all, for work that is right.
"""

from __future__ import annotations

import argparse
import ast
import builtins
import json
import os
import random
import sys
import tempfile
from collections import Counter
from functools import cache
from pathlib import Path

from tests.assessment.authors import AUTHORS
from tito.assessment import classroom
from tito.assessment.batch import Order, batch
from tito.assessment.intake import Submission
from tito.assessment.store import Gradebook
from tito.course import the_course
from tito.levels import level_files
from tito.milestones.definitions import find_milestone

HABITS = {
    "prints": lambda text: text + "\nprint('loaded', __name__)\n",
    "complains": lambda text: text + "\nimport sys as _sys\nprint('TODO: tidy up', file=_sys.stderr)\n",
    "warns": lambda text: text + "\nimport warnings as _w\n_w.warn('only a note to myself')\n",
    "logs": lambda text: text + "\nimport logging as _l\n_l.basicConfig(level=10)\n_l.getLogger(__name__).info('here')\n",
    "tries itself": lambda text: text + "\nif __name__ == '__main__':\n    raise SystemExit('this is no program')\n",
    "windows": lambda text: text.replace("\n", "\r\n"),
    "blank lines": lambda text: text.replace("\n\n\n", "\n\n\n\n\n") + "\n" * 20,
    "mark at the start": lambda text: "\ufeff" + text,
    "helper": lambda text: text + "\n\ndef _helper_of_mine(x):\n    return x\n\n\nclass _Mine:\n    '''Not needed in the end.'''\n",
}  # fmt: skip


class OtherNames(ast.NodeTransformer):
    """The variables of a function, but for its arguments, have other names."""

    def __init__(self, ending: str):
        self.ending = ending

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        inside = [
            n for part in node.body for n in ast.walk(part)
        ]  # not the decorators: their names are the file's
        if any(
            isinstance(n, (ast.Global, ast.Nonlocal, ast.ClassDef, ast.Import, ast.ImportFrom))
            for n in inside
        ):
            return node
        fixed = {n.arg for n in ast.walk(node) if isinstance(n, ast.arg)} | {n.name for n in inside if isinstance(n, (ast.FunctionDef, ast.ExceptHandler)) and n.name}  # fmt: skip
        mine = {n.id for n in inside if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)} - fixed
        for n in inside:
            if isinstance(n, ast.Name) and n.id in mine:
                n.id += self.ending
        return node


@cache
def whole(level: int) -> dict[str, bytes]:
    course = the_course()
    return {
        f"tinytorch/{name}": data for name, data in level_files(course.package, course.modules, level).items()
    }


@cache
def functions(text: str) -> dict[str, ast.FunctionDef]:
    return {n.name: n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef)}


def at_home(one: ast.FunctionDef, text: str) -> bool:
    """Whether a function finds every name that it uses in that file."""
    names = [n for n in ast.walk(one) if isinstance(n, ast.Name)]
    known = {n.id for n in names if isinstance(n.ctx, ast.Store)} | {
        n.arg for n in ast.walk(one) if isinstance(n, ast.arg)
    }
    known |= {n.name for n in ast.walk(one) if isinstance(n, ast.FunctionDef)} | set(dir(builtins))
    for n in ast.walk(ast.parse(text)):
        if isinstance(n, (ast.Import, ast.ImportFrom)):
            known |= {alias.asname or alias.name.split(".")[0] for alias in n.names}
    for n in ast.parse(text).body:
        known |= {n.name} if isinstance(n, (ast.FunctionDef, ast.ClassDef)) else set()
        known |= {
            t.id
            for t in ast.walk(n)
            if isinstance(n, (ast.Assign, ast.AnnAssign)) and isinstance(t, ast.Name)
        }
    return {n.id for n in names} <= known


def with_body(text: str, name: str, other: str) -> str:
    """A function as somebody else wrote it, under the same head."""
    mine, theirs = functions(text)[name], functions(other)[name]
    lines = text.splitlines()
    new = other.splitlines()[theirs.body[0].lineno - 1 : theirs.end_lineno]
    return "\n".join(lines[: mine.body[0].lineno - 1] + new + lines[mine.end_lineno :]) + "\n"


def version(level: int, rng: random.Random) -> Submission:
    """One of them."""
    course, files = the_course(), dict(whole(level))
    taught = [one for module in course.modules[: level + 1] for one in course.taught(module)]
    for file in sorted({one.file for one in taught if one.file.endswith(".py")}):
        text = files[f"tinytorch/{file}"].decode()
        for name in sorted(
            {name for who in AUTHORS.values() for name in functions(who)} & set(functions(text))
        ):
            able = [
                who
                for who in AUTHORS.values()
                if name in functions(who) and at_home(functions(who)[name], text)
            ]
            if other := rng.choice([*able, ""]):
                text = with_body(text, name, other)
        if rng.random() < 0.5:
            ending = rng.choice(["_", "_now", "2", "_tmp", "_ergebnis", "_值"])
            text = ast.unparse(ast.fix_missing_locations(OtherNames(ending).visit(ast.parse(text)))) + "\n"
        elif rng.random() < 0.3:
            text = ast.unparse(ast.parse(text)) + "\n"
        for habit in rng.sample(sorted(HABITS), rng.choice([0, 0, 1, 2])):
            text = HABITS[habit](text)
        files[f"tinytorch/{file}"] = text.encode()
    if rng.random() < 0.3:
        files["tinytorch/my_notes.py"] = b"'''What I learned.'''\nIDEAS = ['gradients flow backwards']\n"
    return Submission(files)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--submissions", type=int, default=1000)
    parser.add_argument("--milestone", default="1")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=None)
    wanted = parser.parse_args()
    one = find_milestone(wanted.milestone)
    with tempfile.TemporaryDirectory(prefix="honest-") as temporary:
        room = classroom.make((wanted.folder or Path(temporary)) / "class", "honest", [one.id], [])
        names = [f"s{wanted.seed}-{i:04}" for i in range(wanted.submissions)]
        (room.folder / "roster.csv").write_text("student\n" + "\n".join(names) + "\n")
        room = classroom.read(room.folder)
        for name in names:
            made = version(one.level, random.Random(name)).keep(room.folder / "made")
            os.rename(made, room.submissions / f"{name}.zip")
        book = Gradebook(room.gradebook)
        batch(room, book, Order(workers=os.cpu_count() or 1))
        found = {row["student"]: row for row in book.standing()}
        less = {name: [f"{c.name} {c.verdict}: {c.message[:200]}" for c in book.checks_of(book_result(book, name)) if c.verdict != "passed"]
                for name, row in found.items() if row["score"] != 1.0}  # fmt: skip
        book.close()
    scores = Counter(round(row["score"], 2) for row in found.values())
    print(
        json.dumps(
            {"graded": len(found), "zeros": scores[0.0], "less than all": less, "scores": scores}, indent=2
        )
    )
    sys.exit(0 if len(found) == wanted.submissions and not less else 1)


def book_result(book: Gradebook, student: str) -> int:
    return next(row["result"] for row in book.attempts() if row["student"] == student)


if __name__ == "__main__":
    main()
