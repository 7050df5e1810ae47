"""Automatic differentiation: the engine, and what users call."""

from .. import gradients  # 02
from . import functional  # 02
from .anomaly import AnomalyError, detect_anomaly, is_anomaly_enabled, set_detect_anomaly  # 02
from .engine import Node, record  # 02
from .function import Function, once_differentiable  # 02
from .grad import backward, grad  # 02
from .grad_mode import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled  # 02
from .variable import Variable  # 02
from ..testing import GradcheckError, gradcheck, gradgradcheck  # 02
