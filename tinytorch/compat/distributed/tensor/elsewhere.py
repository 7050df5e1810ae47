"""Tensors that lie on several machines are not here."""

from __future__ import annotations

from ...absent import absent, refusing

ONE_PROCESS = "tinytorch runs in one process"
DTensor, Partial, Placement, Replicate, Shard = absent(
    ONE_PROCESS, "DTensor", "Partial", "Placement", "Replicate", "Shard"
)
distribute_module, distribute_tensor = refusing(ONE_PROCESS, "distribute_module", "distribute_tensor")
