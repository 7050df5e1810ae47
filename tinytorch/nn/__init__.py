"""Layers, losses and what models are made of."""

from . import init, utils  # 04
from .container import ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential  # 04
from .module import Module  # 04
from .parameter import Buffer, Parameter  # 04

from .. import later as _later

__getattr__ = _later.missing_from(__name__)
