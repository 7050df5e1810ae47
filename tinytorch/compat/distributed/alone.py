"""What a program learns that asks for company."""

from __future__ import annotations

from enum import Enum


def is_available() -> bool:
    return False


is_initialized = is_nccl_available = is_gloo_available = is_mpi_available = is_torchelastic_launched = (
    is_available
)


class ReduceOp(Enum):
    """How a group of processes would combine its values."""

    SUM, AVG, PRODUCT, MIN, MAX, BAND, BOR, BXOR = range(8)


class group:
    """The group of all processes: there is none."""

    WORLD = None


def init_process_group(*args, **kwargs) -> None:
    raise RuntimeError(
        "torch.distributed.init_process_group: tinytorch trains in one process; run the program without distribution"
    )


def get_rank(group=None) -> int:
    raise ValueError(
        "Default process group has not been initialized, please make sure to call init_process_group."
    )


def get_world_size(group=None) -> int:
    return get_rank(group)


def needs_a_group(name: str):
    """A function between processes, which a program names in branches that one process does not enter."""

    def function(*args, **kwargs):
        return get_rank()

    function.__name__ = function.__qualname__ = name
    return function


all_gather, all_gather_object, all_reduce, barrier, broadcast, broadcast_object_list = map(
    needs_a_group,
    ("all_gather", "all_gather_object", "all_reduce", "barrier", "broadcast", "broadcast_object_list"),
)
destroy_process_group, gather, get_backend, new_group, recv, reduce, reduce_scatter, scatter, send = map(
    needs_a_group,
    (
        "destroy_process_group",
        "gather",
        "get_backend",
        "new_group",
        "recv",
        "reduce",
        "reduce_scatter",
        "scatter",
        "send",
    ),
)
