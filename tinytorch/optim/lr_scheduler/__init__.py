"""Learning-rate schedules."""

from .base import LRScheduler, _LRScheduler  # 09
from .combine import ChainedScheduler, SequentialLR  # 09
from .cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts, WarmupCosineLR  # 09
from .cycle import CyclicLR, OneCycleLR  # 09
from .decay import (  # 09
    ConstantLR, ExponentialLR, LambdaLR, LinearLR, MultiplicativeLR, MultiStepLR, PolynomialLR, StepLR,
)
from .plateau import ReduceLROnPlateau  # 09

from ... import later as _later

__getattr__ = _later.missing_from(__name__)
