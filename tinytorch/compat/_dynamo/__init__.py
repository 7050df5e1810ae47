"""torch._dynamo: switches of a compiler that is not here. See compiler.py."""

from .switches import (
    allow_in_graph, assume_constant_result, config, disable, graph_break, is_compiling, mark_dynamic, mark_static, mark_static_address,
    maybe_mark_dynamic, reset,
)  # 00
from . import _trace_wrapped_higher_order_op, eval_frame  # 00

OptimizedModule = eval_frame.OptimizedModule

from ... import later as _later

__getattr__ = _later.missing_from(__name__)
