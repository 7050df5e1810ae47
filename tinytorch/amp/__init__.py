"""Automatic mixed precision: float16 where it is fast and safe, and the loss scaling that goes with it."""

from .autocast_mode import (  # 11
    autocast, custom_bwd, custom_fwd, get_autocast_cpu_dtype, get_autocast_dtype, get_autocast_gpu_dtype, is_autocast_available,
    is_autocast_cpu_enabled, is_autocast_enabled,
)
from .grad_scaler import GradScaler, OptState  # 11
