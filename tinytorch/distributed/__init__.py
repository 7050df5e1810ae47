"""torch.distributed: not here, and says so. One process on one machine."""

from .alone import get_rank, get_world_size, init_process_group, is_available, is_initialized, is_nccl_available, is_torchelastic_launched  # 00

from .. import later as _later

__getattr__ = _later.missing_from(__name__)
