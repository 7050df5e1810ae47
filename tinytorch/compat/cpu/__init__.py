"""torch.cpu: the device that is always there."""

from .host import current_device, device_count, is_available, is_initialized, set_device, synchronize  # 00

from ... import later as _later

__getattr__ = _later.missing_from(__name__)
