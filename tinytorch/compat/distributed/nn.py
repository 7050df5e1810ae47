"""torch.distributed.nn: the same functions between processes, with gradients where there are processes."""

from .alone import all_gather, all_reduce, broadcast, gather, needs_a_group, reduce, reduce_scatter, scatter  # noqa: F401

all_to_all = needs_a_group("all_to_all")
