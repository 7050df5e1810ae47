"""torch._C: what programs ask of PyTorch's compiled core, or set in it. Nothing is compiled or traced here."""

from __future__ import annotations


def _get_tracing_state() -> None:
    """The trace that torch.jit would be recording."""


def _log_api_usage_once(event: str) -> None:
    pass


def _switch(value: bool | int) -> bool:
    """A switch of the fusers and executors of torch.jit; it was off before, as PyTorch would say."""
    return False


_jit_set_profiling_mode = _jit_set_profiling_executor = _jit_set_texpr_fuser_enabled = _switch
_jit_override_can_fuse_on_cpu = _jit_override_can_fuse_on_gpu = _jit_set_nvfuser_enabled = _switch
