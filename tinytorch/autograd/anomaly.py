"""detect_anomaly: which op made the first NaN, and on which line of whose file."""

from __future__ import annotations

import os

import numpy as np

from ..op import Value, interpret
from .engine import AnomalyError

PACKAGE = os.path.dirname(os.path.dirname(__file__))
_depth = [0]


class detect_anomaly:
    """`with detect_anomaly():` the first op whose result has a NaN, forward or backward, is an error naming op and line."""

    def __init__(self, check_nan: bool = True, mode: bool = True):
        self.check_nan = check_nan
        self.watch = interpret(watch)

    def __enter__(self):
        if self.check_nan:
            self.watch.__enter__()
        _depth[0] += 1
        return self

    def __exit__(self, *error) -> None:
        _depth[0] -= 1
        if self.check_nan:
            self.watch.__exit__()


class set_detect_anomaly(detect_anomaly):
    """Switch on (or off) from here, or for a `with` block."""

    def __init__(self, mode: bool, check_nan: bool = True):
        super().__init__(check_nan=mode and check_nan)
        self.entered = bool(mode)
        if mode:
            super().__enter__()
        elif _depth[0]:
            super().__exit__()

    def __enter__(self):
        return self

    def __exit__(self, *error) -> None:
        if self.entered:
            super().__exit__()


def is_anomaly_enabled() -> bool:
    return _depth[0] > 0


def watch(op, args, kwargs, below):
    """Compute, then check; in a backward pass the line is the one of the forward op that is being differentiated."""
    out = below(op, args, kwargs)
    line = caller()
    for result in out if type(out) is tuple else (out,):
        if has_nan(result) and not any(isinstance(a, Value) and has_nan(a) for a in args):
            raise AnomalyError(
                f"op '{op.name}' returned a NaN, and there was none in its arguments\n  called at {line}"
            )
        if result.node is not None:
            result.node.line = line  # `walk` checks what this node hands on
    return out


def has_nan(x) -> bool:
    return x.array.dtype.kind in "fc" and bool(np.isnan(x.array).any())


def caller() -> str:
    """The innermost line outside this package: what the user wrote."""
    import traceback

    for frame in reversed(traceback.extract_stack()):
        if not frame.filename.startswith(PACKAGE):
            return f"{frame.filename}:{frame.lineno}, in {frame.name}\n    {frame.line}"
    return "unknown"
