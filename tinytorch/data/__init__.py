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
from .drawn import DrawnDigits, DrawnShapes  # 07
from .images import ImageDataset  # 07
from .planetoid import Graph, Planetoid  # 07
from .text import TokenBlocks, english, python_source, read_text, tiny_shakespeare  # 07
from .transforms import Compose, Cutout, Normalize, PerImage, RandomCrop, RandomHorizontalFlip, ToFloat, Transform  # 07
from .vision import CIFAR10, CIFAR100, KMNIST, MNIST, FashionMNIST  # 07
from .voc import BCCD, VOCDetection  # 07
