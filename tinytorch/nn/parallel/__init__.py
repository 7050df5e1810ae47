"""torch.nn.parallel: one device and one process are all there is."""

from .data_parallel import DataParallel, data_parallel  # 04
from .distributed import DistributedDataParallel  # 04
from .scatter_gather import gather, scatter, scatter_kwargs  # 04
