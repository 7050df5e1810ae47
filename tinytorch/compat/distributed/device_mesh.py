"""torch.distributed.device_mesh: there is one device."""

from __future__ import annotations

from ..absent import absent, refusing

(DeviceMesh,) = absent("tinytorch runs in one process", "DeviceMesh")
(init_device_mesh,) = refusing("tinytorch runs in one process", "init_device_mesh")
