"""What the results look like: a table, a bar chart, a roofline, a page that holds all three."""

from __future__ import annotations

import base64
import html
import io
from pathlib import Path

from .cases import LONG_SUM
from .measure import Result
from .store import Change, Run, regressions


def amount(value: float | None, unit: str) -> str:
    """3.2 ms, 41 us, 120 MB."""
    if value is None:
        return "–"
    steps = (
        [(1e9, "GB"), (1e6, "MB"), (1e3, "kB")] if unit == "bytes" else [(1, "s"), (1e-3, "ms"), (1e-6, "us")]
    )
    size, name = next(((s, n) for s, n in steps if abs(value) >= s), steps[-1])
    return f"{value / size:.3g} {name}"


def verdict(r: Result) -> str:
    """Whether the goal is reached; the median decides, and the quartiles say how sure that is."""
    if r.goal is None or r.ratio is None:
        return ""
    return "reached" if r.ratio <= r.goal else "missed"


def line(r: Result) -> str:
    spread = "" if r.ratio is None else f"{r.ratio:6.2f}  ({r.low:.2f} to {r.high:.2f})"
    goal = "" if r.goal is None else f"  goal {r.goal:.2f} {verdict(r)}"
    return (
        f"{r.group:12} {r.name:50} {amount(r.ours, r.unit):>9} {amount(r.theirs, r.unit):>9} {spread}{goal}"
    )


HEAD = f"{'group':12} {'case':50} {'ours':>9} {'peer':>9}  ratio  (quartiles)"


# ---------------------------------------------------------------- pictures


REACHED, MISSED, PEER = "#2a78a8", "#c8642a", "#555555"


