"""DistributedDataParallel in a group of one process, where there are no gradients of others to add."""

from __future__ import annotations

from contextlib import contextmanager

from ...compat.distributed.alone import get_rank
from ..module import Module


class DistributedDataParallel(Module):
    """Runs `module`, whose parameters are called `module.NAME`, as in PyTorch. Without a group it is an error."""

    def __init__(self, module: Module, device_ids=None, output_device=None, dim: int = 0, **options):
        super().__init__()
        get_rank()
        if not any(p.requires_grad for p in module.parameters()):
            raise RuntimeError(
                "DistributedDataParallel is not needed when a module doesn't have any parameter that requires a gradient."
            )
        self.module, self.dim = module, dim
        self.device_ids, self.output_device = device_ids, output_device
        self.require_backward_grad_sync = True

    def forward(self, *inputs, **kwargs):
        return self.module(*inputs, **kwargs)

    @contextmanager
    def no_sync(self):
        """Backward passes in here would wait for nobody; they never do."""
        before, self.require_backward_grad_sync = self.require_backward_grad_sync, False
        try:
            yield
        finally:
            self.require_backward_grad_sync = before
