"""What runs inside a notebook that `tito nbgrader generate` wrote.

    check = begin("03_activations")     # a copy of the package as far as this module, its symbols still to be written
    %%build nn/functional/softmax.py softmax_op
    check("softmax_sums_to_one")        # nothing when it holds, one short error when it does not

The checks run in a process of their own, all of them at the first `check` after a cell was built.
"""

from __future__ import annotations

import os
import sys
import tempfile
from importlib.util import cache_from_source
from pathlib import Path

from ..checks import Report, Result, run_checks
from ..course import the_course
from ..curriculum import Module
from ..levels import write_level
from ..weave import Taught, stubs_in, weave_module
from .cells import Cells, NotInThisCell, put, written


class CheckFailed(AssertionError):
    """A check that does not hold; the notebook shows its text without a traceback, which would lead into tito."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class Building:
    """One module being built in a notebook: the copy of the package, and what its checks say."""

    is_reference = False

    def __init__(self, module: Module):
        self.module, self.course = module, the_course()
        self._folder = tempfile.TemporaryDirectory(prefix="tito-notebook-")
        self.root = Path(self._folder.name)
        write_level(self.course.package, self.course.modules, module.number, self.root / "tinytorch")
        self.taught = {(one.file, one.symbol): one for one in self.course.taught(module)}
        self.woven = weave_module(module, self.course.package)
        self.cells: Cells = {}
        self.report: Report | None = None
        self.write(self.woven)

    def checks_of(self, module: Module) -> Path:
        return module.checks

    def write(self, files: dict[str, bytes]) -> None:
        for file, content in files.items():
            path = self.root / "tinytorch" / file
            path.write_bytes(content)
            # Python knows bytecode by size and second, and cells are run faster than that
            Path(cache_from_source(str(path))).unlink(missing_ok=True)
        self.report = None

    def build(self, line: str, cell: str) -> None:
        """`%%build FILE SYMBOL`: put the cell into the copy. A cell that cannot be the symbol changes nothing."""
        one = self.one(line)
        text = written(one, cell)
        self.cells.pop((one.file, one.symbol), None)
        if text is not None:
            self.cells[one.file, one.symbol] = text
        source = self.woven[one.file].decode()
        for (file, _), put_in in ((key, self.taught[key]) for key in self.cells if key[0] == one.file):
            source = put(source, put_in, self.cells[file, put_in.symbol])
        self.write({one.file: source.encode()})
        forget_package()
        unwritten = text is None or bool(stubs_in(text))
        print(f"{one.symbol}: " + ("not written yet" if unwritten else f"put into tinytorch/{one.file}"))

    def one(self, line: str) -> Taught:
        words = line.split()
        found = self.taught.get((words[0], words[1])) if len(words) == 2 else None
        if found is None:
            mine = ", ".join(f"%%build {file} {symbol}" for file, symbol in self.taught)
            raise NotInThisCell(f"%%build {line.strip()}: {self.module.name} does not teach that", mine)
        return found

    def __call__(self, name: str) -> None:
        """Run the checks, if something was built since, and fail if this one does not hold."""
        if self.report is None:
            self.report = run_checks(self, self.module)
        if self.report.problem:
            raise CheckFailed(told(self.report.problem))
        result = next((r for r in self.report.results if r.check == name), None)
        if result is None:
            raise CheckFailed(f"{self.module.name} has no check {name!r}")
        if result.outcome != "passed":
            raise CheckFailed(told(result))


def told(result: Result) -> str:
    """A failure in the lines that a student needs."""
    lines = [f"{result.check.replace('_', ' ')}: {result.message}"]
    lines += [f"  {name:<9}{value}" for name in ("expected", "got") if (value := getattr(result, name))]
    lines += [f"  {line}" for line in result.difference.splitlines()]
    if result.file:
        lines.append(f"  {result.file}:{result.line}  {result.code}")
    return "\n".join(lines)


def forget_package() -> None:
    """Let the next `import tinytorch` read the files again."""
    for name in [n for n in sys.modules if n == "tinytorch" or n.startswith("tinytorch.")]:
        del sys.modules[name]


def begin(name: str) -> Building:
    """Start a module in this notebook: `import tinytorch` means its copy from here on."""
    from IPython import get_ipython

    building = Building(the_course().module(name))
    os.environ["TINYTORCH_KERNELS"] = (
        "reference"  # what is written here is run, not a compiled body in its place
    )
    sys.path.insert(0, str(building.root))
    forget_package()
    shell = get_ipython()
    if shell is not None:
        shell.register_magic_function(building.build, "cell", "build")
    return building
