"""Training in several processes: not here."""

from __future__ import annotations

from ..module import Module


class DistributedDataParallel(Module):
    """Several processes: not here."""

    def __init__(self, module: Module, *args, **kwargs):
        super().__init__()
        raise RuntimeError("DistributedDataParallel: tinytorch trains in one process; use the module itself")
