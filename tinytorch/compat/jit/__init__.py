"""torch.jit: nothing is compiled."""

from . import annotations  # 04
from .as_written import (
    CompilationUnit, Final, Future, ScriptFunction, ScriptModule, TopLevelTracedModule, TracerWarning, _get_trace_graph, _overload, _overload_method, annotate,
    export, fork, freeze, ignore, interface, is_scripting, is_tracing, isinstance, load, optimize_for_inference, save, script,
    script_if_tracing, script_method, trace, trace_module, unused, wait,
)  # 04

from ... import later as _later

__getattr__ = _later.missing_from(__name__)
