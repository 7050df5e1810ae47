"""A group of one process, which is all that tinytorch trains in: what goes round comes back as it was."""

from __future__ import annotations

import os
from enum import Enum
from typing import Any


class Standing:
    """Whether the program has asked for a group, and by which name of a backend."""

    backend: str | None = None


def is_available() -> bool:
    """Whether there is a group. Before it has been asked for, programs take the way of one process."""
    return Standing.backend is not None


is_initialized = is_available


def is_nccl_available() -> bool:
    return False


is_gloo_available = is_mpi_available = is_torchelastic_launched = is_nccl_available


class ReduceOp(Enum):
    """How a group of processes would combine its values."""

    SUM, AVG, PRODUCT, MIN, MAX, BAND, BOR, BXOR = range(8)


class group:
    """The group of all processes: this one."""

    WORLD = None


class Work:
    """What a call with async_op=True returns: it is done."""

    def wait(self, timeout=None) -> bool:
        return True

    is_completed = is_success = wait


# ---------------------------------------------------------------- the group


def init_process_group(
    backend: str | None = None, init_method: str | None = None, timeout=None, world_size: int = -1, rank: int = -1, **_
) -> None:  # fmt: skip
    """Ask for the group. More than one process is an error: there are no others."""
    if Standing.backend is not None:
        raise ValueError("trying to initialize the default process group twice!")
    size = told("WORLD_SIZE", world_size)
    if size != 1 or told("RANK", rank) != 0:
        raise RuntimeError(
            f"torch.distributed.init_process_group: tinytorch trains in one process, and this program asks for {size};"
            " run it without distribution"
        )
    Standing.backend = str(backend or "gloo")


def told(name: str, number: int) -> int:
    """The number given, or else the one that a launcher left in the environment."""
    if number >= 0:
        return number
    if name not in os.environ:
        raise ValueError(
            f"Error initializing torch.distributed using env:// rendezvous: environment variable {name} expected, but not set"
        )
    return int(os.environ[name])


def destroy_process_group(group=None) -> None:
    get_rank()
    Standing.backend = None


def get_rank(group=None) -> int:
    if Standing.backend is None:
        raise ValueError(
            "Default process group has not been initialized, please make sure to call init_process_group."
        )
    return 0


def get_world_size(group=None) -> int:
    return get_rank() + 1


def get_backend(group=None) -> str:
    get_rank()
    return str(Standing.backend)


def new_group(ranks=None, *args, **kwargs) -> None:
    """A group of some of the processes: the same one."""
    get_rank()


# ---------------------------------------------------------------- what passes between processes


def done(async_op: bool) -> Work | None:
    get_rank()  # an error without a group
    return Work() if async_op else None


def all_reduce(tensor, op: Any = ReduceOp.SUM, group=None, async_op: bool = False):
    """The sum, or the mean, over one process."""
    return done(async_op)


def reduce(tensor, dst=None, op: Any = ReduceOp.SUM, group=None, async_op: bool = False, group_dst=None):
    return done(async_op)


def broadcast(tensor, src=None, group=None, async_op: bool = False, group_src=None):
    return done(async_op)


def barrier(group=None, async_op: bool = False, device_ids=None):
    return done(async_op)


def broadcast_object_list(object_list, src=None, group=None, device=None, group_src=None) -> None:
    done(False)


def all_gather(tensor_list, tensor, group=None, async_op: bool = False):
    work = done(async_op)
    tensor_list[0].copy_(tensor)
    return work


def gather(tensor, gather_list=None, dst=None, group=None, async_op: bool = False, group_dst=None):
    return all_gather(gather_list, tensor, group, async_op)


def scatter(tensor, scatter_list=None, src=None, group=None, async_op: bool = False, group_src=None):
    return all_gather([tensor], scatter_list[0], group, async_op)


def reduce_scatter(output, input_list, op: Any = ReduceOp.SUM, group=None, async_op: bool = False):
    return all_gather([output], input_list[0], group, async_op)


def all_gather_into_tensor(output_tensor, input_tensor, group=None, async_op: bool = False):
    return all_gather([output_tensor], input_tensor.view_as(output_tensor), group, async_op)


def reduce_scatter_tensor(output, input, op: Any = ReduceOp.SUM, group=None, async_op: bool = False):
    return all_gather_into_tensor(output, input, group, async_op)


def all_to_all(output_tensor_list, input_tensor_list, group=None, async_op: bool = False):
    return all_gather(output_tensor_list, input_tensor_list[0], group, async_op)


def all_gather_object(object_list, obj, group=None) -> None:
    done(False)
    object_list[0] = obj


def gather_object(obj, object_gather_list=None, dst=None, group=None, group_dst=None) -> None:
    all_gather_object(object_gather_list, obj, group)


def send(tensor, dst=None, group=None, tag: int = 0, group_dst=None) -> None:
    get_rank()
    raise RuntimeError("torch.distributed: there is no other process to send to, or to receive from")


recv = isend = irecv = send
