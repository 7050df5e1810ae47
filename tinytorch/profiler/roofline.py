"""Roofline: what an op achieves against what the machine could do, by how much it computes per byte it moves.

Williams, Waterman and Patterson, Roofline: an insightful visual performance model (2009).
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np


def best_of(run, times: int = 5) -> float:
    seconds = []
    for _ in range(times):
        begun = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - begun)
    return min(seconds)


def measure_machine() -> tuple[float, float]:
    """This machine's two roofs as NumPy reaches them: GFLOP/s of a large matrix product, GB/s of a large sum of two arrays."""
    a = np.ones((1024, 1024), np.float32)
    out = np.empty_like(a)
    compute = 2 * 1024**3 / best_of(lambda: np.matmul(a, a, out=out)) / 1e9
    x, y = np.ones(16_000_000, np.float32), np.ones(16_000_000, np.float32)
    moved = 3 * x.nbytes  # two arrays read, one written
    return compute, moved / best_of(lambda: np.add(x, y, out=y)) / 1e9


def intensity(event) -> float:
    """FLOPs per byte: what went in and what came out, each moved once, four bytes a number."""
    read = sum(4 * int(np.prod(shape)) for shape in event.shapes)
    return event.flops / max(read + event.bytes, 1)


def attainable(flop_per_byte, peak: float, bandwidth: float):
    """GFLOP/s under both roofs: arithmetic goes no faster than peak, and no faster than memory brings the numbers."""
    return np.minimum(peak, flop_per_byte * bandwidth)


def write_beside(axes, labels) -> None:
    """Each label beside its dot, from the lowest up, and above a label that would be under it."""
    taken: list[tuple[float, float]] = []
    for text, x, y in sorted(labels, key=lambda label: label[2]):
        right, up = axes.transData.transform((x, y))
        height = up
        while any(abs(right - other) < 110 and abs(height - row) < 11 for other, row in taken):
            height += 1
        taken.append((right, height))
        points = 72 / axes.figure.dpi
        axes.annotate(
            text, (x, y), fontsize=7, xytext=(5, 3 + (height - up) * points), textcoords="offset points"
        )


def plot_roofline(profiled, path, machine: tuple[float, float] | None = None) -> Path:
    """Each op of a profile as a dot under the machine's two roofs (PNG or SVG by the file's name)."""
    from matplotlib.figure import Figure

    peak, bandwidth = machine or measure_machine()
    figure = Figure(figsize=(7, 4.6), layout="constrained")
    axes = figure.add_subplot()
    x = np.logspace(-2, 3, 200)
    axes.loglog(x, attainable(x, peak, bandwidth), color="black", linewidth=1.5)
    axes.text(x[-1], peak * 1.12, f"{peak:.0f} GFLOP/s", ha="right")
    axes.text(x[8], x[8] * bandwidth * 1.5, f"{bandwidth:.0f} GB/s", rotation=34)
    labels: list[tuple[str, float, float]] = []
    for row in profiled.rows()[:14]:
        events = [e for e in profiled.events if (e.name, e.kind) == (row.name, row.kind) and e.flops]
        if not events or not row.gflops_per_second:
            continue
        place = float(np.average([intensity(e) for e in events], weights=[e.flops for e in events]))
        marker = "o" if row.kind == "forward" else "s"
        axes.plot(
            place,
            row.gflops_per_second,
            marker,
            markersize=4 + 14 * (row.seconds / max(profiled.elapsed, 1e-9)) ** 0.5,
            alpha=0.7,
        )
        labels.append(
            (f"{row.name}{'' if row.kind == 'forward' else ' (backward)'}", place, row.gflops_per_second)
        )
    write_beside(axes, labels)
    axes.set_xlabel("FLOP per byte moved")
    axes.set_ylabel("GFLOP/s")
    axes.set_title("circles forward, squares backward; area is share of the time", fontsize=9)
    axes.grid(alpha=0.25, which="both")
    path = Path(path)
    figure.savefig(path, dpi=130)
    return path
