"""torch.cuda.nvtx: marks for NVIDIA's profilers, which tinytorch does not set. PyTorch without CUDA says the same."""

from __future__ import annotations

from ..compat.absent import refusing

range_push, range_pop, range_start, range_end, mark, range = refusing(
    "NVTX functions not installed: tinytorch sets no marks for NVIDIA's profilers",
    "range_push",
    "range_pop",
    "range_start",
    "range_end",
    "mark",
    "range",
)
