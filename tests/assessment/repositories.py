"""Repositories as they may be handed in."""

from __future__ import annotations

import subprocess
from pathlib import Path


def git(folder: Path, *words: str, told: str = "") -> str:
    command = ["git", "-c", "user.name=s", "-c", "user.email=s@x", *words]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, input=told).stdout.strip()  # fmt: skip


def committed(work: Path, *options: str) -> Path:
    """A working tree: the folder, with all its files committed."""
    git(work, "init", "-q", *options), git(work, "add", "-A"), git(work, "commit", "-qm", "work")
    return work


def bare(work: Path) -> Path:
    """A bare repository beside a working tree."""
    git(work.parent, "clone", "-q", "--bare", work.name, "x.git")
    return work.parent / "x.git"


def exploding(folder: Path) -> Path:
    """Ten trees, of which each names the next ten times: ten thousand million files."""
    git(folder, "init", "-q", "--bare", "x.git")
    made = folder / "x.git"
    entry = "100644 blob " + git(made, "hash-object", "-w", "--stdin", told="x" * 1000)
    for _ in range(10):
        tree = git(made, "mktree", told="".join(f"{entry}\tf{i}.py\n" for i in range(10)))
        entry = f"040000 tree {tree}"
    git(made, "update-ref", "refs/heads/main", git(made, "commit-tree", "-m", "x", tree))
    (made / "HEAD").write_text("ref: refs/heads/main\n")
    return made
