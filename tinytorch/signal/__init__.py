"""torch.signal: the windows that signals are cut out with."""

from . import windows  # 01
