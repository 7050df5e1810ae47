"""Optimizers, which change parameters, and schedules, which change the optimizers' settings."""

from typing import TYPE_CHECKING

from . import optimizer  # 05
from .adafactor import Adafactor  # 05
from .adagrad import Adadelta, Adagrad  # 05
from .adam import Adam, AdamW  # 05
from .adam_variants import Adamax, NAdam, RAdam  # 05
from .asgd import ASGD, Rprop  # 05
from .lbfgs import LBFGS  # 05
from .muon import Muon  # 05
from .optimizer import Optimizer  # 05
from .rmsprop import RMSprop  # 05
from .sgd import SGD  # 05
from .sparse_adam import SparseAdam  # 05
from . import lr_scheduler, swa_utils  # 09

if TYPE_CHECKING:  # PyTorch's paths, handed on when they are asked for: see later.py
    from . import adagrad as adadelta, adam as adamw, adam_variants as adamax, adam_variants as nadam, adam_variants as radam, asgd as rprop  # 05

from .. import later as _later

__getattr__ = _later.missing_from(__name__)
