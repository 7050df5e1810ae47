"""PyTorch's path to what the loader is made of."""

from . import collate  # 07
