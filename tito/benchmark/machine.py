"""Which machine and which versions a result belongs to."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path


def versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in ("numpy", "numba", "torch"):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "none"
    return found


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next(
        (line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine()
    )


def describe() -> dict:
    """The machine by what makes timings comparable: its processor, how many cores, its system; its name is nobody's business."""
    facts = {"processor": processor(), "cores": os.cpu_count(), "system": platform.system()}
    ident = hashlib.sha256(repr([*facts.items(), platform.node()]).encode()).hexdigest()[:12]
    return facts | {"machine": ident}


def commit(folder: Path) -> str:
    """The commit that was measured, with a + when files were changed since; nothing outside a repository."""
    git = lambda *words: subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True)
    head = git("rev-parse", "--short", "HEAD")
    if head.returncode:
        return ""
    return head.stdout.strip() + ("+" if git("status", "--porcelain", "-uno").stdout.strip() else "")
