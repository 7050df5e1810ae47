"""Training loops: the Trainer and what watches it."""

from ..later import missing_from
from .callbacks import Callback, EarlyStop  # 11
from .curves import plot_curves  # 11
from .trainer import Trainer  # 11

__getattr__ = missing_from(__name__)
