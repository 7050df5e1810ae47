"""Where time, memory and arithmetic go: op by op, as a table, a trace, a roofline; and pictures of graphs and losses."""

from ..later import missing_from
from .graph import draw_graph  # 12
from .landscape import loss_landscape  # 12
from .memory import kept_bytes  # 12
from .profile import Profile  # 12
from .roofline import measure_machine, plot_roofline  # 12
from .session import (
    ProfilerAction, ProfilerActivity, kineto_available, profile, record_function, schedule, tensorboard_trace_handler,
)  # 12

__getattr__ = missing_from(__name__)