def bars(results):
    """Ratios to PyTorch: left of the line is faster. The thick mark on each bar is its goal."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    shown = [r for r in results if r.ratio is not None]
    figure = Figure(figsize=(9, 1.4 + 0.27 * len(shown)), layout="constrained")
    axes = figure.subplots()
    for y, r in enumerate(shown):
        axes.barh(y, r.ratio, color=REACHED if r.ratio <= (r.goal or 1) else MISSED, height=0.7)
        axes.plot([r.low, r.high], [y, y], color="black", linewidth=1)
        if r.goal:
            axes.plot([r.goal, r.goal], [y - 0.4, y + 0.4], color="#333333", linewidth=2.5)
        axes.annotate(
            f"{r.ratio:.2f}",
            (max(r.high, r.goal or 0), y),
            xytext=(5, -3),
            textcoords="offset points",
            fontsize=7,
        )
        if y and r.group != shown[y - 1].group:
            axes.axhline(y - 0.5, color="#cccccc", linewidth=0.8, zorder=0)
    axes.axvline(1, color="#888888", linewidth=1, zorder=0)
    axes.set_yticks(range(len(shown)), [f"{r.group}: {r.name}" for r in shown], fontsize=8)
    axes.set_xlim(0, max([1.5, *(max(r.high, r.goal or 0) * 1.1 for r in shown)]))
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlabel("time (or memory) over PyTorch's, same run; below 1 is better", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    key = [
        Patch(color=REACHED, label="as fast as its goal (or as PyTorch)"),
        Patch(color=MISSED, label="slower"),
        Line2D([], [], color="#333333", linewidth=2.5, label="goal"),
        Line2D([], [], color="black", linewidth=1, label="middle half of the blocks"),
    ]
    figure.legend(handles=key, loc="outside upper center", ncols=4, fontsize=8, frameon=False)
    return figure


def roofs(results) -> tuple[float, float] | None:
    """GFLOP/s of the largest product and GB/s of a long sum, by whichever package was faster; None where they were not measured."""
    compute = [r.work / t / 1e9 for r in results if r.group == "matmul" for t in (r.ours, r.theirs) if t]
    memory = [r.moved / t / 1e9 for r in results if r.name == LONG_SUM for t in (r.ours, r.theirs) if t]
    return (max(compute), max(memory)) if compute and memory else None


def roofline(results):
    """Floating-point operations per second over operations per byte, ours and the peer's, under what the machine could do."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.ticker import LogLocator, NullFormatter

    shown = [r for r in results if r.work and r.moved]
    figure = Figure(figsize=(10, 4.8), layout="constrained")
    axes = figure.subplots()
    axes.set(xscale="log", yscale="log")
    for number, r in enumerate(shown, 1):
        place, speed = r.work / r.moved, r.work / r.ours / 1e9
        if r.theirs:
            axes.plot(
                [place, place], [speed, r.work / r.theirs / 1e9], color="#bbbbbb", linewidth=1, zorder=1
            )
            axes.plot(place, r.work / r.theirs / 1e9, "x", color=PEER)
        axes.plot(place, speed, "o", color=REACHED)
        axes.annotate(str(number), (place, speed), fontsize=8, xytext=(5, 3), textcoords="offset points")
    if not shown:
        axes.text(0.5, 0.5, "no case of this run counts operations", transform=axes.transAxes, ha="center")
    known = roofs(results)
    key = [
        Line2D([], [], color=REACHED, marker="o", linestyle="", label="tinytorch"),
        Line2D([], [], color=PEER, marker="x", linestyle="", label="PyTorch"),
    ]
    if known:
        peak, bandwidth = known
        left, right = axes.get_xlim()
        corner = peak / bandwidth
        axes.plot([min(left, corner), corner, max(right, corner)], [min(left, corner) * bandwidth, peak, peak],
                  color="black", linewidth=1)  # fmt: skip
        key.append(
            Line2D([], [], color="black", linewidth=1, label=f"{peak:.0f} GFLOP/s, {bandwidth:.0f} GB/s")
        )
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("operations per byte that must move", fontsize=9)
    axes.set_ylabel("GFLOP/s, counted as direct sums of products", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    key += [Line2D([], [], linestyle="", label=f"{number}  {r.name}") for number, r in enumerate(shown, 1)]
    figure.legend(handles=key, loc="outside right upper", fontsize=7, frameon=False, handlelength=1)
    return figure


def png(figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=130)
    return buffer.getvalue()


# ---------------------------------------------------------------- a page

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>tinytorch benchmark</title>
<style>:root{{color-scheme:light dark}}body{{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}}
table{{border-collapse:collapse;width:100%}}td,th{{padding:.2rem .5rem;text-align:right;border-bottom:1px solid #8884}}
td:first-child,td:nth-child(2),th:first-child,th:nth-child(2){{text-align:left}}img{{max-width:100%;background:white}}
.missed{{color:#c8642a}}</style>
<h1>tinytorch beside PyTorch</h1><p>{about}</p>{changes}
<h2>Ratios</h2><img alt="Ratios of the times" src="data:image/png;base64,{bars}">
<h2>Roofline</h2><img alt="Roofline" src="data:image/png;base64,{roofline}">
<h2>All results</h2><table><tr><th>group<th>case<th>ours<th>peer<th>ratio<th>quartiles<th>goal</tr>{rows}</table></html>
"""


def about(run: Run) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in run.versions.items())
    return f"Run {run.id}, {run.started}, commit {run.git or 'unknown'}; {run.facts['processor']}, {run.facts['cores']} cores; {versions}"


def cells(r: Result) -> str:
    ratio = ("–", "–") if r.ratio is None else (f"{r.ratio:.2f}", f"{r.low:.2f} to {r.high:.2f}")
    goal = "" if r.goal is None else f"{r.goal:.2f} {verdict(r)}"
    values = (r.group, r.name, amount(r.ours, r.unit), amount(r.theirs, r.unit), *ratio, goal)
    return f'<tr class="{verdict(r)}">' + "".join(f"<td>{html.escape(v)}" for v in values) + "</tr>"


def told(changes: list[Change]) -> list[str]:
    return [f"slower than before: {c.name}: {c.before:.2f} then, {c.now:.2f} now" for c in changes]


def listed(changes: list[str]) -> str:
    items = "".join(f"<li>{html.escape(c)}" for c in changes)
    return f"<h2>Slower than before</h2><ul class=missed>{items}</ul>" if changes else ""


def page(run: Run, before: Run | None) -> str:
    changes = told(regressions(run, before)) if before else []
    encoded = {
        name: base64.b64encode(png(draw(run.results))).decode()
        for name, draw in (("bars", bars), ("roofline", roofline))
    }
    return PAGE.format(
        about=html.escape(about(run)), changes=listed(changes),
        rows="".join(map(cells, run.results)), **encoded,
    )  # fmt: skip


def write(folder: Path, run: Run, before: Run | None) -> list[Path]:
    """`ratios.png`, `roofline.png` and `report.html` in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / "ratios.png", folder / "roofline.png", folder / "report.html"]
    files[0].write_bytes(png(bars(run.results)))
    files[1].write_bytes(png(roofline(run.results)))
    files[2].write_text(page(run, before), encoding="utf-8")
    return files
