"""torch.distributed.tensor: tensors that lie on several machines are not here, and say so."""

from . import experimental  # 00
from .elsewhere import DTensor, Partial, Placement, Replicate, Shard, distribute_module, distribute_tensor  # 00

from .... import later as _later

__getattr__ = _later.missing_from(__name__)
