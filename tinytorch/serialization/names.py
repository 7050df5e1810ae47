"""Names of torch.serialization that programs use in signatures."""

from __future__ import annotations

import os
from typing import IO, Union

from ..compat.absent import absent

DEFAULT_PROTOCOL = 2  # of pickle, which nothing here is written with
FILE_LIKE = Union[str, os.PathLike, IO[bytes]]  # noqa: UP007
PyTorchFileReader, PyTorchFileWriter = absent(
    "use torch.load and torch.save", "PyTorchFileReader", "PyTorchFileWriter"
)
