"""torch.distributed: one process on one machine."""

from . import nn, tensor, tensor as _tensor  # 00
from .alone import (
    ReduceOp, Work, all_gather, all_gather_into_tensor, all_gather_object, all_reduce, all_to_all, barrier, broadcast,
    broadcast_object_list, destroy_process_group, gather, gather_object, get_backend, get_rank, get_world_size, group,
    init_process_group, irecv, is_available, is_gloo_available, is_initialized, is_mpi_available, is_nccl_available,
    is_torchelastic_launched, isend, new_group, recv, reduce, reduce_scatter, reduce_scatter_tensor, scatter, send,
)  # 00

from ... import later as _later

__getattr__ = _later.missing_from(__name__)
