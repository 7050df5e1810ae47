"""What a run was made of, as short digests: the student's package, the milestone's script and knobs, the data."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any


def file_digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def package_files(workspace) -> dict[str, str]:
    """Every Python file of the student's package with its digest."""
    root = workspace.package
    return {
        path.relative_to(root).as_posix(): file_digest(path)
        for path in sorted(root.rglob("*.py"))
        if "__pycache__" not in path.parts
    }


def digest_of(record: Any) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:16]


def package_fingerprint(workspace) -> str:
    return digest_of(package_files(workspace))
