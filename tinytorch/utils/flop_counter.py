"""torch.utils.flop_counter: counting is the profiler's work here (`torch.profiler.profile(with_flops=True)`)."""

from __future__ import annotations

from ..compat.absent import absent

(FlopCounterMode,) = absent(
    "tinytorch counts floating-point operations with torch.profiler.profile(with_flops=True)",
    "FlopCounterMode",
)
