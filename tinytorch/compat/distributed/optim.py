"""torch.distributed.optim: optimizers of several processes are not here."""

from __future__ import annotations

from ..absent import absent

(ZeroRedundancyOptimizer,) = absent(
    "tinytorch trains in one process; use torch.optim's", "ZeroRedundancyOptimizer"
)
