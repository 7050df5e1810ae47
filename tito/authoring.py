"""What `tito dev` does for authors of lessons: is a lesson well formed, do its code blocks run, does every check bite?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from .checks import declarations, run_checks
from .course import Course
from .curriculum import LOADER, Module
from .errors import CourseError
from .lessons import Lesson, Part, where
from .levels import write_level
from .weave import locate, weave_module

FRONT = ("points", "time", "capability", "celebration")
QUESTION = ("ask", "choices", "answer", "because")

# Runs the python blocks of a lesson in one namespace, and says what each printed.
RUN_BLOCKS = """
import contextlib, io, json, os, sys, traceback
job = json.load(sys.stdin)
space = {"__name__": "__lesson__"}
results = []
for block in job["blocks"]:
    out, problem = io.StringIO(), ""
    with contextlib.redirect_stdout(out):
        try:
            exec(compile(block["text"], f"lesson.md:{block['line']}", "exec"), space)
            if block.get("save"):
                import matplotlib.pyplot as plt
                plt.savefig(block["save"], bbox_inches="tight")
                plt.close("all")
        except BaseException:
            problem = traceback.format_exc(limit=-3)
    results.append({"printed": out.getvalue(), "problem": problem})
print(json.dumps(results))
"""


def lesson_problems(course: Course, module: Module) -> list[str]:
    """What is wrong with a lesson's form, with file and line; empty when it is complete."""
    lesson = course.lesson(module)
    problems = [
        f"{module.name}/lesson.md: the front matter lacks {key}" for key in FRONT if not getattr(module, key)
    ]
    taught = course.taught(module)
    if not 4 <= len(taught) <= 10:
        problems.append(
            f"{module.name}/lesson.md: it teaches {len(taught)} symbols; a lesson teaches 4 to 10"
        )
    for one in taught:
        if not one.hints:
            problems.append(
                f"{module.name}/lesson.md:{one.line}: {one.symbol} has no hints (lines that start with ?)"
            )
    for part in lesson.parts:
        if part.kind == "show":
            try:
                locate(course.package, part.argument, where(lesson.path, part.line - 1))
            except CourseError as error:
                problems.append(str(error))
    return problems + question_problems(module) + check_problems(course, module, lesson)


def question_problems(module: Module) -> list[str]:
    path = module.folder / "questions.yaml"
    if not path.is_file():
        return [f"{module.name}/questions.yaml is missing"]
    questions = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)
    if not isinstance(questions, list) or len(questions) < 5:
        return [f"{module.name}/questions.yaml: at least five questions, as a list"]
    problems = []
    for n, question in enumerate(questions, 1):
        lacking = [key for key in QUESTION if key not in question]
        if lacking:
            problems.append(f"{module.name}/questions.yaml: question {n} lacks {', '.join(lacking)}")
        elif not isinstance(question["choices"], list) or not 0 <= question["answer"] < len(
            question["choices"]
        ):
            problems.append(
                f"{module.name}/questions.yaml: question {n}: answer is the place of the right choice, from 0"
            )
        elif odd := [choice for choice in question["choices"] if not isinstance(choice, str)]:
            problems.append(f"{module.name}/questions.yaml: question {n}: {odd[0]!r} is no text; quote it")
    return problems


def check_problems(course: Course, module: Module, lesson: Lesson) -> list[str]:
    """Checks that name symbols, sections or other checks that are not there; symbols that no check is about."""
    problems: list[str] = []
    about: set[str] = set()
    for path in (module.checks, module.checkpoint):
        if not path.is_file():
            problems.append(f"{module.name}/{path.name} is missing")
            continue
        found, symbols = file_problems(course, module, lesson, path)
        problems += found
        about |= symbols if path == module.checks else set()
    if not module.checks.is_file():
        return problems
    wanted = {one.symbol for one in course.taught(module)}
    return problems + [f"{module.name}/checks.py: no check is about {s}" for s in sorted(wanted - about)]


