"""Running someone's program under tinytorch as Python would: its arguments, its folder, its tracebacks, its exit code."""

from __future__ import annotations

import builtins
import importlib.util
import os
import runpy
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from . import as_torch

USAGE = """usage: python -m tinytorch SCRIPT.py [ARGUMENTS]
       python -m tinytorch -m PACKAGE.MODULE [ARGUMENTS]

Runs a PyTorch program, unmodified, with tinytorch in the place of torch and torchvision."""

PACKAGE = os.path.dirname(os.path.abspath(__file__))
FOR_CHILDREN = (
    "TINYTORCH_PROGRAM"  # the environment variable that tells spawned processes which program is running
)


def main(arguments: list[str]) -> int | None:
    if not arguments or arguments[0] in ("-h", "--help"):
        print(USAGE, file=sys.stdout if arguments else sys.stderr)
        return 0 if arguments else 2
    if arguments[0] == "-m":
        if len(arguments) < 2:
            print(f"python -m tinytorch: -m needs the name of a module\n{USAGE}", file=sys.stderr)
            return 2
        program, rest = Program("module", arguments[1]), arguments[2:]
    else:
        program, rest = Program("file", arguments[0]), arguments[1:]
        if not os.path.exists(program.name):
            print(
                f"python -m tinytorch: can't open file {os.path.abspath(program.name)!r}: No such file",
                file=sys.stderr,
            )
            return 2
    as_torch.install()
    run(program, rest)
    return None


class Program:
    """A script (`kind` is "file") or a module that is to be `__main__`."""

    def __init__(self, kind: str, name: str):
        self.kind, self.name = kind, name

    def load(self) -> tuple[Any, dict[str, Any]]:
        """Its code, and the names that Python defines for it."""
        return self.load_module() if self.kind == "module" else self.load_file()

    def load_file(self):
        path = os.path.abspath(self.name)
        if os.path.isdir(path):
            path = os.path.join(path, "__main__.py")
        with open(path, "rb") as file:
            code = compile(file.read(), path, "exec", dont_inherit=True)
        return code, {
            "__file__": path,
            "__package__": None,
            "__loader__": None,
            "__cached__": None,
            "__builtins__": builtins,
        }

    def load_module(self):
        spec = self.find(self.name)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = self.find(f"{self.name}.__main__")
        if spec is None or not hasattr(spec.loader, "get_code"):
            raise SystemExit(f"{sys.executable}: No module named {self.name}")
        names = {
            "__file__": spec.origin,
            "__package__": spec.parent,
            "__loader__": spec.loader,
            "__cached__": spec.cached,
        }
        return spec.loader.get_code(spec.name), {**names, "__builtins__": builtins}

    @staticmethod
    def find(name: str):
        try:
            return importlib.util.find_spec(name)
        except ModuleNotFoundError as error:
            if error.name and not name.startswith(error.name):
                raise  # a package on the way imports something that is not there
            return None

    def for_children(self) -> str:
        return f"{self.kind}:{self.name if self.kind == 'module' else os.path.abspath(self.name)}"


class MainSpec(ModuleSpec):
    """The `__spec__` of the running program. multiprocessing has a spawned process run the module of this name first."""

    parent = ""

    def __init__(self, package: str | None):
        super().__init__(f"{__package__}.spawned", None)
        self.parent = package or ""  # what relative imports ask for


def run(program: Program, arguments: list[str]) -> None:
    """Make the program `__main__` and run it. What it raises goes on to Python, which sets the exit code."""
    set_path(program)
    sys.argv = [program.name, *arguments]
    sys.excepthook = show_error
    os.environ[FOR_CHILDREN] = program.for_children()
    code, names = program.load()
    if program.kind == "module":
        sys.argv[0] = names["__file__"]
    module = ModuleType("__main__")
    module.__dict__.update(names, __spec__=MainSpec(names["__package__"]))
    sys.modules["__main__"] = module
    exec(code, module.__dict__)


def set_path(program: Program) -> None:
    """The script's folder comes first on `sys.path`, in the place of the current one. tinytorch stays importable."""
    if program.kind == "file" and not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
        path = os.path.realpath(program.name)
        sys.path[0] = path if os.path.isdir(path) else os.path.dirname(path)
    home = os.path.dirname(PACKAGE)
    if home not in sys.path:
        sys.path.append(home)  # spawned processes get this list


def become_program(names: dict[str, Any]) -> None:
    """In a spawned process: fill a module's names with those of the program, whose classes it needs."""
    as_torch.install()
    kind, _, name = os.environ[FOR_CHILDREN].partition(":")
    code, own = Program(kind, name).load()
    names.update(own, __spec__=MainSpec(own["__package__"]))
    exec(code, names)


def show_error(kind, error, trace) -> None:
    """Python's traceback without the frames that started the program, and near names for an import that failed."""
    while trace is not None and is_ours(trace.tb_frame.f_code.co_filename) and trace.tb_next is not None:
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and trace is not None and is_ours(trace.tb_frame.f_code.co_filename):
        trace = None  # the program did not even start
    sys.__excepthook__(kind, error.with_traceback(trace), trace)
    advice = as_torch.hint(error)
    if advice:
        print(advice, file=sys.stderr)


def is_ours(filename: str) -> bool:
    """Whether a line of a traceback is about how the program was started. Python 3.10's runpy is a file, later ones are frozen."""
    started_by = filename.startswith("<frozen ") or filename == runpy.__file__
    return started_by or os.path.dirname(filename) == PACKAGE
