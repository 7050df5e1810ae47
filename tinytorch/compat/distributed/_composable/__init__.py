"""torch.distributed._composable, where `fsdp` was first."""

from .. import fsdp  # 00
