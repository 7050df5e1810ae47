"""torch.jit: nothing is compiled."""

from . import annotations  # 04
from .as_written import (
    Final, ScriptFunction, ScriptModule, annotate, export, freeze, ignore, interface, is_scripting, is_tracing, load,
    optimize_for_inference, save, script, script_if_tracing, script_method, trace, trace_module, unused,
)  # 04

from ... import later as _later

__getattr__ = _later.missing_from(__name__)