def file_problems(course: Course, module: Module, lesson: Lesson, path: Path) -> tuple[list[str], set[str]]:
    """What is wrong in a file of checks, and the symbols that its checks are about."""
    import ast

    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {f.name.removeprefix("test_") for f in tree.body if isinstance(f, ast.FunctionDef)}
    wanted = {one.symbol for one in course.taught(module)}
    sections = {part.section for part in lesson.parts}
    declared = declarations(tree)
    problems: list[str] = []
    about: set[str] = set()
    for f in tree.body:
        if not isinstance(f, ast.FunctionDef) or not f.name.startswith("test_"):
            continue
        place = f"{module.name}/{path.name}:{f.lineno}: {f.name}"
        if not ast.get_docstring(f):
            problems.append(f"{place} has no docstring; it is what the student reads")
        said = declared[f.name.removeprefix("test_")]
        of, needs = (
            ([v] if isinstance(v, str) else list(v)) for v in (said.get("of", []), said.get("needs", []))
        )
        about |= set(of)
        problems += [f"{place}: of={s!r} is not taught here" for s in of if s not in wanted]
        problems += [f"{place}: needs={n!r} is no check of this file" for n in needs if n not in names]
        if said.get("section") and said["section"] not in sections:
            problems.append(f"{place}: the lesson has no section {said['section']!r}")
    return problems, about


def block_problems(course: Course, module: Module, figures: Path | None = None) -> list[str]:
    """Run a lesson's python blocks and figures on the package at the module's level; compare ```output blocks."""
    lesson = course.lesson(module)
    parts = [
        p
        for p in lesson.parts
        if p.kind == "figure" or (p.kind == "code" and p.argument in ("python", "output"))
    ]
    blocks: list[tuple[Part, Part | None]] = []
    for part in parts:
        if part.kind == "code" and part.argument == "output" and blocks:
            blocks[-1] = (blocks[-1][0], part)
        else:
            blocks.append((part, None))
    with tempfile.TemporaryDirectory() as folder:
        write_level(course.package, course.modules, module.number, Path(folder) / "tinytorch")
        target = figures or Path(folder)
        jobs = [
            {
                "text": p.text,
                "line": p.line,
                "save": str(target / f"{p.argument}.svg") if p.kind == "figure" else "",
            }
            for p, _ in blocks
        ]
        environment = os.environ | {"PYTHONPATH": folder, "MPLBACKEND": "Agg"}
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", RUN_BLOCKS], input=json.dumps({"blocks": jobs}), cwd=folder, env=environment,
            capture_output=True, text=True, timeout=300,
        )  # fmt: skip
    if done.returncode:
        return [
            f"{module.name}/lesson.md: its code blocks could not be run: {done.stderr.strip().splitlines()[-1]}"
        ]
    problems = []
    for (part, expected), result in zip(blocks, json.loads(done.stdout.splitlines()[-1])):
        place = where(lesson.path, part.line - 1)
        if result["problem"]:
            problems.append(f"{place}: this block fails: {result['problem'].strip().splitlines()[-1]}")
        elif expected is not None and result["printed"].rstrip() != expected.text.rstrip():
            problems.append(
                f"{place}: it prints\n{result['printed'].rstrip()}\nbut the lesson says\n{expected.text.rstrip()}"
            )
    return problems


def examine_lesson(workspace, module: Module, mutants: bool = False) -> dict[str, Any]:
    """Everything CI asks of a lesson, as one record."""
    course = workspace.course
    problems = lesson_problems(course, module) + block_problems(course, module)
    weave_module(module, course.package)
    report = run_checks(workspace, module)
    tried = (
        [report, run_checks(workspace, module, checks=module.checkpoint)]
        if module.checkpoint.is_file()
        else [report]
    )
    for one in tried:
        if failed := None if one.passed else one.first_failure:
            problems.append(f"{module.name}: the reference fails {failed.check}: {failed.message}")
    record: dict[str, Any] = {
        "module": module.name,
        "problems": problems,
        "checks": len(report.results),
        "seconds": round(report.seconds, 2),
    }
    if mutants:
        record["mutants"] = judged(module)
    return record


def judged(module: Module, every: int = 1) -> dict[str, Any]:
    """Stubs and mutants, in a process of their own (they fork from one that has not imported tinytorch)."""
    done = subprocess.run(
        [sys.executable, "-m", "tito.mutants", module.name, f"--every={every}"], capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[1]), "OPENBLAS_NUM_THREADS": "1", "TINYTORCH_KERNELS": "reference"},
    )  # fmt: skip
    if done.returncode:
        raise CourseError(
            f"the mutants of {module.name} could not be tried: {done.stderr.strip().splitlines()[-1]}"
        )
    return json.loads(done.stdout)
