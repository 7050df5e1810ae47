"""Where a published data set lies on this machine, and fetching it if it does not.

Looked for below: the folder that was asked for, $TINYTORCH_DATA, `datasets/` of the project around the working directory,
~/.tinytorch/datasets. What is downloaded goes to the first of these that can be written to.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

MANIFEST = Path(__file__).with_name("manifest.yaml")


@dataclass(frozen=True)
class RemoteFile:
    """A file as its publisher describes it."""

    name: str
    size: int | None = None
    md5: str | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Archive(RemoteFile):
    strip: int = 0  # leading folders of a member's path to drop
    only: str | None = None  # take only members of this folder, counted before the last one dropped


@dataclass(frozen=True)
class Published:
    """One entry of the manifest."""

    title: str
    folder: str
    files: list[RemoteFile]
    sources: list[str]
    archive: Archive | None = None


class DatasetNotFound(FileNotFoundError):
    """A data set is neither on this machine nor to be had; the text says which file, where it was looked for, and what to do."""


@lru_cache
def read_manifest(path: Path = MANIFEST) -> dict[str, Published]:
    import yaml

    return {
        name: published(**entry) for name, entry in yaml.safe_load(path.read_text(encoding="utf-8")).items()
    }


def published(files: list[dict[str, Any]], archive: dict[str, Any] | None = None, **entry) -> Published:
    return Published(
        files=[RemoteFile(**file) for file in files], archive=Archive(**archive) if archive else None, **entry
    )


@dataclass
class Search:
    """Where one data set was looked for, in order."""

    looked_in: list[Path] = field(default_factory=list)
    missing: str = ""

    def find(self, folder: Path, wanted: Iterable[str]) -> bool:
        self.looked_in.append(folder)
        for name in wanted:
            if not has_file(folder, name):
                self.missing = self.missing or name
                return False
        return True


def locate(
    name: str, root=None, download: bool = True, only: Sequence[str] | None = None, manifest: Path = MANIFEST
) -> Path:
    """The folder that holds the data set `name` of the manifest; downloads it if need be and allowed.

    `only` names the files that matter, all of them if it is not given.
    """
    entry = read_manifest(manifest)[name]
    files = [file for file in entry.files if only is None or file.name in only]
    wanted = [file.name for file in files]
    search = Search()
    places = [base / entry.folder for base in search_path(root)]
    if root is not None:  # it may be the folder itself, and counts before the usual places
        places.insert(1, Path(root))
    for place in places:
        if search.find(place, wanted):
            return place
    troubles = []
    if download:
        from .download import DownloadError, download_files

        target = writable_base(root) / entry.folder
        try:
            download_files(entry, files, target)
            return target
        except DownloadError as error:
            troubles = error.troubles
    raise DatasetNotFound(explain(entry, wanted, search, troubles, download, root))


def search_path(root=None) -> list[Path]:
    bases = [Path(root).expanduser()] if root is not None else []
    if os.environ.get("TINYTORCH_DATA"):
        bases.append(Path(os.environ["TINYTORCH_DATA"]).expanduser())
    project = project_datasets()
    if project is not None:
        bases.append(project)
    bases.append(Path.home() / ".tinytorch" / "datasets")
    return bases


def project_datasets() -> Path | None:
    """`datasets/` in the working directory or the nearest folder above it that has one beside a project's files."""
    here = Path.cwd()
    if (here / "datasets").is_dir():
        return here / "datasets"
    for folder in here.parents:
        if (folder / "datasets").is_dir() and any(
            (folder / mark).exists() for mark in ("pyproject.toml", ".git")
        ):
            return folder / "datasets"
    return None


def has_file(folder: Path, name: str) -> bool:
    """Whether the file is there; an IDX file may have been unpacked."""
    return (folder / name).is_file() or (
        name.endswith(".gz") and (folder / name.removesuffix(".gz")).is_file()
    )


def writable_base(root=None) -> Path:
    bases = search_path(root)
    for base in bases[:1] if root is not None else bases:
        existing = next(folder for folder in (base, *base.parents) if folder.exists())
        if os.access(existing, os.W_OK | os.X_OK):
            return base
    return bases[-1]


def explain(
    entry: Published, wanted: list[str], search: Search, troubles: list[str], download: bool, root
) -> str:
    lines = [f"{entry.title}: the file {search.missing} is not on this machine. Looked in:"]
    lines += [f"    {folder}" for folder in search.looked_in]
    if troubles:
        lines += ["Downloading it failed:", *(f"    {trouble}" for trouble in troubles)]
    elif not download:
        lines.append("Downloading was not allowed (download=False).")
    where = writable_base(root) / entry.folder
    lines += [f"To place it by hand, put {', '.join(wanted)} into", f"    {where}"]
    lines.append("or set TINYTORCH_DATA to the folder that holds " + entry.folder + ". Published at:")
    lines += [f"    {source}" for source in entry.sources]
    return "\n".join(lines)
