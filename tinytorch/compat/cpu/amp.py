"""torch.cpu.amp.autocast: the old name of torch.amp.autocast for the CPU."""

from __future__ import annotations

from ...amp import autocast_mode
from ...dtypes import bfloat16, dtype


class autocast(autocast_mode.autocast):
    """`torch.amp.autocast("cpu")`."""

    def __init__(self, enabled: bool = True, dtype: dtype = bfloat16, cache_enabled: bool = True):
        super().__init__("cpu", enabled=enabled, dtype=dtype, cache_enabled=cache_enabled)
