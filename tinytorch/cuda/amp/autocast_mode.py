"""torch.cuda.amp.autocast: the old name of torch.amp.autocast for the GPU."""

from __future__ import annotations

import functools

from ...amp import autocast_mode
from ...dtypes import dtype, float16


class autocast(autocast_mode.autocast):
    """`torch.amp.autocast("cuda")`."""

    def __init__(self, enabled: bool = True, dtype: dtype = float16, cache_enabled: bool = True):
        super().__init__("cuda", enabled=enabled, dtype=dtype, cache_enabled=cache_enabled)


custom_fwd = functools.partial(autocast_mode.custom_fwd, device_type="cuda")
custom_bwd = functools.partial(autocast_mode.custom_bwd, device_type="cuda")
