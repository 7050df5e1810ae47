"""torch.fx is there to be imported."""

from . import experimental  # 00
from .graphs import Graph, GraphModule, Interpreter, Node, Proxy, Tracer, Transformer, symbolic_trace, wrap  # 00

from ... import later as _later

__getattr__ = _later.missing_from(__name__)
