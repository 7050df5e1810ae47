"""Text to learn a language from: a published file, two corpora that every Python carries, and windows of tokens."""

from __future__ import annotations

import sysconfig
import tokenize
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from ..tensor_data import from_numpy
from .dataset import Dataset, Rows
from .locate import locate, read_manifest

# Tests repeat themselves; the rest is not written by people, or holds tables, or is not part of every installation.
SKIPPED_FOLDERS = {
    "test",
    "tests",
    "idle_test",
    "site-packages",
    "dist-packages",
    "__pycache__",
    "pydoc_data",
    "encodings",
    "lib2to3",
}
SKIPPED_PREFIXES = ("_sysconfigdata", "config-", "__phello__")
LARGEST = 150_000  # bytes; what is larger is mostly tables


def tiny_shakespeare(root=None, download: bool = True) -> str:
    """1.1 million characters of Shakespeare's plays, as Karpathy's char-rnn has them. A file of one's own: `read_text`."""
    published = read_manifest()["tiny_shakespeare"].files[0]
    path = locate("tiny_shakespeare", root, download) / published.name
    size = path.stat().st_size
    if size != published.size:  # unlike an archive, half a text looks like a text
        raise ValueError(
            f"{path}: has {size} bytes, the published file {published.size}: it was cut or changed. Delete it, and it is downloaded"
            " again; a text of your own is read with tinytorch.data.read_text(path)"
        )
    return read_text(path)


def read_text(path) -> str:
    """A UTF-8 file as one string with \\n at the ends of lines."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8 text: {error}") from error


@lru_cache
def english() -> str:
    """The help texts of Python's reference (`pydoc_data.topics`), some 0.46 million characters of English (Python 3.11); needs no download.

    The same for one version of Python everywhere, different between versions.
    """
    from pydoc_data.topics import topics

    return "\n\n".join(topics[name].strip() for name in sorted(topics))


@lru_cache
def python_source(limit: int | None = None) -> str:
    """The source of Python's standard library, files in alphabetical order, some 9 million characters; needs no download.

    `limit` stops after that many characters. The same for one version of Python everywhere, different between versions.
    """
    parts, length = [], 0
    for path in library_files():
        with tokenize.open(path) as file:
            parts.append(file.read().strip() + "\n")
        length += len(parts[-1]) + 1
        if limit is not None and length >= limit:
            break
    return "\n".join(parts)[:limit]


def library_files() -> list[Path]:
    library = Path(sysconfig.get_path("stdlib"))
    files = [path.relative_to(library) for path in library.rglob("*.py")]
    chosen = sorted(
        file.as_posix() for file in files if is_source(file) and (library / file).stat().st_size <= LARGEST
    )
    if not chosen:
        raise FileNotFoundError(f"python_source: this Python has no library source in {library}")
    return [library / file for file in chosen]


def is_source(file: Path) -> bool:
    return SKIPPED_FOLDERS.isdisjoint(file.parts) and not any(
        part.startswith(SKIPPED_PREFIXES) for part in file.parts
    )


class TokenBlocks(Dataset):
    """Windows of a long row of tokens: (x, y), both (block_size,), where y is x one token later."""

    def __init__(self, tokens: Sequence[int] | np.ndarray, block_size: int, stride: int = 1):
        self.tokens = np.asarray(tokens, np.int64)
        if self.tokens.ndim != 1 or len(self.tokens) <= block_size:
            raise ValueError(
                f"TokenBlocks: tokens of shape {self.tokens.shape} do not fill a block of {block_size} and the token after it"
            )
        if block_size < 1 or stride < 1:
            raise ValueError(f"TokenBlocks: block_size={block_size} and stride={stride} must be at least 1")
        self.block_size, self.stride = block_size, stride
        self.windows = np.lib.stride_tricks.sliding_window_view(self.tokens, block_size + 1)[::stride]

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, index: int) -> tuple:
        block = self.windows[index].copy()
        return from_numpy(block[:-1]), from_numpy(block[1:])

    def __getitems__(self, indices: Sequence[int]) -> Rows:
        blocks = self.windows[np.asarray(indices, np.int64)]  # (B, block_size + 1)
        return Rows(
            [
                from_numpy(np.ascontiguousarray(blocks[:, :-1])),
                from_numpy(np.ascontiguousarray(blocks[:, 1:])),
            ]
        )
