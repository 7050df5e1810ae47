"""torch.distributed.nn: the same functions, which return their results and let gradients through: in one process, what they were given."""

from __future__ import annotations

from .alone import ReduceOp, get_rank


def all_reduce(tensor, op=ReduceOp.SUM, group=None):
    get_rank()  # an error without a group
    return tensor


def reduce(tensor, dst: int, op=ReduceOp.SUM, group=None):
    return all_reduce(tensor)


def broadcast(tensor, src: int, group=None):
    return all_reduce(tensor)


def all_gather(tensor, group=None) -> tuple:
    return (all_reduce(tensor),)


def gather(tensor, dst: int = 0, group=None) -> tuple:
    return all_gather(tensor)


def scatter(tensors, src: int = 0, group=None):
    return all_reduce(tensors[0])


def reduce_scatter(output, input_list, op=ReduceOp.SUM, group=None):
    return all_reduce(input_list[0])


def all_to_all(output_tensor_list, input_tensor_list, group=None) -> tuple:
    return all_gather(input_tensor_list[0])
