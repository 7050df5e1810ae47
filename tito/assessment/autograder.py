"""A zip for Gradescope: its setup, its `run_autograder`, and everything of this project that grading needs.

    setup.sh            once, when the image is made
    run_autograder      for each submission: grades it, writes results/results.json
    course/             tinytorch, tito, the lessons, the milestones
    class/              the task, and a secret of its own: made from the class's, which stays at home
    requirements.txt

A submission runs in the same container as the grader, so the sandbox is what keeps them apart there too.
"""

from __future__ import annotations

import hashlib
import hmac
import importlib.metadata
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import yaml

from ..course import Course
from ..errors import TitoError
from ..levels import package_files
from ..milestones.definitions import find_milestone, recipes
from .classroom import Class, Task, secret
from .release import EPOCH

ROOT = "AUTOGRADER_ROOT"  # where Gradescope's /autograder is; for trying it elsewhere
EXTRA = "assessment"
SETUP = f"""#!/usr/bin/env bash
# Gradescope runs this once, as root, when it makes the image.
set -e
root="${{{ROOT}:-/autograder}}"
if command -v apt-get >/dev/null; then
    apt-get update -q
    apt-get install -q -y python3 python3-venv bubblewrap || apt-get install -q -y python3 python3-venv
fi
python3 -m venv "$root/source/venv"
"$root/source/venv/bin/python" -m pip install -q -r "$root/source/requirements.txt"
"""
FETCH = """# The data of this task, while there is a network. Where they cannot be had, drawn ones stand in when it is graded.
export PYTHONPATH="$root/source/course" TINYTORCH_DATA="$root/source/data"
mkdir -p "$TINYTORCH_DATA"
"$root/source/venv/bin/python" -m tito.milestones.fetch {data} "$(mktemp -d)" || echo "the data cannot be had"
"""
RUN = f"""#!/usr/bin/env bash
# Gradescope runs this for each submission, in /autograder.
root="${{{ROOT}:-/autograder}}"
python="$root/source/venv/bin/python"
[ -x "$python" ] || python=python3
cd "$root" || exit 1
mkdir -p results
export PYTHONPATH="$root/source/course" TINYTORCH_DATA="$root/source/data"
exec "$python" -m tito assessment grade "$root/submission" --task {{task}} --class "$root/source/class" \\
    --gradescope "$root/results/results.json" --metadata "$root/submission_metadata.json"
"""


def autograder_zip(room: Class, task: Task, course: Course, out: Path) -> int:
    """Write the zip; returns how many files are in it."""
    if out.exists():
        raise TitoError(f"{out} is there already", "name another, or take it away")
    files = dict(contents(room, task, course))
    out.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, (data, mode) in files.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = (0o100000 | mode) << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
    out.chmod(0o600)  # it holds a secret
    return len(files)


def contents(room: Class, task: Task, course: Course) -> Iterator[tuple[str, tuple[bytes, int]]]:
    """Every file of the zip: its name, what is in it, its mode."""
    data = find_milestone(task.id).config["data"] if task.kind == "milestone" else "none"
    fetch = "" if data == "none" else FETCH.replace("{data}", data)
    yield "setup.sh", ((SETUP + fetch).encode(), 0o755)
    yield "run_autograder", (RUN.replace("{task}", task.id).encode(), 0o755)
    yield "requirements.txt", ("\n".join(requirements(course)).encode() + b"\n", 0o644)
    yield "class/class.yaml", (settings(room, task).encode(), 0o644)
    yield "class/roster.csv", (b"student,name,email\n", 0o644)
    yield (
        "class/.secret",
        (hmac.digest(secret(room.folder), f"gradescope {task.id}".encode(), hashlib.sha256), 0o600),
    )
    folders = {
        "tinytorch": course.package,
        "tito": Path(__file__).resolve().parents[1],
        "modules": course.lessons,
        "milestones": recipes(),
    }
    for name, folder in folders.items():
        for path in package_files(folder):
            inside = path.relative_to(folder).as_posix()
            if not inside.startswith(("_modules/", "_milestones/")):  # an installed tito has them inside
                yield f"course/{name}/{inside}", (path.read_bytes(), 0o644)


def settings(room: Class, task: Task) -> str:
    """The class with this one task. When it is due Gradescope knows and sees to."""
    kind = "milestones" if task.kind == "milestone" else "modules"
    return yaml.safe_dump(
        {"name": room.name, kind: {task.id: {"points": task.points, "due": None}}}, sort_keys=False
    )


def requirements(course: Course) -> list[str]:
    """What grading needs from a package index: the project's own lists, in the source tree or where it is installed."""
    project = course.root / "pyproject.toml"
    if project.is_file() and sys.version_info >= (3, 11):
        import tomllib

        told = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
        return [*told["dependencies"], *told["optional-dependencies"][EXTRA]]
    try:
        found = importlib.metadata.requires("tinytorch") or []
    except importlib.metadata.PackageNotFoundError:
        raise TitoError(
            "tinytorch is not installed, so what it needs is not known", "pip install -e ."
        ) from None
    extra = re.compile(rf"extra == ['\"]{EXTRA}['\"]")
    return [one.split(";")[0].strip() for one in found if "extra ==" not in one or extra.search(one)]
