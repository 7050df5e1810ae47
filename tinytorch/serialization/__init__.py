"""Files on disk: tensors and what surrounds them. Nothing that is loaded can run code."""

from .files import SerializationError, atomic_write  # 10
from .names import DEFAULT_PROTOCOL, FILE_LIKE  # 10
from .safe_globals import add_safe_globals, clear_safe_globals, get_safe_globals, safe_globals  # 10
from .saving import MAP_LOCATION, load, save  # 10
