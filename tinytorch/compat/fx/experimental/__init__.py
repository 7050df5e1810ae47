"""torch.fx.experimental."""

from . import proxy_tensor  # 00
