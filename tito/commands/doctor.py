"""`tito setup` and `tito doctor`: the environment, and the command that mends what is wrong with it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from .. import ui
from ..errors import TitoError

# Packages that single commands need, and which.
EXTRAS = {"pytest": " (pytest modules/06_spatial)", "jupyterlab": " (tito module notebook)"}


@dataclass
class Finding:
    name: str
    ok: bool
    what: str
    mend: str = ""
    optional: bool = False


def examine() -> list[Finding]:
    """What tinytorch and tito need, and what is there."""
    python = Finding(
        "python",
        sys.version_info >= (3, 10),
        f"{platform.python_version()} ({sys.executable})",
        "Install Python 3.10 or later",
    )
    git = shutil.which("git")
    found = Finding("git", bool(git), git or "not found", "Install git: https://git-scm.com", optional=True)
    return [python, *examine_packages(), found, examine_home(), examine_data(), examine_gpu()] + (
        examine_workspace()
    )


def examine_packages() -> list[Finding]:
    """Each package that the project depends on, and those that some commands need."""
    from packaging.requirements import Requirement

    try:
        needed = [Requirement(text) for text in importlib.metadata.requires("tinytorch") or []]
    except importlib.metadata.PackageNotFoundError:
        mend = f"{sys.executable} -m pip install tinytorch"
        return [Finding("tinytorch", False, "not installed, only found on the path", mend)]
    findings = []
    for one in [r for r in needed if r.marker is None] + [Requirement(name) for name in EXTRAS]:
        version = installed(one.name)
        fits = bool(version) and one.specifier.contains(version, prereleases=True)
        what = version if fits else f"{version}, needed: {one.specifier}" if version else "not installed"
        mend = f"{sys.executable} -m pip install '{one}'"
        findings.append(Finding(one.name, fits, what + EXTRAS.get(one.name, ""), mend, one.name in EXTRAS))
    return findings


def installed(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def examine_home() -> Finding:
    from ..progress import home

    folder = home()
    existing = next(p for p in (folder, *folder.parents) if p.exists())
    mend = f"Make {existing} writable, or set TINYTORCH_HOME to a folder that is"
    return Finding("home", os.access(existing, os.W_OK), str(folder), mend)


def examine_data() -> Finding:
    """Which published data sets lie here already; the others are downloaded when they are first used."""
    import yaml

    from ..course import the_course
    from ..curriculum import LOADER
    from ..progress import home

    manifest = the_course().package / "data" / "manifest.yaml"
    known = yaml.load(manifest.read_text(encoding="utf-8"), Loader=LOADER) if manifest.is_file() else {}
    chosen = os.environ.get("TINYTORCH_DATA")
    places = [Path(chosen).expanduser()] if chosen else []
    if places and not places[0].is_dir():
        return Finding("data", False, f"TINYTORCH_DATA is {chosen}, which is no folder", f"mkdir -p {chosen}")
    places += [the_course().root / "datasets", home() / "datasets"]
    here = [n for n, entry in known.items() if any((place / entry["folder"]).is_dir() for place in places)]
    found = ", ".join(here) or "none on this machine yet"
    return Finding("data", True, f"{found}; what is missing is downloaded when it is first used")


def examine_gpu() -> Finding:
    cupy = installed("cupy-cuda12x") or installed("cupy-cuda13x")
    card = Path("/proc/driver/nvidia/version").exists() or bool(shutil.which("nvidia-smi"))
    if not card:
        return Finding("gpu", False, "no NVIDIA card; everything runs on the CPU", optional=True)
    mend = f"{sys.executable} -m pip install 'tinytorch[cuda12]'"
    return Finding("gpu", bool(cupy), f"ready, CuPy {cupy}" if cupy else "a card, but no CuPy", mend, True)


def examine_workspace() -> list[Finding]:
    from ..weave import stubs_in
    from ..workspace import find_workspace

    try:
        workspace = find_workspace()
    except TitoError as error:
        return [Finding("workspace", False, str(error), error.hint, True)]
    if workspace.is_reference:
        return [Finding("workspace", True, f"the course's source tree, {workspace.root}")]
    findings = [Finding("workspace", True, str(workspace.root))]
    if workspace.state["course"] != workspace.course.version:
        findings.append(
            Finding(
                "course",
                False,
                f"the workspace is at {workspace.state['course']}, tito at {workspace.course.version}",
                "tito update",
            )
        )
    gone = [path for path in workspace.state["files"] if not (workspace.root / path).is_file()]
    if gone:
        findings.append(Finding("files", False, f"missing: {', '.join(gone[:3])}", "tito update"))
    import ast

    for path in workspace.state["files"]:
        file = workspace.root / path
        if path.endswith(".py") and file.is_file():
            try:
                text = file.read_text(encoding="utf-8")
                stubs_in(text)
                if text.encode() != workspace.base(path):
                    ast.parse(text)
            except (SyntaxError, UnicodeDecodeError) as error:
                line, what = getattr(error, "lineno", "?"), getattr(error, "msg", error)
                findings.append(
                    Finding("syntax", False, f"{path}:{line}: {what}", f"Open {path} at line {line}")
                )
    return findings


@click.command()
@ui.json_option
def doctor(as_json: bool):
    """Say what is wrong here and the command that mends it."""
    findings = examine()
    bad = [f for f in findings if not f.ok and not f.optional]
    if not ui.give(as_json, {"ok": not bad, "findings": [asdict(f) for f in findings]}):
        show(findings)
        ui.echo("All well." if not bad else f"{len(bad)} thing(s) to mend.", bold=True)
    sys.exit(1 if bad else 0)


@click.command()
@ui.json_option
def setup(as_json: bool):
    """Get this machine ready: make the folders tinytorch uses, then examine it."""
    from ..progress import home

    home().mkdir(parents=True, exist_ok=True)
    findings = examine()
    bad = [f for f in findings if not f.ok and not f.optional]
    if not ui.give(as_json, {"ok": not bad, "home": str(home()), "findings": [asdict(f) for f in findings]}):
        show(findings)
        ui.echo(
            "Ready. Make a workspace: tito init my-tinytorch"
            if not bad
            else "Mend these, then run `tito setup` again.",
            bold=True,
        )
    sys.exit(1 if bad else 0)


def show(findings: list[Finding]) -> None:
    for f in findings:
        sign = ui.mark("passed" if f.ok else "skipped" if f.optional else "failed")
        ui.item(f" {sign} {f.name:<13}", f.what, 18)
        if not f.ok and f.mend:
            ui.para(f"-> {f.mend}", 18, fg="cyan")
