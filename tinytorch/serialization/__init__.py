"""Files on disk: tensors and what surrounds them. Nothing that is loaded can run code."""

from .files import SerializationError, atomic_write  # 10
from .saving import load, save  # 10
