"""profile: an interpreter with a clock. It sees every op on its way down, and every step of a backward pass."""

from __future__ import annotations

import gzip
import json
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..op import Value, interpret, local
from .flops import backward_flops, flops


@dataclass
class Event:
    """One op that ran: when, for how long, what it made."""

    name: str
    kind: str  # "forward", "backward" or, around other events, "range"
    start: float
    seconds: float
    bytes: int
    flops: int
    shapes: tuple
    thread: int = field(default_factory=threading.get_ident)


@dataclass
class Row:
    """All calls of one op."""

    name: str
    kind: str
    calls: int = 0
    seconds: float = 0.0
    bytes: int = 0
    flops: int = 0

    @property
    def gflops_per_second(self) -> float:
        return self.flops / self.seconds / 1e9 if self.seconds else 0.0

    # PyTorch's names; its times are in microseconds
    key = property(lambda row: row.name)
    count = property(lambda row: row.calls)
    cpu_memory_usage = property(lambda row: row.bytes)
    cpu_time_total = self_cpu_time_total = property(lambda row: row.seconds * 1e6)
    cpu_time = property(lambda row: row.cpu_time_total / row.calls)


class profile:
    """`with profile() as p:` ... `print(p.table())`, `p.export_chrome_trace("trace.json")`."""

    def __init__(self):
        self.events: list[Event] = []
        self.interpreter = interpret(self._forward)
        self.elapsed = 0.0

    def __enter__(self) -> profile:
        self.interpreter.__enter__()
        self._watch_before, local.watch = local.watch, self._backward
        self.begun = time.perf_counter()
        return self

    def __exit__(self, *error) -> None:
        self.elapsed += time.perf_counter() - self.begun
        local.watch = self._watch_before
        self.interpreter.__exit__(*error)

    def _forward(self, op, args, kwargs, below):
        start = time.perf_counter()
        out = below(op, args, kwargs)
        seconds = time.perf_counter() - start
        shapes = tuple(tuple(a.array.shape) if isinstance(a, Value) else () for a in args)
        results = out if isinstance(out, tuple) else (out,)
        made = 0 if op.view else sum(o.array.nbytes for o in results)  # a view has no memory of its own
        work = flops(op.name, shapes, results[0].array.shape)
        self._add(op.name, "forward", start, seconds, made, work, shapes)
        return out

    def _backward(self, node, pull):
        shapes = tuple(tuple(p.shape or ()) for p in node.inputs)
        arguments = forward_shapes(node, shapes) if node.shape is not None and hasattr(node, "plan") else None
        if arguments is not None:
            # What the step reads: the gradient of the result, and what went into the op.
            shapes = (tuple(node.shape), *arguments)
        start = time.perf_counter()
        pulled = pull()
        seconds = time.perf_counter() - start
        arrays = [g.array if isinstance(g, Value) else g for g in pulled if hasattr(g, "nbytes")]
        work = 0
        if arguments is not None:
            wanted = [i for i, g in zip(node.plan.positions, pulled) if g is not None]
            work = backward_flops(node.op_name, arguments, node.shape, wanted)
        self._add(node.op_name, "backward", start, seconds, sum(a.nbytes for a in arrays), work, shapes)
        return pulled

    def _add(self, name, kind, start, seconds, made, work, shapes) -> None:
        self.events.append(
            Event(name.removesuffix("_op"), kind, start - self.begun, seconds, made, work, shapes)
        )

    # ------------------------------------------------------------ what came of it

    def rows(self, sort_by: str = "seconds") -> list[Row]:
        """One row per op and direction, largest first by "seconds", "calls", "bytes" or "flops"."""
        if sort_by not in ("seconds", "calls", "bytes", "flops"):
            raise ValueError(
                f"profile: sort_by must be 'seconds', 'calls', 'bytes' or 'flops', got {sort_by!r}"
            )
        table: dict[tuple, Row] = {}
        for e in self.events:
            row = table.setdefault((e.name, e.kind), Row(e.name, e.kind))
            row.calls, row.seconds = row.calls + 1, row.seconds + e.seconds
            row.bytes, row.flops = row.bytes + e.bytes, row.flops + e.flops
        return sorted(table.values(), key=lambda row: getattr(row, sort_by), reverse=True)

    def table(self, sort_by: str = "seconds", limit: int = 20) -> str:
        """The rows as text."""
        lines = [
            f"{'op':28} {'':8} {'calls':>6} {'total ms':>9} {'mean us':>9} {'share':>6} {'MB made':>8} {'GFLOP':>8} {'GFLOP/s':>8}"
        ]
        total = sum(e.seconds for e in self.events if e.kind != "range") or 1.0
        for row in self.rows(sort_by)[:limit]:
            mean = row.seconds / row.calls * 1e6
            lines.append(
                f"{row.name:28} {row.kind:8} {row.calls:6} {row.seconds * 1e3:9.3f} {mean:9.1f} {row.seconds / total:6.1%}"
                f" {row.bytes / 1e6:8.2f} {row.flops / 1e9:8.4f} {row.gflops_per_second:8.2f}"
            )
        lines.append(
            f"{total * 1e3:.2f} ms in ops, {self.elapsed * 1e3:.2f} ms in all; the rest is Python between them"
        )
        return "\n".join(lines)

    __str__ = table

    def export_chrome_trace(self, path) -> Path:
        """A trace for chrome://tracing or ui.perfetto.dev."""
        threads = {ident: number for number, ident in enumerate(dict.fromkeys(e.thread for e in self.events))}
        events = [
            {
                "name": e.name, "cat": e.kind, "ph": "X", "ts": e.start * 1e6, "dur": e.seconds * 1e6, "pid": 0, "tid": threads[e.thread],
                "args": {"shapes": [list(s) for s in e.shapes], "bytes": e.bytes, "flops": e.flops},
            }
            for e in self.events
        ]  # fmt: skip
        path = Path(path)
        opener: Any = gzip.open if path.suffix == ".gz" else open
        with opener(path, "wt") as file:
            json.dump({"traceEvents": events, "displayTimeUnit": "ms"}, file)
        return path


def forward_shapes(node, shapes) -> tuple:
    """The shapes of all of an op's arguments, where only those with a gradient are edges of its node."""
    known = dict(zip(node.plan.positions, shapes))
    for (_, key), value in zip(node.plan.fetch, node.saved or ()):
        if isinstance(value, Value) and isinstance(key, int):
            known.setdefault(key, tuple(value.array.shape))
    return tuple(known.get(i, ()) for i in range(max(known, default=-1) + 1))


Profile = profile
