"""torch.distributed.fsdp: models whose parameters are shared out among machines are not here."""

from __future__ import annotations

from ..absent import absent, refusing

(
    CPUOffload, CPUOffloadPolicy, FSDPModule, FullyShardedDataParallel, MixedPrecision, MixedPrecisionPolicy, ShardingStrategy,
) = absent(
    "tinytorch trains in one process", "CPUOffload", "CPUOffloadPolicy", "FSDPModule", "FullyShardedDataParallel", "MixedPrecision",
    "MixedPrecisionPolicy", "ShardingStrategy",
)  # fmt: skip
(fully_shard,) = refusing("tinytorch trains in one process", "fully_shard")
