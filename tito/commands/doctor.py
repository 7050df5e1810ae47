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


@dataclass
class Finding:
    name: str
    ok: bool
    what: str
    mend: str = ""
    optional: bool = False


def examine() -> list[Finding]:
    """What tinytorch and tito need, and what is there."""
    from ..progress import home

    findings = [
        Finding(
            "python",
            sys.version_info >= (3, 10),
            f"{platform.python_version()} ({sys.executable})",
            "Install Python 3.10 or later",
        )
    ]
    for package, optional in {"numpy": False, "scipy": False, "click": False, "rich": False, "pyyaml": False, "numba": True, "matplotlib": True, "pytest": True, "nbformat": True}.items():  # fmt: skip
        version = installed(package)
        findings.append(
            Finding(
                package,
                bool(version),
                version or "not installed",
                f"{sys.executable} -m pip install {package}",
                optional,
            )
        )
    findings.append(
        Finding(
            "git",
            bool(shutil.which("git")),
            shutil.which("git") or "not found",
            "Install git: https://git-scm.com",
            True,
        )
    )
    folder = home()
    existing = next(p for p in (folder, *folder.parents) if p.exists())
    writable = os.access(existing, os.W_OK)
    findings.append(
        Finding(
            "home",
            writable,
            str(folder),
            f"Make {existing} writable, or set TINYTORCH_HOME to a folder that is",
        )
    )
    data = os.environ.get("TINYTORCH_DATA")
    there = data is not None and Path(data).is_dir()
    findings.append(
        Finding(
            "data",
            there,
            data or "TINYTORCH_DATA is not set: data sets are downloaded when first used",
            "export TINYTORCH_DATA=/folder/with/datasets",
            True,
        )
    )
    gpu = bool(installed("cupy-cuda12x") or installed("cupy-cuda13x"))
    card = Path("/proc/driver/nvidia/version").exists() or bool(shutil.which("nvidia-smi"))
    findings.append(
        Finding(
            "gpu",
            gpu and card,
            "ready"
            if gpu and card
            else "a card, but no CuPy"
            if card
            else "no NVIDIA card; everything runs on the CPU",
            "pip install 'tinytorch[cuda12]'" if card else "",
            True,
        )
    )
    return findings + examine_workspace()


def installed(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


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
                line = getattr(error, "lineno", "?")
                findings.append(
                    Finding("syntax", False, f"{path}:{line}: {error}", f"Open {path} at line {line}")
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
        ui.echo(
            f" {ui.mark('passed' if f.ok else 'skipped' if f.optional else 'failed')} {f.name:<11} {f.what}"
        )
        if not f.ok and f.mend:
            ui.para(f"-> {f.mend}", 15, fg="cyan")
