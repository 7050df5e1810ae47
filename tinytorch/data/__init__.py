"""Data sets, the order in which they are read, and the loader that makes batches of them."""

from .collate import default_collate, default_convert  # 07
from .dataset import (  # 07
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    TensorDataset,
    random_split,
)
from .fetch import get_worker_info  # 07
from .loader import DataLoader  # 07
from .sampler import (  # 07
    BatchSampler,
    DistributedSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
