"""torch.types: names for annotations."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Union

from ..backend import device
from ..dtypes import dtype as _dtype  # noqa: F401

Number = Union[builtins.int, builtins.float, builtins.bool]
Device = Union[device, str, builtins.int, None]
_size = Union[Sequence[builtins.int]]
