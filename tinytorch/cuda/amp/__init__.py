"""torch.cuda.amp: the old names of torch.amp for the GPU."""

from .autocast_mode import autocast, custom_bwd, custom_fwd  # 11
from .grad_scaler import GradScaler  # 11

from ... import later as _later

__getattr__ = _later.missing_from(__name__)
