"""Running a module's checks on the files of a workspace, and what came of it as records."""

from __future__ import annotations

import ast
import difflib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .curriculum import Module
from .errors import CouldNotCheck, TitoError

HERE = Path(__file__).resolve().parent
SETTINGS = {
    "TINYTORCH_KERNELS": "reference",  # what the student wrote is judged, not a compiled body that stands in for it
    "MPLBACKEND": "Agg",
}
PASSED, FAILED, SKIPPED, UNKNOWN = "passed", "failed", "skipped", "could_not_check"


@dataclass
class Result:
    """One check: how it went, and for a failure what the student needs to know."""

    check: str
    outcome: str
    text: str = ""  # the docstring
    of: list[str] = field(default_factory=list)
    section: str = ""
    message: str = ""
    expected: str = ""
    got: str = ""
    difference: str = ""
    file: str = ""
    line: int = 0
    code: str = ""
    stub: str = ""
    printed: str = ""
    seconds: float = 0.0


@dataclass
class Report:
    """All checks of a module."""

    module: str
    results: list[Result] = field(default_factory=list)
    problem: Result | None = None  # nothing could be run at all
    seconds: float = 0.0
    known: list[str] = field(default_factory=list)  # the names of all checks, run or not

    @property
    def passed(self) -> bool:
        return not self.problem and bool(self.results) and all(r.outcome == PASSED for r in self.results)

    @property
    def could_not(self) -> bool:
        bad = (
            [self.problem]
            if self.problem
            else [r for r in self.results if r.outcome not in (PASSED, SKIPPED)]
        )
        return bool(bad) and all(r.outcome == UNKNOWN for r in bad)

    def count(self, outcome: str) -> int:
        return sum(r.outcome == outcome for r in self.results)

    @property
    def first_failure(self) -> Result | None:
        return self.problem or next((r for r in self.results if r.outcome in (FAILED, UNKNOWN)), None)

    def record(self) -> dict[str, Any]:
        return {
            "module": self.module,
            "passed": self.passed,
            "counts": {name: self.count(name) for name in (PASSED, FAILED, SKIPPED, UNKNOWN)},
            "checks": [plain(r) for r in self.results],
            "problem": plain(self.problem) if self.problem else None,
            "seconds": round(self.seconds, 3),
        }


def plain(result: Result) -> dict[str, Any]:
    return {key: value for key, value in asdict(result).items() if value not in ("", [], 0)}


def run_checks(
    workspace,
    module: Module,
    names: Sequence[str] = (),
    seconds: float = 1200.0,
    checks: Path | None = None,
) -> Report:
    """Run the checks of one module (or those of another file of its folder) on a workspace's files."""
    import time

    checks = checks or workspace.checks_of(module)
    if not checks.is_file():
        raise CouldNotCheck(
            f"{module.name} has no checks yet", "Its lesson is not written; nothing can be said about it."
        )
    start = time.monotonic()
    job = {
        "root": str(workspace.root),
        "checks": str(checks),
        "names": list(names),
        "taught": [{"symbol": one.symbol, "file": one.file} for one in workspace.course.taught(module)],
    }
    report = read_report(module.name, start_runner(job, workspace.root, seconds))
    report.seconds = time.monotonic() - start
    unknown = [name for name in names if name not in report.known]
    if unknown and not report.problem:
        near = difflib.get_close_matches(unknown[0], report.known, n=4, cutoff=0.4)
        near += [name for name in report.known if unknown[0] in name and name not in near]
        raise TitoError(
            f"{module.name} has no check {unknown[0]!r}",
            f"Near names: {', '.join(near)}" if near else f"It has: {', '.join(report.known)}",
        )
    return report


def start_runner(job: dict, root: Path, seconds: float) -> tuple[str, str]:
    """The lines the runner wrote, and its last words."""
    paths = [str(root), str(HERE.parent)]
    environment = (
        os.environ
        | {
            "PYTHONPATH": os.pathsep.join([*paths, os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
            "PYTHONDONTWRITEBYTECODE": "",
            "OPENBLAS_NUM_THREADS": "1",  # small arrays; and a fork does not inherit threads
            "OMP_NUM_THREADS": "1",
            "PYTHONIOENCODING": "utf-8",
        }
        | SETTINGS
    )
    command = [sys.executable, "-m", "tito.runner"]
    try:
        done = subprocess.run(
            command, input=json.dumps(job), cwd=root, env=environment, capture_output=True, text=True, encoding="utf-8",
            errors="replace", timeout=seconds,
        )  # fmt: skip
    except subprocess.TimeoutExpired as late:
        out = late.stdout or ""
        return out.decode(errors="replace") if isinstance(
            out, bytes
        ) else out, f"stopped after {seconds:.0f} s"
    return done.stdout, done.stderr


def read_report(module: str, output: tuple[str, str]) -> Report:
    out, words = output
    report = Report(module)
    about: dict[str, dict] = {}
    for line in out.splitlines():
        record = json.loads(line)
        if "import" in record:
            report.problem = result("import", record["import"])
        elif "checks" in record:
            about = {one["check"]: one for one in record["checks"]}
            report.known = list(about)
        else:
            report.results.append(result(record["check"], about.get(record["check"], {}) | record))
    missing = set(about) - {r.check for r in report.results}
    if not out or (not report.problem and not about) or (missing and "stopped after" in words):
        reason = words.strip().splitlines()[-1] if words.strip() else "the process that runs the checks died"
        report.problem = Result("import", UNKNOWN, message=reason)
    return report


def result(name: str, record: dict) -> Result:
    known = Result.__dataclass_fields__
    return Result(**{"check": name} | {k: v for k, v in record.items() if k in known})


def declarations(tree: ast.Module) -> dict[str, dict[str, Any]]:
    """What `@check(...)` says about each check of a checks.py, read without running it; names stand for the file's constants."""
    constants = {
        t.id: ast.literal_eval(v)
        for s in tree.body
        if isinstance(s, ast.Assign)
        for target in s.targets
        for t, v in (
            zip(target.elts, s.value.elts)
            if isinstance(target, ast.Tuple) and isinstance(s.value, ast.Tuple)
            else [(target, s.value)]
        )
        if isinstance(t, ast.Name) and isinstance(v, ast.Constant)
    }
    found: dict[str, dict[str, Any]] = {}
    for f in tree.body:
        if not isinstance(f, ast.FunctionDef) or not f.name.startswith("test_"):
            continue
        said = found.setdefault(f.name.removeprefix("test_"), {})
        for decorator in f.decorator_list:
            if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == "check":
                for k in decorator.keywords:
                    value = k.value
                    said[str(k.arg)] = (
                        constants.get(value.id) if isinstance(value, ast.Name) else ast.literal_eval(value)
                    )
    return found
