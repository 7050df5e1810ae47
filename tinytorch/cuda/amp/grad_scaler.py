"""torch.cuda.amp.GradScaler: the old name of torch.amp.GradScaler for the GPU."""

from __future__ import annotations

from ...amp import grad_scaler
from ...amp.grad_scaler import OptState  # noqa: F401


class GradScaler(grad_scaler.GradScaler):
    """`torch.amp.GradScaler("cuda")`."""

    def __init__(
        self,
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ):
        super().__init__("cuda", init_scale, growth_factor, backoff_factor, growth_interval, enabled)
