"""Automatic differentiation: the engine, and what users call."""

from typing import TYPE_CHECKING

from .. import gradients  # 02
from .anomaly import AnomalyError, detect_anomaly, is_anomaly_enabled, set_detect_anomaly  # 02
from .engine import Node, record  # 02
from .function import Function, once_differentiable  # 02
from .grad import backward, grad  # 02
from .grad_mode import enable_grad, inference_mode, is_grad_enabled, is_inference_mode_enabled, no_grad, set_grad_enabled  # 02
from .variable import Variable  # 02

if TYPE_CHECKING:  # handed on when asked for: see later.py
    from . import functional, graph  # 02
    from ..profiler import session as profiler  # 12
    from ..testing import GradcheckError, gradcheck, gradgradcheck  # type: ignore[no-redef]  # 02

from .. import later as _later

__getattr__ = _later.missing_from(__name__)
