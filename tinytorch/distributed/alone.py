"""What a program learns that asks for company."""

from __future__ import annotations


def is_available() -> bool:
    return False


is_initialized = is_nccl_available = is_torchelastic_launched = is_available


def init_process_group(*args, **kwargs) -> None:
    raise RuntimeError("torch.distributed.init_process_group: tinytorch trains in one process; run the program without distribution")


def get_rank(group=None) -> int:
    raise ValueError("Default process group has not been initialized, please make sure to call init_process_group.")


def get_world_size(group=None) -> int:
    return get_rank(group)
