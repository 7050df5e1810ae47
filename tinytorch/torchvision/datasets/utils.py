"""torchvision.datasets.utils: files that are there, looked at and unpacked."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ...compat.absent import refusing
from ...data.download import checksum

download_url, download_file_from_google_drive = refusing(
    "tinytorch downloads only the data sets that it knows; fetch the file and put it where the program looks for it",
    "torchvision.datasets.utils.download_url",
    "torchvision.datasets.utils.download_file_from_google_drive",
)


def check_integrity(fpath, md5: str | None = None) -> bool:
    """Whether the file is there and, if md5 is told, holds what it should."""
    return os.path.isfile(fpath) and (md5 is None or checksum(Path(fpath), "md5") == md5)


def extract_archive(from_path, to_path=None, remove_finished: bool = False) -> str:
    """Unpack a .zip, .tar, .tar.gz, ... into to_path, by default beside it."""
    target = os.path.dirname(os.fspath(from_path)) if to_path is None else os.fspath(to_path)
    if str(from_path).endswith(".zip"):
        shutil.unpack_archive(from_path, target)
    else:
        shutil.unpack_archive(from_path, target, filter="data")  # nothing outside the folder
    if remove_finished:
        os.remove(from_path)
    return target


def download_and_extract_archive(
    url: str, download_root, extract_root=None, filename: str | None = None, md5: str | None = None,
    remove_finished: bool = False,
) -> None:  # fmt: skip
    """The archive unpacked; it has to be there already."""
    archive = os.path.join(os.path.expanduser(download_root), filename or os.path.basename(url))
    if not check_integrity(archive, md5):
        download_url(url, download_root)
    extract_archive(archive, extract_root or download_root, remove_finished)


def list_dir(root, prefix: bool = False) -> list[str]:
    """The folders in root."""
    names = [name for name in os.listdir(os.path.expanduser(root)) if os.path.isdir(os.path.join(root, name))]
    return [os.path.join(root, name) for name in names] if prefix else names


def list_files(root, suffix: str, prefix: bool = False) -> list[str]:
    """The files in root that end so."""
    names = [
        n
        for n in os.listdir(os.path.expanduser(root))
        if os.path.isfile(os.path.join(root, n)) and n.endswith(suffix)
    ]
    return [os.path.join(root, name) for name in names] if prefix else names
