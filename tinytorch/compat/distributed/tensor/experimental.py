"""torch.distributed.tensor.experimental: names for what several machines would do."""

from __future__ import annotations

from ...absent import refusing
from .elsewhere import ONE_PROCESS

implicit_replication, local_map, register_sharding = refusing(
    ONE_PROCESS, "implicit_replication", "local_map", "register_sharding"
)
