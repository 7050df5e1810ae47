"""torch._higher_order_ops: ops that take a function. Programs import the scan from here."""

from . import associative_scan  # 01

from ... import later as _later

__getattr__ = _later.missing_from(__name__)
